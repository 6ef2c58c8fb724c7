//! Support tickets: a little rarer for members of some tenure, the same for everybody else.

use crate::calendar::MONTHS;
use crate::commerce::Life;
use crate::company::Company;
use crate::random::{Purpose, below, poisson, stream, uniform};

/// One request to support; instants in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub customer: u32,
    pub ordinal: u32,
    pub month: usize,
    pub created_at: i64,
    pub first_reply_at: Option<i64>,
    pub solved_at: Option<i64>,
    pub handle_minutes: f64,
    pub agent: u32,
    pub channel: &'static str,
    pub topic: &'static str,
    pub satisfaction: Option<u32>,
}

/// The tickets of one customer, from the first month as one; former customers still write.
pub(crate) fn tickets(company: &Company, life: &Life) -> Vec<Ticket> {
    const TOPICS: [&str; 5] = ["livraison", "facture", "entretien", "réglage", "retour"];
    const CHANNELS: [&str; 3] = ["email", "chat", "téléphone"];
    let calendar = &company.calendar;
    let mut rng = stream(
        company.seed,
        Purpose::Tickets,
        u64::from(life.person.number),
    );
    let mut list = Vec::new();
    for month in life.start.unwrap_or(MONTHS)..MONTHS {
        let mean = company.model.tickets(life.person.tenure(month));
        for _ in 0..poisson(&mut rng, mean) {
            let days = calendar.days_of(month);
            let day = days.start + below(&mut rng, days.len() as u64) as usize;
            let created_at =
                calendar.micros(day, 8.0f64.mul_add(3_600.0, 36_000.0 * uniform(&mut rng)));
            let reply = created_at + (3_600e6 * (0.2 + 8.0 * uniform(&mut rng))) as i64;
            let solved = reply + (3_600e6 * (0.3 + 60.0 * uniform(&mut rng))) as i64;
            let known = |at: i64| (at < calendar.end_micros()).then_some(at);
            let solved_at = known(solved);
            list.push(Ticket {
                customer: life.person.number,
                ordinal: list.len() as u32,
                month,
                created_at,
                first_reply_at: known(reply),
                solved_at,
                handle_minutes: (4.0 + 26.0 * uniform(&mut rng)).round(),
                agent: below(&mut rng, 6) as u32,
                channel: CHANNELS[below(&mut rng, 3) as usize],
                topic: TOPICS[below(&mut rng, 5) as usize],
                satisfaction: (uniform(&mut rng) < 0.4 && solved_at.is_some())
                    .then(|| 5 - (uniform(&mut rng) * uniform(&mut rng) * 5.0) as u32),
            });
        }
    }
    list
}

//! The company: one value from which everything else is generated.

use jiff::civil::Date;
use levier_domain::time::Month;

use crate::calendar::{Calendar, MONTHS};
use crate::commerce::{Life, live};
use crate::model::Model;
use crate::options::{CompanyOptions, Scale, Story};
use crate::panel::PanelRow;
use crate::people::{Census, Headcount, Home, Person, Standing};
use crate::tickets::tickets;
use crate::truth::{Tally, Truth};

/// A made-up company: a function of its options, a seed and the end of its history.
#[derive(Clone, Debug)]
pub struct Company {
    /// What is true of it.
    pub truth: Truth,
    pub(crate) seed: u64,
    pub(crate) options: CompanyOptions,
    pub(crate) calendar: Calendar,
    pub(crate) model: Model,
    pub(crate) census: Census,
    pub(crate) roster: Roster,
}

/// What the activity needs of a member, small enough to keep for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub number: u32,
    pub home: Home,
    pub staff: bool,
    pub vigour: f32,
    pub joined_at: i64,
    /// `i64::MAX` while a member.
    pub left_at: i64,
}

/// All members in the order of joining, and again by home.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    pub all: Vec<Member>,
    pub homes: [Vec<Member>; Home::ALL.len()],
    pub leavers: Vec<Member>,
    /// Threads opened per member and day.
    pub thread_rate: f64,
}

impl Company {
    /// The plain story at a scale. The history ends with the last whole month before `end`.
    #[must_use]
    pub fn new(scale: Scale, seed: u64, end: Date) -> Self {
        Self::with_options(CompanyOptions::new(scale), seed, end)
    }

    /// A company with its options.
    #[must_use]
    pub fn with_options(options: CompanyOptions, seed: u64, end: Date) -> Self {
        let calendar = Calendar::ending(end);
        let model = Model::new(&options, |month| calendar.month(month).index());
        let census = Census::new(&options, seed, &model);
        let mut tally = Tally::default();
        let mut company = Self {
            truth: Tally::default().finish(&model),
            seed,
            options,
            calendar,
            model,
            census,
            roster: Roster::default(),
        };
        let mut members = Vec::new();
        for number in 0..company.headcount().all() {
            let person = company.person(number);
            tally.add(&company.model, &person);
            if let Some(joined_at) = person.joined_at {
                members.push(Member {
                    number,
                    home: person.home,
                    staff: person.is_staff(),
                    vigour: person.vigour as f32,
                    joined_at,
                    left_at: person.left_at.unwrap_or(i64::MAX),
                });
            }
        }
        company.truth = tally.finish(&company.model);
        company.roster = Roster::new(members, &company);
        company
    }

    /// First day after the history.
    #[must_use]
    pub fn end(&self) -> Date {
        self.calendar.end()
    }

    /// First month in which the effect is measured; the month before it holds everybody's first order.
    #[must_use]
    pub fn first_month(&self) -> Month {
        self.calendar.month(1)
    }

    /// What was chosen.
    #[must_use]
    pub fn options(&self) -> &CompanyOptions {
        &self.options
    }

    pub(crate) fn headcount(&self) -> Headcount {
        self.census.headcount
    }

    /// The person of a number, with the join that really happens.
    pub(crate) fn person(&self, number: u32) -> Person {
        let person = self.census.person(number, &self.calendar);
        if self.model.alive_to_join && person.standing == Standing::Customer {
            self.live(person).person
        } else {
            person
        }
    }

    fn live(&self, person: Person) -> Life {
        live(
            self.seed,
            self.options.story,
            &self.model,
            &self.calendar,
            person,
        )
    }

    /// The life of the person of a number.
    pub(crate) fn life(&self, number: u32) -> Life {
        self.live(self.census.person(number, &self.calendar))
    }

    /// Whether the CRM no longer holds the person ([`Story::Survivorship`]).
    pub(crate) fn is_erased(&self, life: &Life) -> bool {
        self.options.story == Story::Survivorship
            && life.ended.is_some()
            && life.person.joined.is_some()
    }

    /// The person-month panel of the customers of the opening over the window, without any loss of the way.
    pub fn panel(&self) -> impl Iterator<Item = PanelRow> + '_ {
        (0..self.headcount().customers).flat_map(move |number| {
            let life = self.life(number);
            let tickets = tickets(self, &life);
            (1..MONTHS).map(move |month| {
                let orders = life.orders.iter().filter(|order| order.month == month);
                PanelRow {
                    customer: number,
                    month: self.calendar.month(month),
                    first_treated: life.person.joined.map(|joined| self.calendar.month(joined)),
                    member: life.person.joined.is_some_and(|joined| joined <= month),
                    active: life.ended.is_none_or(|(ended, _)| month < ended),
                    orders: orders.clone().count() as u32,
                    revenue_minor: orders.map(crate::commerce::Order::revenue).sum(),
                    tickets: tickets
                        .iter()
                        .filter(|ticket| ticket.month == month)
                        .count() as u32,
                }
            })
        })
    }
}

impl Roster {
    fn new(mut members: Vec<Member>, company: &Company) -> Self {
        /// Events per thread, and per member beside threads, as the activity is written.
        const PER_THREAD: f64 = 3.5;
        const PER_MEMBER: f64 = 5.5;
        members.sort_by_key(|member| (member.joined_at, member.number));
        let end = company.calendar.end_micros();
        let days: f64 = members
            .iter()
            .map(|member| (member.left_at.min(end) - member.joined_at) as f64 / 86_400e6)
            .sum();
        let events = 25.0 * f64::from(company.headcount().customers);
        let threads = (events - PER_MEMBER * members.len() as f64).max(0.0) / PER_THREAD;
        let mut homes: [Vec<Member>; Home::ALL.len()] = Default::default();
        for member in &members {
            homes[member.home as usize].push(*member);
        }
        let mut leavers: Vec<Member> = members
            .iter()
            .copied()
            .filter(|member| member.left_at < end)
            .collect();
        leavers.sort_by_key(|member| (member.left_at, member.number));
        Self {
            all: members,
            homes,
            leavers,
            thread_rate: threads / days.max(1.0),
        }
    }
}

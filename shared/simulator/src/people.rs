//! Who there is: customers, leads, people whom the CRM does not know, and staff; each a function of (seed, number).

use rand_chacha::ChaCha8Rng;

use crate::calendar::{Calendar, MONTHS};
use crate::model::{JOINING, Model};
use crate::options::{CompanyOptions, Story};
use crate::random::{Purpose, below, mix, normal, stream, uniform};

/// Every surname of the company ends so; nothing that is stored may contain it.
pub const NAME_MARK: &str = "ouzyx";

/// Where a member lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Home {
    Slack,
    Discourse,
    Own,
    Forum,
    Discord,
    Whatsapp,
}

impl Home {
    pub(crate) const ALL: [Self; 6] = [
        Self::Slack,
        Self::Discourse,
        Self::Own,
        Self::Forum,
        Self::Discord,
        Self::Whatsapp,
    ];
}

/// What someone is to the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A customer since the opening month.
    Customer,
    /// In the CRM; buys from month `entry` on, if ever.
    Lead {
        created: usize,
        entry: Option<usize>,
    },
    /// In the community only.
    Outsider,
    /// Works for the company.
    Staff,
}

/// One human.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub number: u32,
    pub standing: Standing,
    /// The hidden confounder.
    pub affinity: f64,
    /// Euros a month at the opening.
    pub level: f64,
    /// Month of joining.
    pub joined: Option<usize>,
    /// Instant of joining, microseconds.
    pub joined_at: Option<i64>,
    /// Instant of leaving the community.
    pub left_at: Option<i64>,
    pub home: Home,
    /// Appetite for the community, in (0, 1].
    pub vigour: f64,
    pub swiss: bool,
    /// Joined with an address that the CRM does not know.
    pub unlinked: bool,
}

/// How many of each there are. Numbers are contiguous: customers, leads, outsiders, staff, newcomers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headcount {
    pub customers: u32,
    pub leads: u32,
    pub outsiders: u32,
    pub staff: u32,
    /// Outsiders who come when customers join no more: they keep the community young and change nothing of its worth.
    pub newcomers: u32,
}

impl Headcount {
    pub(crate) fn new(customers: u32) -> Self {
        Self {
            customers,
            leads: customers / 5,
            outsiders: customers / 20,
            staff: 8 + customers / 5_000,
            newcomers: customers / 15,
        }
    }

    pub(crate) fn all(self) -> u32 {
        self.first_newcomer() + self.newcomers
    }

    pub(crate) fn first_outsider(self) -> u32 {
        self.customers + self.leads
    }

    pub(crate) fn first_staff(self) -> u32 {
        self.first_outsider() + self.outsiders
    }

    fn first_newcomer(self) -> u32 {
        self.first_staff() + self.staff
    }

    pub(crate) fn is_staff(self, number: u32) -> bool {
        (self.first_staff()..self.first_newcomer()).contains(&number)
    }
}

/// Everything that determines who people are.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    pub seed: u64,
    pub headcount: Headcount,
    pub story: Story,
    pub base: f64,
}

impl Census {
    pub(crate) fn new(options: &CompanyOptions, seed: u64, model: &Model) -> Self {
        let customers = options
            .customers
            .unwrap_or_else(|| options.scale.customers());
        Self {
            seed,
            headcount: Headcount::new(customers),
            story: options.story,
            base: model.base,
        }
    }

    /// Whether someone writes in French (else in English).
    pub(crate) fn is_french(&self, number: u32) -> bool {
        !mix(self.seed ^ mix(u64::from(number))).is_multiple_of(5)
    }

    /// The person of a number. Where joining depends on purchases ([`Story::ReverseCausality`]) or on being alive
    /// ([`Story::ImmortalTime`]) this is who they would be: the caller replaces the join.
    pub(crate) fn person(&self, number: u32, calendar: &Calendar) -> Person {
        let mut rng = stream(self.seed, Purpose::Person, u64::from(number));
        let affinity = normal(&mut rng);
        let luck = normal(&mut rng);
        let level = self.base * (0.5 + 1.5 * logistic(1.7f64.mul_add(affinity, 0.6 * luck) - 0.9));
        let vigour = 0.03 + 0.97 * uniform(&mut rng).powi(3);
        let home = home(&mut rng);
        let swiss = uniform(&mut rng) < 0.02;
        let unlinked = uniform(&mut rng) < 0.25 && self.story == Story::UnlinkedMembers;
        let headcount = self.headcount;
        let mut joined = join_month(&mut rng, affinity);
        let (standing, level) = if number < headcount.customers {
            (Standing::Customer, level)
        } else if number < headcount.first_outsider() {
            // A lead who becomes a customer has the mean level and joins as some customer does, whenever it entered: as a group
            // they add the same months to every cohort, so that trends stay parallel however an estimator treats entries.
            let created = 1 + below(&mut rng, MONTHS as u64 - 2) as usize;
            let converts = uniform(&mut rng) < 0.15;
            let entry = created + below(&mut rng, 4) as usize;
            let twin = below(&mut rng, u64::from(headcount.customers)) as u32;
            joined = self.person(twin, calendar).joined;
            let entry = (converts && entry < MONTHS).then_some(entry);
            (Standing::Lead { created, entry }, self.base)
        } else if headcount.is_staff(number) {
            joined = Some(*JOINING.start());
            (Standing::Staff, 0.0)
        } else {
            let months = if number < headcount.first_staff() {
                *JOINING.start()..JOINING.end() + 1
            } else {
                JOINING.end() + 1..MONTHS
            };
            joined = Some(months.start + below(&mut rng, months.len() as u64) as usize);
            (Standing::Outsider, 0.0)
        };
        let mut person = Person {
            number,
            standing,
            affinity,
            level,
            joined,
            joined_at: None,
            left_at: None,
            home: if standing == Standing::Staff {
                // Not on WhatsApp, where staff could only be told apart by their phone numbers.
                Home::ALL[number as usize % 5]
            } else {
                home
            },
            vigour,
            swiss: swiss && standing == Standing::Customer,
            unlinked,
        };
        if let Some(month) = joined {
            let days = calendar.days_of(month);
            let day = if standing == Standing::Staff {
                days.start
            } else {
                days.start + below(&mut rng, days.len() as u64) as usize
            };
            let hour = if standing == Standing::Staff {
                7.0
            } else {
                9.0
            };
            let second = 3_600.0f64.mul_add(hour, 43_000.0 * uniform(&mut rng));
            person.join_at(&mut rng, calendar, calendar.micros(day, second));
        }
        person
    }
}

impl Person {
    /// Joins at an instant, and leaves when chance says so (0.8 % a month; staff stay).
    pub(crate) fn join_at(&mut self, rng: &mut ChaCha8Rng, calendar: &Calendar, at: i64) {
        self.joined = Some(calendar.month_of(at));
        self.joined_at = Some(at);
        let stay = -(1.0 - uniform(rng)).ln() / 0.008 * 30.4 * 86_400e6;
        let left = at
            .saturating_add(stay as i64)
            .saturating_add(86_400_000_000);
        self.left_at =
            (left < calendar.end_micros() && self.standing != Standing::Staff).then_some(left);
    }

    /// Does not join.
    pub(crate) fn stay_out(&mut self) {
        self.joined = None;
        self.joined_at = None;
        self.left_at = None;
    }

    /// Whether in the community at an instant.
    pub(crate) fn is_member(&self, at: i64) -> bool {
        self.joined_at.is_some_and(|joined| joined < at)
            && self.left_at.is_none_or(|left| left > at)
    }

    /// Whole months since the month of joining.
    pub(crate) fn tenure(&self, month: usize) -> Option<i32> {
        self.joined
            .filter(|joined| *joined <= month)
            .map(|joined| (month - joined) as i32)
    }

    pub(crate) fn is_staff(&self) -> bool {
        self.standing == Standing::Staff
    }
}

/// Chance to join in one of the months of joining: constant in time, greater with affinity.
pub(crate) fn join_hazard(affinity: f64) -> f64 {
    (0.03 * (0.9 * affinity).exp()).min(0.5)
}

fn join_month(rng: &mut ChaCha8Rng, affinity: f64) -> Option<usize> {
    let hazard = join_hazard(affinity);
    let mut joined = None;
    for month in JOINING {
        if uniform(rng) < hazard && joined.is_none() {
            joined = Some(month);
        }
    }
    joined
}

fn home(rng: &mut ChaCha8Rng) -> Home {
    let draw = uniform(rng);
    match draw {
        _ if draw < 0.45 => Home::Slack,
        _ if draw < 0.76 => Home::Discourse,
        _ if draw < 0.86 => Home::Own,
        _ if draw < 0.91 => Home::Forum,
        _ if draw < 0.95 => Home::Discord,
        _ => Home::Whatsapp,
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// First name and surname, made up, the surname ending in [`NAME_MARK`].
pub(crate) fn name(number: u32) -> (String, String) {
    const FIRST: [&str; 16] = [
        "Adélise",
        "Barnabet",
        "Célimène",
        "Dorothé",
        "Églantin",
        "Fantine",
        "Gaspardine",
        "Héloïsette",
        "Ignacine",
        "Joséphin",
        "Lisandre",
        "Maëlise",
        "Noémiel",
        "Ombeline",
        "Perceval",
        "Zélidor",
    ];
    const SYLLABLES: [&str; 16] = [
        "ba", "ché", "dru", "fla", "gri", "jo", "ker", "lan", "mé", "nou", "pra", "quin", "ro",
        "sal", "tré", "vau",
    ];
    let first = FIRST[number as usize % FIRST.len()];
    let mut rest = number / FIRST.len() as u32;
    let mut surname = String::new();
    loop {
        surname.push_str(SYLLABLES[rest as usize % SYLLABLES.len()]);
        rest /= SYLLABLES.len() as u32;
        if rest == 0 {
            break;
        }
    }
    let mut letters = surname.chars();
    let capital: String = letters
        .next()
        .map(|letter| letter.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    (first.to_owned(), format!("{capital}{NAME_MARK}"))
}

/// Domain of the staff's addresses.
pub(crate) const STAFF_DOMAIN: &str = "maison-brumelune.example";

/// The address that the CRM knows.
pub(crate) fn email(person: &Person) -> String {
    let n = person.number;
    match person.standing {
        Standing::Staff => format!("equipe{n}.{NAME_MARK}@{STAFF_DOMAIN}"),
        _ => {
            let domain = ["courriel.example", "poste.example", "boite.example"][n as usize % 3];
            format!("p{n}.{NAME_MARK}@{domain}")
        }
    }
}

/// The address given to the community.
pub(crate) fn community_email(person: &Person) -> String {
    if person.unlinked {
        format!("perso{}.{NAME_MARK}@ailleurs.example", person.number)
    } else {
        email(person)
    }
}

/// A French mobile number, E.164.
pub(crate) fn phone(number: u32) -> String {
    format!("+336{}", 10_000_000 + number)
}

/// The handle on a platform.
pub(crate) fn handle(home: Home, number: u32) -> String {
    match home {
        Home::Slack => format!("U0{:0>7}", base36(number)),
        Home::Discourse => format!("pseudo_{}", base36(number).to_lowercase()),
        Home::Own => format!("m-{number}"),
        Home::Forum => format!("f{number}"),
        Home::Discord => (900_000_000_000_000_000 + u64::from(number)).to_string(),
        Home::Whatsapp => phone(number).trim_start_matches('+').to_owned(),
    }
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().map(|byte| char::from(*byte)).collect()
}

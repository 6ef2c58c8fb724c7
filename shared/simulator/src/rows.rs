//! The company's CRM rows, typed, in the columns of the own layout: the one source of dropped files and of lake records.
//!
//! Each entity streams: memory does not grow with the number of customers.

use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::private::HashKey;
use levier_domain::record::{Record, Value};

use crate::calendar::{MONTHS, instant};
use crate::commerce::{Life, Order, OrderStatus};
use crate::company::Company;
use crate::people::{Home, Person, Standing, email, handle, phone};
use crate::random::{Purpose, below, mix, normal, stream, uniform};
use crate::tickets::{Ticket, tickets};

/// One row: cells in the order of [`Entity::columns`]; money is in minor units, e-mail and phone in clear.
pub(crate) type Row = Vec<Value>;

/// Reporting currency for one Swiss franc, by month: a slow wave around 1.04.
pub(crate) fn franc(month: usize) -> i64 {
    10_400 + [0, 35, 60, 80, 95, 90, 70, 45, 15, -20, -45, -30][month % 12]
}

/// Euro cents in Swiss centimes at the month's rate.
fn in_francs(cents: i64, month: usize) -> i64 {
    (cents * 10_000 + franc(month) / 2) / franc(month)
}

/// An order as the shop sees it: amounts in the currency of the customer.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub id: u64,
    pub total: i64,
    pub tax: i64,
    pub refunded: i64,
    pub currency: &'static str,
}

pub(crate) fn sale(order: &Order, swiss: bool) -> Sale {
    let convert = |cents| {
        if swiss {
            in_francs(cents, order.month)
        } else {
            cents
        }
    };
    let total = convert(order.total());
    Sale {
        id: 5_900_000_000_000 + u64::from(order.customer) * 1_000 + u64::from(order.ordinal),
        total,
        tax: convert(order.tax),
        refunded: match order.status {
            OrderStatus::Paid => 0,
            OrderStatus::Refunded => total,
            OrderStatus::PartiallyRefunded => convert(order.refunded).min(total),
        },
        currency: if swiss { "CHF" } else { "EUR" },
    }
}

/// Id of a person in the CRM.
pub(crate) fn person_id(number: u32) -> String {
    (4_510_000_000 + u64::from(number)).to_string()
}

pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn at(micros: i64) -> Value {
    Value::Instant(instant(micros))
}

fn maybe(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, at)
}

/// What the CRM says of someone's stage: word of the own layout, and French label.
pub(crate) fn lifecycle(life: &Life) -> (&'static str, &'static str) {
    match (life.person.standing, life.orders.is_empty()) {
        (Standing::Customer, _) | (_, false) => ("customer", "Client"),
        _ => match life.person.number % 5 {
            0 => ("opportunity", "Opportunité"),
            1 | 2 => ("lead", "Lead"),
            3 => ("marketing_qualified", "Lead qualifié marketing"),
            _ => ("subscriber", "Abonné"),
        },
    }
}

/// Where someone came from: HubSpot's French label.
pub(crate) fn source(number: u32) -> &'static str {
    [
        "Recherche organique",
        "Trafic direct",
        "Références",
        "Recherche payante",
        "Réseaux sociaux organiques",
    ][(mix(u64::from(number)) % 5) as usize]
}

impl Company {
    /// When the CRM first knew of someone.
    pub(crate) fn created_at(&self, person: &Person) -> i64 {
        let day = match person.standing {
            Standing::Lead { created, .. } => self.calendar.days_of(created).start,
            _ => 0,
        };
        let before = (mix(u64::from(person.number)) % 400) as i64;
        let start = self.calendar.micros(day, 34_200.0);
        if matches!(person.standing, Standing::Lead { .. }) {
            start + before % 20 * 3_600_000_000
        } else {
            start - before * 86_400_000_000
        }
    }

    /// Lives of everybody whom the CRM knows (and has not erased).
    pub(crate) fn lives(&self) -> impl Iterator<Item = Life> + '_ {
        (0..self.headcount().first_outsider())
            .map(|number| self.life(number))
            .filter(|life| !self.is_erased(life))
    }

    /// The rows of one entity in the own layout; none for entities that the company does not keep.
    pub(crate) fn rows(&self, entity: Entity) -> Box<dyn Iterator<Item = Row> + '_> {
        match entity {
            Entity::People => Box::new(self.lives().map(|life| self.person_row(&life))),
            Entity::Orders => Box::new(self.lives().flat_map(|life| {
                life.orders
                    .iter()
                    .map(|order| order_row(&life, order))
                    .collect::<Vec<_>>()
            })),
            Entity::Tickets => Box::new(self.lives().flat_map(|life| {
                tickets(self, &life)
                    .iter()
                    .map(|ticket| ticket_row(&life, ticket))
                    .collect::<Vec<_>>()
            })),
            Entity::Subscriptions => {
                Box::new(self.lives().filter_map(|life| self.subscription_row(&life)))
            }
            Entity::Surveys => Box::new(self.lives().flat_map(|life| self.survey_rows(&life))),
            Entity::Deals => Box::new(self.lives().filter_map(|life| self.deal_row(&life))),
            Entity::Links => Box::new(self.roster.homes[Home::Discord as usize].iter().filter_map(
                |member| {
                    let known = member.number < self.headcount().first_outsider();
                    known.then(|| self.link_row(member.number))
                },
            )),
            Entity::Members => Box::new(
                [Home::Discord, Home::Whatsapp]
                    .into_iter()
                    .flat_map(|home| self.roster.homes[home as usize].iter())
                    .map(|member| self.member_row(member.number)),
            ),
            Entity::Costs => Box::new(self.cost_rows()),
            Entity::Spend => Box::new(self.spend_rows()),
            Entity::Rates => Box::new((0..MONTHS).map(|month| {
                vec![
                    Value::Date(self.calendar.month(month).first_day()),
                    text("CHF"),
                    Value::Number(franc(month) as f64 / 10_000.0),
                ]
            })),
            Entity::WebTraffic => Box::new(self.traffic_rows()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The lake records of one entity, as an import of the own layout would make them: e-mails and phones keyed, money in minor
    /// units, `source = levier`, known from the end of the history. No dirty rows.
    pub fn records<'a>(
        &'a self,
        entity: Entity,
        key: &'a HashKey,
    ) -> impl Iterator<Item = Record> + 'a {
        let lake = entity.lake_columns();
        let columns = entity.columns();
        let known_from = at(self.calendar.end_micros());
        self.rows(entity).map(move |row| {
            let values = lake
                .iter()
                .map(|column| match column.origin {
                    None if column.name == "source" => text("levier"),
                    None if column.name == "import_id" => text("simulated"),
                    None => known_from.clone(),
                    Some(origin) => {
                        let cell = row.get(origin).cloned().unwrap_or_default();
                        match (columns[origin].kind, &cell) {
                            (ColumnKind::Email, Value::Text(raw)) => {
                                key.email(raw).map_or(Value::Null, Value::Text)
                            }
                            (ColumnKind::Phone, Value::Text(raw)) => {
                                key.phone(raw, "FR").map_or(Value::Null, Value::Text)
                            }
                            _ => cell,
                        }
                    }
                })
                .collect();
            Record { entity, values }
        })
    }

    fn person_row(&self, life: &Life) -> Row {
        let person = &life.person;
        let (stage, label) = lifecycle(life);
        let lead = matches!(person.standing, Standing::Lead { .. });
        let created = self.created_at(person);
        let origin = source(person.number);
        let qualified = lead && matches!(stage, "customer" | "opportunity" | "marketing_qualified");
        vec![
            text(person_id(person.number)),
            text(email(person)),
            text(phone(person.number)),
            Value::Null,
            at(created),
            text(stage),
            text(label),
            text(origin),
            text(origin),
            if qualified {
                at(created + 5 * 86_400_000_000)
            } else {
                Value::Null
            },
            maybe(life.orders.first().map(|order| order.at)),
            text(format!("commercial-{}", person.number % 4)),
            text(if person.swiss { "CH" } else { "FR" }),
            text(["Particulier", "Bureau"][usize::from(person.number.is_multiple_of(7))]),
            text(if self.census.is_french(person.number) {
                "fr"
            } else {
                "en"
            }),
            Value::Null,
            Value::Boolean(person.number.is_multiple_of(23)),
            at(self.calendar.end_micros() - 86_400_000_000),
            Value::Null,
        ]
    }

    fn subscription_row(&self, life: &Life) -> Option<Row> {
        let start = life.start?;
        let person = &life.person;
        let yearly = person.number.is_multiple_of(3);
        // Born before the window, or with the first order: alive exactly while a customer.
        let started = if start == 0 {
            self.calendar.micros(0, 43_200.0)
        } else {
            life.orders.first().map(|order| order.at)?
        };
        let ended = life.ended.map(|(_, at)| at);
        Some(vec![
            text(format!("abo-{}", person.number)),
            text(person_id(person.number)),
            Value::Null,
            text(email(person)),
            text(["Découverte", "Habitué"][usize::from(person.number.is_multiple_of(2))]),
            text(if ended.is_some() { "ended" } else { "active" }),
            at(started),
            Value::Null,
            Value::Null,
            maybe(ended),
            maybe(ended),
            Value::Integer(if yearly { 2_900 } else { 290 }),
            text(if yearly { "year" } else { "month" }),
            Value::Number(1.0),
            text("EUR"),
            at(ended.unwrap_or(started)),
        ])
    }

    /// Satisfaction is asked for every half-year; members answer more often and are somewhat happier, the affinate more so.
    fn survey_rows(&self, life: &Life) -> Vec<Row> {
        let person = &life.person;
        let mut rng = stream(self.seed, Purpose::Surveys, u64::from(person.number));
        let mut rows = Vec::new();
        for month in (3..MONTHS).step_by(6) {
            let tenure = person.tenure(month);
            let alive = life.start.is_some_and(|start| start < month)
                && life.ended.is_none_or(|(ended, _)| month < ended);
            let answers = uniform(&mut rng) < if tenure.is_some() { 0.22 } else { 0.12 };
            let mood = 7.2
                + 0.8 * person.affinity
                + if tenure.is_some_and(|tenure| tenure >= 3) {
                    0.5
                } else {
                    0.0
                }
                + 1.8 * normal(&mut rng);
            let days = self.calendar.days_of(month);
            let day = days.start + below(&mut rng, days.len() as u64) as usize;
            let second = 9.0f64.mul_add(3_600.0, 36_000.0 * uniform(&mut rng));
            let answered = self.calendar.micros(day, second);
            let comes_from = uniform(&mut rng);
            if !alive || !answers {
                continue;
            }
            for (kind, score) in [
                ("nps", mood.round().clamp(0.0, 10.0)),
                ("csat", (mood / 2.0).round().clamp(1.0, 5.0)),
            ] {
                rows.push(vec![
                    text(format!("{kind}-{}-{month}", person.number)),
                    text(person_id(person.number)),
                    text(email(person)),
                    at(answered),
                    text(kind),
                    Value::Number(score),
                    Value::Null,
                    text("Baromètre"),
                ]);
            }
            if month == 3 {
                let origin = if comes_from < 0.15 {
                    "communauté"
                } else {
                    "moteur de recherche"
                };
                rows.push(vec![
                    text(format!("origine-{}", person.number)),
                    text(person_id(person.number)),
                    text(email(person)),
                    at(answered),
                    text("heard_about"),
                    Value::Null,
                    text(origin),
                    text("Accueil"),
                ]);
            }
        }
        rows
    }

    /// One deal per lead: won with the first order, else open or lost.
    fn deal_row(&self, life: &Life) -> Option<Row> {
        let person = &life.person;
        let Standing::Lead { .. } = person.standing else {
            return None;
        };
        let mut rng = stream(self.seed, Purpose::Deals, u64::from(person.number));
        let created = self.created_at(person) + 2 * 86_400_000_000;
        let lost_after = (20.0 + 90.0 * uniform(&mut rng)) as i64 * 86_400_000_000;
        let amount = 20_000 + below(&mut rng, 180_000) as i64;
        let end = self.calendar.end_micros();
        let (status, stage, closed) = match life.orders.first() {
            Some(first) => ("won", "Gagnée", Some(first.at.max(created + 3_600_000_000))),
            None if uniform(&mut rng) < 0.7 && created + lost_after < end => {
                ("lost", "Perdue", Some(created + lost_after))
            }
            None => ("open", "Proposition envoyée", None),
        };
        if created >= end {
            return None;
        }
        Some(vec![
            text(format!("affaire-{}", person.number)),
            Value::Null,
            text(person_id(person.number)),
            at(created),
            maybe(closed.map(|closed| closed.min(end - 1_000_000))),
            text(status),
            text(stage),
            text("Ventes"),
            Value::Integer(amount),
            text("EUR"),
            text(format!("commercial-{}", person.number % 4)),
            text(source(person.number)),
            if status == "lost" {
                text("prix")
            } else {
                Value::Null
            },
            at(created + 3_600_000_000),
            at(closed.unwrap_or(created).min(end - 1_000_000)),
        ])
    }

    fn link_row(&self, number: u32) -> Row {
        let person = self.person(number);
        vec![
            text("discord"),
            text(handle(Home::Discord, number)),
            text(person_id(number)),
            text(email(&person)),
            Value::Null,
            Value::Null,
            text("same"),
        ]
    }

    fn member_row(&self, number: u32) -> Row {
        let person = self.person(number);
        let platform = if person.home == Home::Discord {
            "discord"
        } else {
            "whatsapp"
        };
        let whatsapp = person.home == Home::Whatsapp;
        vec![
            text("main"),
            text(platform),
            if whatsapp {
                text(format!("membre-{number}"))
            } else {
                text(handle(person.home, number))
            },
            if whatsapp && !person.is_staff() {
                text(self.joining_email(number))
            } else {
                Value::Null
            },
            if whatsapp {
                text(phone(number))
            } else {
                Value::Null
            },
            Value::Null,
            maybe(person.joined_at),
            maybe(person.left_at),
            text(if person.is_staff() { "staff" } else { "member" }),
            Value::Null,
        ]
    }
}

fn order_row(life: &Life, order: &Order) -> Row {
    let sale = sale(order, life.person.swiss);
    vec![
        text(sale.id.to_string()),
        text(person_id(order.customer)),
        text(email(&life.person)),
        at(order.at),
        text(match order.status {
            OrderStatus::Paid => "paid",
            OrderStatus::Refunded => "refunded",
            OrderStatus::PartiallyRefunded => "partially_refunded",
        }),
        Value::Integer(sale.total),
        Value::Integer(sale.refunded),
        Value::Integer(sale.tax),
        Value::Integer(0),
        Value::Integer(0),
        if order.promo {
            text("CERCLE10")
        } else {
            Value::Null
        },
        text(sale.currency),
        Value::Integer(i64::from(order.items)),
        text("web"),
        at(order.refunded_at.unwrap_or(order.at)),
    ]
}

fn ticket_row(life: &Life, ticket: &Ticket) -> Row {
    vec![
        text(format!("t{}-{}", ticket.customer, ticket.ordinal)),
        text(person_id(ticket.customer)),
        text(email(&life.person)),
        Value::Null,
        at(ticket.created_at),
        maybe(ticket.first_reply_at),
        maybe(ticket.solved_at),
        if ticket.solved_at.is_some() {
            Value::Number(ticket.handle_minutes)
        } else {
            Value::Null
        },
        text(format!("agent-{}", ticket.agent)),
        text(ticket.channel),
        text(ticket.topic),
        text(if ticket.solved_at.is_some() {
            "solved"
        } else {
            "open"
        }),
        ticket
            .satisfaction
            .map_or(Value::Null, |score| Value::Number(f64::from(score))),
        Value::Boolean(false),
        at(ticket
            .solved_at
            .or(ticket.first_reply_at)
            .unwrap_or(ticket.created_at)),
    ]
}

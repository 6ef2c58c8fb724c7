//! The files that the CRM admin drops: a French HubSpot export, a Shopify export, the rest in the own layout, each with a few
//! dirty rows that an import must refuse and say so.

use std::fmt;
use std::io::{self, Write};

use jiff::tz::TimeZone;
use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::record::Value;
use serde::{Deserialize, Serialize};

use crate::calendar::instant;
use crate::commerce::{Order, OrderStatus};
use crate::company::Company;
use crate::people::{Person, email, name, phone};
use crate::random::{Purpose, below, stream};
use crate::rows::{lifecycle, person_id, sale, source};

type Writer<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<FileExpected> + 'a>;

/// One file to drop: its name, and its bytes on demand.
pub struct SimulatedFile<'a> {
    /// File name.
    pub name: String,
    /// What it holds.
    pub entity: Entity,
    writer: Writer<'a>,
}

impl fmt::Debug for SimulatedFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedFile({})", self.name)
    }
}

impl SimulatedFile<'_> {
    /// Streams the bytes into `sink` and says what an import must find.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&self, sink: &mut dyn Write) -> io::Result<FileExpected> {
        let mut expected = (self.writer)(sink)?;
        expected.name.clone_from(&self.name);
        Ok(expected)
    }

    /// The whole file in memory.
    ///
    /// # Errors
    /// None in practice: memory takes every byte.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}

/// What an import of one file must find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileExpected {
    /// File name.
    pub name: String,
    /// Records that become rows of the lake.
    pub good: u64,
    /// Records that must be refused.
    pub bad: u64,
    /// Physical records, without the header: more than `good + bad` where line items fold into their order.
    pub records: u64,
    /// Among the good: test orders, which no revenue may count.
    pub tests: u64,
}

impl Company {
    /// All files, in an order in which a person would drop them.
    pub fn files(&self) -> impl Iterator<Item = SimulatedFile<'_>> {
        let day = self.end();
        let hubspot = SimulatedFile {
            name: format!("hubspot-crm-exports-tous-les-contacts-{day}.csv"),
            entity: Entity::People,
            writer: Box::new(|sink| self.write_contacts(sink)),
        };
        let shopify = SimulatedFile {
            name: "orders_export_1.csv".to_owned(),
            entity: Entity::Orders,
            writer: Box::new(|sink| self.write_orders(sink)),
        };
        let own = [
            Entity::Subscriptions,
            Entity::Tickets,
            Entity::Surveys,
            Entity::Deals,
            Entity::Spend,
            Entity::Costs,
            Entity::Rates,
            Entity::WebTraffic,
            Entity::Links,
            Entity::Members,
        ]
        .map(|entity| SimulatedFile {
            name: format!("{entity}.csv"),
            entity,
            writer: Box::new(move |sink| self.write_own(entity, sink)),
        });
        [hubspot, shopify].into_iter().chain(own)
    }

    /// What each file must come to.
    #[must_use]
    pub fn expected_files(&self) -> Vec<FileExpected> {
        self.files()
            .filter_map(|file| file.write(&mut io::sink()).ok())
            .collect()
    }

    /// HubSpot contacts, exported in French: semicolons, BOM, `JJ/MM/AAAA HH:MM` in the account's zone.
    fn write_contacts(&self, sink: &mut dyn Write) -> io::Result<FileExpected> {
        sink.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new().delimiter(b';').from_writer(sink);
        csv.write_record([
            "ID de fiche d'informations",
            "Prénom",
            "Nom",
            "E-mail",
            "Numéro de téléphone",
            "Phase du cycle de vie",
            "Source d'origine",
            "Date de création",
            "Propriétaire du contact",
            "Pays/Région",
            "Date de dernière modification",
        ])?;
        let mut expected = FileExpected::default();
        let modified = french_time(self.calendar.end_micros() - 86_400_000_000, self.zone());
        for life in self.lives() {
            let person = &life.person;
            let cells = self.contact(person, lifecycle(&life).1, &modified);
            csv.write_record(&cells)?;
            expected.good += 1;
            if expected.good % 400 == 7 {
                let mut cells = cells.clone();
                // A spreadsheet has eaten digits of the id, or the id is missing: a made-up contact, of no consequence.
                cells[0] = if expected.bad.is_multiple_of(2) {
                    "4,51E+09".to_owned()
                } else {
                    String::new()
                };
                cells[3] = format!("double{}@courriel.example", person.number);
                cells[4] = String::new();
                csv.write_record(&cells)?;
                expected.bad += 1;
            }
        }
        csv.flush()?;
        expected.records = expected.good + expected.bad;
        Ok(expected)
    }

    fn contact(&self, person: &Person, stage: &str, modified: &str) -> Vec<String> {
        let n = person.number;
        let (first, last) = name(n);
        let address = match n % 97 {
            3 => email(person).to_uppercase(),
            5 => format!(" {}", email(person)),
            _ => email(person),
        };
        let digits = phone(n);
        let national = format!(
            "0{} {} {} {} {}",
            &digits[3..4],
            &digits[4..6],
            &digits[6..8],
            &digits[8..10],
            &digits[10..]
        );
        vec![
            person_id(n),
            first,
            last,
            address,
            if n.is_multiple_of(2) {
                digits
            } else {
                national
            },
            stage.to_owned(),
            source(n).to_owned(),
            french_time(self.created_at(person), self.zone()),
            ["Agathe", "Basile", "Clémence", "Damien"]
                .map(|owner| format!("{owner} Vend{}", crate::people::NAME_MARK))[n as usize % 4]
                .clone(),
            if person.swiss { "Suisse" } else { "France" }.to_owned(),
            modified.to_owned(),
        ]
    }

    /// Shopify orders: one line per item, order fields on the first line only, English headers, offsets in the times.
    fn write_orders(&self, sink: &mut dyn Write) -> io::Result<FileExpected> {
        let mut csv = csv::Writer::from_writer(sink);
        csv.write_record(SHOPIFY)?;
        let mut expected = FileExpected::default();
        for life in self.lives() {
            for order in &life.orders {
                self.write_order(&mut csv, &life.person, order, None, &mut expected)?;
                expected.good += 1;
                let dirt = match (order.customer, order.ordinal) {
                    (customer, 0) if customer % 500 == 11 => Some(Dirt::Money),
                    (customer, 0) if customer % 500 == 12 => Some(Dirt::NoId),
                    (customer, 0) if customer % 500 == 13 => Some(Dirt::Scientific),
                    (customer, 0) if customer % 500 == 14 => Some(Dirt::Decimals),
                    (customer, 0) if customer % 500 == 15 => Some(Dirt::Test),
                    _ => None,
                };
                if dirt.is_some() {
                    self.write_order(&mut csv, &life.person, order, dirt, &mut expected)?;
                    if dirt == Some(Dirt::Test) {
                        expected.tests += 1;
                        expected.good += 1;
                    } else {
                        expected.bad += 1;
                    }
                }
            }
        }
        csv.flush()?;
        Ok(expected)
    }

    fn write_order(
        &self,
        csv: &mut csv::Writer<&mut dyn Write>,
        person: &Person,
        order: &Order,
        dirt: Option<Dirt>,
        expected: &mut FileExpected,
    ) -> io::Result<()> {
        const GOODS: [&str; 5] = [
            "Grains Brésil 1 kg",
            "Grains Éthiopie 500 g",
            "Détartrant",
            "Filtre à eau",
            "Tasse émaillée",
        ];
        let sale = sale(order, person.swiss);
        let mut rng = stream(self.seed, Purpose::Files, sale.id);
        let shift = if dirt.is_some() { 500_000_000 } else { 0 };
        let mut id = (sale.id + shift).to_string();
        let name = format!("#{}", sale.id + shift - 5_899_999_990_000);
        let mut total = cents(sale.total);
        match dirt {
            Some(Dirt::Money) => total = "n/c".to_owned(),
            Some(Dirt::Decimals) => total = format!("{}7", cents(sale.total)),
            Some(Dirt::NoId) => id = String::new(),
            Some(Dirt::Scientific) => id = "5.9E+12".to_owned(),
            Some(Dirt::Test) | None => {}
        }
        let time = shop_time(order.at, self.zone());
        let status = match order.status {
            OrderStatus::Paid => "paid",
            OrderStatus::Refunded => "refunded",
            OrderStatus::PartiallyRefunded => "partially_refunded",
        };
        let test = dirt == Some(Dirt::Test);
        for item in 0..order.items {
            let price = cents(sale.total / i64::from(order.items));
            let good = GOODS[below(&mut rng, 5) as usize];
            let line = [name.as_str(), &email(person)];
            let mut cells = vec![String::new(); SHOPIFY.len()];
            cells[0] = line[0].to_owned();
            cells[1] = line[1].to_owned();
            if item == 0 {
                for (column, value) in [
                    ("Financial Status", status),
                    ("Paid at", &time),
                    ("Fulfillment Status", "fulfilled"),
                    ("Fulfilled at", &time),
                    ("Accepts Marketing", "yes"),
                    ("Currency", sale.currency),
                    ("Subtotal", &cents(sale.total)),
                    ("Shipping", "0.00"),
                    ("Taxes", &cents(sale.tax)),
                    ("Total", &total),
                    ("Discount Code", if order.promo { "CERCLE10" } else { "" }),
                    ("Discount Amount", "0.00"),
                    ("Shipping Method", "Standard"),
                    (
                        "Payment Method",
                        if test {
                            "(for testing) Bogus Gateway"
                        } else {
                            "Shopify Payments"
                        },
                    ),
                    ("Refunded Amount", &cents(sale.refunded)),
                    ("Id", &id),
                    ("Tags", if test { "test" } else { "" }),
                    ("Source", "web"),
                    ("Tax 1 Name", "FR TVA 20%"),
                    ("Tax 1 Value", &cents(sale.tax)),
                ] {
                    set(&mut cells, column, value);
                }
            }
            for (column, value) in [
                ("Created at", time.as_str()),
                ("Lineitem quantity", "1"),
                ("Lineitem name", good),
                ("Lineitem price", &price),
                ("Lineitem requires shipping", "true"),
                ("Lineitem taxable", "true"),
                ("Lineitem discount", "0.00"),
            ] {
                set(&mut cells, column, value);
            }
            csv.write_record(&cells)?;
            expected.records += 1;
        }
        Ok(())
    }

    /// One entity in the own layout, with dirty rows where a file is large enough to have some.
    fn write_own(&self, entity: Entity, sink: &mut dyn Write) -> io::Result<FileExpected> {
        let columns: Vec<_> = entity
            .columns()
            .iter()
            .filter(|column| column.kind != ColumnKind::Attributes)
            .collect();
        let mut csv = csv::Writer::from_writer(sink);
        csv.write_record(columns.iter().map(|column| column.name))?;
        let mut expected = FileExpected::default();
        for row in self.rows(entity) {
            let mut cells: Vec<String> = columns
                .iter()
                .zip(&row)
                .map(|(column, value)| cell(column.kind, value))
                .collect();
            csv.write_record(&cells)?;
            expected.good += 1;
            let dirty = matches!(
                entity,
                Entity::Tickets | Entity::Surveys | Entity::Subscriptions
            );
            if dirty && expected.good % 500 == 9 {
                // An instant that is none, in a required column, under a key of its own.
                cells[0] = format!("sale-{}", expected.good);
                if let Some(at) = columns
                    .iter()
                    .position(|column| column.required && column.kind == ColumnKind::Instant)
                {
                    cells[at] = "hier".to_owned();
                }
                csv.write_record(&cells)?;
                expected.bad += 1;
            }
        }
        csv.flush()?;
        expected.records = expected.good + expected.bad;
        Ok(expected)
    }

    fn zone(&self) -> &TimeZone {
        self.calendar.zone()
    }
}

/// What is wrong with an extra order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dirt {
    /// `Total` is no amount.
    Money,
    /// `Total` has three decimals.
    Decimals,
    /// No `Id`.
    NoId,
    /// `Id` in scientific notation.
    Scientific,
    /// Nothing wrong: a test order.
    Test,
}

const SHOPIFY: [&str; 30] = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem discount",
    "Payment Method",
    "Refunded Amount",
    "Id",
    "Tags",
    "Source",
    "Tax 1 Name",
    "Tax 1 Value",
    "Phone",
];

fn set(cells: &mut [String], column: &str, value: &str) {
    if let Some(position) = SHOPIFY.iter().position(|name| *name == column) {
        value.clone_into(&mut cells[position]);
    }
}

/// Two decimals and a dot.
fn cents(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn french_time(micros: i64, zone: &TimeZone) -> String {
    let local = zone.to_datetime(instant(micros));
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}",
        local.day(),
        local.month(),
        local.year(),
        local.hour(),
        local.minute()
    )
}

fn shop_time(micros: i64, zone: &TimeZone) -> String {
    let instant = instant(micros);
    let local = zone.to_datetime(instant);
    let minutes = zone.to_offset(instant).seconds() / 60;
    format!(
        "{} {:02}:{:02}:{:02} +{:02}{:02}",
        local.date(),
        local.hour(),
        local.minute(),
        local.second(),
        minutes / 60,
        minutes % 60
    )
}

fn cell(kind: ColumnKind, value: &Value) -> String {
    match value {
        Value::Null | Value::Attributes(_) => String::new(),
        Value::Text(text) => text.clone(),
        Value::Integer(minor) if kind == ColumnKind::Money => cents(*minor),
        Value::Integer(integer) => integer.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Instant(instant) => format!("{instant:.0}"),
        Value::Date(date) => date.to_string(),
    }
}

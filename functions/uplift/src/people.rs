//! The persons of a bucket, read from its months side by side.
//!
//! Every month's file is sorted by person, so that walking all of them at once hands over one person after another: nothing is
//! sorted, and no row is copied but the few numbers of the person at hand. Texts are borrowed from the columns.

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use levier_lake::LakeError;
use levier_lake::columns::{self, Column};
use levier_uplift::{Person, PersonMonth};

/// What both passes read.
const ALWAYS: [&str; 9] = [
    "person",
    "account",
    "is_staff",
    "customer_since",
    "revenue_minor",
    "segment",
    "country",
    "lead_source",
    "plan",
];
/// What the second pass reads beside it.
const THEN: [&str; 10] = [
    "joined_month",
    "communities",
    "platforms",
    "orders",
    "tickets",
    "subscribed",
    "mrr_minor",
    "prior_orders",
    "prior_revenue_minor",
    "months_since_order",
];

/// One month of a bucket, decoded.
pub struct MonthFile {
    month: i32,
    key: String,
    batches: Vec<RecordBatch>,
}

impl MonthFile {
    /// Decodes the columns that the first pass reads (`preview`), or all that comparisons read.
    ///
    /// # Errors
    /// [`LakeError::Content`] when it is no file of facts.
    pub fn decode(month: i32, key: String, bytes: Bytes, preview: bool) -> Result<Self, LakeError> {
        let mut wanted = ALWAYS.to_vec();
        wanted.extend(if preview { &THEN[..1] } else { &THEN[..] });
        let batches = columns::read(&key, bytes, &wanted)?;
        Ok(Self {
            month,
            key,
            batches,
        })
    }
}

/// Typed views of one batch.
struct Columns<'a> {
    rows: usize,
    person: Column<'a>,
    account: Column<'a>,
    is_staff: Column<'a>,
    customer_since: Column<'a>,
    joined_month: Column<'a>,
    traits: [Column<'a>; 4],
    communities: Column<'a>,
    platforms: Column<'a>,
    orders: Column<'a>,
    tickets: Column<'a>,
    subscribed: Column<'a>,
    revenue_minor: Column<'a>,
    mrr_minor: Column<'a>,
    prior_orders: Column<'a>,
    prior_revenue_minor: Column<'a>,
    months_since_order: Column<'a>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let column = |name: &str| Column::of(batch, name);
        Self {
            rows: batch.num_rows(),
            person: column("person"),
            account: column("account"),
            is_staff: column("is_staff"),
            customer_since: column("customer_since"),
            joined_month: column("joined_month"),
            traits: ["segment", "country", "lead_source", "plan"].map(column),
            communities: column("communities"),
            platforms: column("platforms"),
            orders: column("orders"),
            tickets: column("tickets"),
            subscribed: column("subscribed"),
            revenue_minor: column("revenue_minor"),
            mrr_minor: column("mrr_minor"),
            prior_orders: column("prior_orders"),
            prior_revenue_minor: column("prior_revenue_minor"),
            months_since_order: column("months_since_order"),
        }
    }

    fn month(&self, month: i32, row: usize) -> PersonMonth {
        let whole = |column: &Column<'_>| column.integer(row).unwrap_or(0);
        let count = |column: &Column<'_>| u32::try_from(whole(column)).unwrap_or(0);
        PersonMonth {
            month,
            orders: count(&self.orders),
            tickets: count(&self.tickets),
            subscribed: self.subscribed.boolean(row).unwrap_or(false),
            revenue_minor: whole(&self.revenue_minor),
            mrr_minor: whole(&self.mrr_minor),
            prior_orders: count(&self.prior_orders),
            prior_revenue_minor: whole(&self.prior_revenue_minor),
            months_since_order: months(&self.months_since_order, row),
        }
    }
}

fn months(column: &Column<'_>, row: usize) -> Option<i32> {
    column.integer(row).and_then(|n| i32::try_from(n).ok())
}

/// Where reading stands in one month.
struct Cursor<'a> {
    month: i32,
    key: &'a str,
    batches: Vec<Columns<'a>>,
    batch: usize,
    row: usize,
    person: Option<&'a str>,
}

impl<'a> Cursor<'a> {
    fn new(file: &'a MonthFile) -> Result<Self, LakeError> {
        let mut cursor = Self {
            month: file.month,
            key: &file.key,
            batches: file
                .batches
                .iter()
                .filter(|batch| batch.num_rows() > 0)
                .map(Columns::of)
                .collect(),
            batch: 0,
            row: 0,
            person: None,
        };
        cursor.read()?;
        Ok(cursor)
    }

    fn read(&mut self) -> Result<(), LakeError> {
        let before = self.person.take();
        let Some(columns) = self.batches.get(self.batch) else {
            return Ok(());
        };
        let wrong = |why: String| LakeError::content(self.key, "facts", why);
        let person = columns
            .person
            .text(self.row)
            .ok_or_else(|| wrong(format!("row {} has no person", self.row)))?;
        if before.is_some_and(|before| before >= person) {
            return Err(wrong(
                "persons are not sorted, or one is there twice; run `join` again".to_owned(),
            ));
        }
        self.person = Some(person);
        Ok(())
    }

    fn advance(&mut self) -> Result<(), LakeError> {
        self.row += 1;
        if self
            .batches
            .get(self.batch)
            .is_some_and(|columns| self.row >= columns.rows)
        {
            self.batch += 1;
            self.row = 0;
        }
        self.read()
    }
}

/// Hands over every person of a bucket, in order of ids; gives the number of facts. `files` are in order of months.
///
/// # Errors
/// [`LakeError::Content`] when a file is not sorted by person.
pub fn each_person(
    files: &[MonthFile],
    mut take: impl FnMut(&Person<'_>),
) -> Result<u64, LakeError> {
    let mut cursors = files
        .iter()
        .map(Cursor::new)
        .collect::<Result<Vec<_>, _>>()?;
    let mut lived: Vec<PersonMonth> = Vec::with_capacity(cursors.len());
    let mut facts = 0;
    while let Some(id) = cursors.iter().filter_map(|cursor| cursor.person).min() {
        lived.clear();
        let mut person = Person {
            id,
            ..Person::default()
        };
        for cursor in cursors
            .iter_mut()
            .filter(|cursor| cursor.person == Some(id))
        {
            let (columns, row) = (&cursor.batches[cursor.batch], cursor.row);
            lived.push(columns.month(cursor.month, row));
            // What is said of the person as a whole is what the latest month says.
            person.account = columns.account.text(row);
            person.is_staff |= columns.is_staff.boolean(row).unwrap_or(false);
            person.customer_since = months(&columns.customer_since, row);
            person.joined_month = months(&columns.joined_month, row);
            for (value, column) in person.traits.iter_mut().zip(&columns.traits) {
                *value = column.text(row).unwrap_or_default();
            }
            let joined = person
                .joined_month
                .is_some_and(|joined| cursor.month >= joined);
            if joined && person.communities.is_empty() {
                person.communities = columns.communities.text(row).unwrap_or_default();
                person.platforms = columns.platforms.text(row).unwrap_or_default();
            }
            cursor.advance()?;
        }
        facts += lived.len() as u64;
        person.months = &lived;
        take(&person);
    }
    Ok(facts)
}

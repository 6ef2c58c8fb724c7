//! The persons of a bucket, read from its months side by side.
//!
//! Every month's file is sorted by person, so that walking all of them at once hands over one person after another: nothing is
//! sorted, and no row is copied but the few numbers of the person at hand. A month is decoded a few thousand rows at a time, as
//! the walk comes to them, so that memory holds a slice of every month and never a bucket; texts are borrowed from the slices.

use arrow::array::{Array, BooleanArray, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use levier_lake::LakeError;
use levier_lake::columns;
use levier_uplift::{Person, PersonMonth};

/// Rows of a month that are decoded at once.
const SLICE: usize = 2_048;

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

/// A column of a slice; one that the file has not, or of another type, reads as nulls.
struct Cells<A>(Option<A>);

impl<A: Array + Clone + 'static> Cells<A> {
    fn of(batch: &RecordBatch, name: &str) -> Self {
        let array = batch.column_by_name(name);
        Self(array.and_then(|array| array.as_any().downcast_ref::<A>().cloned()))
    }

    fn at(&self, row: usize) -> Option<&A> {
        self.0.as_ref().filter(|array| array.is_valid(row))
    }
}

impl Cells<StringArray> {
    fn text(&self, row: usize) -> Option<&str> {
        self.at(row).map(|array| array.value(row))
    }
}

impl Cells<Int64Array> {
    fn integer(&self, row: usize) -> Option<i64> {
        self.at(row).map(|array| array.value(row))
    }

    fn month(&self, row: usize) -> Option<i32> {
        self.integer(row).and_then(|n| i32::try_from(n).ok())
    }

    fn count(&self, row: usize) -> u32 {
        u32::try_from(self.integer(row).unwrap_or(0)).unwrap_or(0)
    }
}

impl Cells<BooleanArray> {
    fn is(&self, row: usize) -> bool {
        self.at(row).is_some_and(|array| array.value(row))
    }
}

/// The columns of one slice.
struct Slice {
    rows: usize,
    person: Cells<StringArray>,
    account: Cells<StringArray>,
    is_staff: Cells<BooleanArray>,
    customer_since: Cells<Int64Array>,
    joined_month: Cells<Int64Array>,
    traits: [Cells<StringArray>; 4],
    communities: Cells<StringArray>,
    platforms: Cells<StringArray>,
    orders: Cells<Int64Array>,
    tickets: Cells<Int64Array>,
    subscribed: Cells<BooleanArray>,
    revenue_minor: Cells<Int64Array>,
    mrr_minor: Cells<Int64Array>,
    prior_orders: Cells<Int64Array>,
    prior_revenue_minor: Cells<Int64Array>,
    months_since_order: Cells<Int64Array>,
}

impl Slice {
    fn of(batch: &RecordBatch) -> Self {
        let text = |name: &str| Cells::<StringArray>::of(batch, name);
        let integer = |name: &str| Cells::<Int64Array>::of(batch, name);
        let flag = |name: &str| Cells::<BooleanArray>::of(batch, name);
        Self {
            rows: batch.num_rows(),
            person: text("person"),
            account: text("account"),
            is_staff: flag("is_staff"),
            customer_since: integer("customer_since"),
            joined_month: integer("joined_month"),
            traits: ["segment", "country", "lead_source", "plan"].map(text),
            communities: text("communities"),
            platforms: text("platforms"),
            orders: integer("orders"),
            tickets: integer("tickets"),
            subscribed: flag("subscribed"),
            revenue_minor: integer("revenue_minor"),
            mrr_minor: integer("mrr_minor"),
            prior_orders: integer("prior_orders"),
            prior_revenue_minor: integer("prior_revenue_minor"),
            months_since_order: integer("months_since_order"),
        }
    }

    fn month(&self, month: i32, row: usize) -> PersonMonth {
        PersonMonth {
            month,
            orders: self.orders.count(row),
            tickets: self.tickets.count(row),
            subscribed: self.subscribed.is(row),
            revenue_minor: self.revenue_minor.integer(row).unwrap_or(0),
            mrr_minor: self.mrr_minor.integer(row).unwrap_or(0),
            prior_orders: self.prior_orders.count(row),
            prior_revenue_minor: self.prior_revenue_minor.integer(row).unwrap_or(0),
            months_since_order: self.months_since_order.month(row),
        }
    }
}

/// One month of a bucket, and where reading stands in it.
pub struct MonthFile {
    month: i32,
    key: String,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, LakeError>>>,
    slice: Option<Slice>,
    row: usize,
}

impl MonthFile {
    /// Opens a file of facts for the columns that the first pass reads (`preview`), or all that comparisons read.
    ///
    /// # Errors
    /// [`LakeError::Content`] when it is no file of facts.
    pub fn open(month: i32, key: String, bytes: Bytes, preview: bool) -> Result<Self, LakeError> {
        let mut wanted = ALWAYS.to_vec();
        wanted.extend(if preview { &THEN[..1] } else { &THEN[..] });
        let batches = Box::new(columns::batches_of(&key, bytes, &wanted, SLICE)?);
        let mut file = Self {
            month,
            key,
            batches,
            slice: None,
            row: 0,
        };
        file.turn()?;
        Ok(file)
    }

    /// Decodes the next slice that has rows.
    fn turn(&mut self) -> Result<(), LakeError> {
        self.row = 0;
        self.slice = None;
        for batch in self.batches.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                self.slice = Some(Slice::of(&batch));
                break;
            }
        }
        self.person().map(|_| ())
    }

    /// Who stands in the row at hand; `None` at the end.
    fn person(&self) -> Result<Option<&str>, LakeError> {
        let Some(slice) = &self.slice else {
            return Ok(None);
        };
        let person = slice.person.text(self.row);
        person.map(Some).ok_or_else(|| {
            let why = format!("row {} of a slice has no person", self.row);
            LakeError::content(&self.key, "facts", why)
        })
    }

    /// Whether the row at hand is that person's.
    fn is_of(&self, person: &str) -> bool {
        let slice = self.slice.as_ref();
        slice.is_some_and(|slice| slice.person.text(self.row) == Some(person))
    }

    /// Goes on to the next row; `before` is the person of this one.
    fn advance(&mut self, before: &str) -> Result<(), LakeError> {
        self.row += 1;
        if self
            .slice
            .as_ref()
            .is_none_or(|slice| self.row >= slice.rows)
        {
            self.turn()?;
        }
        if self.person()?.is_some_and(|person| before >= person) {
            let why = "persons are not sorted, or one is there twice; run `join` again";
            return Err(LakeError::content(&self.key, "facts", why));
        }
        Ok(())
    }
}

/// Hands over every person of a bucket, in order of ids; gives the number of facts. `files` are in order of months.
///
/// # Errors
/// [`LakeError::Content`] when a file is not sorted by person.
pub fn each_person(
    files: &mut [MonthFile],
    mut take: impl FnMut(&Person<'_>),
) -> Result<u64, LakeError> {
    let mut lived: Vec<PersonMonth> = Vec::with_capacity(files.len());
    let mut id = String::new();
    let mut facts = 0;
    loop {
        let mut first: Option<&str> = None;
        for file in &*files {
            if let Some(person) = file.person()? {
                first = Some(first.map_or(person, |first| first.min(person)));
            }
        }
        let Some(first) = first else {
            return Ok(facts);
        };
        id.clear();
        id.push_str(first);
        lived.clear();
        let mut person = Person {
            id: &id,
            ..Person::default()
        };
        for file in files.iter().filter(|file| file.is_of(&id)) {
            let Some(slice) = &file.slice else { continue };
            let row = file.row;
            lived.push(slice.month(file.month, row));
            // What is said of the person as a whole is what the latest month says.
            person.account = slice.account.text(row);
            person.is_staff |= slice.is_staff.is(row);
            person.customer_since = slice.customer_since.month(row);
            person.joined_month = slice.joined_month.month(row);
            for (value, column) in person.traits.iter_mut().zip(&slice.traits) {
                *value = column.text(row).unwrap_or_default();
            }
            let joined = person
                .joined_month
                .is_some_and(|joined| file.month >= joined);
            if joined && person.communities.is_empty() {
                person.communities = slice.communities.text(row).unwrap_or_default();
                person.platforms = slice.platforms.text(row).unwrap_or_default();
            }
        }
        facts += lived.len() as u64;
        person.months = &lived;
        take(&person);
        for file in files.iter_mut() {
            if file.is_of(&id) {
                file.advance(&id)?;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use levier_domain::fact::Fact;
    use levier_lake::facts;

    use super::*;

    /// Enough for three slices.
    const PERSONS: usize = 2 * SLICE + 7;

    fn fact(person: usize, month: i32) -> Fact {
        Fact {
            person: format!("p{person:06}"),
            month,
            orders: person as u32 % 5,
            revenue_minor: month as i64 * 1_000 + person as i64,
            segment: (person.is_multiple_of(3)).then(|| format!("s{month}")),
            joined_month: (person.is_multiple_of(2)).then_some(11),
            communities: if person.is_multiple_of(2) {
                "main".to_owned()
            } else {
                String::new()
            },
            ..Fact::default()
        }
    }

    /// A person is there from the month on in which it is known, and leaves a gap now and then.
    fn is_there(person: usize, month: i32) -> bool {
        person % 4 <= (month - 10) as usize && !(person + month as usize).is_multiple_of(7)
    }

    fn files(preview: bool) -> Vec<MonthFile> {
        (10..14)
            .map(|month| {
                let rows: Vec<Fact> = (0..PERSONS)
                    .filter(|person| is_there(*person, month))
                    .map(|person| fact(person, month))
                    .collect();
                let key = format!("facts of {month}");
                let bytes = facts::encode(&key, &rows).unwrap();
                MonthFile::open(month, key, bytes.into(), preview).unwrap()
            })
            .collect()
    }

    #[test]
    fn everybody_comes_once_with_all_their_months() {
        let mut seen = 0;
        let mut before = String::new();
        let facts = each_person(&mut files(false), |person| {
            let number: usize = person.id[1..].parse().unwrap();
            assert!(*before < *person.id, "in order of ids");
            person.id.clone_into(&mut before);
            let lived: Vec<i32> = (10..14).filter(|month| is_there(number, *month)).collect();
            let read: Vec<i32> = person.months.iter().map(|month| month.month).collect();
            assert_eq!(read, lived, "{number}");
            for month in person.months {
                let wanted = fact(number, month.month);
                assert_eq!(month.revenue_minor, wanted.revenue_minor);
                assert_eq!(month.orders, wanted.orders);
            }
            // The latest month speaks for the person.
            let last = fact(number, *lived.last().unwrap());
            assert_eq!(person.traits[0], last.segment.unwrap_or_default());
            let member = number.is_multiple_of(2) && lived.iter().any(|month| *month >= 11);
            assert_eq!(person.communities, if member { "main" } else { "" });
            seen += lived.len() as u64;
        })
        .unwrap();
        let there = |month: i32| (0..PERSONS).filter(|p| is_there(*p, month)).count() as u64;
        assert_eq!(facts, (10..14).map(there).sum::<u64>());
        assert_eq!(seen, facts);
    }

    #[test]
    fn the_first_pass_reads_what_it_needs() {
        let mut revenue = 0;
        each_person(&mut files(true), |person| {
            assert_eq!(person.communities, "", "not asked for");
            revenue += person
                .months
                .iter()
                .map(|month| month.revenue_minor)
                .sum::<i64>();
        })
        .unwrap();
        let wanted: i64 = (10..14)
            .flat_map(|month| (0..PERSONS).map(move |person| (person, month)))
            .filter(|(person, month)| is_there(*person, *month))
            .map(|(person, month)| fact(person, month).revenue_minor)
            .sum();
        assert_eq!(revenue, wanted);
    }

    #[test]
    fn a_month_that_is_not_sorted_is_refused() {
        for order in [[2, 1], [1, 1]] {
            let rows: Vec<Fact> = order.into_iter().map(|person| fact(person, 10)).collect();
            let bytes = facts::encode("facts", &rows).unwrap();
            let file = MonthFile::open(10, "facts".to_owned(), bytes.into(), false).unwrap();
            let refused = each_person(&mut [file], |_| {}).unwrap_err();
            assert!(refused.to_string().contains("not sorted"), "{refused}");
        }
    }
}

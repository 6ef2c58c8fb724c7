//! What only the whole file can tell: its decimal mark, the order of day and month, whether its money columns hold euro signs.

use levier_domain::entity::ColumnKind;

use crate::dates::{Orders, Unsettled};
use crate::number::{Mark, Marks};
use crate::plan::{Field, Plan};
use crate::rows::{Native, Row};

/// What the values of some rows of a file prove.
#[derive(Clone)]
pub(crate) struct Evidence {
    width: usize,
    money: Vec<usize>,
    numbers: Vec<usize>,
    dates: Vec<(usize, Orders)>,
    money_marks: Marks,
    number_marks: Marks,
    /// Whether euro signs of ISO-8859-15 are looked for.
    watches_euro: bool,
    pub(crate) euro: bool,
}

/// What the values of a file settle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settled {
    pub(crate) mark: Option<Mark>,
    pub(crate) warnings: Vec<String>,
}

impl Evidence {
    /// Nothing seen yet of a file with this plan.
    pub(crate) fn of(plan: &Plan, watches_euro: bool) -> Self {
        let cells_of = |wanted: fn(&ColumnKind) -> bool| -> Vec<usize> {
            plan.fields
                .iter()
                .filter(|field| wanted(&field.kind))
                .flat_map(Field::cells)
                .collect()
        };
        let dates = if plan.dialect.date_order.is_some() {
            Vec::new()
        } else {
            cells_of(|kind| matches!(kind, ColumnKind::Instant | ColumnKind::Date))
        };
        Self {
            width: plan.width(),
            money: cells_of(|kind| matches!(kind, ColumnKind::Money)),
            numbers: cells_of(|kind| matches!(kind, ColumnKind::Number)),
            dates: dates
                .into_iter()
                .map(|at| (at, Orders::default()))
                .collect(),
            money_marks: Marks::default(),
            number_marks: Marks::default(),
            watches_euro,
            euro: plan.header.iter().any(|header| header.contains('¤')),
        }
    }

    /// Whether no row can tell anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.has_no_amounts() && self.dates.is_empty() && !self.watches_euro
    }

    pub(crate) fn has_no_amounts(&self) -> bool {
        self.money.is_empty() && self.numbers.is_empty()
    }

    /// The same questions, nothing seen.
    pub(crate) fn blank(&self) -> Self {
        let mut blank = self.clone();
        blank.money_marks = Marks::default();
        blank.number_marks = Marks::default();
        for (_, orders) in &mut blank.dates {
            *orders = Orders::default();
        }
        blank
    }

    /// Takes one row into account.
    pub(crate) fn see(&mut self, row: &Row) {
        if row.fault.is_some() || row.len() < self.width {
            return;
        }
        for at in &self.money {
            if row.native(*at) == Native::Text {
                let cell = row.cell(*at);
                self.money_marks.see(cell, row.line);
                self.euro |= self.watches_euro && cell.contains('¤');
            }
        }
        for at in &self.numbers {
            if row.native(*at) == Native::Text {
                self.number_marks.see(row.cell(*at), row.line);
            }
        }
        for (at, orders) in &mut self.dates {
            if row.native(*at) == Native::Text {
                orders.see(row.cell(*at), row.line);
            }
        }
    }

    /// Adds what other rows of the file prove.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.money_marks.absorb(&other.money_marks);
        self.number_marks.absorb(&other.number_marks);
        for ((_, own), (_, orders)) in self.dates.iter_mut().zip(&other.dates) {
            own.absorb(orders);
        }
        self.euro |= other.euro;
    }

    /// Settles the decimal mark, and in `plan` the order of days and months.
    ///
    /// # Errors
    /// The reason why the whole file is refused.
    pub(crate) fn settle(&self, plan: &mut Plan) -> Result<Settled, String> {
        let mark = self.money_marks.settle().map_err(|(dot, comma)| {
            format!(
                "The file mixes decimal marks: line {dot} writes a dot before the decimals, line {comma} a comma. Export it again with one mark."
            )
        })?;
        // Numbers follow the amounts; without amounts they settle it among themselves.
        let mark = mark
            .or(self.number_marks.settle().unwrap_or(None))
            .or(plan.dialect.decimal);
        let mut warnings = Vec::new();
        for (at, orders) in &self.dates {
            let order = match orders.settle() {
                Ok(order) => order,
                Err(unsettled) => {
                    warnings.push(unreadable(plan, *at, &unsettled)?);
                    None
                }
            };
            for field in &mut plan.fields {
                if field.cells().any(|cell| cell == *at) {
                    field.order = field.order.or(order);
                }
            }
        }
        Ok(Settled { mark, warnings })
    }
}

/// Leaves a column empty in which day and month cannot be told apart; what is to be said of it.
fn unreadable(plan: &mut Plan, at: usize, unsettled: &Unsettled) -> Result<String, String> {
    let header = plan.header[at].clone();
    let question = match unsettled {
        Unsettled::Open(line) => format!(
            "In the column `{header}` day and month cannot be told apart (line {line}: both are 12 or less, and so in every row)"
        ),
        Unsettled::Contradiction(a, b) => format!(
            "The column `{header}` writes the day first on line {a} and the month first on line {b}"
        ),
    };
    let of_cell = |field: &Field| field.cells().any(|cell| cell == at);
    if plan
        .fields
        .iter()
        .any(|field| field.required && of_cell(field))
    {
        return Err(format!(
            "{question}. Which comes first? Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file, or export dates as YYYY-MM-DD."
        ));
    }
    for field in plan.fields.iter_mut().filter(|field| of_cell(field)) {
        field.unreadable = true;
    }
    Ok(format!(
        "{question}: the column was left empty. Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file, or export dates as YYYY-MM-DD"
    ))
}

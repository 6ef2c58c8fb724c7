//! From the cells of one record to typed values, by the plan of its file. Text first, typed second; a cell that cannot be
//! typed refuses its row with the shape of what stands there, never the value.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use levier_domain::entity::ColumnKind;
use levier_domain::money::Currency;
use levier_domain::private::{EMAIL_ROLE, HashKey};
use levier_domain::receipt::Refusal;
use levier_domain::record::Value;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::cells::{shape, trimmed};
use crate::checks::Checks;
use crate::closed::keeps;
use crate::dates;
use crate::notes::Notes;
use crate::number::{self, Mark};
use crate::plan::{Field, Origin, Plan};
use crate::rows::{Native, Row};
use crate::values::{Meaning, Texts, Wrong, wrong};

/// What the typing of a file needs beside its plan.
#[derive(Clone)]
pub(crate) struct Context<'a> {
    pub(crate) zone: TimeZone,
    pub(crate) workspace_zone: &'a TimeZone,
    pub(crate) country: &'a str,
    pub(crate) currency: Currency,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) mark: Option<Mark>,
    /// Epoch of a workbook's serial dates.
    pub(crate) epoch_1904: bool,
}

/// Types the records of one file.
pub(crate) struct Typer<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) context: Context<'a>,
    checks: Checks,
    /// Positions in the lake's row.
    lake_width: usize,
    lake_currency: Option<usize>,
    /// Per field: raw cell → meaning, so that each spelling is looked up once.
    pub(crate) meanings: Vec<HashMap<String, Meaning>>,
    pub(crate) currencies: HashMap<String, Option<Currency>>,
    /// The currency that was read last: most files have one.
    pub(crate) last_currency: Option<(String, Currency)>,
    /// Texts of earlier rows, to be used again.
    pub(crate) texts: Texts,
    pub(crate) notes: Notes,
    /// Text of the last record, for events.
    pub(crate) text: Option<String>,
    /// Whether the last record's address is one that several people read; once hashed nobody can tell any more.
    pub(crate) role_address: bool,
    /// Keyed hash of the company's domain of the last record's address, for people only.
    pub(crate) email_domain: Option<String>,
}

impl<'a> Typer<'a> {
    pub(crate) fn new(plan: &'a Plan, context: Context<'a>) -> Self {
        Self {
            checks: Checks::of(plan.entity),
            lake_width: plan.entity.lake_columns().len(),
            lake_currency: plan.entity.lake_position("currency"),
            meanings: plan.fields.iter().map(|_| HashMap::new()).collect(),
            plan,
            context,
            currencies: HashMap::new(),
            last_currency: None,
            texts: Texts::default(),
            notes: Notes::default(),
            text: None,
            role_address: false,
            email_domain: None,
        }
    }

    /// Types one record into `values`, whatever these held before; `source` is set, `import_id` and `known_from` are left null.
    pub(crate) fn row(&mut self, row: &Row, values: &mut Vec<Value>) -> Result<(), Refusal> {
        for value in values.iter_mut() {
            self.texts.keep(value);
        }
        values.resize(self.lake_width, Value::Null);
        let mut currency = None;
        self.text = None;
        self.role_address = false;
        self.email_domain = None;
        let plan = self.plan;
        let own_currency = plan.dialect.currency.unwrap_or(self.context.currency);
        for (index, field) in plan.fields.iter().enumerate() {
            let (cell, native) = match &field.origin {
                Origin::Cell(at) => (row.cell(*at), row.native(*at)),
                Origin::Constant(text) => (text.as_str(), Native::Text),
            };
            let mut cell = trimmed(cell);
            let mut native = native;
            let mut empty = self.is_null(cell);
            if empty {
                // Where the dialect says so, the first of several columns that holds something is read.
                for other in &field.others {
                    let text = trimmed(row.cell(*other));
                    if !self.is_null(text) {
                        (cell, native, empty) = (text, row.native(*other), false);
                        break;
                    }
                }
            }
            if empty {
                if field.kind == ColumnKind::Currency && !plan.dialect.own {
                    continue;
                }
                if field.required {
                    return Err(refusal(
                        row,
                        field,
                        wrong(
                            format!("`{}` is required and the cell is empty", field.name),
                            "fill the cell in, or leave the row out",
                        ),
                    ));
                }
                continue;
            }
            if field.unreadable {
                continue;
            }
            let value = match field.kind {
                ColumnKind::Currency => self.currency(cell).map(|found| {
                    currency = Some(found);
                    Value::Text(self.texts.of(found.code()))
                }),
                ColumnKind::Money => {
                    let of = currency
                        .or(field.currency)
                        .or_else(|| number::currency_in(cell, own_currency));
                    if of.is_none() {
                        self.notes.default_currency += 1;
                    }
                    let of = of.unwrap_or(own_currency);
                    currency = Some(of);
                    self.money(cell, native, of).map(Value::Integer)
                }
                _ => self.cell(index, field, cell, native),
            };
            match value {
                Ok(Value::Null) if field.required => {
                    return Err(refusal(
                        row,
                        field,
                        wrong(
                            format!(
                                "`{}` is required and holds nothing that can be read",
                                field.name
                            ),
                            "fill the cell in, or leave the row out",
                        ),
                    ));
                }
                Ok(value) => {
                    if let Some(cell) = field.lake.and_then(|at| values.get_mut(at)) {
                        *cell = value;
                    }
                }
                Err(wrong) => return Err(refusal(row, field, wrong)),
            }
        }
        if let Some(at) = self.lake_currency
            && values[at] == Value::Null
            && let Some(currency) = currency
        {
            values[at] = Value::Text(self.texts.of(currency.code()));
        }
        self.attributes(row, values);
        for correction in &plan.corrections {
            let cell = row.cell(correction.cell).trim();
            let holds = if correction.equals.is_empty() {
                !cell.is_empty()
            } else {
                correction.equals.contains(&crate::dialect::token(cell))
            };
            let applies = holds
                && (correction.from.is_empty()
                    || values[correction.lake]
                        .as_text()
                        .is_some_and(|now| correction.from.iter().any(|from| from == now)));
            if applies {
                values[correction.lake] = match correction.to.as_str() {
                    "" => Value::Null,
                    word => Value::Text(word.to_owned()),
                };
            }
        }
        self.span(row);
        self.checks.apply(plan, row, values)?;
        let source = self.lake_width - 3;
        values[source] = Value::Text(self.texts.of(&plan.dialect.system));
        Ok(())
    }

    /// The cells of a row for the file of refused rows, where it stands without the rows that told how it is written: days year
    /// first, numbers with the file's one mark and no thousands. What cannot be read stays as it is, to be mended.
    pub(crate) fn mendable(&self, row: &Row) -> Vec<String> {
        let mut cells = row.to_cells();
        if row.fault.is_some() || row.len() < self.plan.width() {
            return cells;
        }
        for field in &self.plan.fields {
            for at in field.cells() {
                let (cell, native) = (trimmed(row.cell(at)), row.native(at));
                if self.is_null(cell) {
                    continue;
                }
                let written = match field.kind {
                    ColumnKind::Instant | ColumnKind::Date => self
                        .when(field, cell, native)
                        .ok()
                        .map(|when| when.written()),
                    ColumnKind::Number | ColumnKind::Integer if field.counts() => {
                        self.counted(cell, native).map(|number| number.to_string())
                    }
                    ColumnKind::Money | ColumnKind::Number | ColumnKind::Integer => {
                        self.plain(cell, native)
                    }
                    _ => None,
                };
                if let Some(written) = written {
                    cells[at] = written;
                }
            }
        }
        cells
    }

    /// A number that counts.
    pub(crate) fn counted(&self, cell: &str, native: Native) -> Option<Decimal> {
        match native {
            // No thousands there.
            Native::Number => number::number(cell, Some(Mark::Dot)),
            Native::Text => number::count(cell, self.context.mark),
        }
    }

    /// The mark before the decimals of a cell.
    pub(crate) fn mark_of(&self, native: Native) -> Option<Mark> {
        match native {
            Native::Number => Some(Mark::Dot),
            Native::Text => self.context.mark,
        }
    }

    /// A number as the file writes its own, without thousands; `None` where it cannot be told.
    fn plain(&self, cell: &str, native: Native) -> Option<String> {
        let mark = self.mark_of(native);
        if mark.is_none() && number::is_open(cell) {
            return None;
        }
        number::plain(cell, mark, self.context.mark)
    }

    /// Notes a row that stands for several days.
    fn span(&mut self, row: &Row) {
        let day = |at: usize, order| dates::parse(trimmed(row.cell(at)), order).ok();
        if let Some(end) = self.plan.span_end
            && let Some(field) = self.plan.fields.iter().find(|field| field.name == "date")
            && let Origin::Cell(begin) = field.origin
            && let (Some(first), Some(last)) = (day(begin, field.order), day(end, field.order))
        {
            self.notes.spans += u64::from(first != last);
        }
    }

    /// Whether a cell says nothing: empty, or a word of the dialect for nothing (`--`).
    fn is_null(&self, cell: &str) -> bool {
        let null = &self.plan.dialect.null;
        cell.is_empty() || (!null.is_empty() && null.contains(&crate::dialect::token(cell)))
    }

    /// Adds the items of a further line to its order.
    pub(crate) fn add_items(&self, order: &mut Result<Vec<Value>, Refusal>, row: &Row) {
        let Some(field) = self.plan.fields.iter().find(|field| field.name == "items") else {
            return;
        };
        let (Origin::Cell(cell), Some(lake)) = (&field.origin, field.lake) else {
            return;
        };
        let text = row.cell(*cell).trim();
        if text.is_empty() {
            return;
        }
        let more = self
            .counted(text, row.native(*cell))
            .filter(|decimal| decimal.fract().is_zero())
            .and_then(|decimal| decimal.to_i64());
        let Ok(values) = order else {
            return;
        };
        match more {
            Some(more) => {
                let held = values[lake].as_integer().unwrap_or(0);
                values[lake] = Value::Integer(held.saturating_add(more));
            }
            None => {
                *order = Err(refusal(
                    row,
                    field,
                    wrong(
                        format!("is no whole number ({})", shape(text)),
                        "write digits only",
                    ),
                ));
            }
        }
    }

    fn attributes(&mut self, row: &Row, values: &mut [Value]) {
        let Some(at) = self.plan.attributes_lake else {
            return;
        };
        let role_address = std::mem::take(&mut self.role_address);
        if self.plan.attributes.is_empty() && !role_address {
            return;
        }
        let mut map = match std::mem::take(&mut values[at]) {
            Value::Attributes(map) => map,
            _ => BTreeMap::new(),
        };
        for (cell, key) in &self.plan.attributes {
            let text = row.cell(*cell).trim();
            if text.is_empty() {
                continue;
            }
            if !keeps(&self.plan.kept, key, text, self.context.country) {
                self.notes.private_attributes += 1;
                continue;
            }
            map.insert(key.clone(), text.to_owned());
        }
        if role_address {
            map.insert(EMAIL_ROLE.to_owned(), "true".to_owned());
        }
        values[at] = if map.is_empty() {
            Value::Null
        } else {
            Value::Attributes(map)
        };
    }
}

fn refusal(row: &Row, field: &Field, wrong: Wrong) -> Refusal {
    Refusal {
        line: row.line,
        column: field.header.clone(),
        reason: wrong.reason,
        hint: wrong.hint,
    }
}

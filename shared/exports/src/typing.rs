//! From the cells of one record to typed values, by the plan of its file. Text first, typed second; a cell that cannot be
//! typed refuses its row with the shape of what stands there, never the value.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::money::Currency;
use levier_domain::private::{
    EMAIL_DOMAIN, EMAIL_ROLE, HashKey, Reach, is_role_address, normalise_email,
};
use levier_domain::receipt::Refusal;
use levier_domain::record::Value;
use levier_domain::time::Month;
use levier_identity::company_domain;
use rust_decimal::prelude::ToPrimitive;

use crate::cells::{
    boolean, is_scientific, looks_private, names_no_one, plain_text, salesforce_18, shape,
};
use crate::checks::check;
use crate::dates::{self, When};
use crate::notes::Notes;
use crate::number::{self, Mark, NoMoney};
use crate::plan::{Field, Origin, Plan};
use crate::rows::{Native, Row};

/// What the typing of a file needs beside its plan.
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

enum Meaning {
    Word(String),
    /// Read as this, and listed as not known by itself.
    Fallback(String),
    None,
}

/// Types the records of one file.
pub(crate) struct Typer<'a> {
    plan: &'a Plan,
    context: Context<'a>,
    lake_width: usize,
    /// Per field: raw cell → meaning, so that each spelling is looked up once.
    meanings: Vec<HashMap<String, Meaning>>,
    currencies: HashMap<String, Option<Currency>>,
    pub(crate) notes: Notes,
    /// Text of the last record, for events.
    pub(crate) text: Option<String>,
    /// Whether the last record's address is one that several people read; once hashed nobody can tell any more.
    role_address: bool,
    /// Keyed hash of the company's domain of the last record's address, for people only.
    email_domain: Option<String>,
}

/// A cell that cannot be typed.
struct Wrong {
    reason: String,
    hint: String,
}

fn wrong(reason: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Wrong {
        reason: reason.into(),
        hint: hint.into(),
    }
}

impl<'a> Typer<'a> {
    pub(crate) fn new(plan: &'a Plan, context: Context<'a>) -> Self {
        Self {
            lake_width: plan.entity.lake_columns().len(),
            meanings: plan.fields.iter().map(|_| HashMap::new()).collect(),
            plan,
            context,
            currencies: HashMap::new(),
            notes: Notes::default(),
            text: None,
            role_address: false,
            email_domain: None,
        }
    }

    /// Types one record; `source` is set, `import_id` and `known_from` are left null.
    pub(crate) fn row(&mut self, row: &Row) -> Result<Vec<Value>, Refusal> {
        let mut values = vec![Value::Null; self.lake_width];
        let mut currency = None;
        self.text = None;
        self.role_address = false;
        self.email_domain = None;
        let plan = self.plan;
        for (index, field) in plan.fields.iter().enumerate() {
            let (cell, native) = match &field.origin {
                Origin::Cell(at) => (row.cell(*at), row.native(*at)),
                Origin::Constant(text) => (text.as_str(), Native::Text),
            };
            let mut cell = cell.trim();
            let mut native = native;
            let mut empty = self.is_null(cell);
            if empty {
                // Where the dialect says so, the first of several columns that holds something is read.
                for other in &field.others {
                    let text = row.cell(*other).trim();
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
                    Value::Text(found.code().to_owned())
                }),
                ColumnKind::Money => {
                    let of = currency
                        .or(field.currency)
                        .or_else(|| number::currency_in(cell));
                    if of.is_none() {
                        self.notes.default_currency += 1;
                    }
                    let of = of
                        .or(plan.dialect.currency)
                        .unwrap_or(self.context.currency);
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
        if let Some(at) = plan.entity.lake_position("currency")
            && values[at] == Value::Null
            && let Some(currency) = currency
        {
            values[at] = Value::Text(currency.code().to_owned());
        }
        self.attributes(row, &mut values);
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
                values[correction.lake] = Value::Text(correction.to.clone());
            }
        }
        check(plan, row, &mut values)?;
        let source = self.lake_width - 3;
        values[source] = Value::Text(plan.dialect.system.clone());
        Ok(values)
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
        let more = number::number(text, self.context.mark)
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

    fn currency(&mut self, cell: &str) -> Result<Currency, Wrong> {
        if let Some(known) = self.currencies.get(cell) {
            return known.ok_or_else(unknown_currency);
        }
        let found = Currency::parse(cell).ok();
        if self.currencies.len() < 1000 {
            self.currencies.insert(cell.to_owned(), found);
        }
        found.ok_or_else(unknown_currency)
    }

    fn money(&self, cell: &str, native: Native, currency: Currency) -> Result<i64, Wrong> {
        let mark = if native == Native::Number {
            Some(Mark::Dot)
        } else {
            self.context.mark
        };
        number::money(cell, mark, currency).map_err(|error| match error {
            NoMoney::NotANumber => wrong(
                format!("is no amount ({})", shape(cell)),
                "write digits with one decimal mark",
            ),
            NoMoney::OtherCurrency(own) => wrong(
                format!("the cell is in {own}, its row in {currency}"),
                "give the currency in one place",
            ),
            NoMoney::Money(error) => {
                let text = error.to_string();
                match text.split_once(';') {
                    Some((what, hint)) => wrong(what.trim(), hint.trim()),
                    None => wrong(text, "check the amount"),
                }
            }
        })
    }

    fn cell(
        &mut self,
        index: usize,
        field: &Field,
        cell: &str,
        native: Native,
    ) -> Result<Value, Wrong> {
        let own = self.plan.dialect.own;
        if field.values.is_some()
            && !matches!(field.kind, ColumnKind::Choice(_))
            && let Some(word) = self.meaning(index, field, cell)
        {
            return match field.kind {
                ColumnKind::Number => Ok(word.parse().map_or(Value::Null, Value::Number)),
                ColumnKind::Boolean => Ok(Value::Boolean(word == "true")),
                _ => Ok(Value::Text(word)),
            };
        }
        if field.kind == ColumnKind::Text && field.values.is_some() {
            self.notes.unmapped(field.name, cell);
        }
        Ok(match field.kind {
            ColumnKind::Text => Value::Text(self.concealed(plain_text(cell))),
            ColumnKind::Id => {
                let id = self.id(cell, native)?;
                Value::Text(self.concealed(&id))
            }
            ColumnKind::Agent => {
                let id = self.id(cell, native)?;
                if names_no_one(&id) {
                    Value::Text(id)
                } else {
                    self.context
                        .hash_key
                        .name(&id)
                        .map_or(Value::Null, Value::Text)
                }
            }
            ColumnKind::Instant => {
                let when = self.when(field, cell, native)?;
                let zone = if field.utc {
                    &TimeZone::UTC
                } else {
                    &self.context.zone
                };
                Value::Instant(
                    when.instant(zone)
                        .ok_or_else(|| wrong("is a time that no clock shows", "check the date"))?,
                )
            }
            ColumnKind::Date => {
                let when = self.when(field, cell, native)?;
                Value::Date(when.day(self.context.workspace_zone))
            }
            ColumnKind::Month => match cell.parse::<Month>() {
                Ok(month) => Value::Text(month.to_string()),
                Err(_) if native != Native::Text => {
                    let when = self.when(field, cell, native)?;
                    Value::Text(Month::of(when.day(self.context.workspace_zone)).to_string())
                }
                Err(_) => {
                    return Err(wrong(
                        format!("is no month ({})", shape(cell)),
                        "write YYYY-MM",
                    ));
                }
            },
            ColumnKind::Number => {
                let mark = if native == Native::Number {
                    Some(Mark::Dot)
                } else {
                    self.context.mark
                };
                let number = number::number(cell, mark)
                    .and_then(|decimal| decimal.to_f64())
                    .ok_or_else(|| {
                        wrong(
                            format!("is no number ({})", shape(cell)),
                            "write digits with one decimal mark",
                        )
                    })?;
                Value::Number(number)
            }
            ColumnKind::Integer => {
                let integer = number::number(cell, self.context.mark)
                    .filter(|decimal| decimal.fract().is_zero())
                    .and_then(|decimal| decimal.to_i64())
                    .ok_or_else(|| {
                        wrong(
                            format!("is no whole number ({})", shape(cell)),
                            "write digits only",
                        )
                    })?;
                Value::Integer(integer)
            }
            ColumnKind::Boolean => match boolean(cell) {
                Some(flag) => Value::Boolean(flag),
                None => {
                    return Err(wrong(
                        format!("is neither yes nor no ({})", shape(cell)),
                        "write true or false",
                    ));
                }
            },
            ColumnKind::Choice(words) => match self.choice(index, field, cell, words) {
                Some(word) => Value::Text(word),
                None if field.required || own => {
                    return Err(wrong(
                        format!("`{}` has a value without a meaning", field.name),
                        if own {
                            format!("write one of {}", words.join(", "))
                        } else {
                            format!(
                                "map it to one of {} under [values.{}] in a sidecar file",
                                words.join(", "),
                                field.name
                            )
                        },
                    ));
                }
                None => Value::Null,
            },
            ColumnKind::Email => {
                let found = cell
                    .split([',', ';', ' ', '\n'])
                    .filter(|part| part.contains('@'))
                    .find_map(|part| normalise_email(plain_text(part.trim())));
                let key = found.as_deref().and_then(|email| {
                    self.role_address = is_role_address(email);
                    if self.plan.entity == Entity::People {
                        self.email_domain = company_domain(email)
                            .map(|domain| self.context.hash_key.domain(&domain));
                    }
                    self.context.hash_key.email(email)
                });
                match key {
                    Some(key) => Value::Text(key),
                    None => {
                        self.notes.no_address += 1;
                        Value::Null
                    }
                }
            }
            ColumnKind::Phone => {
                let found = cell
                    .split([',', ';', '/', '\n'])
                    .find_map(|part| self.context.hash_key.phone(part, self.context.country));
                match found {
                    Some(key) => Value::Text(key),
                    None => {
                        self.notes.no_phone += 1;
                        Value::Null
                    }
                }
            }
            ColumnKind::FreeText => {
                self.text = Some(cell.to_owned());
                Value::Null
            }
            ColumnKind::Attributes => match serde_json::from_str::<serde_json::Value>(cell) {
                Ok(serde_json::Value::Object(map)) => Value::Attributes(
                    map.into_iter()
                        .filter_map(|(key, value)| {
                            let text = match value {
                                serde_json::Value::Null => return None,
                                serde_json::Value::String(text) => text,
                                other => other.to_string(),
                            };
                            if looks_private(&text) {
                                self.notes.private_attributes += 1;
                                return None;
                            }
                            Some((key, text))
                        })
                        .collect(),
                ),
                _ => {
                    return Err(wrong(
                        format!("is no JSON object ({})", shape(cell)),
                        "write {\"key\": \"value\"}, or give each attribute its own column",
                    ));
                }
            },
            ColumnKind::Money | ColumnKind::Currency => Value::Null,
        })
    }

    fn when(&self, field: &Field, cell: &str, native: Native) -> Result<When, Wrong> {
        if native == Native::Number
            && let Ok(serial) = cell.parse::<f64>()
            && let Some(when) = dates::from_serial(serial, self.context.epoch_1904)
        {
            return Ok(when);
        }
        dates::parse(plain_text(cell), field.order).map_err(|error| {
            let hint = if field.order.is_some() {
                "write YYYY-MM-DD; the order of day and month is the one of the file"
            } else {
                "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ"
            };
            wrong(format!("{} ({})", error.reason(), shape(cell)), hint)
        })
    }

    fn id(&mut self, cell: &str, native: Native) -> Result<String, Wrong> {
        let mut id = plain_text(cell);
        if is_scientific(id, native) {
            return Err(wrong(
                "the id is in scientific notation: its last digits are lost",
                "format the column as text in the source and export again; it cannot be repaired here",
            ));
        }
        // JSON `5.5e12` and `12.0` are read as binary fractions: which digits were written is not known any more.
        if native == Native::Number && id.ends_with(".0") {
            return Err(wrong(
                "the id is a number with decimals or in scientific notation: it may have lost digits",
                "write the id as text in the source and export again",
            ));
        }
        if !self.plan.dialect.own
            && let Some((first, _)) = id.split_once(';')
        {
            self.notes.several_ids += 1;
            id = first.trim();
        }
        if self.plan.dialect.salesforce_ids
            && let Some(long) = salesforce_18(id)
        {
            return Ok(long);
        }
        Ok(id.to_owned())
    }

    /// An id or a word that may lie in the lake: an address becomes its key, wherever it stands in the cell, so that an export
    /// whose ids are addresses still joins and tells nobody's.
    fn concealed(&self, text: &str) -> String {
        let keys = self.context.hash_key;
        if let Some(Reach::Email(key) | Reach::Phone(key)) = keys.reach(text, self.context.country)
        {
            return key;
        }
        if !text.contains('@') {
            return text.to_owned();
        }
        let ends =
            |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '"');
        text.split_inclusive(ends)
            .map(|piece| {
                let word = piece.trim_end_matches(ends);
                match keys.email(word) {
                    Some(key) => format!("{key}{}", &piece[word.len()..]),
                    None => piece.to_owned(),
                }
            })
            .collect()
    }

    fn meaning(&mut self, index: usize, field: &Field, cell: &str) -> Option<String> {
        let known = self.meanings.get_mut(index)?;
        if !known.contains_key(cell) {
            let table = field.values.as_ref()?;
            let meaning = match table.get(&crate::dialect::token(cell)) {
                Some(word) => Meaning::Word(word.clone()),
                None => match table.get("*") {
                    Some(word) => Meaning::Fallback(word.clone()),
                    None => Meaning::None,
                },
            };
            if known.len() > 10_000 {
                known.clear();
            }
            known.insert(cell.to_owned(), meaning);
        }
        match known.get(cell) {
            Some(Meaning::Word(word)) => Some(word.clone()),
            Some(Meaning::Fallback(word)) => {
                let word = word.clone();
                self.notes.unmapped(field.name, cell);
                Some(word)
            }
            _ => None,
        }
    }

    fn choice(
        &mut self,
        index: usize,
        field: &Field,
        cell: &str,
        words: &'static [&'static str],
    ) -> Option<String> {
        if words.contains(&cell) {
            return Some(cell.to_owned());
        }
        if let Some(word) = self.meaning(index, field, cell) {
            return Some(word);
        }
        let lower = cell.to_lowercase();
        if let Some(word) = words.iter().find(|word| **word == lower) {
            return Some((*word).to_owned());
        }
        self.notes.unmapped(field.name, cell);
        None
    }

    fn attributes(&mut self, row: &Row, values: &mut [Value]) {
        let Some(at) = self.plan.attributes_lake else {
            return;
        };
        let role_address = std::mem::take(&mut self.role_address);
        let email_domain = self.email_domain.take();
        if self.plan.attributes.is_empty() && !role_address && email_domain.is_none() {
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
            if looks_private(text) {
                self.notes.private_attributes += 1;
                continue;
            }
            map.insert(key.clone(), text.to_owned());
        }
        if role_address {
            map.insert(EMAIL_ROLE.to_owned(), "true".to_owned());
        }
        if let Some(domain) = email_domain {
            map.insert(EMAIL_DOMAIN.to_owned(), domain);
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

fn unknown_currency() -> Wrong {
    wrong("is no ISO 4217 currency code", "write EUR, USD, GBP…")
}

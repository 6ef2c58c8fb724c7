//! One cell as one value: its kind says how it is read, and what cannot be read is said by its shape.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::money::Currency;
use levier_domain::private::{is_role_address, normalise_email};
use levier_domain::record::Value;
use levier_domain::time::Month;
use levier_identity::company_domain;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::cells::{boolean, is_scientific, names_no_one, plain_text, salesforce_18, shape};
use crate::closed::{keeps, object};
use crate::dates::{self, When};
use crate::number::{self, NoMoney};
use crate::plan::Field;
use crate::private::phones;
use crate::rows::Native;
use crate::typing::Typer;

/// What a word means by the tables of the dialect.
pub(crate) enum Meaning {
    Word(String),
    /// Read as this, and listed as not known by itself.
    Fallback(String),
    None,
}

/// A cell that cannot be typed.
pub(crate) struct Wrong {
    pub(crate) reason: String,
    pub(crate) hint: String,
}

pub(crate) fn wrong(reason: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Wrong {
        reason: reason.into(),
        hint: hint.into(),
    }
}

/// A number with one mark before three digits, in a file that proves nothing.
fn open(cell: &str) -> Wrong {
    wrong(
        format!(
            "could be thousands or decimals, and nothing in the file tells which ({})",
            shape(cell)
        ),
        "say `decimal = \".\"` or `\",\"` in a sidecar file, or export numbers without thousands",
    )
}

/// A number that only one reading leaves on the scale of its column.
fn settled_by_scale(field: &Field, cell: &str) -> Option<Decimal> {
    // Three digits after the mark: as thousands it would be a hundred or more.
    let scaled = matches!(field.name, "satisfaction" | "sentiment" | "score");
    scaled.then(|| number::number(cell, None)).flatten()
}

fn unknown_currency() -> Wrong {
    wrong("is no ISO 4217 currency code", "write EUR, USD, GBP…")
}

/// Texts that are used again, so that a cell costs no memory of its own.
#[derive(Default)]
pub(crate) struct Texts(Vec<String>);

/// Texts kept, and the length of one that is worth keeping.
const MOST_TEXTS: usize = 64;
const LONGEST_TEXT: usize = 1024;

impl Texts {
    /// `text` in a place of its own.
    pub(crate) fn of(&mut self, text: &str) -> String {
        match self.0.pop() {
            Some(mut place) => {
                place.clear();
                place.push_str(text);
                place
            }
            None => text.to_owned(),
        }
    }

    /// Empties a value and keeps its place.
    pub(crate) fn keep(&mut self, value: &mut Value) {
        if let Value::Text(text) = std::mem::take(value)
            && self.0.len() < MOST_TEXTS
            && text.capacity() <= LONGEST_TEXT
        {
            self.0.push(text);
        }
    }
}

impl Typer<'_> {
    pub(crate) fn currency(&mut self, cell: &str) -> Result<Currency, Wrong> {
        if let Some((text, currency)) = &self.last_currency
            && text == cell
        {
            return Ok(*currency);
        }
        if let Some(known) = self.currencies.get(cell) {
            let known = known.ok_or_else(unknown_currency)?;
            self.last_currency = Some((cell.to_owned(), known));
            return Ok(known);
        }
        let found = Currency::parse(cell).ok();
        if self.currencies.len() < 1000 {
            self.currencies.insert(cell.to_owned(), found);
        }
        found.ok_or_else(unknown_currency)
    }

    pub(crate) fn money(
        &self,
        cell: &str,
        native: Native,
        currency: Currency,
    ) -> Result<i64, Wrong> {
        number::money(cell, self.mark_of(native), currency).map_err(|error| match error {
            NoMoney::NotANumber => wrong(
                format!("is no amount ({})", shape(cell)),
                "write digits with one decimal mark",
            ),
            NoMoney::Open => open(cell),
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

    /// A cell that is neither money nor a currency.
    pub(crate) fn cell(
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
            // What no table knows may be what somebody wrote about somebody; it stands in `lead_source_raw`, not in the facts.
            ColumnKind::Text if field.name == "lead_source" && field.values.is_some() && !own => {
                Value::Text("other".to_owned())
            }
            ColumnKind::Text => {
                let text = self.concealed(plain_text(cell));
                Value::Text(self.without_phones(text))
            }
            ColumnKind::Id => {
                let id = self.id(cell, native)?;
                Value::Text(self.concealed(&id))
            }
            ColumnKind::Agent => {
                let id = self.id(cell, native)?;
                if names_no_one(&id) {
                    Value::Text(id.into_owned())
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
                } else if matches!(when, When::Day(_)) && self.context.zone == TimeZone::UTC {
                    // The system writes its times in UTC; a day without a time is a day of those who work there.
                    self.context.workspace_zone
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
                let mark = self.mark_of(native);
                let read = if mark.is_none() && number::is_open(cell) {
                    match settled_by_scale(field, cell) {
                        Some(decimal) => Some(decimal),
                        None if field.counts() => self.counted(cell, native),
                        None if field.required => return Err(open(cell)),
                        None => {
                            self.notes.open_numbers += 1;
                            return Ok(Value::Null);
                        }
                    }
                } else if field.counts() {
                    self.counted(cell, native)
                } else {
                    number::number(cell, mark)
                };
                let number = read.and_then(|decimal| decimal.to_f64()).ok_or_else(|| {
                    wrong(
                        format!("is no number ({})", shape(cell)),
                        "write digits with one decimal mark",
                    )
                })?;
                Value::Number(number)
            }
            ColumnKind::Integer => {
                let integer = self
                    .counted(cell, native)
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
                let address = |part: &str| normalise_email(plain_text(part.trim()));
                // `Name <a@x.fr>`, `a@x.fr; b@x.fr`
                const AROUND: &[char] = &[',', ';', ' ', '\n', '<', '>', '"', '(', ')'];
                let found = if cell.contains(AROUND) {
                    let mut found = cell
                        .split(AROUND)
                        .filter(|part| part.contains('@'))
                        .filter_map(address);
                    let first = found.next();
                    let more = found.any(|other| Some(&other) != first.as_ref());
                    self.notes.several_addresses += u64::from(more);
                    first
                } else {
                    address(cell)
                };
                let key = found.as_deref().map(|email| {
                    self.role_address = is_role_address(email);
                    if matches!(
                        self.plan.entity,
                        Entity::People | Entity::Members | Entity::Activity
                    ) {
                        self.email_domain = company_domain(email)
                            .map(|domain| self.context.hash_key.domain(&domain));
                    }
                    self.context.hash_key.normalised_email(email)
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
            ColumnKind::Attributes => match object(cell) {
                Some(pairs) => Value::Attributes(
                    pairs
                        .into_iter()
                        .filter(|(key, text)| {
                            let kept =
                                keeps(&self.plan.kept, key, text.trim(), self.context.country);
                            self.notes.private_attributes += u64::from(!kept);
                            kept
                        })
                        .collect(),
                ),
                None => {
                    return Err(wrong(
                        format!("is no JSON object ({})", shape(cell)),
                        "write {\"key\": \"value\"}, or give each attribute its own column",
                    ));
                }
            },
            ColumnKind::Money | ColumnKind::Currency => Value::Null,
        })
    }

    pub(crate) fn when(&self, field: &Field, cell: &str, native: Native) -> Result<When, Wrong> {
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

    fn id<'c>(&mut self, cell: &'c str, native: Native) -> Result<Cow<'c, str>, Wrong> {
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
        if native == Native::Text
            && let Some(whole) = id.strip_suffix(".0")
            && !whole.is_empty()
            && whole.bytes().all(|b| b.is_ascii_digit())
        {
            // A double holds fifteen digits for sure.
            if whole.len() > 15 {
                return Err(wrong(
                    "the id is a number with decimals or in scientific notation: it may have lost digits",
                    "write the id as text in the source and export again",
                ));
            }
            self.notes.numbered_ids += 1;
            id = whole;
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
            return Ok(Cow::Owned(long));
        }
        Ok(Cow::Borrowed(id))
    }

    /// An id or a word that may lie in the lake: an address becomes its key, wherever it stands in the cell, so that an export
    /// whose ids are addresses still joins and tells nobody's.
    fn concealed(&mut self, text: &str) -> String {
        let (keys, country) = (self.context.hash_key, self.context.country);
        // Most cells hold none, and cost no place of their own.
        let sign = text.contains('@') || text.contains("%40");
        if !sign && keys.reach(text, country).is_none() {
            return self.texts.of(text);
        }
        keys.conceal(text, country)
    }

    /// A text in which phone numbers have become their keys, as addresses have.
    fn without_phones(&self, text: String) -> String {
        let (keys, country) = (self.context.hash_key, self.context.country);
        let mut said = String::new();
        let mut from = 0;
        for at in phones(&text, country) {
            if let Some(key) = keys.phone(&text[at.clone()], country) {
                said.push_str(&text[from..at.start]);
                said.push_str(&key);
                from = at.end;
            }
        }
        if from == 0 {
            return text;
        }
        said.push_str(&text[from..]);
        said
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
            Some(Meaning::Word(word)) => Some(self.texts.of(word)),
            Some(Meaning::Fallback(word)) => {
                let word = self.texts.of(word);
                if !self.plan.is_overruled(field) {
                    self.notes.unmapped(field.name, cell);
                }
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
            return Some(self.texts.of(cell));
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
}

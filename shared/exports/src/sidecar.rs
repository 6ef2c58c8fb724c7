//! What an admin says about one file beside it.

use std::collections::BTreeMap;

use levier_domain::entity::Entity;
use levier_domain::money::Currency;
use serde::Deserialize;

use crate::dates::Order;
use crate::dialect::{Dialect, DialectError, own, token};
use crate::number::Mark;

/// What the admin says about one file, in a `{file}.levier.toml` beside it: it overrules what would be recognised.
///
/// ```toml
/// entity = "people"
/// source = "acme"
/// date_order = "dmy"
/// [columns]
/// "Contact no." = "person_id"
/// "Mail" = "email"
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sidecar {
    /// Read as this dialect, whatever the headers say.
    pub dialect: Option<String>,
    /// What the rows are.
    pub entity: Option<Entity>,
    /// System that the rows are from (`source` in the lake).
    pub source: Option<String>,
    /// `utf-8`, `windows-1252`, `iso-8859-15`, `utf-16`…
    pub encoding: Option<String>,
    /// `,`, `;`, `|` or `tab`.
    pub delimiter: Option<String>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// Physical line of the header.
    pub header_line: Option<u64>,
    /// `dmy` or `mdy`.
    pub date_order: Option<String>,
    /// `.` or `,`.
    pub decimal: Option<String>,
    /// IANA zone of times without one.
    pub timezone: Option<String>,
    /// Currency of amounts without one.
    pub currency: Option<String>,
    /// Platform of a chat history.
    pub platform: Option<String>,
    /// Community of a chat history.
    pub community: Option<String>,
    /// A full export: keys that it does not hold are deleted.
    pub full: bool,
    /// Header as written → field of the own layout.
    pub columns: BTreeMap<String, String>,
    /// Field → one value for all rows.
    pub constants: BTreeMap<String, String>,
    /// Field → raw value → word of the own layout.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Sidecar {
    /// Reads a sidecar file.
    ///
    /// # Errors
    /// [`DialectError::Syntax`] names what the parser refused.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, DialectError> {
        toml::from_str(text).map_err(|source| DialectError::Syntax {
            name: file_name.to_owned(),
            source: Box::new(source),
        })
    }

    /// Turns it into a dialect of its own (or over `base`).
    pub(crate) fn dialect(
        &self,
        base: Option<&Dialect>,
        entity: Entity,
    ) -> Result<Dialect, DialectError> {
        let name = self.dialect.clone().unwrap_or_else(|| {
            format!(
                "{}-{}-sidecar",
                self.source.as_deref().unwrap_or("levier"),
                entity.as_str()
            )
        });
        let wrong = |what: String| DialectError::Meaning {
            name: name.clone(),
            what,
        };
        let mut dialect = match base {
            Some(base) if base.entity == entity => base.clone(),
            _ => Dialect {
                name: name.clone(),
                beside: 0,
                system: self.source.clone().unwrap_or_else(|| "levier".to_owned()),
                require: Vec::new(),
                columns: Vec::new(),
                own: false,
                ..own(entity)
            },
        };
        if let Some(source) = &self.source {
            dialect.system.clone_from(source);
        }
        let position = |field: &str| {
            entity
                .position(field)
                .ok_or_else(|| wrong(format!("`{field}` is no column of {entity}")))
        };
        for (header, field) in &self.columns {
            let at = position(field)?;
            let wanted = token(header);
            for (_, tokens) in &mut dialect.columns {
                tokens.retain(|token| *token != wanted);
            }
            match dialect.columns.iter_mut().find(|(field, _)| *field == at) {
                Some((_, tokens)) => tokens.insert(0, wanted.clone()),
                None => dialect.columns.push((at, vec![wanted.clone()])),
            }
        }
        for (field, value) in &self.constants {
            let at = position(field)?;
            dialect.constants.retain(|(field, _)| *field != at);
            dialect.constants.push((at, value.clone()));
        }
        for (field, table) in &self.values {
            let at = position(field)?;
            let own = dialect.values.entry(at).or_default();
            for (raw, word) in table {
                own.insert(token(raw), word.clone());
            }
        }
        if let Some(order) = &self.date_order {
            dialect.date_order = Some(
                Order::parse(order)
                    .ok_or_else(|| wrong("date_order is `dmy` or `mdy`".to_owned()))?,
            );
        }
        if let Some(decimal) = &self.decimal {
            dialect.decimal = Some(match decimal.as_str() {
                "." => Mark::Dot,
                "," => Mark::Comma,
                _ => return Err(wrong("decimal is `.` or `,`".to_owned())),
            });
        }
        if let Some(zone) = &self.timezone {
            dialect.timezone = Some(zone.clone());
        }
        if let Some(code) = &self.currency {
            dialect.currency =
                Some(Currency::parse(code).map_err(|error| wrong(error.to_string()))?);
        }
        Ok(dialect)
    }
}

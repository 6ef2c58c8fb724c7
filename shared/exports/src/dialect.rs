//! Dialects are data: one TOML file each says how the headers, values and habits of one export translate to the own layout.
//!
//! ```toml
//! name = "acme-contacts-en"
//! system = "acme"
//! entity = "people"
//! require = ["contact id", "stage"]        # headers that tell this export; `a|b` takes either
//! date_order = "dmy"                        # dmy or mdy; ISO needs none
//! [columns]
//! person_id = ["Contact ID"]                # the first header that is there is read, or, for a field named under
//!                                           # `first_filled`, the first that is not empty in the row
//! lifecycle = ["Stage"]
//! [values.lifecycle]
//! "hot lead" = "sales_qualified"            # "*" stands for every other value
//! ```
//!
//! In reports of spend, `span_end` names the header of a row's last day, so that rows of several days are told. An `[[override]]`
//! sets a field by what another column says; with `to = ""` it empties it.
//!
//! Headers are compared without case, with straight apostrophes and single spaces. A `*` in a header stands for anything; if
//! it is a currency code, as in `Amount spent (*)`, the column's amounts are in that currency.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::money::Currency;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use crate::dates::Order;
use crate::number::Mark;
use crate::recognise::Tokens;

/// A header as it is compared: lower case, composed, straight apostrophes, single spaces.
pub(crate) fn token(header: &str) -> String {
    let mut out = String::with_capacity(header.len());
    let mut gap = false;
    for c in header.nfc() {
        match c {
            '\u{FEFF}' | '\u{200B}' => {}
            '’' | '‘' | '`' => out.push('\''),
            c if c.is_whitespace() => gap = true,
            c => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.extend(c.to_lowercase());
            }
        }
    }
    out
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// Rows that the dialect leaves out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DropRule {
    pub(crate) column: String,
    pub(crate) equals: Vec<String>,
    pub(crate) why: String,
}

/// A value corrected by what another column says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Override {
    pub(crate) field: String,
    /// The word that holds; empty: none does.
    pub(crate) to: String,
    /// Only from these values; empty: from any.
    #[serde(default)]
    pub(crate) from: Vec<String>,
    pub(crate) column: String,
    /// The column's value is one of these; empty: it is not empty.
    #[serde(default)]
    pub(crate) equals: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    system: String,
    entity: Entity,
    #[serde(default)]
    extends: Option<String>,
    #[serde(default)]
    require: Vec<String>,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    date_order: Option<String>,
    #[serde(default)]
    decimal: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    null: Vec<String>,
    #[serde(default)]
    footers: Vec<String>,
    #[serde(default)]
    salesforce_ids: bool,
    #[serde(default)]
    fold: Option<String>,
    #[serde(default)]
    first_filled: Vec<String>,
    #[serde(default)]
    span_end: Vec<String>,
    #[serde(default)]
    drop: Vec<DropRule>,
    #[serde(default, rename = "override")]
    overrides: Vec<Override>,
}

/// One export of one system in one language, ready to be compared with headers.
#[derive(Clone, Debug)]
pub struct Dialect {
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) entity: Entity,
    /// Each inner list is one demand; any of its tokens meets it.
    pub(crate) require: Vec<Vec<String>>,
    pub(crate) timezone: Option<String>,
    pub(crate) date_order: Option<Order>,
    pub(crate) decimal: Option<Mark>,
    /// Currency where neither a column nor a cell says one; `None` takes the workspace's.
    pub(crate) currency: Option<Currency>,
    /// Field (position in the own layout) → tokens, best first.
    pub(crate) columns: Vec<(usize, Vec<String>)>,
    pub(crate) constants: Vec<(usize, String)>,
    /// Field → raw token → word of the own layout.
    pub(crate) values: HashMap<usize, HashMap<String, String>>,
    pub(crate) ignore: Vec<String>,
    pub(crate) null: Vec<String>,
    pub(crate) footers: Vec<String>,
    pub(crate) salesforce_ids: bool,
    pub(crate) fold: Option<String>,
    /// Fields whose headers may all be there, the first filled one being read; of other fields the first header is read.
    pub(crate) first_filled: Vec<usize>,
    /// Headers of the last day of a row that begins on its date.
    pub(crate) span_end: Vec<String>,
    pub(crate) drop: Vec<DropRule>,
    pub(crate) overrides: Vec<Override>,
    /// So many columns must be there beside the demanded ones, unless the entity is declared.
    pub(crate) beside: usize,
    /// The own layout: closed lists are closed, and headers are the field names.
    pub(crate) own: bool,
}

/// Why a dialect file is refused.
#[derive(Debug, thiserror::Error)]
pub enum DialectError {
    /// Not TOML, or a key that does not exist.
    #[error("dialect file {name} cannot be read; see the example in the documentation of dialects")]
    Syntax {
        /// File name.
        name: String,
        /// What the parser says.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A field or word that the entity does not have, or a parent that is not there.
    #[error("dialect {name}: {what}")]
    Meaning {
        /// Dialect name.
        name: String,
        /// What is wrong and what to write.
        what: String,
    },
}

/// All the dialects that a file may turn out to be.
#[derive(Clone, Debug)]
pub struct Dialects {
    pub(crate) all: Vec<Arc<Dialect>>,
    /// Every header that any of them reads, so that rows of data are told from headers at a glance.
    vocabulary: HashSet<String>,
    /// Those with a `*`.
    patterns: HashSet<String>,
}

impl Dialects {
    /// The dialects that come with Levier, and its own layout for every entity.
    ///
    /// # Errors
    /// Only if a built-in file were wrong, which a test excludes.
    pub fn builtin() -> Result<Self, DialectError> {
        let mut dialects = Self {
            all: Vec::new(),
            vocabulary: HashSet::new(),
            patterns: HashSet::new(),
        };
        for entity in Entity::ALL {
            dialects.take(own(*entity));
        }
        for (name, text) in crate::builtin::FILES {
            dialects.add(name, text)?;
        }
        Ok(dialects)
    }

    /// Adds one dialect file (an admin's own); a name that is taken is replaced.
    ///
    /// # Errors
    /// [`DialectError`] says which key or word is wrong.
    pub fn add(&mut self, file_name: &str, text: &str) -> Result<(), DialectError> {
        let file: File = toml::from_str(text).map_err(|source| DialectError::Syntax {
            name: file_name.to_owned(),
            source: Box::new(source),
        })?;
        let dialect = compile(file, self)?;
        self.take(dialect);
        Ok(())
    }

    fn take(&mut self, dialect: Dialect) {
        self.all.retain(|known| known.name != dialect.name);
        for wanted in dialect.columns.iter().flat_map(|(_, wanted)| wanted) {
            let known = if wanted.contains('*') {
                &mut self.patterns
            } else {
                &mut self.vocabulary
            };
            known.insert(wanted.clone());
        }
        self.all.push(Arc::new(dialect));
    }

    /// Whether a record holds a header that any dialect reads.
    pub(crate) fn knows(&self, tokens: &Tokens) -> bool {
        tokens.count(&self.vocabulary) > 0 || self.patterns.iter().any(|wanted| tokens.has(wanted))
    }

    /// The dialect of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Dialect>> {
        self.all.iter().find(|dialect| dialect.name == name)
    }

    /// Names of all dialects.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|dialect| dialect.name.as_str())
    }
}

impl Dialect {
    /// Its name: system, object, locale.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The entity that its rows are.
    #[must_use]
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// How many of `tokens` it reads, or `None` where a demanded one is absent.
    pub(crate) fn matches(&self, tokens: &Tokens) -> Option<usize> {
        if !self.require.iter().all(|demand| tokens.has_any(demand)) {
            return None;
        }
        let read = self
            .columns
            .iter()
            .filter(|(_, wanted)| tokens.has_any(wanted))
            .count();
        (read > 0).then_some(read)
    }
}

/// Whether a header (as token) is the wanted one; `*` stands for anything, also for nothing.
pub(crate) fn fits(wanted: &str, token: &str) -> bool {
    let Some((head, mut rest)) = wanted.split_once('*') else {
        return wanted == token;
    };
    let Some(mut left) = token.strip_prefix(head) else {
        return false;
    };
    while let Some((part, more)) = rest.split_once('*') {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
        rest = more;
    }
    left.ends_with(rest)
}

/// What a `*` stands for.
pub(crate) fn wildcard<'t>(wanted: &str, token: &'t str) -> Option<&'t str> {
    let (head, tail) = wanted.split_once('*')?;
    if tail.contains('*') {
        return None;
    }
    token.strip_prefix(head)?.strip_suffix(tail)
}

/// How people write the header of an address who write a table by hand.
const EMAIL_HEADERS: &[&str] = &[
    "e-mail",
    "email address",
    "e-mail address",
    "adresse email",
    "adresse e-mail",
    "mail",
    "courriel",
];

/// The own layout of one entity.
pub(crate) fn own(entity: Entity) -> Dialect {
    let columns: Vec<_> = entity
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let mut headers = vec![column.name.to_owned()];
            if column.kind == ColumnKind::Email {
                headers.extend(EMAIL_HEADERS.iter().map(|&header| header.to_owned()));
            }
            (at, headers)
        })
        .collect();
    Dialect {
        name: format!("levier-{}", entity.as_str().replace('_', "-")),
        system: "levier".to_owned(),
        entity,
        require: entity
            .columns()
            .iter()
            .filter(|column| column.required)
            .map(|column| vec![column.name.to_owned()])
            .collect(),
        timezone: None,
        date_order: None,
        decimal: None,
        currency: None,
        columns,
        constants: Vec::new(),
        values: HashMap::new(),
        ignore: Vec::new(),
        null: Vec::new(),
        footers: Vec::new(),
        salesforce_ids: false,
        fold: None,
        first_filled: Vec::new(),
        span_end: Vec::new(),
        drop: Vec::new(),
        overrides: Vec::new(),
        // Any table about people or companies has their ids: who came, who answered. Taken for what is known of them, it would
        // empty all the rest.
        beside: usize::from(matches!(entity, Entity::People | Entity::Accounts)),
        own: true,
    }
}

fn compile(file: File, known: &Dialects) -> Result<Dialect, DialectError> {
    let wrong = |what: String| DialectError::Meaning {
        name: file.name.clone(),
        what,
    };
    let entity = file.entity;
    let position = |field: &str| {
        entity.position(field).ok_or_else(|| {
            wrong(format!(
                "`{field}` is no column of {entity}; the columns are {}",
                entity
                    .columns()
                    .iter()
                    .map(|column| column.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
        })
    };
    let parent = match &file.extends {
        None => None,
        Some(name) => {
            let parent = known
                .get(name)
                .ok_or_else(|| wrong(format!("it extends `{name}`, which is not known")))?;
            if parent.entity != entity {
                return Err(wrong(format!(
                    "it extends `{name}`, which is about {}",
                    parent.entity
                )));
            }
            Some(parent)
        }
    };
    let mut columns: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (field, headers) in file.columns.clone() {
        let tokens = headers.list().iter().map(|header| token(header)).collect();
        columns.insert(position(&field)?, tokens);
    }
    let mut constants: BTreeMap<usize, String> = BTreeMap::new();
    for (field, value) in &file.constants {
        constants.insert(position(field)?, value.clone());
    }
    let mut values: HashMap<usize, HashMap<String, String>> = HashMap::new();
    for (field, table) in &file.values {
        let at = position(field)?;
        if let ColumnKind::Choice(words) = entity.columns()[at].kind {
            for word in table.values() {
                if !words.contains(&word.as_str()) {
                    return Err(wrong(format!(
                        "`{word}` is not one of {}",
                        words.join(", ")
                    )));
                }
            }
        }
        values.insert(
            at,
            table
                .iter()
                .map(|(raw, word)| (token(raw), word.clone()))
                .collect(),
        );
    }
    let tokens = |list: &[String]| list.iter().map(|header| token(header)).collect::<Vec<_>>();
    let mut dialect = Dialect {
        name: file.name.clone(),
        system: file.system.clone(),
        entity,
        require: file
            .require
            .iter()
            .map(|demand| demand.split('|').map(token).collect())
            .collect(),
        timezone: file.timezone.clone(),
        date_order: match &file.date_order {
            None => None,
            Some(order) => Some(
                Order::parse(order)
                    .ok_or_else(|| wrong("date_order is `dmy` or `mdy`".to_owned()))?,
            ),
        },
        decimal: match file.decimal.as_deref() {
            None => None,
            Some(".") => Some(Mark::Dot),
            Some(",") => Some(Mark::Comma),
            Some(_) => return Err(wrong("decimal is `.` or `,`".to_owned())),
        },
        currency: match &file.currency {
            None => None,
            Some(code) => Some(Currency::parse(code).map_err(|error| wrong(error.to_string()))?),
        },
        columns: Vec::new(),
        constants: Vec::new(),
        values,
        ignore: tokens(&file.ignore),
        null: tokens(&file.null),
        footers: tokens(&file.footers),
        salesforce_ids: file.salesforce_ids,
        fold: file.fold.as_deref().map(token),
        first_filled: file
            .first_filled
            .iter()
            .map(|field| position(field))
            .collect::<Result<_, _>>()?,
        span_end: tokens(&file.span_end),
        drop: file.drop.clone(),
        overrides: file.overrides.clone(),
        beside: 0,
        own: false,
    };
    if let Some(parent) = parent {
        for (field, more) in &parent.columns {
            let own = columns.entry(*field).or_default();
            for token in more {
                if !own.contains(token) {
                    own.push(token.clone());
                }
            }
        }
        for (field, value) in &parent.constants {
            constants.entry(*field).or_insert_with(|| value.clone());
        }
        for (field, table) in &parent.values {
            let own = dialect.values.entry(*field).or_default();
            for (raw, word) in table {
                own.entry(raw.clone()).or_insert_with(|| word.clone());
            }
        }
        dialect.ignore.extend(parent.ignore.iter().cloned());
        dialect.null.extend(parent.null.iter().cloned());
        dialect.footers.extend(parent.footers.iter().cloned());
        dialect.salesforce_ids |= parent.salesforce_ids;
        dialect.timezone = dialect.timezone.or_else(|| parent.timezone.clone());
        dialect.date_order = dialect.date_order.or(parent.date_order);
        dialect.decimal = dialect.decimal.or(parent.decimal);
        dialect.currency = dialect.currency.or(parent.currency);
        dialect.fold = dialect.fold.or_else(|| parent.fold.clone());
        dialect
            .first_filled
            .extend(parent.first_filled.iter().copied());
        dialect.span_end.extend(parent.span_end.iter().cloned());
        dialect.drop.extend(parent.drop.iter().cloned());
        dialect.overrides.extend(parent.overrides.iter().cloned());
    }
    dialect.columns = columns.into_iter().collect();
    dialect.constants = constants.into_iter().collect();
    for rule in &dialect.overrides {
        position(&rule.field)?;
    }
    for column in &mut dialect.drop {
        column.column = token(&column.column);
        column.equals = column.equals.iter().map(|value| token(value)).collect();
    }
    for rule in &mut dialect.overrides {
        rule.column = token(&rule.column);
        rule.equals = rule.equals.iter().map(|value| token(value)).collect();
    }
    Ok(dialect)
}

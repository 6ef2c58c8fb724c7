//! What each column of one file is read as: the dialect applied to the headers that are really there.

use std::collections::HashMap;
use std::sync::Arc;

use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::money::Currency;
use levier_domain::receipt::ColumnsReport;

use crate::cells::shape;
use crate::closed::Vocabulary;
use crate::dates::Order;
use crate::dialect::{Dialect, fits, token, wildcard};
use crate::number::number;
use crate::private::{private_header, reaches_someone};
use crate::refused::REASON_HEADERS;
use crate::rows::Row;

/// Where a field's text comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Cell(usize),
    Constant(String),
}

/// One field of the own layout as this file gives it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
    pub(crate) required: bool,
    /// Position in [`levier_domain::record::Record::values`]; `None` for text that never reaches the lake.
    pub(crate) lake: Option<usize>,
    pub(crate) origin: Origin,
    /// Further cells, read in order where the first is empty.
    pub(crate) others: Vec<usize>,
    pub(crate) header: String,
    pub(crate) values: Option<HashMap<String, String>>,
    /// Times of this column are UTC by its header.
    pub(crate) utc: bool,
    pub(crate) order: Option<Order>,
    /// Currency that the header names.
    pub(crate) currency: Option<Currency>,
    /// The column cannot be read (day and month cannot be told apart): all null.
    pub(crate) unreadable: bool,
}

impl Field {
    /// Whether its numbers are counts, whole by nature.
    pub(crate) fn counts(&self) -> bool {
        matches!(
            self.name,
            "visits" | "visitors" | "impressions" | "clicks" | "reach" | "items"
        )
    }

    /// The cells that the field may be read from.
    pub(crate) fn cells(&self) -> impl Iterator<Item = usize> + '_ {
        let first = match self.origin {
            Origin::Cell(at) => Some(at),
            Origin::Constant(_) => None,
        };
        first.into_iter().chain(self.others.iter().copied())
    }
}

/// A row is dropped when a cell says so.
#[derive(Clone, Debug)]
pub(crate) struct Drop {
    pub(crate) cell: usize,
    pub(crate) equals: Vec<String>,
    pub(crate) why: String,
}

/// A value is corrected when another cell says so.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    pub(crate) lake: usize,
    pub(crate) to: String,
    pub(crate) from: Vec<String>,
    pub(crate) cell: usize,
    pub(crate) equals: Vec<String>,
}

/// The plan of one file.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) entity: Entity,
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) header: Vec<String>,
    /// In the order in which they are read: currency before money.
    pub(crate) fields: Vec<Field>,
    /// Cell and key of every other column that becomes an attribute.
    pub(crate) attributes: Vec<(usize, String)>,
    pub(crate) attributes_lake: Option<usize>,
    /// Attributes that may be kept, with their words.
    pub(crate) kept: Vocabulary,
    pub(crate) drops: Vec<Drop>,
    pub(crate) corrections: Vec<Correction>,
    pub(crate) fold: Option<usize>,
    /// Cell of the last day of a row.
    pub(crate) span_end: Option<usize>,
    pub(crate) report: ColumnsReport,
    pub(crate) warnings: Vec<String>,
}

impl Plan {
    /// Applies `dialect` to `header`.
    ///
    /// # Errors
    /// The reason why the whole file is refused: a mapped header twice, a required column that is not there.
    pub(crate) fn new(
        dialect: Arc<Dialect>,
        header: Vec<String>,
        workspace: Currency,
    ) -> Result<Self, String> {
        let entity = dialect.entity;
        let tokens: Vec<String> = header.iter().map(|header| token(header)).collect();
        let columns = entity.columns();
        let lake = entity.lake_columns();
        let lake_of = |at: usize| lake.iter().position(|column| column.origin == Some(at));
        let mut fields = Vec::new();
        let mut used: Vec<Vec<&'static str>> = vec![Vec::new(); header.len()];
        let mut warnings = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let wanted = dialect.columns.iter().find(|(field, _)| *field == at);
            let mut found = None;
            let mut others = Vec::new();
            if let Some((_, wanted)) = wanted {
                for want in wanted {
                    let mut hits = (0..tokens.len()).filter(|i| fits(want, &tokens[*i]));
                    if let Some(first) = hits.next() {
                        if let Some(second) = hits.next() {
                            return Err(format!(
                                "The header `{}` stands twice (columns {} and {}), and both would be read as `{}`. Remove one of the two columns and drop the file again.",
                                header[first],
                                first + 1,
                                second + 1,
                                column.name
                            ));
                        }
                        if found.is_some() {
                            others.push(first);
                            continue;
                        }
                        found = Some((first, want.clone()));
                        if !dialect.first_filled.contains(&at) {
                            break;
                        }
                    }
                }
            }
            let constant = dialect.constants.iter().find(|(field, _)| *field == at);
            let (origin, name, currency, utc) = match (found, constant) {
                (Some((cell, want)), _) => {
                    for cell in others.iter().chain([&cell]) {
                        used[*cell].push(column.name);
                    }
                    let currency =
                        wildcard(&want, &tokens[cell]).and_then(|code| Currency::parse(code).ok());
                    let utc = tokens[cell].contains("(utc)") || tokens[cell].contains("(in utc)");
                    (Origin::Cell(cell), header[cell].clone(), currency, utc)
                }
                (None, Some((_, value))) => {
                    (Origin::Constant(value.clone()), String::new(), None, false)
                }
                (None, None) => continue,
            };
            fields.push(Field {
                name: column.name,
                kind: column.kind,
                required: column.required,
                lake: lake_of(at),
                origin,
                others,
                header: name,
                values: dialect.values.get(&at).cloned(),
                utc,
                order: dialect.date_order,
                currency,
                unreadable: false,
            });
        }
        keep_raw(&mut fields, entity, &lake_of);
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let header_currency = fields.iter().any(|field| field.currency.is_some());
        let mut absent: Vec<&str> = columns
            .iter()
            .filter(|column| column.required && !has(column.name))
            .map(|column| column.name)
            .collect();
        if !dialect.own && absent.contains(&"currency") {
            absent.retain(|name| *name != "currency");
            if !header_currency {
                warnings.push(format!(
                    "no column says the currency: amounts without a currency sign are read as {}",
                    dialect.currency.unwrap_or(workspace)
                ));
            }
        }
        if !absent.is_empty() {
            return Err(format!(
                "The file looks like {} but a required column is missing: {}. Export it again with {}, or map it in a sidecar file.",
                dialect.name,
                absent.join(", "),
                if absent.len() == 1 {
                    "that column"
                } else {
                    "those columns"
                }
            ));
        }
        if entity == Entity::People && !has("email") {
            warnings.push(
                "the file has no e-mail: people who are held already lose the one they had, by which they are matched, if it is imported; export it with the e-mail".to_owned(),
            );
        }
        fields.sort_by_key(|field| field.kind != ColumnKind::Currency);

        let find = |name: &str| tokens.iter().position(|token| token == name);
        let drops = dialect
            .drop
            .iter()
            .filter_map(|rule| {
                Some(Drop {
                    cell: find(&rule.column)?,
                    equals: rule.equals.clone(),
                    why: rule.why.clone(),
                })
            })
            .collect();
        let corrections: Vec<Correction> = dialect
            .overrides
            .iter()
            .filter_map(|rule| {
                Some(Correction {
                    lake: entity.position(&rule.field).and_then(lake_of)?,
                    to: rule.to.clone(),
                    from: rule.from.clone(),
                    cell: find(&rule.column)?,
                    equals: rule.equals.clone(),
                })
            })
            .collect();
        let span_end = dialect
            .span_end
            .iter()
            .find_map(|wanted| tokens.iter().position(|token| fits(wanted, token)));
        let mut report = ColumnsReport::default();
        let attributes_lake = entity.lake_position("attributes");
        let mut attributes: Vec<(usize, String)> = Vec::new();
        for (cell, fields) in used.iter().enumerate() {
            let name = header[cell].trim();
            let deciding = corrections
                .iter()
                .filter(|rule: &&Correction| rule.cell == cell)
                .map(|rule| entity.lake_columns()[rule.lake].name.as_str());
            let fields: Vec<&str> = match fields.is_empty() {
                true => deciding.take(1).collect(),
                false => fields.clone(),
            };
            if !fields.is_empty() {
                report.mapped.insert(name.to_owned(), fields.join(", "));
            } else if reaches_someone(name) {
                // A file without a header, or with a list of people across: the receipt does not name them either.
                report.ignored.push(shape(name));
            } else if attributes_lake.is_some()
                && !name.is_empty()
                && !dialect.ignore.contains(&tokens[cell])
                && !private_header(name)
                // A file of refused rows, mended and dropped again, brings its reasons along.
                && !REASON_HEADERS.contains(&tokens[cell].as_str())
            {
                let mut key = name.to_owned();
                let mut n = 2;
                while attributes.iter().any(|(_, taken)| *taken == key) {
                    key = format!("{name} ({n})");
                    n += 1;
                }
                report.mapped.insert(key.clone(), "attributes".to_owned());
                attributes.push((cell, key));
            } else if !name.is_empty() {
                report.ignored.push(name.to_owned());
            }
        }
        report.missing = columns
            .iter()
            .filter(|column| {
                column.kind != ColumnKind::Attributes
                    && !fields.iter().any(|field| field.name == column.name)
            })
            .map(|column| column.name.to_owned())
            .collect();
        let fold = dialect.fold.as_deref().and_then(find);
        Ok(Self {
            entity,
            dialect,
            header,
            fields,
            attributes,
            attributes_lake,
            kept: Vocabulary::new(),
            drops,
            corrections,
            fold,
            span_end,
            report,
            warnings,
        })
    }

    /// Whether another column says the value of a field, whatever stands in its own.
    pub(crate) fn is_overruled(&self, field: &Field) -> bool {
        self.corrections
            .iter()
            .any(|correction| correction.from.is_empty() && Some(correction.lake) == field.lake)
    }

    /// The cell that holds an object of attributes.
    pub(crate) fn object_of_attributes(&self) -> Option<usize> {
        let field = self
            .fields
            .iter()
            .find(|field| field.kind == ColumnKind::Attributes)?;
        field.cells().next()
    }

    /// Keeps the attributes that are of a closed kind, and tells of the others.
    pub(crate) fn keep(&mut self, (kept, left): (Vocabulary, Vec<String>)) {
        self.kept = kept;
        let (attributes, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.attributes)
            .into_iter()
            .partition(|(_, key)| self.kept.contains_key(key));
        self.attributes = attributes;
        for (_, key) in gone {
            self.report.mapped.remove(&key);
            self.report.ignored.push(key);
        }
        if !left.is_empty() {
            self.warnings.push(format!(
                "{} other column(s) were left out, because what they hold is neither numbers, days, yes or no nor few words that recur: {}",
                left.len(),
                left.join(", ")
            ));
        }
    }

    /// Whether a row of a report holds numbers under its columns of numbers and nothing that names or dates a record: a
    /// subtotal without a label.
    pub(crate) fn is_bare_total(&self, row: &Row) -> bool {
        let is_number = |kind: ColumnKind| {
            matches!(
                kind,
                ColumnKind::Money | ColumnKind::Number | ColumnKind::Integer | ColumnKind::Currency
            )
        };
        let mut demands = 0;
        for field in self.fields.iter().filter(|field| field.required) {
            if let Origin::Cell(at) = field.origin
                && !is_number(field.kind)
            {
                if !row.cell(at).trim().is_empty() {
                    return false;
                }
                demands += 1;
            }
        }
        let mut sums = 0;
        for at in (0..row.len()).filter(|at| !row.cell(*at).trim().is_empty()) {
            match self
                .fields
                .iter()
                .find(|field| field.cells().any(|cell| cell == at))
            {
                Some(field) if is_number(field.kind) => {
                    sums += usize::from(field.kind == ColumnKind::Money);
                }
                None if number(row.cell(at), None).is_some() => {}
                _ => return false,
            }
        }
        demands > 0 && sums > 0
    }

    /// Whether dates are read alike by both plans of one file.
    pub(crate) fn reads_like(&self, other: &Self) -> bool {
        self.fields
            .iter()
            .zip(&other.fields)
            .all(|(a, b)| (a.order, a.unreadable) == (b.order, b.unreadable))
    }

    pub(crate) fn width(&self) -> usize {
        self.header.len()
    }
}

/// `lifecycle` and `lead_source` keep what was written beside what it means.
fn keep_raw(fields: &mut Vec<Field>, entity: Entity, lake_of: &dyn Fn(usize) -> Option<usize>) {
    for (name, raw) in [
        ("lifecycle", "lifecycle_raw"),
        ("lead_source", "lead_source_raw"),
    ] {
        let (Some(at), Some(source)) = (
            entity.position(raw),
            fields.iter().find(|field| field.name == name),
        ) else {
            continue;
        };
        if fields.iter().any(|field| field.name == raw) {
            continue;
        }
        let copy = Field {
            name: raw,
            kind: ColumnKind::Text,
            required: false,
            lake: lake_of(at),
            values: None,
            ..source.clone()
        };
        fields.push(copy);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dialect::own;

    fn plan(entity: Entity, headers: &[&str]) -> Result<Plan, String> {
        Plan::new(
            Arc::new(own(entity)),
            headers.iter().map(|h| (*h).to_owned()).collect(),
            Currency::EUR,
        )
    }

    #[test]
    fn other_columns_become_attributes_unless_they_name_people() {
        let plan = plan(
            Entity::People,
            &[
                "person_id",
                "Score",
                "First name",
                "Score",
                "Numéro de téléphone",
                "jean@exemple.fr",
                "+33 6 12 34 56 78",
            ],
        )
        .unwrap();
        let keys: Vec<_> = plan
            .attributes
            .iter()
            .map(|(_, key)| key.as_str())
            .collect();
        assert_eq!(keys, ["Score", "Score (2)"]);
        assert_eq!(
            plan.report.ignored[..2],
            ["First name", "Numéro de téléphone"]
        );
        assert_eq!(plan.report.ignored.len(), 4);
        assert!(!plan.report.ignored[2].contains("jean") && !plan.report.ignored[3].contains("12"));
        assert!(plan.report.missing.contains(&"email".to_owned()));
    }

    #[test]
    fn a_mapped_header_twice_or_a_missing_one_refuses_the_file() {
        for (case, headers, says) in [
            ("twice", &["person_id", "email", "Email"][..], "twice"),
            ("missing", &["email"], "person_id"),
        ] {
            let reason = plan(Entity::People, headers).unwrap_err();
            assert!(reason.contains(says), "{case}: {reason}");
        }
    }
}

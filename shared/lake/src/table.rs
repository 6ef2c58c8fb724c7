//! Result rows as Parquet: the common columns typed, the table's own columns typed by what they hold.

use std::collections::BTreeMap;

use levier_domain::entity::LakeKind;
use levier_domain::table::Row;
use serde_json::Value as Json;

use crate::columns::{self, Builder};
use crate::store::LakeError;

const COMMON: &[(&str, LakeKind)] = &[
    ("as_of", LakeKind::Date),
    ("period", LakeKind::Text),
    ("community", LakeKind::Text),
    ("segment", LakeKind::Text),
    ("kpi", LakeKind::Text),
    ("value", LakeKind::Number),
    ("n", LakeKind::Integer),
    ("lower", LakeKind::Number),
    ("upper", LakeKind::Number),
    ("unit", LakeKind::Text),
    ("status", LakeKind::Text),
    ("reason", LakeKind::Text),
];

/// A Parquet file of result rows. An own column is boolean or number where all its values are, else text (lists and objects as
/// JSON).
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, rows: &[Row]) -> Result<Vec<u8>, LakeError> {
    let mut own: BTreeMap<&str, LakeKind> = BTreeMap::new();
    for (name, value) in rows.iter().flat_map(|row| &row.own) {
        let kind = match value {
            Json::Null => continue,
            Json::Bool(_) => LakeKind::Boolean,
            Json::Number(_) => LakeKind::Number,
            _ => LakeKind::Text,
        };
        own.entry(name)
            .and_modify(|known| {
                if *known != kind {
                    *known = LakeKind::Text
                }
            })
            .or_insert(kind);
    }
    let names: Vec<(&str, LakeKind)> = COMMON
        .iter()
        .copied()
        .chain(own.iter().map(|(name, kind)| (*name, *kind)))
        .collect();
    let schema = columns::schema(names.iter().copied());
    let mut builders: Vec<Builder> = names.iter().map(|(_, kind)| Builder::new(*kind)).collect();
    for row in rows {
        let fixed = [
            Json::Null,
            row.period.as_deref().into(),
            row.community.as_deref().into(),
            row.segment.as_deref().into(),
            row.kpi.as_deref().into(),
            row.value.into(),
            row.n.into(),
            row.lower.into(),
            row.upper.into(),
            row.unit.as_deref().into(),
            row.status.as_str().into(),
            row.reason.as_deref().into(),
        ];
        let null = Json::Null;
        let cells = fixed
            .iter()
            .chain(own.keys().map(|name| row.own.get(*name).unwrap_or(&null)));
        for (builder, cell) in builders.iter_mut().zip(cells) {
            match builder {
                Builder::Date(builder) => builder.append_option(row.as_of.map(columns::days)),
                Builder::Text(builder) => builder.append_option(match cell {
                    Json::Null => None,
                    Json::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                }),
                Builder::Number(builder) => builder.append_option(cell.as_f64()),
                Builder::Integer(builder) => builder.append_option(cell.as_i64()),
                Builder::Boolean(builder) => builder.append_option(cell.as_bool()),
                Builder::Instant(builder) => builder.append_null(),
                Builder::Attributes(builder) => {
                    // Lengths of keys and values agree by construction, the only thing that `append` checks.
                    let _ = builder.append(false);
                }
            }
        }
    }
    let batch = columns::batch(key, &schema, &mut builders)?;
    columns::write(key, &schema, &[batch])
}

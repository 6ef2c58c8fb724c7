//! Result tables as CSV, for programs and for the Excel of a French office.
//!
//! A text cell that a spreadsheet would run as a formula gets a leading apostrophe; numbers never do, so that `-3.2` stays
//! a number. What is unknown is an empty cell, and the columns `status` and `reason` say why.

use std::collections::BTreeSet;

use levier_domain::table::{Row, TableName};
use serde_json::Value as Json;

/// Who reads the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvDialect {
    /// Comma, decimal point, UTF-8, line feeds.
    #[default]
    Plain,
    /// Semicolon, decimal comma, UTF-8 with a byte order mark, CRLF: what a French Excel opens by a double click.
    ExcelFr,
}

impl CsvDialect {
    /// Reads `?dialect=`: `excel-fr`, or `plain` and nothing; anything else is `None`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "" | "plain" => Some(Self::Plain),
            "excel-fr" => Some(Self::ExcelFr),
            _ => None,
        }
    }

    fn delimiter(self) -> char {
        match self {
            Self::Plain => ',',
            Self::ExcelFr => ';',
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Plain => "\n",
            Self::ExcelFr => "\r\n",
        }
    }
}

/// The rows of a table with a header: the table's leading columns, then its own by name.
#[must_use]
pub fn csv(rows: &[Row], table: TableName, dialect: CsvDialect) -> String {
    let leading = table.leading_columns();
    let own: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.own.keys().map(String::as_str))
        .filter(|column| !leading.contains(column))
        .collect();
    // Columns that every row has but this table does not lead with are written when a row holds them.
    let shared = [
        "as_of",
        "period",
        "community",
        "segment",
        "kpi",
        "value",
        "n",
        "lower",
        "upper",
        "unit",
        "status",
        "reason",
    ]
    .into_iter()
    .filter(|column| !leading.contains(column) && *column != "status")
    .filter(|column| rows.iter().any(|row| !cell(row, column).is_null()));
    let columns: Vec<&str> = leading.iter().copied().chain(shared).chain(own).collect();
    let mut seen = BTreeSet::new();
    let columns: Vec<&str> = columns
        .into_iter()
        .filter(|column| seen.insert(*column))
        .collect();
    let mut out = String::new();
    if dialect == CsvDialect::ExcelFr {
        out.push('\u{feff}');
    }
    let mut line = |cells: Vec<String>| {
        out.push_str(&cells.join(&dialect.delimiter().to_string()));
        out.push_str(dialect.end());
    };
    line(
        columns
            .iter()
            .map(|column| csv_cell(&Json::from(*column), dialect))
            .collect(),
    );
    for row in rows {
        line(
            columns
                .iter()
                .map(|column| csv_cell(&cell(row, column), dialect))
                .collect(),
        );
    }
    out
}

/// A column of the flat row: the table's own column where it has one, else the shared one.
fn cell(row: &Row, column: &str) -> Json {
    if let Some(own) = row.own.get(column) {
        return own.clone();
    }
    let text = |text: &Option<String>| text.clone().map_or(Json::Null, Json::from);
    let number = |value: Option<f64>| {
        value
            .filter(|value| value.is_finite())
            .map_or(Json::Null, Json::from)
    };
    match column {
        "as_of" => row
            .as_of
            .map_or(Json::Null, |day| Json::from(day.to_string())),
        "period" => text(&row.period),
        "community" => text(&row.community),
        "segment" => text(&row.segment),
        "kpi" => text(&row.kpi),
        "value" => number(row.value),
        "n" => row.n.map_or(Json::Null, Json::from),
        "lower" => number(row.lower),
        "upper" => number(row.upper),
        "unit" => text(&row.unit),
        "status" => Json::from(row.status.as_str()),
        "reason" => text(&row.reason),
        _ => Json::Null,
    }
}

/// One cell, quoted where it must be and harmless in a spreadsheet.
#[must_use]
pub fn csv_cell(value: &Json, dialect: CsvDialect) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(number) => {
            let plain = number.to_string();
            return if dialect == CsvDialect::ExcelFr {
                plain.replace('.', ",")
            } else {
                plain
            };
        }
        Json::String(text) => neutralised(text),
        nested => neutralised(&nested.to_string()),
    };
    let quoted = text.contains(['"', '\n', '\r', ',', ';', '\t'])
        || text.starts_with(' ')
        || text.ends_with(' ');
    if quoted {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Text that a spreadsheet cannot take for a formula.
fn neutralised(text: &str) -> String {
    if text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use levier_domain::table::Status;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_text_and_numbers_are_numbers() {
        for (case, value, plain, french) in [
            ("formula", Json::from("=1+1"), "'=1+1", "'=1+1"),
            ("minus text", Json::from("-2"), "'-2", "'-2"),
            ("minus number", Json::from(-2.5), "-2.5", "-2,5"),
            (
                "at",
                Json::from("@sum(a,b)"),
                "\"'@sum(a,b)\"",
                "\"'@sum(a,b)\"",
            ),
            ("tab", Json::from("\t=1"), "\"'\t=1\"", "\"'\t=1\""),
            ("quote", Json::from("a\"b"), "\"a\"\"b\"", "\"a\"\"b\""),
            ("null", Json::Null, "", ""),
            ("whole", Json::from(12_u64), "12", "12"),
        ] {
            assert_eq!(csv_cell(&value, CsvDialect::Plain), plain, "{case}");
            assert_eq!(csv_cell(&value, CsvDialect::ExcelFr), french, "{case}");
        }
    }

    #[test]
    fn a_table_leads_with_its_contract() {
        let mut row = Row::new(Status::Ok)
            .with("source", "slack")
            .with("status", "quiet")
            .with("accepted", 3);
        row.community = Some("a;b".into());
        row.value = Some(f64::NAN);
        insta::assert_snapshot!(csv(&[row.clone()], TableName::Sources, CsvDialect::Plain), @r#"
        source,platform,community,deliveries,received,accepted,duplicate,ignored,quarantined,last_received_at,lag_seconds,status,blind_spots
        slack,,"a;b",,,3,,,,,,quiet,
        "#);
        let french = csv(&[row], TableName::Kpis, CsvDialect::ExcelFr);
        assert!(french.starts_with("\u{feff}as_of;period;community;"));
        assert!(french.ends_with("\r\n"));
    }

    proptest! {
        #[test]
        fn no_text_starts_a_formula(text in "\\PC{0,12}|[=+@\\-\t\r\n].{0,8}") {
            let cell = csv_cell(&Json::from(text), CsvDialect::ExcelFr);
            let bare = cell.strip_prefix('"').unwrap_or(&cell);
            prop_assert!(!bare.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}

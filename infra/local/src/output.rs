//! Printing: JSON for programs, a table or sentences for people.

use std::io::Write;

use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use serde_json::Value as Json;

/// Prints a line: the arguments of `format!`.
macro_rules! say {
    () => { $crate::output::text(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::text(format_args!("{}\n", format_args!($($arguments)*))) };
}

/// Prints text as it is. A reader that has seen enough (`| head`) closes the pipe: that is no failure; a full disk is one.
pub fn text(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        eprintln!(
            "levier: the answer cannot be written: {error}; free some room, or write it elsewhere"
        );
        std::process::exit(1);
    }
}

/// Prints a value as one line of JSON.
pub fn json(value: &Json) {
    say!("{value}");
}

/// Prints flat objects as a table of the columns that any of them fills, in the order first met.
pub fn table(rows: &[Json]) {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Json::as_object) {
        for (name, value) in row {
            if !value.is_null() && !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(&columns);
    for row in rows {
        table.add_row(columns.iter().map(|column| cell(&row[*column])));
    }
    say!("{table}");
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => {
            format!("{:.4}", number.as_f64().unwrap_or_default())
        }
        other => other.to_string(),
    }
}

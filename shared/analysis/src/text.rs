//! The answer as a table for reading.

use serde_json::Value;

/// Plain text: what was done, the numbers in aligned columns, what to beware of.
pub fn render_text(answer: &Value) -> String {
    let mut out = String::new();
    let method = answer["method"].as_str().unwrap_or("answer");
    out.push_str(&format!("{method}: {} rows used\n", answer["n"]));
    for left in answer["left_out"].as_array().into_iter().flatten() {
        out.push_str(&format!(
            "  left out: {} ({})\n",
            left["n"],
            left["reason"].as_str().unwrap_or_default()
        ));
    }
    let mut rows: Vec<(String, &Value)> = Vec::new();
    if answer["estimate"].is_object() {
        rows.push(("estimate".into(), &answer["estimate"]));
    }
    for e in answer["estimates"].as_array().into_iter().flatten() {
        rows.push((about(e), e));
    }
    let mut lines: Vec<[String; 6]> =
        vec![["", "value", "std. error", "lower 95 %", "upper 95 %", "p"].map(String::from)];
    for (name, e) in &rows {
        let cell = |key: &str| e[key].as_f64().map_or_else(|| "-".to_string(), digits);
        lines.push([
            name.clone(),
            cell("value"),
            cell("standard_error"),
            cell("lower"),
            cell("upper"),
            cell("p_value"),
        ]);
    }
    let width = |j: usize| {
        lines
            .iter()
            .map(|l| l[j].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..6).map(width).collect();
    out.push('\n');
    for line in &lines {
        let mut text = format!("{:<w$}", line[0], w = widths[0]);
        for (cell, w) in line[1..].iter().zip(&widths[1..]) {
            text.push_str(&format!("  {cell:>w$}"));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    if let Some(diagnostics) = answer["diagnostics"].as_object().filter(|d| !d.is_empty()) {
        out.push('\n');
        for (key, value) in diagnostics {
            out.push_str(&format!("{key}: {}\n", plain(value)));
        }
    }
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        out.push_str(&format!(
            "warning: {}\n",
            warning.as_str().unwrap_or_default()
        ));
    }
    out
}

fn about(e: &Value) -> String {
    ["term", "group", "time", "event_time", "horizon", "unit"]
        .iter()
        .filter(|k| !e[**k].is_null())
        .map(|k| {
            if *k == "term" {
                plain(&e[*k])
            } else {
                format!("{k} {}", plain(&e[*k]))
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => "-".into(),
        Value::Number(n) => n.as_i64().map_or_else(
            || n.as_f64().map_or_else(String::new, digits),
            |i| i.to_string(),
        ),
        Value::Bool(b) => b.to_string(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| format!("{k} {}", plain(v)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Six significant digits, without an exponent for everyday sizes.
fn digits(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let size = x.abs().log10().floor();
    if !(-5.0..12.0).contains(&size) {
        return format!("{x:.4e}");
    }
    let places = (5.0 - size).clamp(0.0, 9.0) as usize;
    let text = format!("{x:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

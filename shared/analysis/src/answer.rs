//! The answer's shape: one place that writes its keys.

use crate::rows::LeftOut;
use levier_stats::Estimate;
use serde_json::{Map, Value, json};

/// An answer in the making.
pub struct Answer {
    method: String,
    n: usize,
    left_out: LeftOut,
    estimate: Option<Value>,
    estimates: Option<Vec<Value>>,
    /// Checks and by-products.
    pub diagnostics: Map<String, Value>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// A number as JSON; whole ones without decimals, what is not finite as null.
pub fn number(x: f64) -> Value {
    if x.is_finite() && x.fract() == 0.0 && x.abs() < 9e15 {
        json!(x as i64)
    } else if x.is_finite() {
        json!(x)
    } else {
        Value::Null
    }
}

/// A label as JSON: a number when it is written as one would be, `1.0` included; `007` stays text.
pub fn label(text: &str) -> Value {
    let plain = text.strip_suffix(".0").unwrap_or(text);
    match plain.parse::<f64>() {
        Ok(x) if x.is_finite() && x.abs() < 9e15 && x.to_string() == plain => number(x),
        _ => json!(text),
    }
}

/// An estimate as JSON, with what it is about in front.
pub fn entry(about: &[(&str, Value)], e: &Estimate) -> Value {
    let mut map: Map<String, Value> = about
        .iter()
        .map(|(k, v)| ((*k).to_string(), v.clone()))
        .collect();
    map.insert("value".into(), json!(e.value));
    map.insert("standard_error".into(), json!(e.standard_error));
    map.insert("lower".into(), json!(e.lower));
    map.insert("upper".into(), json!(e.upper));
    map.insert("p_value".into(), json!(e.p_value));
    Value::Object(map)
}

impl Answer {
    /// Rows used and rows left out.
    pub fn new(method: &str, n: usize, left_out: LeftOut) -> Self {
        Self {
            method: method.into(),
            n,
            left_out,
            estimate: None,
            estimates: None,
            diagnostics: Map::new(),
            warnings: Vec::new(),
        }
    }

    /// The one number.
    pub fn estimate(&mut self, e: &Estimate) {
        self.estimate = Some(entry(&[], e));
    }

    /// The one number, with what it is about.
    pub fn estimate_about(&mut self, about: &[(&str, Value)], e: &Estimate) {
        self.estimate = Some(entry(about, e));
    }

    /// One of several numbers.
    pub fn push(&mut self, about: &[(&str, Value)], e: &Estimate) {
        self.estimates
            .get_or_insert_with(Vec::new)
            .push(entry(about, e));
    }

    /// One of several numbers that is not known; a warning says why.
    pub fn push_unknown(&mut self, about: &[(&str, Value)]) {
        let mut map: Map<String, Value> = about
            .iter()
            .map(|(k, v)| ((*k).to_string(), v.clone()))
            .collect();
        for key in ["value", "standard_error", "lower", "upper", "p_value"] {
            map.insert(key.into(), Value::Null);
        }
        self.estimates
            .get_or_insert_with(Vec::new)
            .push(Value::Object(map));
    }

    /// Sets a diagnostic.
    pub fn note(&mut self, key: &str, value: Value) {
        self.diagnostics.insert(key.into(), value);
    }

    /// The JSON.
    pub fn finish(self) -> Value {
        let mut map = Map::new();
        map.insert("method".into(), json!(self.method));
        map.insert("n".into(), json!(self.n));
        let left_out: Vec<Value> = self
            .left_out
            .iter()
            .map(|(reason, n)| json!({"reason": reason, "n": n}))
            .collect();
        map.insert("left_out".into(), json!(left_out));
        if let Some(e) = self.estimate {
            map.insert("estimate".into(), e);
        }
        if let Some(e) = self.estimates {
            map.insert("estimates".into(), Value::Array(e));
        }
        map.insert("diagnostics".into(), Value::Object(self.diagnostics));
        map.insert("warnings".into(), json!(self.warnings));
        Value::Object(map)
    }
}

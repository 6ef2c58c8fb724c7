//! The first pass: opens a file as the table that it is, finds its header, and settles what only the whole file can tell.

use std::io::Read;

use bytes::Bytes;
use levier_domain::receipt::Receipt;

use crate::closed::Closed;
use crate::columnar;
use crate::encoding::{Census, Charset, Utf8Reader};
use crate::evidence::{Evidence, Settled};
use crate::json;
use crate::plan::Plan;
use crate::read::{Failure, Reading};
use crate::recognise::{self, Declared, Found, Sample};
use crate::rows::{Row, Rows, Shape, TextRows};
use crate::table::{self, Container, Input, Table};

/// A file opened as a table.
pub(crate) struct Opened<'i> {
    pub(crate) table: Table<'i>,
    /// The header that was recognised, or why none was.
    pub(crate) found: Result<Found, String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) maybe_latin9: bool,
}

const SAMPLE: usize = 256 * 1024;
/// Headers are looked for among so many records.
const FIRST: usize = 40;

/// Opens `input` as the table that it is and looks for a known header.
pub(crate) fn open<'i>(
    name: &str,
    input: &'i mut dyn Input,
    reading: &Reading<'_>,
    declared: &Declared<'_>,
    receipt: &mut Receipt,
) -> Result<Opened<'i>, Failure> {
    let mut head = Vec::new();
    input.open()?.take(4096).read_to_end(&mut head)?;
    match table::container(&head) {
        Container::Foreign(kind) => Err(Failure::Reason(format!(
            "The file is a {kind}, not a table. Export CSV, a workbook, JSON or Parquet."
        ))),
        Container::Parquet => {
            let bytes = hold(input, columnar::LARGEST, "Parquet file")?;
            let header = columnar::header(&bytes)?;
            let samples = [Sample::new(0, header)];
            let found = known(&samples, declared)?;
            Ok(Opened {
                table: Table::Parquet(bytes),
                found,
                warnings: Vec::new(),
                maybe_latin9: false,
            })
        }
        Container::Zip | Container::OldWorkbook => {
            let bytes = hold(input, crate::workbook::LARGEST, "workbook")?;
            open_workbook(bytes, declared, receipt, reading)
        }
        Container::Gzip => Err(Failure::Reason(
            "The file is packed more than once. Unpack it and drop what is inside.".to_owned(),
        )),
        Container::Text => open_text(name, input, reading, declared, receipt),
    }
}

pub(crate) fn hold(input: &mut dyn Input, largest: u64, what: &str) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    input.open()?.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(Failure::Reason(format!(
            "The {what} is larger than {} MB. Split it, or export CSV, which may be of any size.",
            largest >> 20
        )));
    }
    Ok(bytes.into())
}

fn open_workbook<'i>(
    bytes: Bytes,
    declared: &Declared<'_>,
    receipt: &mut Receipt,
    reading: &Reading<'_>,
) -> Result<Opened<'i>, Failure> {
    let wanted = declared
        .sidecar
        .and_then(|sidecar| sidecar.sheet.as_deref());
    let mut best: Option<(Found, crate::workbook::Sheet)> = None;
    let mut unknown: Option<(String, crate::workbook::Sheet)> = None;
    let mut others = Vec::new();
    for sheet in crate::workbook::sheets(bytes, wanted, reading.limits.max_columns)? {
        let samples = sample(&mut sheet.rows())?;
        match known(&samples, declared)? {
            Ok(found) => {
                others.push(sheet.name.clone());
                if best.as_ref().is_none_or(|(b, _)| found.score > b.score) {
                    best = Some((found, sheet));
                }
            }
            Err(reason) => unknown = unknown.or(Some((reason, sheet))),
        }
    }
    let (found, sheet) = match (best, unknown) {
        (Some((found, sheet)), _) => (Ok(found), sheet),
        (None, Some((reason, sheet))) => (Err(reason), sheet),
        (None, None) => {
            return Err(Failure::Reason(
                "The workbook has no sheet with rows.".to_owned(),
            ));
        }
    };
    receipt.sheet = Some(sheet.name.clone());
    others.retain(|name| *name != sheet.name);
    let mut warnings = Vec::new();
    if let Ok(found) = &found {
        let merged = sheet.merged.iter().filter(|last| **last > found.line);
        match merged.count() {
            0 => {}
            n => warnings.push(format!(
                "{n} merged cell(s) span several rows, and only the first row of each holds the value: unmerge them, fill the rows in and drop the file again"
            )),
        }
    }
    if !others.is_empty() {
        warnings.push(format!(
            "only the sheet `{}` was read; sheets {} look like tables too: name one in a sidecar file (`sheet = …`) to read it",
            sheet.name,
            others.join(", ")
        ));
    }
    Ok(Opened {
        table: Table::Sheet(sheet),
        found,
        warnings,
        maybe_latin9: false,
    })
}

/// The known header among `samples`, or the reason why the file is refused.
fn known(samples: &[Sample], declared: &Declared<'_>) -> Result<Result<Found, String>, Failure> {
    Ok(recognise::find(samples, declared)?.ok_or_else(|| unknown(samples, declared)))
}

/// Why no header was recognised.
fn unknown(samples: &[Sample], declared: &Declared<'_>) -> String {
    if let Some(entity) = declared.entity()
        && let Some(other) = recognise::of_another_entity(samples, declared)
        && other.dialect.entity != entity
    {
        return format!(
            "The file was declared as {entity}, but its headers are those of {} ({}). Drop it as {}, or drop the right file.",
            other.dialect.entity, other.dialect.name, other.dialect.entity
        );
    }
    if let Some(near) = recognise::nearest(samples, declared) {
        let tokens = recognise::Tokens::of(&near.header);
        let absent: Vec<String> = near
            .dialect
            .require
            .iter()
            .filter(|demand| !tokens.has_any(demand))
            .map(|demand| demand.join(" or "))
            .collect();
        if !absent.is_empty() {
            return format!(
                "No known header was found; line {} comes closest to {} but lacks {}. Export the file again with these columns, or map it in a sidecar file.",
                near.line,
                near.dialect.name,
                absent.join(", ")
            );
        }
    }
    if let Some((sample, entity)) = recognise::only_ids(samples, declared) {
        return format!(
            "Line {} holds the ids of {entity} and nothing else that is known of them: imported as {entity}, the file would empty what is known. If that is what its rows are, say `entity = \"{entity}\"` in a sidecar file or drop it as {entity}; else say in a sidecar file what they are.",
            sample.line
        );
    }
    "No known header was found in the first lines. Say what the file is in a sidecar file, or run `levier check --export` on it for a proposed mapping.".to_owned()
}

fn open_text<'i>(
    name: &str,
    input: &'i mut dyn Input,
    reading: &Reading<'_>,
    declared: &Declared<'_>,
    receipt: &mut Receipt,
) -> Result<Opened<'i>, Failure> {
    let text = settle_text(input, reading, receipt)?;
    if let Some(layout) = table::json_layout(name, &text.head) {
        let keys =
            json::keys(Utf8Reader::new(input.open()?, text.charset), layout)?.ok_or_else(|| {
                format!(
                    "The objects have more than {} different keys: this is no table.",
                    json::MOST_COLUMNS
                )
            })?;
        if keys.is_empty() {
            return Err(Failure::Reason(
                "The file holds no JSON object. Write one object per line, or an array of objects."
                    .to_owned(),
            ));
        }
        let samples = [Sample::new(0, keys.clone())];
        let mut found = known(&samples, declared)?;
        if let (Err(reason), [only]) = (&mut found, keys.as_slice())
            && wraps_records(&text.head)
        {
            *reason = format!(
                "The file is one JSON object, and the records stand in its `{only}`. Write that array alone into the file, or one object per line."
            );
        }
        return Ok(Opened {
            table: Table::Json {
                input,
                charset: text.charset,
                layout,
                keys,
            },
            found,
            warnings: text.warnings,
            maybe_latin9: text.maybe_latin9,
        });
    }
    let mut best: Option<(Found, Shape)> = None;
    let mut closest: Option<(usize, Vec<Sample>)> = None;
    for delimiter in delimiters(declared)? {
        let shape = Shape::of(delimiter);
        let samples = sample(&mut TextRows::new(text.head.as_bytes(), shape))?;
        if samples
            .iter()
            .any(|sample| sample.cells.len() > reading.limits.max_columns)
        {
            return Err(Failure::Reason(format!(
                "A line has more than {} columns: this is no table.",
                reading.limits.max_columns
            )));
        }
        match recognise::find(&samples, declared)? {
            Some(found) => {
                if best.as_ref().is_none_or(|(b, _)| found.score > b.score) {
                    best = Some((found, shape));
                }
            }
            None => {
                let near = recognise::nearest(&samples, declared).map_or(0, |near| near.score);
                let other = recognise::of_another_entity(&samples, declared).map_or(0, |f| f.score);
                let ids = usize::from(recognise::only_ids(&samples, declared).is_some());
                let near = near.max(other).max(ids);
                if closest.as_ref().is_none_or(|(score, _)| near > *score) {
                    closest = Some((near, samples));
                }
            }
        }
    }
    let (found, shape) = match best {
        Some((found, shape)) => (Ok(found), shape),
        None if text.head.trim_start().starts_with('{') => (
            Err("The file looks like JSON that is neither one array of objects nor one object per line. Write its records as one of these.".to_owned()),
            crate::sniff::shape(&text.head),
        ),
        None => {
            let samples = closest.map(|(_, samples)| samples).unwrap_or_default();
            let shape = match delimiters(declared)?.as_slice() {
                [only] => Shape::of(*only),
                _ => crate::sniff::shape(&text.head),
            };
            (Err(unknown(&samples, declared)), shape)
        }
    };
    receipt.delimiter = Some(delimiter_name(shape.delimiter));
    Ok(Opened {
        table: Table::Text {
            input,
            charset: text.charset,
            shape,
        },
        found,
        warnings: text.warnings,
        maybe_latin9: text.maybe_latin9,
    })
}

/// Whether a text is one object that opens with an array of objects, as APIs answer.
fn wraps_records(head: &str) -> bool {
    let blank = |c: char| c.is_whitespace() || c == '\u{FEFF}';
    head.trim_start_matches(blank)
        .strip_prefix('{')
        .and_then(|rest| rest.split_once(':'))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('['))
        .is_some_and(|rest| rest.trim_start().starts_with('{'))
}

/// The encoding of a text file and its beginning, decoded.
pub(crate) struct Settling {
    pub(crate) charset: Charset,
    pub(crate) head: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) maybe_latin9: bool,
}

pub(crate) fn settle_text(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    receipt: &mut Receipt,
) -> Result<Settling, Failure> {
    let declared = match reading.sidecar.and_then(|s| s.encoding.as_deref()) {
        None => None,
        Some(name) => Some(Charset::parse(name).ok_or_else(|| {
            format!("The sidecar names the encoding `{name}`, which is not known. Write utf-8, windows-1252, iso-8859-15 or utf-16.")
        })?),
    };
    let census = Census::take(&mut *input.open()?)?;
    let settled = census.settle(declared)?;
    receipt.encoding = Some(settled.charset.name().to_owned());
    let mut head = Vec::new();
    Utf8Reader::new(input.open()?, settled.charset)
        .take(SAMPLE as u64)
        .read_to_end(&mut head)?;
    // A sample may end inside a character or a record: only whole characters are looked at.
    let head = match String::from_utf8(head) {
        Ok(head) => head,
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(good);
            String::from_utf8(bytes).unwrap_or_default()
        }
    };
    if head.trim().is_empty() {
        return Err(Failure::Reason(
            "The file is empty: it holds only blanks. Export it again.".to_owned(),
        ));
    }
    Ok(Settling {
        charset: settled.charset,
        head,
        warnings: settled.warning.into_iter().collect(),
        maybe_latin9: settled.maybe_latin9,
    })
}

fn delimiters(declared: &Declared<'_>) -> Result<Vec<u8>, Failure> {
    match declared.sidecar.and_then(|s| s.delimiter.as_deref()) {
        None => Ok(vec![b',', b';', b'\t', b'|']),
        Some("tab" | "\t" | "\\t") => Ok(vec![b'\t']),
        Some(text) if text.len() == 1 && text.is_ascii() => Ok(vec![text.as_bytes()[0]]),
        Some(_) => Err(Failure::Reason(
            "The sidecar's delimiter is not one character; write `,`, `;`, `|` or `tab`."
                .to_owned(),
        )),
    }
}

pub(crate) fn delimiter_name(delimiter: u8) -> String {
    if delimiter == b'\t' {
        "tab".to_owned()
    } else {
        char::from(delimiter).to_string()
    }
}

pub(crate) fn sample(rows: &mut dyn Rows) -> std::io::Result<Vec<Sample>> {
    let mut row = Row::default();
    let mut samples = Vec::new();
    while samples.len() < FIRST && rows.next(&mut row)? {
        if row.fault.is_none() && !row.is_blank() {
            samples.push(Sample::new(row.line, row.to_cells()));
        }
    }
    Ok(samples)
}

/// What the values of a file settle.
pub(crate) struct Surveyed {
    pub(crate) settled: Settled,
    /// Where only the beginning was looked at: what is to be gathered from all rows, to see whether it holds.
    pub(crate) open: Option<Evidence>,
}

/// So many rows are looked at before the file is typed, where they settle everything.
const BEGINNING: u64 = 16_384;

/// Reads the file for its decimal marks, its orders of day and month, and its euro signs: its beginning where that settles
/// everything and not the `whole` file is asked for, else all of it.
pub(crate) fn values(
    table: &mut Table<'_>,
    plan: &mut Plan,
    header_line: Option<u64>,
    maybe_latin9: bool,
    whole: bool,
    reading: &Reading<'_>,
    receipt: &mut Receipt,
) -> Result<Surveyed, Failure> {
    let mut evidence = Evidence::of(plan, maybe_latin9);
    let columns = plan.attributes.clone();
    let mut closed = Closed::new(&columns, plan.object_of_attributes(), reading.country);
    if !(evidence.is_idle() && closed.is_idle()) {
        let mut rows = table.rows()?;
        let mut row = Row::default();
        let mut in_body = header_line.is_none();
        let mut seen = 0_u64;
        while rows.next(&mut row)? {
            if !in_body {
                in_body = Some(row.line) == header_line;
                continue;
            }
            evidence.see(&row);
            seen += 1;
            // How many rows are looked at must not depend on what else there is to settle.
            if seen <= BEGINNING {
                closed.see(&row);
            }
            if seen == BEGINNING
                && !(whole || maybe_latin9)
                && let Some((settled, tried)) = settles_all(&evidence, plan)
            {
                *plan = tried;
                plan.keep(closed.settle());
                return Ok(Surveyed {
                    settled,
                    open: Some(evidence.blank()),
                });
            }
        }
    }
    if maybe_latin9 {
        if !evidence.euro {
            return Err(Failure::Reason(
                "The file is Windows-1252 or ISO-8859-15, and nothing in it tells which: the letters œ, Š, Ž and the sign € differ. Say `encoding = \"windows-1252\"` or `\"iso-8859-15\"` in a sidecar file, or export it again as UTF-8.".to_owned(),
            ));
        }
        match table {
            Table::Text { charset, .. } | Table::Json { charset, .. } => {
                *charset = Charset::Iso8859_15;
                receipt.encoding = Some(Charset::Iso8859_15.name().to_owned());
                for header in &mut plan.header {
                    *header = header.replace('¤', "€");
                }
            }
            Table::Parquet(_) | Table::Sheet(_) => {}
        }
    }
    plan.keep(closed.settle());
    Ok(Surveyed {
        settled: evidence.settle(plan)?,
        open: None,
    })
}

/// What the evidence settles, with the plan that it gives, where nothing is left to be found out by further rows; they may
/// contradict it all the same.
fn settles_all(evidence: &Evidence, plan: &Plan) -> Option<(Settled, Plan)> {
    let mut tried = plan.clone();
    let settled = evidence.settle(&mut tried).ok()?;
    let sure = settled.warnings.is_empty() && (settled.mark.is_some() || evidence.has_no_amounts());
    sure.then_some((settled, tried))
}

//! The second pass: every record of the table becomes a typed row, an event, a refusal or a dropped line; none goes missing.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::item::Draft;
use levier_domain::receipt::{DroppedLine, Refusal};
use levier_domain::record::{Record, Value};

use crate::cells::shape;
use crate::dialect::{fits, token};
use crate::number::Mark;
use crate::plan::{Origin, Plan};
use crate::read::{Failure, MOST_LISTED, Reading, Sink, SinkError, Tap, dropped};
use crate::rows::Row;
use crate::table::Table;
use crate::typing::{Context, Typer};

/// What was counted while reading one file.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) folded: u64,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) dropped_lines: Vec<DroppedLine>,
    pub(crate) sink_error: Option<SinkError>,
}

/// An order whose lines are still coming.
struct Pending {
    name: String,
    line: u64,
    outcome: Result<Vec<Value>, Refusal>,
    rows: Vec<Row>,
    /// A broken line stands where another line of this order may have been.
    broken: Option<Refusal>,
}

/// Reads one table into a sink.
pub(crate) struct Emitter<'a> {
    plan: &'a Plan,
    typer: Typer<'a>,
    sink: &'a mut dyn Sink,
    counts: Counts,
    pending: Option<Pending>,
    /// Rows to be used again.
    spare: Vec<Row>,
    /// Spend by key, in order of first appearance.
    sums: BTreeMap<[u8; 16], usize>,
    summed: Vec<(u64, Record)>,
    footer: bool,
    tap: Option<Tap<'a>>,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        reading: &Reading<'a>,
        zone: TimeZone,
        mark: Option<Mark>,
        epoch_1904: bool,
        sink: &'a mut dyn Sink,
        tap: Option<Tap<'a>>,
    ) -> Self {
        let context = Context {
            zone,
            workspace_zone: reading.zone,
            country: reading.country,
            currency: reading.currency,
            hash_key: reading.hash_key,
            mark,
            epoch_1904,
        };
        Self {
            plan,
            typer: Typer::new(plan, context),
            sink,
            counts: Counts::default(),
            pending: None,
            spare: Vec::new(),
            sums: BTreeMap::new(),
            summed: Vec::new(),
            footer: false,
            tap,
        }
    }

    /// The counts, and what the admin should know.
    pub(crate) fn finish(self) -> (Counts, Vec<String>) {
        let warnings = self.typer.notes.warnings();
        (self.counts, warnings)
    }

    pub(crate) fn run(
        &mut self,
        table: &mut Table<'_>,
        header_line: Option<u64>,
    ) -> Result<(), Failure> {
        let mut rows = table.rows()?;
        let mut in_body = header_line.is_none();
        let mut row = Row::default();
        while rows.next(&mut row)? {
            if !in_body {
                if Some(row.line) == header_line {
                    in_body = true;
                    self.show(&row);
                } else {
                    let why = if row.is_blank() { "blank" } else { "preamble" };
                    self.drop(row.line, why);
                }
                continue;
            }
            if self.plan.fold.is_some() {
                row = self.folding(row)?;
            } else if !self.leave_out(&row) {
                self.one(&row)?;
            }
        }
        self.flush()?;
        for (line, record) in std::mem::take(&mut self.summed) {
            self.counts.accepted += 1;
            let given = self.sink.record(line, record);
            self.took(given)?;
        }
        Ok(())
    }

    fn show(&mut self, row: &Row) {
        if let Some(tap) = &mut self.tap {
            tap(row.line, row);
        }
    }

    fn took(&mut self, given: Result<(), SinkError>) -> Result<(), Failure> {
        given.map_err(|error| {
            self.counts.sink_error = Some(error);
            Failure::Sink
        })
    }

    fn drop(&mut self, line: u64, why: &str) {
        self.counts.dropped += 1;
        if self.counts.dropped_lines.len() < MOST_LISTED {
            self.counts.dropped_lines.push(dropped(line, why));
        }
    }

    fn refuse(&mut self, row: &Row, refusal: Refusal) -> Result<(), Failure> {
        self.counts.refused += 1;
        if self.counts.refusals.len() < MOST_LISTED {
            self.counts.refusals.push(refusal.clone());
        }
        let given = self.sink.refused(row.line, &row.to_cells(), refusal);
        self.took(given)
    }

    /// Blank lines, repeated headers, totals, footers and what the dialect leaves out.
    fn leave_out(&mut self, row: &Row) -> bool {
        if row.is_blank() {
            self.drop(row.line, "blank");
            return true;
        }
        if row.fault.is_some() {
            return false;
        }
        let header = &self.plan.header;
        if row.len() == header.len()
            && row.cell(0) == header[0]
            && row.cells().zip(header).all(|(cell, header)| cell == header)
        {
            self.drop(row.line, "repeated_header");
            return true;
        }
        let dialect = &self.plan.dialect;
        if !dialect.footers.is_empty() {
            let mut filled = row.cells().map(str::trim).filter(|cell| !cell.is_empty());
            let first = filled.next().unwrap_or("");
            let alone = filled.next().is_none();
            if first.len() <= 200 {
                let first = token(first);
                if dialect.footers.iter().any(|footer| fits(footer, &first)) {
                    let total = first.contains("total") || first.contains("totaux");
                    self.drop(row.line, if total { "total" } else { "footer" });
                    self.footer |= alone || !total;
                    return true;
                }
            }
            if self.footer && alone {
                self.drop(row.line, "footer");
                return true;
            }
            if self.plan.is_bare_total(row) {
                self.drop(row.line, "total");
                return true;
            }
        }
        for rule in &self.plan.drops {
            let cell = token(row.cell(rule.cell));
            if rule.equals.contains(&cell) {
                let why = rule.why.clone();
                self.drop(row.line, &why);
                return true;
            }
        }
        false
    }

    /// What is wrong with the shape of a row.
    fn misshapen(&self, row: &Row) -> Option<Refusal> {
        let refusal = |reason: String, hint: &str| {
            Some(Refusal {
                line: row.line,
                column: String::new(),
                reason,
                hint: hint.to_owned(),
            })
        };
        if let Some(fault) = row.fault {
            let (reason, hint) = fault.reason();
            return refusal(reason.to_owned(), hint);
        }
        let width = self.plan.width();
        if row.len() < width {
            return refusal(
                format!("the row has {} cell(s), the header {width}", row.len()),
                "a cell is missing, so that the others may have shifted; add it, or export again",
            );
        }
        if row.len() > width && (width..row.len()).any(|at| !row.cell(at).trim().is_empty()) {
            return refusal(
                format!("the row has {} cell(s), the header {width}", row.len()),
                "a cell holds an unquoted delimiter; put quotes around it, or export again",
            );
        }
        None
    }

    fn one(&mut self, row: &Row) -> Result<(), Failure> {
        if let Some(refusal) = self.misshapen(row) {
            return self.refuse(row, refusal);
        }
        self.show(row);
        match self.typer.row(row) {
            Ok(values) => self.accept(row, values),
            Err(refusal) => self.refuse(row, refusal),
        }
    }

    fn accept(&mut self, row: &Row, values: Vec<Value>) -> Result<(), Failure> {
        let record = Record {
            entity: self.plan.entity,
            values,
        };
        match self.plan.entity {
            Entity::Activity => match self.event(row.line, &record) {
                Ok(draft) => {
                    self.counts.accepted += 1;
                    let given = self.sink.event(row.line, draft);
                    self.took(given)
                }
                Err(refusal) => self.refuse(row, refusal),
            },
            Entity::Spend => match self.add(row.line, record) {
                Ok(()) => Ok(()),
                Err(refusal) => self.refuse(row, refusal),
            },
            _ => {
                self.counts.accepted += 1;
                let given = self.sink.record(row.line, record);
                self.took(given)
            }
        }
    }

    /// Sums spend rows of one key.
    fn add(&mut self, line: u64, record: Record) -> Result<(), Refusal> {
        let key = record.key_hash();
        let Some(at) = self.sums.get(&key).copied() else {
            self.sums.insert(key, self.summed.len());
            self.summed.push((line, record));
            return Ok(());
        };
        let Some((first, held)) = self.summed.get_mut(at) else {
            return Ok(());
        };
        let refuse = |column: &str, reason: String, hint: &str| Refusal {
            line,
            column: column.to_owned(),
            reason,
            hint: hint.to_owned(),
        };
        if held.get("currency") != record.get("currency") {
            return Err(refuse(
                "",
                format!("line {first} has the same day, channel and campaign in another currency"),
                "give one currency for each day, channel and campaign",
            ));
        }
        let amount = match (
            held.get("amount_minor").as_integer(),
            record.get("amount_minor").as_integer(),
        ) {
            (Some(a), Some(b)) => a.checked_add(b).ok_or_else(|| {
                refuse(
                    "",
                    "the sum of the amounts is too large".to_owned(),
                    "check the amounts",
                )
            })?,
            (a, b) => a.or(b).unwrap_or(0),
        };
        held.set("amount_minor", Value::Integer(amount));
        for column in ["impressions", "clicks", "conversions"] {
            let sum = match (held.get(column).as_number(), record.get(column).as_number()) {
                (None, None) => Value::Null,
                (a, b) => Value::Number(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
            };
            held.set(column, sum);
        }
        self.counts.folded += 1;
        Ok(())
    }

    /// A row of `activity` as a canonical event.
    fn event(&mut self, line: u64, record: &Record) -> Result<Draft, Refusal> {
        let text = |column: &str| record.get(column).as_text().map(str::to_owned);
        let refuse = |column: &str, reason: String, hint: String| Refusal {
            line,
            column: column.to_owned(),
            reason,
            hint,
        };
        let written = text("kind").unwrap_or_default();
        let kind: Kind = match written.parse() {
            Ok(Kind::RecordChanged) | Err(_) => {
                return Err(refuse(
                    "kind",
                    format!("is no kind of event ({})", shape(&written)),
                    format!(
                        "write one of {}",
                        Kind::ALL
                            .iter()
                            .filter(|kind| **kind != Kind::RecordChanged)
                            .map(|kind| kind.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                ));
            }
            Ok(kind) => kind,
        };
        let (Some(id), Some(platform), Some(community), Some(occurred_at)) = (
            text("event_id"),
            text("platform"),
            text("community"),
            record.get("occurred_at").as_instant(),
        ) else {
            return Err(refuse(
                "",
                "a required cell is empty".to_owned(),
                "fill in event_id, platform, community and occurred_at".to_owned(),
            ));
        };
        let mut event = Event::new(&platform, &community, "import", kind, occurred_at, &[&id]);
        if is_canonical(&id, &platform) {
            event.event_id.clone_from(&id);
        }
        event.actor = text("actor");
        event.target = text("target");
        event.channel = text("channel");
        event.thread = text("thread");
        event.reply_to = text("reply_to");
        event.visibility = text("visibility").and_then(|word| word.parse().ok());
        if let Value::Attributes(map) = record.get("attributes") {
            event.attributes.clone_from(map);
        }
        for (column, key) in [
            ("email_key", attribute::EMAIL_KEY),
            ("phone_key", attribute::PHONE_KEY),
        ] {
            if let Some(hash) = text(column) {
                event.attributes.insert(key.to_owned(), hash);
            }
        }
        if kind == Kind::MessagePosted && !is_canonical(&id, &platform) {
            event
                .attributes
                .entry(attribute::MESSAGE.to_owned())
                .or_insert(id);
        }
        Ok(Draft {
            event,
            text: self.typer.text.take(),
            record: None,
        })
    }

    /// Order lines: the first carries the order, those that follow under the same name only count items. Gives back a row to
    /// read into.
    fn folding(&mut self, row: Row) -> Result<Row, Failure> {
        let Some(fold) = self.plan.fold else {
            return Ok(row);
        };
        let misshapen = self.misshapen(&row);
        if misshapen.is_none() {
            if self.leave_out(&row) {
                return Ok(row);
            }
        } else if row.is_blank() {
            self.drop(row.line, "blank");
            return Ok(row);
        }
        if misshapen.is_none() {
            self.show(&row);
        }
        let name = row.cell(fold);
        let continues = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.name == name && !name.is_empty());
        match misshapen {
            Some(refusal) if continues => {
                if let Some(pending) = &mut self.pending {
                    pending.outcome = Err(refusal);
                    pending.rows.push(row);
                    self.counts.folded += 1;
                }
                Ok(self.spare.pop().unwrap_or_default())
            }
            Some(refusal) => {
                if let Some(pending) = &mut self.pending {
                    pending.broken = Some(refusal.clone());
                }
                self.refuse(&row, refusal)?;
                Ok(row)
            }
            None if continues && self.is_continuation(&row) => {
                if let Some(pending) = &mut self.pending {
                    if let Some(refusal) = pending.broken.take()
                        && pending.outcome.is_ok()
                    {
                        pending.outcome = Err(Refusal {
                            line: pending.line,
                            column: String::new(),
                            reason: format!(
                                "a line of this order (line {}) cannot be read",
                                refusal.line
                            ),
                            hint: refusal.hint,
                        });
                    }
                    self.typer.add_items(&mut pending.outcome, &row);
                    pending.rows.push(row);
                    self.counts.folded += 1;
                }
                Ok(self.spare.pop().unwrap_or_default())
            }
            None => {
                self.flush()?;
                let outcome = self.typer.row(&row);
                self.pending = Some(Pending {
                    name: row.cell(fold).to_owned(),
                    line: row.line,
                    outcome,
                    rows: vec![row],
                    broken: None,
                });
                Ok(self.spare.pop().unwrap_or_default())
            }
        }
    }

    /// A line that repeats the order's name and has neither its amount nor its status. (Its time and e-mail may be repeated.)
    fn is_continuation(&self, row: &Row) -> bool {
        self.plan.fields.iter().all(|field| {
            !field.required
                || !matches!(field.kind, ColumnKind::Money | ColumnKind::Choice(_))
                || match field.origin {
                    Origin::Cell(at) => row.cell(at).trim().is_empty(),
                    Origin::Constant(_) => true,
                }
        })
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let Some(mut pending) = self.pending.take() else {
            return Ok(());
        };
        match pending.outcome {
            Ok(values) => {
                self.counts.accepted += 1;
                let record = Record {
                    entity: self.plan.entity,
                    values,
                };
                let given = self.sink.record(pending.line, record);
                self.took(given)?;
            }
            Err(refusal) => {
                // All lines of the order go to the refused-rows file; they count once.
                self.counts.refused += 1;
                if self.counts.refusals.len() < MOST_LISTED {
                    self.counts.refusals.push(refusal.clone());
                }
                for row in &pending.rows {
                    let given = self
                        .sink
                        .refused(row.line, &row.to_cells(), refusal.clone());
                    self.took(given)?;
                }
            }
        }
        for row in pending.rows.drain(..) {
            if self.spare.len() < 64 {
                self.spare.push(row);
            }
        }
        Ok(())
    }
}

/// Whether an id is already that of a canonical event of the platform.
fn is_canonical(id: &str, platform: &str) -> bool {
    id.strip_prefix(platform)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|hash| {
            hash.len() == 32
                && hash
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        })
}

//! What becomes of the records of one stretch of a table: each is a typed row, an event, a refusal or a dropped line; none goes
//! missing.
//!
//! A stretch is judged by itself, from what the one before it left open ([`Carried`]): nothing, almost always, because stretches
//! end where an order does. So stretches can be judged on several threads at once, and one whose predecessor did leave
//! something open is simply judged again.

use levier_domain::entity::{ColumnKind, Entity};
use levier_domain::item::Draft;
use levier_domain::money::Currency;
use levier_domain::receipt::{DroppedLine, Refusal};
use levier_domain::record::{Record, Value};

use crate::activity;
use crate::dialect::{fits, token};
use crate::evidence::Evidence;
use crate::notes::Notes;
use crate::number::number;
use crate::plan::{Origin, Plan};
use crate::read::{MOST_LISTED, SinkError, dropped};
use crate::rows::Row;
use crate::stretch::Stretch;
use crate::sums::Sums;
use crate::typing::{Context, Typer};

/// An order whose lines are still coming.
pub(crate) struct Pending {
    name: String,
    line: u64,
    outcome: Result<Vec<Value>, Refusal>,
    /// Its lines in earlier stretches.
    before: Vec<Row>,
    /// Its lines in this one.
    rows: Vec<usize>,
    /// A broken line stands where another line of this order may have been.
    broken: Option<Refusal>,
}

/// What one stretch leaves open for the next.
#[derive(Default)]
pub(crate) struct Carried {
    pending: Option<Pending>,
    footer: bool,
}

impl Carried {
    pub(crate) fn is_nothing(&self) -> bool {
        self.pending.is_none() && !self.footer
    }
}

/// What became of one stretch.
pub(crate) struct Judged {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) folded: u64,
    /// For the receipt, as many as are listed.
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) dropped_lines: Vec<DroppedLine>,
    /// For the file of refused rows. The lines of one refused order come one by one.
    pub(crate) refused_rows: Vec<(u64, Vec<String>, Refusal)>,
    pub(crate) events: Vec<(u64, Draft)>,
    /// Rows that are cut soundly, by their place in the stretch.
    pub(crate) shown: Vec<usize>,
    pub(crate) notes: Notes,
    pub(crate) stretch: Box<dyn Stretch>,
    pub(crate) left: Carried,
    pub(crate) failed: Option<SinkError>,
}

impl Judged {
    fn of(stretch: Box<dyn Stretch>) -> Self {
        Self {
            accepted: 0,
            refused: 0,
            dropped: 0,
            folded: 0,
            refusals: Vec::new(),
            dropped_lines: Vec::new(),
            refused_rows: Vec::new(),
            events: Vec::new(),
            shown: Vec::new(),
            notes: Notes::default(),
            stretch,
            left: Carried::default(),
            failed: None,
        }
    }

    fn drop(&mut self, line: u64, why: &str) {
        self.dropped += 1;
        if self.dropped_lines.len() < MOST_LISTED {
            self.dropped_lines.push(dropped(line, why));
        }
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        self.refused += 1;
        if self.refusals.len() < MOST_LISTED {
            self.refusals.push(refusal.clone());
        }
    }

    /// `cells` are the row's, as one may mend them.
    fn refuse(&mut self, row: &Row, cells: Vec<String>, refusal: Refusal) {
        self.count_refusal(&refusal);
        self.refused_rows.push((row.line, cells, refusal));
    }

    fn record(&mut self, line: u64, record: &mut Record, domain: Option<&str>) {
        self.accepted += 1;
        if self.failed.is_none()
            && let Err(error) = self.stretch.record(line, record, domain)
        {
            self.failed = Some(error);
        }
    }
}

/// Judges the rows of one table.
pub(crate) struct Judge<'a> {
    plan: &'a Plan,
    typer: Typer<'a>,
    record: Record,
    carried: Carried,
    sums: Sums,
    /// Whether rows that are cut soundly are told.
    pub(crate) showing: bool,
    /// What the values of all rows judged so far prove, where that is still open.
    pub(crate) evidence: Option<Evidence>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(plan: &'a Plan, context: Context<'a>) -> Self {
        Self {
            plan,
            typer: Typer::new(plan, context),
            record: Record::new(plan.entity),
            carried: Carried::default(),
            sums: Sums::default(),
            showing: false,
            evidence: None,
        }
    }

    /// Whether stretches of this table can be judged each by itself. Spend is summed over the whole table.
    pub(crate) fn stands_alone(entity: Entity) -> bool {
        !matches!(entity, Entity::Spend | Entity::Activity)
    }

    /// Judges one stretch. `closed` says that what follows it begins an order of its own (or that nothing follows).
    pub(crate) fn judge(
        &mut self,
        rows: &[Row],
        carried: Carried,
        closed: bool,
        stretch: Box<dyn Stretch>,
    ) -> Judged {
        let mut out = Judged::of(stretch);
        self.carried = carried;
        for (at, row) in rows.iter().enumerate() {
            if let Some(evidence) = &mut self.evidence {
                evidence.see(row);
            }
            if self.plan.fold.is_some() {
                self.folding(rows, at, &mut out);
            } else if !self.leave_out(row, &mut out) {
                self.one(at, row, &mut out);
            }
            if out.failed.is_some() {
                break;
            }
        }
        if closed {
            self.flush(rows, &mut out);
        } else if let Some(pending) = &mut self.carried.pending {
            let here = pending.rows.drain(..).map(|at| rows[at].clone());
            pending.before.extend(here);
        }
        out.left = std::mem::take(&mut self.carried);
        out.notes = std::mem::take(&mut self.typer.notes);
        out
    }

    /// What was summed over all stretches.
    pub(crate) fn totals(&mut self, stretch: Box<dyn Stretch>) -> Judged {
        let mut out = Judged::of(stretch);
        for (line, mut record) in self.sums.take() {
            out.record(line, &mut record, None);
        }
        out
    }

    /// Whether a row begins an order of its own, whatever stands before it.
    pub(crate) fn begins_an_order(plan: &Plan, row: &Row) -> bool {
        !row.is_blank()
            && misshapen(plan, row).is_none()
            && !is_continuation(plan, row)
            && plan.dialect.footers.is_empty()
            && left_out(plan, row, &mut false).is_none()
    }

    /// Blank lines, repeated headers, totals, footers and what the dialect leaves out.
    fn leave_out(&mut self, row: &Row, out: &mut Judged) -> bool {
        match left_out(self.plan, row, &mut self.carried.footer) {
            Some(why) => {
                out.drop(row.line, why);
                true
            }
            None => false,
        }
    }

    fn show(&self, at: usize, out: &mut Judged) {
        if self.showing {
            out.shown.push(at);
        }
    }

    fn one(&mut self, at: usize, row: &Row, out: &mut Judged) {
        if let Some(refusal) = misshapen(self.plan, row) {
            out.refuse(row, row.to_cells(), refusal);
            return;
        }
        self.show(at, out);
        if let Err(refusal) = self.typer.row(row, &mut self.record.values) {
            out.refuse(row, self.typer.mendable(row), refusal);
            return;
        }
        match self.plan.entity {
            Entity::Activity => {
                let (text, domain) = (self.typer.text.take(), self.typer.email_domain.take());
                match activity::event(row.line, &self.record, text, domain) {
                    Ok(draft) => {
                        out.accepted += 1;
                        out.events.push((row.line, draft));
                    }
                    Err(refusal) => out.refuse(row, self.typer.mendable(row), refusal),
                }
            }
            Entity::Spend => match self.sums.add(row.line, &self.record) {
                Ok(held) => out.folded += u64::from(held),
                Err(refusal) => out.refuse(row, self.typer.mendable(row), refusal),
            },
            _ => {
                let domain = self.typer.email_domain.as_deref();
                out.record(row.line, &mut self.record, domain);
            }
        }
    }

    /// Order lines: the first carries the order, those that follow under the same name only count items.
    fn folding(&mut self, rows: &[Row], at: usize, out: &mut Judged) {
        let row = &rows[at];
        let plan = self.plan;
        let Some(fold) = plan.fold else {
            return;
        };
        let misshapen = misshapen(plan, row);
        if misshapen.is_none() {
            if self.leave_out(row, out) {
                return;
            }
            self.show(at, out);
        } else if row.is_blank() {
            out.drop(row.line, "blank");
            return;
        }
        let name = row.cell(fold);
        let pending = self.carried.pending.as_mut();
        match (misshapen, pending) {
            (Some(refusal), Some(pending)) if pending.name == name && !name.is_empty() => {
                pending.outcome = Err(refusal);
                pending.rows.push(at);
                out.folded += 1;
            }
            (Some(refusal), pending) => {
                if let Some(pending) = pending {
                    pending.broken = Some(refusal.clone());
                }
                out.refuse(row, row.to_cells(), refusal);
            }
            (None, Some(pending))
                if pending.name == name && !name.is_empty() && is_continuation(plan, row) =>
            {
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
                self.typer.add_items(&mut pending.outcome, row);
                pending.rows.push(at);
                out.folded += 1;
            }
            (None, _) => {
                self.flush(rows, out);
                let mut values = Vec::new();
                let outcome = self.typer.row(row, &mut self.record.values).map(|()| {
                    std::mem::swap(&mut values, &mut self.record.values);
                    values
                });
                self.carried.pending = Some(Pending {
                    name: name.to_owned(),
                    line: row.line,
                    outcome,
                    before: Vec::new(),
                    rows: vec![at],
                    broken: None,
                });
            }
        }
    }

    fn flush(&mut self, rows: &[Row], out: &mut Judged) {
        let Some(pending) = self.carried.pending.take() else {
            return;
        };
        match pending.outcome {
            Ok(values) => {
                self.record.values = values;
                out.record(pending.line, &mut self.record, None);
            }
            Err(refusal) => {
                // All lines of the order go to the refused-rows file; they count once.
                out.count_refusal(&refusal);
                let here = pending.rows.iter().map(|at| &rows[*at]);
                for row in pending.before.iter().chain(here) {
                    let cells = self.typer.mendable(row);
                    out.refused_rows.push((row.line, cells, refusal.clone()));
                }
            }
        }
    }
}

/// Why a row is left out: blank, a repeated header, a total, a footer or what the dialect says. `footer` is whether a footer has
/// begun.
fn left_out<'p>(plan: &'p Plan, row: &Row, footer: &mut bool) -> Option<&'p str> {
    if row.is_blank() {
        return Some("blank");
    }
    if row.fault.is_some() {
        return None;
    }
    let header = &plan.header;
    if row.len() == header.len()
        && row.cell(0) == header[0]
        && row.cells().zip(header).all(|(cell, header)| cell == header)
    {
        return Some("repeated_header");
    }
    let dialect = &plan.dialect;
    if !dialect.footers.is_empty() {
        let mut filled = row.cells().map(str::trim).filter(|cell| !cell.is_empty());
        let first = filled.next().unwrap_or("");
        let alone = filled.next().is_none();
        if first.len() <= 200 {
            let first = token(first);
            if dialect.footers.iter().any(|words| fits(words, &first)) {
                let total = first.contains("total") || first.contains("totaux");
                *footer |= alone || !total;
                return Some(if total { "total" } else { "footer" });
            }
        }
        if *footer && alone {
            return Some("footer");
        }
        if plan.is_bare_total(row) {
            return Some("total");
        }
    }
    if is_total(row) {
        return Some("total");
    }
    for rule in &plan.drops {
        let cell = token(row.cell(rule.cell));
        if rule.equals.contains(&cell) {
            return Some(&rule.why);
        }
    }
    None
}

/// Whether a row says that it is a total, and holds beside that nothing but numbers. (A company may be called Total.)
fn is_total(row: &Row) -> bool {
    const LABELS: &[&str] = &[
        "total",
        "total *",
        "total:*",
        "totals",
        "totals *",
        "totals:*",
        "totaux",
        "totaux *",
        "totaux:*",
        "grand total*",
    ];
    let mut filled = row.cells().map(str::trim).filter(|cell| !cell.is_empty());
    let Some(first) = filled.next().filter(|first| first.len() <= 200) else {
        return false;
    };
    // Most rows are told apart by a letter.
    if !first.starts_with(['t', 'T', 'g', 'G']) {
        return false;
    }
    let label = token(first);
    LABELS.iter().any(|words| fits(words, &label))
        && filled.all(|cell| number(cell, None).is_some() || Currency::parse(cell).is_ok())
}

/// What is wrong with the shape of a row.
fn misshapen(plan: &Plan, row: &Row) -> Option<Refusal> {
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
    let width = plan.width();
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

/// A line that repeats the order's name and has neither its amount nor its status. (Its time and e-mail may be repeated.)
fn is_continuation(plan: &Plan, row: &Row) -> bool {
    plan.fields.iter().all(|field| {
        !field.required
            || !matches!(field.kind, ColumnKind::Money | ColumnKind::Choice(_))
            || match field.origin {
                Origin::Cell(at) => row.cell(at).trim().is_empty(),
                Origin::Constant(_) => true,
            }
    })
}

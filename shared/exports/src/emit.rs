//! The pass that types: one thread cuts records, others judge stretches of them, and the sink is given what became of them in
//! the file's order.
//!
//! Few stretches are under way at once and their rows are used again, so that memory does not grow with the file.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use levier_domain::receipt::{DroppedLine, Refusal};

use crate::evidence::Evidence;
use crate::judge::{Carried, Judge, Judged};
use crate::notes::Notes;
use crate::plan::Plan;
use crate::read::{Failure, MOST_LISTED, Sink, SinkError, Tap, dropped};
use crate::rows::{Row, Rows};
use crate::stretch::{Pace, Stretch};
use crate::table::Table;
use crate::typing::Context;

/// Text of one stretch, at most (but for its last row).
const MOST_BYTES: usize = 8 << 20;
/// Memory that the rows of one stretch may keep to be used again.
const MOST_KEPT: usize = 32 << 20;
/// A stretch may become so many times longer while no order ends.
const STRETCHED: usize = 4;

/// What was counted while reading one file.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) folded: u64,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) dropped_lines: Vec<DroppedLine>,
    pub(crate) notes: Notes,
    pub(crate) sink_error: Option<SinkError>,
}

/// Reads one table into a sink.
pub(crate) struct Emitter<'a, 's> {
    pub(crate) plan: &'a Plan,
    pub(crate) context: Context<'a>,
    pub(crate) pace: Pace,
    pub(crate) sink: &'s mut dyn Sink,
    pub(crate) tap: Option<Tap<'s>>,
    pub(crate) counts: Counts,
    /// Gathers what the values prove, where that is still open.
    pub(crate) evidence: Option<Evidence>,
}

/// Rows on their way to a judge and back.
struct Stint {
    rows: Vec<Row>,
    used: usize,
    closed: bool,
}

impl Stint {
    fn rows(&self) -> &[Row] {
        &self.rows[..self.used]
    }
}

/// A judge on its own thread: stints go in, verdicts come out in the same order.
struct Bench {
    given: Sender<(Stint, Box<dyn Stretch>)>,
    judged: Receiver<(Stint, Judged)>,
}

impl<'a> Emitter<'a, '_> {
    pub(crate) fn run(
        &mut self,
        table: &mut Table<'_>,
        header_line: Option<u64>,
    ) -> Result<(), Failure> {
        let mut rows = table.rows()?;
        let rows = &mut *rows;
        if let Some(line) = header_line
            && !self.head(rows, line)?
        {
            return Ok(());
        }
        let mut judge = self.judge();
        judge.showing = self.tap.is_some();
        let alone = self.pace.threads < 2 || !Judge::stands_alone(self.plan.entity);
        let result = if alone {
            self.body(rows, &mut judge, &mut [])
        } else {
            self.with_threads(rows, &mut judge)
        };
        if let (Some(all), Some(seen)) = (&mut self.evidence, &judge.evidence) {
            all.absorb(seen);
        }
        result
    }

    fn judge(&self) -> Judge<'a> {
        let mut judge = Judge::new(self.plan, self.context.clone());
        judge.evidence = self.evidence.as_ref().map(Evidence::blank);
        judge
    }

    /// Passes over what stands before the body: `false` where the file ends there.
    fn head(&mut self, rows: &mut dyn Rows, header_line: u64) -> io::Result<bool> {
        let mut row = Row::default();
        while rows.next(&mut row)? {
            if row.line == header_line {
                if let Some(tap) = &mut self.tap {
                    tap(row.line, &row);
                }
                return Ok(true);
            }
            self.counts.dropped += 1;
            if self.counts.dropped_lines.len() < MOST_LISTED {
                let why = if row.is_blank() { "blank" } else { "preamble" };
                self.counts.dropped_lines.push(dropped(row.line, why));
            }
        }
        Ok(false)
    }

    fn with_threads(&mut self, rows: &mut dyn Rows, judge: &mut Judge<'_>) -> Result<(), Failure> {
        let (plan, context) = (self.plan, self.context.clone());
        let blank = self.evidence.as_ref().map(Evidence::blank);
        let showing = judge.showing;
        std::thread::scope(|scope| {
            let mut benches = Vec::new();
            let mut threads = Vec::new();
            for _ in 0..self.pace.threads {
                let (given, stints) = channel::<(Stint, Box<dyn Stretch>)>();
                let (verdicts, judged) = channel();
                benches.push(Bench { given, judged });
                let mut judge = Judge::new(plan, context.clone());
                judge.showing = showing;
                judge.evidence.clone_from(&blank);
                threads.push(scope.spawn(move || {
                    for (stint, stretch) in stints {
                        let verdict =
                            judge.judge(stint.rows(), Carried::default(), stint.closed, stretch);
                        if verdicts.send((stint, verdict)).is_err() {
                            break;
                        }
                    }
                    judge.evidence
                }));
            }
            let result = self.body(rows, judge, &mut benches);
            drop(benches);
            for thread in threads {
                match thread.join() {
                    Ok(seen) => {
                        if let (Some(all), Some(seen)) = (&mut self.evidence, &seen) {
                            all.absorb(seen);
                        }
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            result
        })
    }

    /// Cuts the body into stints, has them judged (here, where there are no benches) and hands on what became of them, in order.
    fn body(
        &mut self,
        rows: &mut dyn Rows,
        judge: &mut Judge<'_>,
        benches: &mut [Bench],
    ) -> Result<(), Failure> {
        let most_under_way = benches.len() * 2;
        let mut under_way: VecDeque<usize> = VecDeque::new();
        let mut spare: Vec<Vec<Row>> = Vec::new();
        let mut carried = Carried::default();
        let mut next = Row::default();
        let (mut number, mut more) = (0, rows.next(&mut next)?);
        while more {
            let mut stint = Stint {
                rows: spare.pop().unwrap_or_default(),
                used: 0,
                closed: false,
            };
            more = self.fill(&mut stint, &mut next, rows)?;
            let stretch = self.sink.stretch(self.plan.entity);
            if benches.is_empty() {
                let verdict = judge.judge(stint.rows(), carried, stint.closed, stretch);
                carried = self.hand_on(&stint, verdict)?;
                keep(stint, &mut spare);
                continue;
            }
            let bench = number % benches.len();
            number += 1;
            if benches[bench].given.send((stint, stretch)).is_err() {
                break;
            }
            under_way.push_back(bench);
            while under_way.len() > most_under_way || (!more && !under_way.is_empty()) {
                let Some(bench) = under_way.pop_front() else {
                    break;
                };
                // A bench that is gone has panicked; that is seen where its thread is joined.
                let Ok((stint, mut verdict)) = benches[bench].judged.recv() else {
                    return Ok(());
                };
                if !carried.is_nothing() {
                    let stretch = self.sink.stretch(self.plan.entity);
                    verdict = judge.judge(stint.rows(), carried, stint.closed, stretch);
                }
                carried = self.hand_on(&stint, verdict)?;
                keep(stint, &mut spare);
            }
        }
        let stretch = self.sink.stretch(self.plan.entity);
        let verdict = judge.judge(&[], carried, true, stretch);
        self.hand_on(&Stint::default(), verdict)?;
        let stretch = self.sink.stretch(self.plan.entity);
        let verdict = judge.totals(stretch);
        self.hand_on(&Stint::default(), verdict)?;
        Ok(())
    }

    /// Fills a stint from `next` on, which is left holding the first row of the next one; `false` at the end of the file.
    fn fill(
        &mut self,
        stint: &mut Stint,
        next: &mut Row,
        rows: &mut dyn Rows,
    ) -> Result<bool, Failure> {
        let (mut bytes, folds) = (0, self.plan.fold.is_some());
        let full = self.pace.rows.max(1);
        loop {
            bytes += next.bytes();
            if stint.used == stint.rows.len() {
                stint.rows.push(Row::default());
            }
            std::mem::swap(&mut stint.rows[stint.used], next);
            stint.used += 1;
            if !rows.next(next)? {
                stint.closed = true;
                return Ok(false);
            }
            if stint.used >= full || bytes >= MOST_BYTES {
                stint.closed = !folds || Judge::begins_an_order(self.plan, next);
                if stint.closed
                    || stint.used >= full.saturating_mul(STRETCHED)
                    || bytes >= MOST_BYTES * STRETCHED
                {
                    return Ok(true);
                }
            }
        }
    }

    /// Adds what became of a stint to the counts and hands its rows on.
    fn hand_on(&mut self, stint: &Stint, verdict: Judged) -> Result<Carried, Failure> {
        let counts = &mut self.counts;
        counts.accepted += verdict.accepted;
        counts.refused += verdict.refused;
        counts.dropped += verdict.dropped;
        counts.folded += verdict.folded;
        let room = MOST_LISTED - counts.refusals.len();
        counts
            .refusals
            .extend(verdict.refusals.into_iter().take(room));
        let room = MOST_LISTED - counts.dropped_lines.len();
        counts
            .dropped_lines
            .extend(verdict.dropped_lines.into_iter().take(room));
        counts.notes.absorb(verdict.notes);
        if let Some(tap) = &mut self.tap {
            for at in verdict.shown {
                let row = &stint.rows[at];
                tap(row.line, row);
            }
        }
        let mut given = match verdict.failed {
            Some(error) => Err(error),
            None => self.sink.take(verdict.stretch),
        };
        for (line, draft) in verdict.events {
            given = given.and_then(|()| self.sink.event(line, draft));
        }
        for (line, cells, refusal) in verdict.refused_rows {
            given = given.and_then(|()| self.sink.refused(line, &cells, refusal));
        }
        match given {
            Ok(()) => Ok(verdict.left),
            Err(error) => {
                self.counts.sink_error = Some(error);
                Err(Failure::Sink)
            }
        }
    }
}

impl Default for Stint {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            used: 0,
            closed: true,
        }
    }
}

/// Keeps the rows of a stint for another one, unless they hold much memory.
fn keep(stint: Stint, spare: &mut Vec<Vec<Row>>) {
    let held: usize = stint.rows.iter().map(Row::capacity).sum();
    if held <= MOST_KEPT {
        spare.push(stint.rows);
    }
}

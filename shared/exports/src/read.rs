//! From one dropped file to typed rows, refused rows and a receipt.
//!
//! The first pass settles the encoding. What else only the whole file can tell (decimal mark, order of day and month) is settled
//! by its beginning where that proves it, checked while the rows are typed, and typed again in the rare case that a later row
//! contradicts it. Nothing is kept between rows but one order's lines, so that memory does not grow with the file.

use std::io::{self, Read, Seek};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::entity::Entity;
use levier_domain::item::Draft;
use levier_domain::money::Currency;
use levier_domain::private::HashKey;
use levier_domain::receipt::{DroppedLine, ImportStatus, Receipt, Refusal};

use crate::chat::{self, Teller};
use crate::dialect::Dialects;
use crate::emit::{Counts, Emitter};
use crate::evidence::{Evidence, Settled};
use crate::plan::Plan;
use crate::recognise::Declared;
use crate::rows::Row;
use crate::sidecar::Sidecar;
use crate::stretch::{Pace, Stretch};
use crate::survey;
use crate::table::{Input, Table, Whole};
use crate::typing::Context;

/// What the reading of a file needs beside its bytes.
pub struct Reading<'a> {
    /// Zone of times that have none.
    pub zone: &'a TimeZone,
    /// Country (ISO 3166 alpha-2) of phone numbers that have none.
    pub country: &'a str,
    /// Currency of amounts that have none.
    pub currency: Currency,
    /// Key under which e-mails, phones and names are hashed.
    pub hash_key: &'a HashKey,
    /// Entity that the admin declared (a key prefix, `--entity`).
    pub declared_entity: Option<Entity>,
    /// What the admin says about this file.
    pub sidecar: Option<&'a Sidecar>,
    /// What a file may turn out to be.
    pub dialects: &'a Dialects,
    /// When the file was dropped.
    pub dropped_at: Timestamp,
    /// Bounds against hostile or hopeless files.
    pub limits: Limits,
    /// How the rows are spread over threads.
    pub pace: Pace,
}

impl<'a> Reading<'a> {
    /// The same for a file of an archive that has a sidecar of its own there.
    pub(crate) fn with<'b>(&self, beside: Option<&'b Sidecar>) -> Reading<'b>
    where
        'a: 'b,
    {
        Reading {
            sidecar: beside.or(self.sidecar),
            ..*self
        }
    }
}

/// Bounds against hostile or hopeless files.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A file of which more than this share of rows is refused changes nothing.
    pub max_refused_share: f64,
    /// Most bytes that one archive may unfold to.
    pub max_unpacked_bytes: u64,
    /// Most times that a packed file may grow.
    pub max_unpacked_ratio: u64,
    /// Most members of one archive.
    pub max_members: usize,
    /// Most columns of a table.
    pub max_columns: usize,
}

impl Default for Limits {
    /// Half of the rows, 8 GiB, 200 times, 1,000 members, 16,384 columns (a worksheet's own limit).
    fn default() -> Self {
        Self {
            max_refused_share: 0.5,
            max_unpacked_bytes: 8 << 30,
            max_unpacked_ratio: 200,
            max_members: 1000,
            max_columns: 16_384,
        }
    }
}

/// A sink could not take what it was given; reading stops and the file is read again later.
#[derive(Debug, thiserror::Error)]
#[error("rows could not be handed on while reading; try again")]
pub struct SinkError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why reading stopped before it could say anything about the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes could not be fetched.
    #[error("{file} could not be read from its storage; try again")]
    Input {
        /// Name of the file.
        file: String,
        /// What the storage says.
        #[source]
        source: io::Error,
    },
    /// A sink failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl ReadError {
    /// Whether the same call may succeed later: both kinds come from storage, never from the file's content.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        true
    }
}

/// Takes what is read from one file (or one member of an archive). The counts that hold are the receipt's.
pub trait Sink {
    /// The header of the file as written, once and before any row; for the refused-rows file.
    ///
    /// # Errors
    /// Stops the reading.
    fn header(&mut self, headers: &[String]) -> Result<(), SinkError>;
    /// An empty place for the typed rows of one stretch of the file.
    fn stretch(&self, entity: Entity) -> Box<dyn Stretch>;
    /// A stretch with its rows, of those that [`Sink::stretch`] gave; stretches come back in the order of the file.
    ///
    /// # Errors
    /// Stops the reading.
    fn take(&mut self, stretch: Box<dyn Stretch>) -> Result<(), SinkError>;
    /// The rows are read once more, from the first one on: whatever was given after the header is to be forgotten.
    fn restart(&mut self);
    /// A canonical event: rows of `activity`, chat histories.
    ///
    /// # Errors
    /// Stops the reading.
    fn event(&mut self, line: u64, draft: Draft) -> Result<(), SinkError>;
    /// A refused row as it was. The lines of one refused order come one by one.
    ///
    /// # Errors
    /// Stops the reading.
    fn refused(&mut self, line: u64, cells: &[String], refusal: Refusal) -> Result<(), SinkError>;
    /// The end of the file: keep what was given, or drop it all where the receipt says `refused`.
    ///
    /// # Errors
    /// Stops the reading.
    fn finish(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        let _ = outcome;
        Ok(())
    }
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `rows.read`, `refused` and `dropped` are counted, `new`, `changed` and `unchanged` are nought; `import_id` is empty.
    /// `read = accepted + refused + dropped`.
    pub receipt: Receipt,
    /// Records and events handed to the sink.
    pub accepted: u64,
    /// Rows that were folded into another (order lines, spend of one key); they count with it.
    pub folded: u64,
    /// The entity, where it was recognised.
    pub entity: Option<Entity>,
    /// The system that the rows come from.
    pub source: Option<String>,
    /// The admin says that the file is complete: keys that it does not hold are deleted.
    pub full: bool,
    /// Field → kind of cell, to compare with the last file of the dialect.
    pub columns: Vec<(String, String)>,
}

impl Outcome {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            receipt: Receipt::new(file, ""),
            accepted: 0,
            folded: 0,
            entity: None,
            source: None,
            full: false,
            columns: Vec::new(),
        }
    }

    pub(crate) fn refuse(mut self, reason: impl Into<String>) -> Self {
        self.receipt = self.receipt.refuse(reason);
        self
    }

    /// Whether nothing of the file may be kept.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.receipt.status == ImportStatus::Refused
    }
}

/// At most this many refusals and dropped lines are listed; the counts are full.
pub const MOST_LISTED: usize = 1000;

/// Where the sinks come from: one for each file or member, asked for by its name.
pub type SinkFor<'f, 's> = dyn FnMut(&str) -> Box<dyn Sink + 's> + 'f;

/// Reads one dropped file; an archive gives one outcome for each member. A file that cannot be read is an outcome with a reason,
/// not an error.
///
/// # Errors
/// [`ReadError`] when the storage under `input` or a sink fails; nothing may be kept then, and the file is to be read again.
pub fn read<'s, R: Read + Seek>(
    name: &str,
    input: R,
    reading: &Reading<'_>,
    sink_for: &mut SinkFor<'_, 's>,
) -> Result<Vec<Outcome>, ReadError> {
    struct Into<'v, 'f, 's, 'r> {
        reading: &'v Reading<'r>,
        sink_for: &'v mut SinkFor<'f, 's>,
        outcomes: Vec<Outcome>,
    }
    impl crate::archive::Visitor for Into<'_, '_, '_, '_> {
        fn file(
            &mut self,
            name: &str,
            input: &mut dyn Input,
            beside: Option<&Sidecar>,
        ) -> Result<(), ReadError> {
            let mut sink = (self.sink_for)(name);
            let reading = self.reading.with(beside);
            self.outcomes
                .push(read_one(name, input, &reading, &mut *sink, None)?);
            Ok(())
        }
        fn history(
            &mut self,
            name: &str,
            dialect: &str,
            tell: &mut Tell<'_>,
        ) -> Result<(), ReadError> {
            let mut sink = (self.sink_for)(name);
            self.outcomes
                .push(tell_one(name, dialect, self.reading, &mut *sink, tell)?);
            Ok(())
        }
        fn refused(&mut self, outcome: Outcome) -> Result<(), ReadError> {
            let mut sink = (self.sink_for)(&outcome.receipt.file);
            sink.finish(&outcome)?;
            self.outcomes.push(outcome);
            Ok(())
        }
    }
    let mut into = Into {
        reading,
        sink_for,
        outcomes: Vec::new(),
    };
    crate::archive::visit(name, Whole(input), reading, &mut into)?;
    Ok(into.outcomes)
}

/// Takes every record as it is cut, before it is typed: line and row.
pub(crate) type Tap<'t> = &'t mut dyn FnMut(u64, &Row);

/// Tells a history that spreads over an archive.
pub(crate) type Tell<'t> = dyn FnMut(&mut Teller<'_>) -> Result<(), Failure> + 't;

/// Reads a history that spreads over an archive.
pub(crate) fn tell_one(
    name: &str,
    dialect: &str,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    tell: &mut Tell<'_>,
) -> Result<Outcome, ReadError> {
    let mut outcome = Outcome::new(name);
    let mut taken = Ok(());
    let told = {
        let because = "the names of the files in the archive";
        let mut teller = Teller::new(dialect, because, &mut outcome, sink, &mut taken);
        tell(&mut teller).and_then(|()| teller.close(reading))
    };
    taken?;
    conclude(name, outcome, told, sink)
}

/// Reads one file that is no archive.
pub(crate) fn read_one(
    name: &str,
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    tap: Option<Tap<'_>>,
) -> Result<Outcome, ReadError> {
    let mut outcome = Outcome::new(name);
    let mut taken = Ok(());
    let read = read_into(name, input, reading, sink, &mut outcome, &mut taken, tap);
    taken?;
    conclude(name, outcome, read, sink)
}

/// Says in the receipt what the content made fail, and passes on what the storage did.
fn conclude(
    name: &str,
    mut outcome: Outcome,
    read: Result<(), Failure>,
    sink: &mut dyn Sink,
) -> Result<Outcome, ReadError> {
    match read {
        Ok(()) => {}
        // What the file's content makes fail is said in its receipt.
        Err(Failure::Reason(reason)) => outcome = outcome.refuse(reason),
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
            outcome = outcome.refuse(error.to_string());
        }
        Err(Failure::Io(error))
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidData
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            outcome = outcome.refuse(format!(
                "The file cannot be read: {error}. It is damaged or was cut off; export it again."
            ));
        }
        Err(Failure::Io(source)) => {
            return Err(ReadError::Input {
                file: name.to_owned(),
                source,
            });
        }
        Err(Failure::Sink) => {}
    }
    if outcome.is_refused() {
        outcome.accepted = 0;
    }
    sink.finish(&outcome)?;
    Ok(outcome)
}

/// Why reading of a file ends early.
pub(crate) enum Failure {
    /// The file as a whole is refused.
    Reason(String),
    Io(io::Error),
    /// The sink's own error is kept aside.
    Sink,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

fn read_into(
    name: &str,
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    outcome: &mut Outcome,
    taken: &mut Result<(), SinkError>,
    tap: Option<Tap<'_>>,
) -> Result<(), Failure> {
    let declared = Declared {
        entity: reading.declared_entity,
        sidecar: reading.sidecar,
        dialects: reading.dialects,
    };
    if history(name, input, reading, sink, outcome, taken)? {
        return Ok(());
    }
    let opened = survey::open(name, input, reading, &declared, &mut outcome.receipt)?;
    let survey::Opened {
        mut table,
        found,
        mut warnings,
        maybe_latin9,
    } = opened;
    let found = match found {
        Ok(found) => found,
        Err(reason) => {
            let Some((header, line)) = chat::discourse_header(&mut table)? else {
                return Err(Failure::Reason(reason));
            };
            let because = "the columns topic_id, post_number and created_at";
            outcome.receipt.warnings = warnings;
            let mut teller = Teller::new("discourse-posts", because, outcome, sink, taken);
            return chat::discourse(&mut table, &header, line, reading, &mut teller)
                .and_then(|()| teller.close(reading));
        }
    };
    outcome.entity = Some(found.dialect.entity);
    outcome.source = Some(found.dialect.system.clone());
    outcome.full = reading.sidecar.is_some_and(|sidecar| sidecar.full);
    outcome.receipt.entity = Some(found.dialect.entity.as_str().to_owned());
    outcome.receipt.dialect = Some(found.dialect.name.clone());
    outcome.receipt.recognised_by = Some(found.because.clone());
    let header_line = match table.own_header()? {
        Some(_) => None,
        None => Some(found.line),
    };
    let mut plan = Plan::new(
        found.dialect.clone(),
        found.header.clone(),
        reading.currency,
    )?;
    outcome.receipt.columns = plan.report.clone();
    let epoch_1904 = matches!(&table, Table::Sheet(sheet) if sheet.epoch_1904);
    let unsettled = plan.clone();
    let surveyed = survey::values(
        &mut table,
        &mut plan,
        header_line,
        maybe_latin9,
        tap.is_some(),
        reading,
        &mut outcome.receipt,
    )?;
    outcome.receipt.columns = plan.report.clone();
    warnings.append(&mut plan.warnings);
    warnings.extend(surveyed.settled.warnings.iter().cloned());
    sink.header(&plan.header).map_err(|error| {
        *taken = Err(error);
        Failure::Sink
    })?;
    let zone = match &plan.dialect.timezone {
        None => reading.zone.clone(),
        Some(name) => TimeZone::get(name).map_err(|_| {
            format!("The dialect or sidecar names the time zone `{name}`, which does not exist. Write one such as Europe/Paris.")
        })?,
    };
    let pass = Pass {
        reading,
        zone: &zone,
        epoch_1904,
        header_line,
    };
    // A shorter life than the caller's, so that all borrows of the emitter are alike.
    let tap = tap.map(|tap| tap as Tap<'_>);
    let (settled, open) = (&surveyed.settled, surveyed.open);
    let (mut counts, seen) = pass.run(&mut table, (&plan, settled), open, sink, tap, taken)?;
    if let Some(seen) = seen {
        let mut certain = Plan {
            attributes: plan.attributes.clone(),
            kept: plan.kept.clone(),
            ..unsettled
        };
        let settled = seen.settle(&mut certain).inspect_err(|_| sink.restart())?;
        if settled != surveyed.settled || !certain.reads_like(&plan) {
            // A later row contradicts what the beginning of the file proved.
            sink.restart();
            let certainly = (&certain, &settled);
            (counts, _) = pass.run(&mut table, certainly, None, sink, None, taken)?;
            warnings.extend(settled.warnings);
            plan = certain;
        }
    }
    warnings.extend(counts.notes.warnings());
    outcome.accepted = counts.accepted;
    outcome.folded = counts.folded;
    outcome.columns = plan
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), format!("{:?}", field.kind)))
        .collect();
    let receipt = &mut outcome.receipt;
    receipt.rows.refused = counts.refused;
    receipt.rows.dropped = counts.dropped;
    receipt.rows.read = counts.accepted + counts.refused + counts.dropped;
    receipt.refused = counts.refusals;
    receipt.dropped = counts.dropped_lines;
    receipt.warnings = warnings;
    let rows = counts.accepted + counts.refused;
    if rows == 0 {
        receipt
            .warnings
            .push("the file holds a header and no rows; nothing was imported".to_owned());
    } else if counts.refused as f64 > reading.limits.max_refused_share * rows as f64 {
        // None of the rows is kept, so that all of them count as refused; those at fault are listed.
        receipt.rows.refused = rows;
        return Err(Failure::Reason(format!(
            "{} of {rows} rows are refused, more than the share of {} that is allowed. Nothing was imported: mend the rows listed here, or export the file again.",
            counts.refused, reading.limits.max_refused_share
        )));
    }
    Ok(())
}

/// The pass that types; run once more where a late row contradicts the first ones.
struct Pass<'p, 'r> {
    reading: &'p Reading<'r>,
    zone: &'p TimeZone,
    epoch_1904: bool,
    header_line: Option<u64>,
}

impl Pass<'_, '_> {
    fn run<'s>(
        &self,
        table: &mut Table<'_>,
        (plan, settled): (&Plan, &Settled),
        evidence: Option<Evidence>,
        sink: &'s mut dyn Sink,
        tap: Option<Tap<'s>>,
        taken: &mut Result<(), SinkError>,
    ) -> Result<(Counts, Option<Evidence>), Failure> {
        let reading = self.reading;
        let mut emitter = Emitter {
            plan,
            context: Context {
                zone: self.zone.clone(),
                workspace_zone: reading.zone,
                country: reading.country,
                currency: reading.currency,
                hash_key: reading.hash_key,
                mark: settled.mark,
                epoch_1904: self.epoch_1904,
            },
            pace: reading.pace,
            sink,
            tap,
            counts: Counts::default(),
            evidence,
        };
        let result = emitter.run(table, self.header_line);
        let (counts, evidence) = (emitter.counts, emitter.evidence);
        if let Err(failure) = result {
            if let Some(error) = counts.sink_error {
                *taken = Err(error);
            }
            return Err(failure);
        }
        Ok((counts, evidence))
    }
}

/// Reads the file if it is a chat history: `false` where it is none.
fn history(
    name: &str,
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    outcome: &mut Outcome,
    taken: &mut Result<(), SinkError>,
) -> Result<bool, Failure> {
    if reading
        .declared_entity
        .is_some_and(|entity| entity != Entity::Activity)
    {
        return Ok(false);
    }
    let mut head = Vec::new();
    input.open()?.take(16 * 1024).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head).into_owned();
    if chat::is_discord(&head) {
        let because = "a document with a guild, a channel and messages";
        let mut teller = Teller::new("discord-export", because, outcome, sink, taken);
        chat::discord(input, reading, &mut teller)?;
        teller.close(reading)?;
        return Ok(true);
    }
    if name.to_ascii_lowercase().ends_with(".txt") && chat::is_whatsapp(&head) {
        let settling = survey::settle_text(input, reading, &mut outcome.receipt)?;
        let because = "lines that open with a date, a time and an author";
        let mut teller = Teller::new("whatsapp-chat", because, outcome, sink, taken);
        chat::whatsapp(input, settling.charset, reading, &mut teller)?;
        teller.close(reading)?;
        return Ok(true);
    }
    Ok(false)
}

/// A line left out, for receipts.
pub(crate) fn dropped(line: u64, why: &str) -> DroppedLine {
    DroppedLine {
        line,
        why: why.to_owned(),
    }
}

//! Where rows go while a file is read: typed rows into a temporary Parquet file, refused ones into a temporary CSV.
//!
//! Only a hash, an age and a position are kept per row, so that memory hardly grows with the file.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::rc::Rc;

use levier_domain::entity::Entity;
use levier_domain::event::{ANSWER_WORDS, Event, attribute};
use levier_domain::item::Draft;
use levier_domain::receipt::{Receipt, Refusal};
use levier_domain::record::{Record, Value};
use levier_exports::{Dialects, Limits, Outcome, Reading, Sink, SinkError};
use levier_lake::index::Entry;
use levier_lake::records;
use levier_runtime::{Dependencies, JobError};
use parquet::arrow::ArrowWriter;
use tempfile::NamedTempFile;

use crate::object::{Drop, chain};

/// Rows typed before they are written.
const BATCH: usize = 65_536;

/// What one file (or member) gave.
#[derive(Default)]
pub struct Member {
    /// What the reader says of it.
    pub outcome: Option<Outcome>,
    /// The receipt of a file that was refused before it was read.
    pub unread: Option<Receipt>,
    /// Id of its import.
    pub import_id: String,
    /// Typed rows, if any.
    pub typed: Option<Typed>,
    /// Events, if any.
    pub events: Vec<Event>,
    /// Refused rows as a file, if any.
    pub refused: Option<NamedTempFile>,
    /// Reasons of refusals, by what they are about.
    pub reasons: std::collections::BTreeMap<String, u64>,
}

/// Typed rows of one entity in a temporary Parquet file.
pub struct Typed {
    /// Which entity.
    pub entity: Entity,
    /// The file.
    pub file: NamedTempFile,
    /// One per row, in order.
    pub entries: Vec<Entry>,
}

struct Collector<'a> {
    drop: &'a Drop,
    member: Member,
    header: Vec<String>,
    buffer: Vec<Record>,
    writer: Option<ArrowWriter<File>>,
    refused: Option<BufWriter<File>>,
    done: Rc<RefCell<Vec<Member>>>,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> SinkError {
    SinkError(Box::new(error))
}

impl Collector<'_> {
    fn flush(&mut self) -> Result<(), SinkError> {
        let Some(first) = self.buffer.first() else {
            return Ok(());
        };
        let entity = first.entity;
        let typed = match &mut self.member.typed {
            Some(typed) => typed,
            None => self.member.typed.insert(Typed {
                entity,
                file: NamedTempFile::new().map_err(failed)?,
                entries: Vec::new(),
            }),
        };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = typed.file.reopen().map_err(failed)?;
                let properties = levier_lake::columns::properties();
                self.writer.insert(
                    ArrowWriter::try_new(file, records::schema(entity), Some(properties))
                        .map_err(failed)?,
                )
            }
        };
        typed.entries.extend(self.buffer.iter().map(|record| {
            Entry {
                key: record.key_hash(),
                content: record.content_hash(),
                updated_at: record
                    .updated_at()
                    .map_or(i64::MIN, jiff::Timestamp::as_microsecond),
                known_from: self.drop.dropped_at.as_microsecond(),
            }
        }));
        let batch = records::batch(entity, &self.buffer).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Sink for Collector<'_> {
    fn header(&mut self, headers: &[String]) -> Result<(), SinkError> {
        self.header = headers.to_vec();
        Ok(())
    }

    fn record(&mut self, _line: u64, mut record: Record) -> Result<(), SinkError> {
        record.set("import_id", Value::Text(self.member.import_id.clone()));
        record.set("known_from", Value::Instant(self.drop.dropped_at));
        self.buffer.push(record);
        if self.buffer.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn event(&mut self, _line: u64, draft: Draft) -> Result<(), SinkError> {
        let Draft {
            mut event, text, ..
        } = draft;
        if let Some(text) = text {
            let reading = levier_language::read(&text);
            event.language = reading.language.map(str::to_owned);
            event.sentiment = reading.sentiment;
            event.is_question = Some(reading.is_question);
            event.text_length = Some(reading.length);
            if reading.words < ANSWER_WORDS {
                event
                    .attributes
                    .insert(attribute::WORDS.to_owned(), reading.words.to_string());
            }
        }
        self.member.events.push(event);
        Ok(())
    }

    fn refused(&mut self, _line: u64, cells: &[String], refusal: Refusal) -> Result<(), SinkError> {
        let about = if refusal.column.is_empty() {
            "row".to_owned()
        } else {
            refusal.column.clone()
        };
        *self.member.reasons.entry(about).or_default() += 1;
        let out = match &mut self.refused {
            Some(out) => out,
            None => {
                let file = NamedTempFile::new().map_err(failed)?;
                let mut out = BufWriter::new(file.reopen().map_err(failed)?);
                levier_exports::write_refused_header(&mut out, &self.header).map_err(failed)?;
                self.member.refused = Some(file);
                self.refused.insert(out)
            }
        };
        levier_exports::write_refused(out, cells, &refusal).map_err(failed)
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        self.flush()?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(failed)?;
        }
        if let Some(mut out) = self.refused.take() {
            out.flush().map_err(failed)?;
        }
        let mut member = std::mem::take(&mut self.member);
        member.outcome = Some(outcome.clone());
        self.done.borrow_mut().push(member);
        Ok(())
    }
}

/// Reads the file; what cannot be read is a member with a refused receipt.
pub fn read(
    deps: &Dependencies,
    drop: &Drop,
    dialects: &Dialects,
) -> Result<Vec<Member>, JobError> {
    let workspace = &deps.config.workspace;
    let limits = Limits {
        max_refused_share: deps.config.import.max_refused_share,
        ..Limits::default()
    };
    let sidecar = match &drop.sidecar {
        Ok(sidecar) => sidecar.as_ref(),
        Err(problem) => {
            let import_id = drop.import_id(&drop.name);
            let receipt = Receipt::new(&drop.name, &import_id)
                .refuse(format!("its sidecar cannot be read: {problem}"));
            let member = Member {
                import_id,
                unread: Some(receipt),
                ..Member::default()
            };
            return Ok(vec![member]);
        }
    };
    let reading = Reading {
        zone: &deps.zone,
        country: &workspace.country,
        currency: workspace.currency,
        hash_key: &deps.hash_key,
        declared_entity: drop.entity,
        sidecar,
        dialects,
        dropped_at: drop.dropped_at,
        limits,
    };
    let done = Rc::new(RefCell::new(Vec::new()));
    let input = drop.file.reopen().map_err(|error| {
        JobError::Input(format!(
            "the temporary copy of {} is gone: {error}",
            drop.name
        ))
    })?;
    let mut sink_for = |member: &str| -> Box<dyn Sink + '_> {
        Box::new(Collector {
            drop,
            member: Member {
                import_id: drop.import_id(member),
                ..Member::default()
            },
            header: Vec::new(),
            buffer: Vec::new(),
            writer: None,
            refused: None,
            done: Rc::clone(&done),
        })
    };
    let outcomes = levier_exports::read(&drop.name, input, &reading, &mut sink_for)
        .map_err(|error| JobError::Input(chain(&error)))?;
    let mut members = done.take();
    // A file refused before its rows has an outcome and no finished sink.
    for outcome in outcomes {
        if !members.iter().any(|member| {
            member
                .outcome
                .as_ref()
                .is_some_and(|known| known.receipt.file == outcome.receipt.file)
        }) {
            let import_id = drop.import_id(&outcome.receipt.file);
            members.push(Member {
                outcome: Some(outcome),
                import_id,
                ..Member::default()
            });
        }
    }
    Ok(members)
}

//! Where rows go while a file is read: typed rows into a temporary Parquet file, refused ones into a temporary CSV.
//!
//! Only a hash, an age and a position are kept per row, and those in files too once they are many, so that memory does not grow
//! with the file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::rc::Rc;

use levier_domain::entity::Entity;
use levier_domain::event::{ANSWER_WORDS, Event, attribute};
use levier_domain::item::Draft;
use levier_domain::private::EMAIL_DOMAIN;
use levier_domain::receipt::{ImportStatus, Receipt, Refusal};
use levier_domain::record::{Record, Value};
use levier_exports::{Dialects, Limits, Outcome, Reading, Sink, SinkError};
use levier_lake::index::Entry;
use levier_lake::records::Batcher;
use levier_runtime::{Dependencies, JobError};
use tempfile::NamedTempFile;

use crate::entries::Entries;
use crate::matching::Counter;
use crate::object::{Drop, chain};
use crate::writing::{Files, Part};

/// Rows typed before they are written; few, so that a batch lies in the processor's cache while it is encoded.
pub const BATCH: usize = 16_384;

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
    /// Company domains of e-mails, both as keyed hashes.
    pub domains: BTreeMap<[u8; 16], [u8; 16]>,
    /// Refused rows as a file, if any.
    pub refused: Option<NamedTempFile>,
    /// Reasons of refusals, by what they are about.
    pub reasons: BTreeMap<String, u64>,
}

/// Typed rows of one entity in temporary Parquet files.
pub struct Typed {
    /// Which entity.
    pub entity: Entity,
    /// The files, in order.
    pub parts: Vec<Part>,
    /// One entry per row, in order.
    pub entries: Entries,
}

struct Collector<'a> {
    drop: &'a Drop,
    member: Member,
    header: Vec<String>,
    writing: Option<Writing>,
    refused: Option<BufWriter<File>>,
    done: Rc<RefCell<Vec<Member>>>,
}

/// Rows on their way to the thread that writes them.
struct Writing {
    entity: Entity,
    batcher: Batcher,
    entries: Entries,
    files: Files,
    matching: Counter,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> SinkError {
    SinkError(Box::new(error))
}

impl Collector<'_> {
    /// Takes the hash of the e-mail's domain out of the record: it is kept beside the rows, once for each address.
    fn keep_domain(&mut self, record: &mut Record) {
        let Some(at) = record.entity.lake_position("attributes") else {
            return;
        };
        let Value::Attributes(map) = &mut record.values[at] else {
            return;
        };
        let domain = map.remove(EMAIL_DOMAIN);
        if map.is_empty() {
            record.values[at] = Value::Null;
        }
        let (mut email, mut hash) = ([0; 16], [0; 16]);
        if let (Some(domain), Some(key)) = (domain, record.get("email_key").as_text())
            && hex::decode_to_slice(key, &mut email).is_ok()
            && hex::decode_to_slice(domain, &mut hash).is_ok()
        {
            self.member.domains.insert(email, hash);
        }
    }
}

impl Sink for Collector<'_> {
    fn header(&mut self, headers: &[String]) -> Result<(), SinkError> {
        self.header = headers.to_vec();
        Ok(())
    }

    fn record(&mut self, _line: u64, mut record: Record) -> Result<(), SinkError> {
        if record.entity == Entity::People {
            self.keep_domain(&mut record);
        }
        let writing = self.writing.get_or_insert_with(|| Writing {
            entity: record.entity,
            batcher: Batcher::new(record.entity),
            entries: Entries::default(),
            files: Files::start(record.entity),
            matching: Counter::new(record.entity),
        });
        writing.matching.add(&record);
        let known_from = self.drop.dropped_at;
        writing
            .entries
            .push(Entry {
                key: record.key_hash(),
                content: record.content_hash(),
                updated_at: record
                    .updated_at()
                    .map_or(i64::MIN, jiff::Timestamp::as_microsecond),
                known_from: known_from.as_microsecond(),
            })
            .map_err(failed)?;
        writing
            .batcher
            .push_of_import(&record, &self.member.import_id, known_from);
        if writing.batcher.rows() >= BATCH {
            let batch = writing.batcher.finish().map_err(failed)?;
            writing.files.write(batch).map_err(failed)?;
        }
        Ok(())
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
        let mut matching = None;
        if let Some(mut writing) = self.writing.take() {
            matching = writing.matching.sums();
            if writing.batcher.rows() > 0 {
                let batch = writing.batcher.finish().map_err(failed)?;
                writing.files.write(batch).map_err(failed)?;
            }
            self.member.typed = Some(Typed {
                entity: writing.entity,
                parts: writing.files.finish().map_err(failed)?,
                entries: writing.entries,
            });
        }
        if let Some(mut out) = self.refused.take() {
            out.flush().map_err(failed)?;
        }
        let mut member = std::mem::take(&mut self.member);
        let mut outcome = outcome.clone();
        if outcome.receipt.status == ImportStatus::Imported {
            outcome.receipt.matching = matching;
        }
        member.outcome = Some(outcome);
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
            writing: None,
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

//! Where rows go while a file is read: typed rows into a temporary Parquet file, refused ones into a temporary CSV.
//!
//! Typed rows are hashed and laid out as columns on the thread that types them, a stretch of the file at a time. Only a hash, an age and a position are kept per row, and those in files too once they are many, so that memory does not grow
//! with the file.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::rc::Rc;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::event::{ANSWER_WORDS, Event, attribute};
use levier_domain::item::Draft;
use levier_domain::receipt::{ImportStatus, Receipt, Refusal};
use levier_domain::record::{Fingerprint, Record};
use levier_exports::{
    Dialects, Limits, Outcome, Pace, REASON_HEADERS, Reading, RefusedRows, Sink, SinkError, Stretch,
};
use levier_lake::domains;
use levier_lake::index::Entry;
use levier_lake::records::Batcher;
use levier_render::{Language, refusal_sentence};
use levier_runtime::{Dependencies, JobError};
use tempfile::NamedTempFile;

use crate::entries::Entries;
use crate::matching::Counter;
use crate::object::{Drop, chain};
use crate::writing::{Files, Part};

/// What one file (or member) gave.
#[derive(Default)]
pub struct Member {
    /// What the reader says of it.
    pub outcome: Option<Outcome>,
    /// The receipt of a file that was refused before it was read.
    pub unread: Option<Receipt>,
    /// Id of its import.
    pub import_id: String,
    /// Since when its rows are known: what stands later in an archive counts as dropped later.
    pub known_from: Timestamp,
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

struct Collector {
    member: Member,
    header: Vec<String>,
    writing: Option<Writing>,
    refused: Option<RefusedRows<BufWriter<File>>>,
    /// Language of the reasons beside refused rows.
    language: Language,
    done: Rc<RefCell<Vec<Member>>>,
}

/// Rows on their way to the thread that writes them.
struct Writing {
    entity: Entity,
    entries: Entries,
    files: Files,
    matching: Counter,
}

/// The rows of one stretch of the file, hashed and laid out as columns.
struct Rows {
    entity: Entity,
    known_from: Timestamp,
    import_id: String,
    batcher: Batcher,
    fingerprint: Fingerprint,
    entries: Vec<Entry>,
    matching: Counter,
    domains: BTreeMap<[u8; 16], [u8; 16]>,
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> SinkError {
    SinkError(Box::new(error))
}

impl Rows {
    /// Keeps the hash of the e-mail's domain beside the rows, once for each address.
    fn keep_domain(&mut self, record: &Record, domain: Option<&str>) {
        self.domains
            .extend(domains::pair(record.get("email_key").as_text(), domain));
    }
}

impl Stretch for Rows {
    fn record(
        &mut self,
        _line: u64,
        record: &mut Record,
        domain: Option<&str>,
    ) -> Result<(), SinkError> {
        self.keep_domain(record, domain);
        self.matching.add(record);
        self.entries.push(Entry {
            key: self.fingerprint.key(record),
            content: self.fingerprint.content(record),
            updated_at: self.fingerprint.updated_at(record).unwrap_or(i64::MIN),
            known_from: self.known_from.as_microsecond(),
        });
        self.batcher
            .push_of_import(record, &self.import_id, self.known_from);
        Ok(())
    }
}

impl Sink for Collector {
    fn header(&mut self, headers: &[String]) -> Result<(), SinkError> {
        self.header = headers.to_vec();
        Ok(())
    }

    fn stretch(&self, entity: Entity) -> Box<dyn Stretch> {
        Box::new(Rows {
            entity,
            known_from: self.member.known_from,
            import_id: self.member.import_id.clone(),
            batcher: Batcher::new(entity),
            fingerprint: Fingerprint::of(entity),
            entries: Vec::new(),
            matching: Counter::new(entity),
            domains: BTreeMap::new(),
        })
    }

    fn take(&mut self, stretch: Box<dyn Stretch>) -> Result<(), SinkError> {
        let stretch: Box<dyn Any> = stretch;
        // Every stretch that comes back is one that `stretch` gave.
        let Ok(mut rows) = stretch.downcast::<Rows>() else {
            return Ok(());
        };
        if rows.entries.is_empty() {
            return Ok(());
        }
        let writing = self.writing.get_or_insert_with(|| Writing {
            entity: rows.entity,
            entries: Entries::default(),
            files: Files::start(rows.entity),
            matching: Counter::new(rows.entity),
        });
        writing.matching.absorb(&rows.matching);
        self.member.domains.append(&mut rows.domains);
        for entry in rows.entries.drain(..) {
            writing.entries.push(entry).map_err(failed)?;
        }
        let batch = rows.batcher.finish().map_err(failed)?;
        writing.files.write(batch).map_err(failed)
    }

    fn restart(&mut self) {
        self.writing = None;
        self.refused = None;
        self.member = Member {
            import_id: std::mem::take(&mut self.member.import_id),
            known_from: self.member.known_from,
            ..Member::default()
        };
    }

    fn event(&mut self, _line: u64, draft: Draft) -> Result<(), SinkError> {
        let Draft {
            mut event,
            text,
            domain,
            ..
        } = draft;
        let email = event.attributes.get(attribute::EMAIL_KEY);
        self.member
            .domains
            .extend(domains::pair(email.map(String::as_str), domain.as_deref()));
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
                let out = BufWriter::new(file.reopen().map_err(failed)?);
                let [english, french] = REASON_HEADERS;
                let reasons = match self.language {
                    Language::English => english,
                    Language::French => french,
                };
                let out = RefusedRows::new(out, &self.header, reasons).map_err(failed)?;
                self.member.refused = Some(file);
                self.refused.insert(out)
            }
        };
        out.row(cells, &refusal_sentence(&refusal, self.language))
            .map_err(failed)
    }

    fn finish(&mut self, outcome: &Outcome) -> Result<(), SinkError> {
        let mut matching = None;
        if let Some(mut writing) = self.writing.take() {
            matching = writing.matching.sums();
            self.member.typed = Some(Typed {
                entity: writing.entity,
                parts: writing.files.finish().map_err(failed)?,
                entries: writing.entries,
            });
        }
        if let Some(out) = self.refused.take() {
            out.finish().map_err(failed)?;
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

const MICROSECOND: jiff::SignedDuration = jiff::SignedDuration::from_micros(1);

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
        pace: Pace::default(),
    };
    let language = Language::from_code(&workspace.language).unwrap_or_default();
    let done = Rc::new(RefCell::new(Vec::new()));
    let input = drop.file.reopen().map_err(|error| {
        JobError::Input(format!(
            "the temporary copy of {} is gone: {error}",
            drop.name
        ))
    })?;
    let mut known_from = drop.dropped_at;
    let mut sink_for = |member: &str| -> Box<dyn Sink> {
        let own = known_from;
        known_from += MICROSECOND;
        Box::new(Collector {
            member: Member {
                import_id: drop.import_id(member),
                known_from: own,
                ..Member::default()
            },
            header: Vec::new(),
            writing: None,
            refused: None,
            language,
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

//! From landed deliveries to events: the source says what is in them, the text is read and dropped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::event::{ANSWER_WORDS, Event, attribute};
use levier_domain::item::{Draft, Item};
use levier_domain::record::{Record, Value};
use levier_lake::delivery::Landed;
use levier_lake::ledger::{DayOfLanding, Read};
use levier_lake::{Lake, LakeError, domains, keys, records};
use levier_platforms::{Context, Delivery};
use levier_runtime::Dependencies;

/// Reads the deliveries of one day of one source.
pub struct Reader<'a> {
    deps: &'a Dependencies,
    source: &'a str,
    /// Day, as it occurs in keys of records: `{source}-{date}`.
    stem: String,
    /// Company domains of e-mails that came along, both as keyed hashes.
    domains: BTreeMap<[u8; 16], [u8; 16]>,
}

impl<'a> Reader<'a> {
    /// A reader for `landing/{source}/{date}/`.
    pub fn new(deps: &'a Dependencies, prefix: &'a str) -> Self {
        let rest = prefix.strip_prefix(keys::LANDING).unwrap_or(prefix);
        let source = rest.split('/').next().unwrap_or_default();
        Self {
            deps,
            source,
            stem: rest.trim_end_matches('/').replace('/', "-"),
            domains: BTreeMap::new(),
        }
    }

    /// What is in one delivery; its events and records are added to the lists. `first` is when its body first came.
    pub fn read(
        &mut self,
        landed: &Landed,
        first: Timestamp,
        events: &mut Vec<Event>,
        records: &mut Vec<Record>,
    ) -> Read {
        let mut read = Read::default();
        let Some(source) = self.deps.sources.get(&landed.source) else {
            read.items = 1;
            read.quarantined
                .insert("source_not_configured".to_owned(), 1);
            return read;
        };
        let context = Context {
            hash_key: &self.deps.hash_key,
            country: &self.deps.config.workspace.country,
            zone: &self.deps.zone,
        };
        let delivery = Delivery {
            received_at: first,
            query: landed.query.clone(),
            headers: landed.headers.clone(),
            body: landed.body.bytes(),
        };
        for item in source.normalise(&delivery, &context) {
            read.items += 1;
            match item {
                Item::Event(draft) => {
                    let email = draft.event.attributes.get(attribute::EMAIL_KEY);
                    let domain = draft.domain.as_deref();
                    self.domains
                        .extend(domains::pair(email.map(String::as_str), domain));
                    let (event, record) = finish(*draft);
                    *read
                        .mapped
                        .entry(event.kind.as_str().to_owned())
                        .or_default() += 1;
                    events.push(event);
                    if let Some(mut record) = record {
                        record.set("import_id", Value::Text(format!("hook-{}", landed.source)));
                        record.set("known_from", Value::Instant(landed.received_at));
                        records.push(record);
                    }
                }
                Item::Ignored { reason } => *read.ignored.entry(reason).or_default() += 1,
                Item::Quarantined { reason } => *read.quarantined.entry(reason).or_default() += 1,
            }
        }
        read
    }

    /// Writes into the ledger whose day it is.
    pub fn describe(&self, day: &mut DayOfLanding) {
        self.source.clone_into(&mut day.source);
        if let Some(source) = self.deps.sources.get(self.source) {
            source.platform().clone_into(&mut day.platform);
            source.community().clone_into(&mut day.community);
        }
    }

    /// Adds the CRM records that webhooks carried to the file of this day: a set, so that a second reading changes nothing.
    pub async fn write_records(
        &self,
        deps: &Dependencies,
        fresh: &[Record],
    ) -> Result<(), LakeError> {
        let mut by_entity: BTreeMap<Entity, Vec<Record>> = BTreeMap::new();
        for record in fresh {
            by_entity
                .entry(record.entity)
                .or_default()
                .push(record.clone());
        }
        for (entity, mut all) in by_entity {
            let key = keys::crm(entity, &format!("hook-{}", self.stem), 0);
            if let Some(bytes) = deps.lake.get(&key).await? {
                all.extend(records::decode(&key, entity, bytes)?);
            }
            all.sort_by_cached_key(|record| {
                (
                    record.key_hash(),
                    record.content_hash(),
                    record.get("known_from").as_instant(),
                )
            });
            all.dedup_by(|later, first| {
                later.key_hash() == first.key_hash() && later.content_hash() == first.content_hash()
            });
            deps.lake
                .put(&key, records::encode(&key, entity, &all)?)
                .await?;
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// Adds the company domains that came along to those of the month: a set, written only when it grows.
    pub async fn write_domains(&mut self, lake: &Lake) -> Result<(), LakeError> {
        if self.domains.is_empty() {
            return Ok(());
        }
        let month = self.stem.rsplit_once('-').map_or(&*self.stem, |two| two.0);
        let key = keys::domains(&format!("hook-{month}"));
        let mut all = BTreeMap::new();
        if let Some(bytes) = lake.get(&key).await? {
            domains::decode(&key, bytes, |email, domain| {
                all.extend(domains::pair(Some(email), Some(domain)));
            })?;
        }
        let before = all.len();
        all.append(&mut self.domains);
        if all.len() > before {
            lake.put(&key, domains::encode(&key, &all)?).await?;
        }
        Ok(())
    }
}

/// Reads the text of a draft and drops it.
pub fn finish(draft: Draft) -> (Event, Option<Record>) {
    let Draft {
        mut event,
        text,
        record,
        ..
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
    (event, record)
}

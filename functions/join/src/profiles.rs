//! What the CRM says of persons: each field from the alphabetically first source that says it.

use std::collections::HashMap;

use levier_domain::record::Record;
use levier_identity::Resolution;
use levier_lake::{Lake, LakeError};

use crate::held::Holding;
use crate::months::Months;

const NONE: u32 = u32::MAX;
/// The fields, in the order of [`Profile::fields`].
const FIELDS: [&str; 5] = ["segment", "country", "lead_source", "plan", "lifecycle"];

#[derive(Clone, Copy, Debug)]
struct Line {
    person: u32,
    source: u32,
    key: [u8; 16],
    fields: [u32; FIELDS.len()],
    created: i32,
}

/// One person; texts are kept once, in [`Profiles`].
#[derive(Clone, Copy, Debug)]
struct Profile {
    fields: [u32; FIELDS.len()],
    created: i32,
}

/// What is known of one person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Segment.
    pub segment: Option<&'a str>,
    /// Country.
    pub country: Option<&'a str>,
    /// Lead source.
    pub lead_source: Option<&'a str>,
    /// Plan.
    pub plan: Option<&'a str>,
    /// Lifecycle.
    pub lifecycle: Option<&'a str>,
    /// Month of the first creation in any system.
    pub created: Option<i32>,
}

#[derive(Clone, Debug, Default)]
struct Texts {
    ids: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.texts.len() as u32;
        self.ids.insert(text.to_owned(), id);
        self.texts.push(text.to_owned());
        id
    }

    fn get(&self, id: u32) -> Option<&str> {
        self.texts.get(id as usize).map(String::as_str)
    }
}

/// Everybody that a people file declares.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    texts: Texts,
    /// By person; those of whom nothing is said have no fields.
    profiles: Vec<Profile>,
}

impl Profiles {
    /// Reads the rows that hold of people, and of accounts for those that stand for themselves.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn read(
        lake: &Lake,
        declared: [&Holding; 2],
        who: &Resolution,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, LakeError> {
        let mut texts = Texts::default();
        let mut lines: Vec<Line> = Vec::new();
        let mut months = Months::new(zone);
        let mut columns = vec!["source", "person_id", "account_id", "created_at"];
        columns.extend(FIELDS);
        for holding in declared {
            let take = |row: &Record| {
                let text = |name: &str| row.get(name).as_text();
                let Some(source) = text("source") else {
                    return;
                };
                let (id, account) = (text("person_id"), text("account_id"));
                let Some(person) = who.position_of_row(source, id, None, account) else {
                    return;
                };
                lines.push(Line {
                    person,
                    source: texts.id(source),
                    key: row.key_hash(),
                    fields: FIELDS.map(|name| text(name).map_or(NONE, |value| texts.id(value))),
                    created: row
                        .get("created_at")
                        .as_instant()
                        .map_or(i32::MAX, |at| months.of(at)),
                });
            };
            holding.each(lake, &columns, take).await?;
        }
        lines.sort_unstable_by(|a, b| {
            (texts.get(a.source), a.key).cmp(&(texts.get(b.source), b.key))
        });
        let nothing = Profile {
            fields: [NONE; FIELDS.len()],
            created: i32::MAX,
        };
        let mut profiles = vec![nothing; who.positions()];
        for line in lines {
            let profile = &mut profiles[line.person as usize];
            for (held, said) in profile.fields.iter_mut().zip(line.fields) {
                if *held == NONE {
                    *held = said;
                }
            }
            profile.created = profile.created.min(line.created);
        }
        Ok(Self { texts, profiles })
    }

    /// What is known of a person.
    pub fn of(&self, person: u32) -> Known<'_> {
        let Some(profile) = self.profiles.get(person as usize) else {
            return Known::default();
        };
        let [segment, country, lead_source, plan, lifecycle] =
            profile.fields.map(|id| self.texts.get(id));
        Known {
            segment,
            country,
            lead_source,
            plan,
            lifecycle,
            created: (profile.created != i32::MAX).then_some(profile.created),
        }
    }
}

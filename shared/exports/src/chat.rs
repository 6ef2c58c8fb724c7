//! Finds out that a file is a chat history and reads it record by record: Slack archives, WhatsApp texts, Discord documents,
//! tables of Discourse posts.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Seek};

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::event::Visibility;
use levier_domain::receipt::{Receipt, Refusal};
use levier_identity::company_domain;
use serde_json::{Map, Value as Json};
use zip::ZipArchive;

use crate::dates::{self, Order, Orders, Unsettled};
use crate::encoding::Utf8Reader;
use crate::history::{self, Place, SlackUser, Told};
use crate::read::{Failure, MOST_LISTED, Outcome, Reading, Sink, SinkError, dropped};
use crate::rows::Row;
use crate::survey;
use crate::table::{Input, Table};

/// Documents that must be held whole.
const LARGEST: u64 = 256 << 20;

/// Counts what a history tells and hands it on.
pub(crate) struct Teller<'a> {
    outcome: &'a mut Outcome,
    sink: &'a mut dyn Sink,
    taken: &'a mut Result<(), SinkError>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(
        dialect: &str,
        because: &str,
        outcome: &'a mut Outcome,
        sink: &'a mut dyn Sink,
        taken: &'a mut Result<(), SinkError>,
    ) -> Self {
        outcome.entity = Some(Entity::Activity);
        outcome.source = dialect.split('-').next().map(str::to_owned);
        let receipt = &mut outcome.receipt;
        receipt.entity = Some(Entity::Activity.as_str().to_owned());
        receipt.dialect = Some(dialect.to_owned());
        receipt.recognised_by = Some(because.to_owned());
        Self {
            outcome,
            sink,
            taken,
        }
    }

    fn receipt(&mut self) -> &mut Receipt {
        &mut self.outcome.receipt
    }

    fn took(&mut self, given: Result<(), SinkError>) -> Result<(), Failure> {
        given.map_err(|error| {
            *self.taken = Err(error);
            Failure::Sink
        })
    }

    fn drop(&mut self, line: u64, why: &str) {
        let receipt = self.receipt();
        receipt.rows.dropped += 1;
        if receipt.dropped.len() < MOST_LISTED {
            receipt.dropped.push(dropped(line, why));
        }
    }

    /// One record: a message with what hangs on it counts once.
    fn take(&mut self, line: u64, place: &str, told: Told) -> Result<(), Failure> {
        match told {
            Told::Events(events) => {
                self.outcome.accepted += 1;
                for draft in events {
                    let given = self.sink.event(line, draft);
                    self.took(given)?;
                }
                Ok(())
            }
            Told::Dropped(why) => {
                self.drop(line, why);
                Ok(())
            }
            Told::Refused(reason) => {
                let refusal = Refusal {
                    line,
                    column: place.to_owned(),
                    reason,
                    hint: "export the history again; if it stays so, this message was never whole"
                        .to_owned(),
                };
                let receipt = self.receipt();
                receipt.rows.refused += 1;
                if receipt.refused.len() < MOST_LISTED {
                    receipt.refused.push(refusal.clone());
                }
                let given = self.sink.refused(line, &[], refusal);
                self.took(given)
            }
        }
    }

    /// Sums up.
    pub(crate) fn close(&mut self, reading: &Reading<'_>) -> Result<(), Failure> {
        let accepted = self.outcome.accepted;
        if reading
            .sidecar
            .is_none_or(|sidecar| sidecar.community.is_none())
        {
            self.receipt().warnings.push(
                "nothing says which community this history is of: it was read as `main`; say `community = \"…\"` in a sidecar file".to_owned(),
            );
        }
        let rows = &mut self.receipt().rows;
        rows.read = accepted + rows.refused + rows.dropped;
        let (refused, read) = (rows.refused, accepted + rows.refused);
        if refused as f64 > reading.limits.max_refused_share * read as f64 {
            return Err(Failure::Reason(format!(
                "{refused} of {read} messages are refused. Nothing was imported: export the history again."
            )));
        }
        Ok(())
    }
}

fn place<'a>(reading: &Reading<'a>) -> Place<'a> {
    Place {
        community: reading
            .sidecar
            .and_then(|sidecar| sidecar.community.as_deref())
            .unwrap_or("main"),
        hash_key: reading.hash_key,
        country: reading.country,
    }
}

fn document(bytes: &[u8], what: &str) -> Result<Json, Failure> {
    serde_json::from_slice(bytes).map_err(|_| {
        Failure::Reason(format!(
            "{what} is no JSON: the export is damaged. Export it again."
        ))
    })
}

/// Whether the members of an archive are those of a Slack export.
pub(crate) fn is_slack<'n>(mut names: impl Iterator<Item = &'n str>) -> bool {
    let (mut users, mut channels) = (false, false);
    names.any(|name| {
        let file = name.rsplit('/').next().unwrap_or(name);
        users |= file == "users.json";
        channels |= matches!(
            file,
            "channels.json" | "groups.json" | "mpims.json" | "dms.json"
        );
        users && channels
    })
}

/// A Slack export: `users.json`, lists of channels, and one file for each channel and day.
pub(crate) fn slack<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    reading: &Reading<'_>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let mut left = reading.limits.max_unpacked_bytes.min(LARGEST * 8);
    let mut names: Vec<String> = (0..archive.len())
        .filter_map(|index| {
            let member = archive.by_index_raw(index).ok()?;
            let name = member.name().ok()?.into_owned();
            name.ends_with(".json").then_some(name)
        })
        .collect();
    names.sort();
    let mut held = |name: &str| -> Result<Vec<u8>, Failure> {
        let member = archive.by_name(name).map_err(|error| {
            Failure::Reason(format!(
                "The archive is damaged ({error}). Export it again."
            ))
        })?;
        let mut bytes = Vec::new();
        member.take(LARGEST.min(left) + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST.min(left) {
            return Err(Failure::Reason(
                "The archive unfolds to more than is read at once. Export a shorter span."
                    .to_owned(),
            ));
        }
        left -= bytes.len() as u64;
        Ok(bytes)
    };
    let mut users: HashMap<String, SlackUser> = HashMap::new();
    // Folder of a channel → its id and who can see it.
    let mut channels: HashMap<String, (String, Visibility)> = HashMap::new();
    for name in &names {
        let file = name.rsplit('/').next().unwrap_or(name);
        let visibility = match file {
            "users.json" => {
                let list = document(&held(name)?, "users.json")?;
                for user in list.as_array().into_iter().flatten() {
                    let Some(id) = user.get("id").and_then(Json::as_str) else {
                        continue;
                    };
                    let flag = |key: &str| user.get(key).and_then(Json::as_bool) == Some(true);
                    let email = user.pointer("/profile/email").and_then(Json::as_str);
                    users.insert(
                        id.to_owned(),
                        SlackUser {
                            email: email.and_then(|email| reading.hash_key.email(email)),
                            domain: email
                                .and_then(company_domain)
                                .map(|domain| reading.hash_key.domain(&domain)),
                            is_bot: flag("is_bot") || id == "USLACKBOT",
                            is_staff: flag("is_admin") || flag("is_owner"),
                        },
                    );
                }
                continue;
            }
            "channels.json" => Visibility::Public,
            "groups.json" | "mpims.json" => Visibility::Private,
            "dms.json" => Visibility::Direct,
            _ => continue,
        };
        let list = document(&held(name)?, file)?;
        for channel in list.as_array().into_iter().flatten() {
            let Some(id) = channel.get("id").and_then(Json::as_str) else {
                continue;
            };
            let folder = channel.get("name").and_then(Json::as_str).unwrap_or(id);
            channels.insert(folder.to_owned(), (id.to_owned(), visibility));
        }
    }
    let place = place(reading);
    let mut ordinal = 0;
    for name in &names {
        let mut parts = name.rsplit('/');
        let (file, folder) = (parts.next().unwrap_or(""), parts.next());
        let day = file.strip_suffix(".json").unwrap_or(file);
        let Some(folder) =
            folder.filter(|_| day.len() == 10 && day.starts_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        let messages = document(&held(name)?, name)?;
        for message in messages.as_array().into_iter().flatten() {
            ordinal += 1;
            let told = match channels.get(folder) {
                Some((id, visibility)) => history::slack(message, id, *visibility, &users, &place),
                None => {
                    Told::Refused("no list of channels knows the folder of this message".to_owned())
                }
            };
            teller.take(ordinal, name, told)?;
        }
    }
    Ok(())
}

/// A Discord export in JSON, if the text begins like one.
pub(crate) fn is_discord(head: &str) -> bool {
    let head = head.trim_start_matches('\u{FEFF}').trim_start();
    let mut end = head.len().min(8192);
    while !head.is_char_boundary(end) {
        end -= 1;
    }
    let head = &head[..end];
    head.starts_with('{') && head.contains("\"guild\"") && head.contains("\"channel\"")
}

/// Reads a Discord document.
pub(crate) fn discord(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let bytes = survey::hold(input, LARGEST, "Discord export")?;
    let text = bytes
        .strip_prefix(&[0xEF, 0xBB, 0xBF][..])
        .unwrap_or(&bytes);
    let whole = document(text, "The Discord export")?;
    let place = place(reading);
    let channel = whole.get("channel");
    let Some(messages) = whole.get("messages").and_then(Json::as_array) else {
        return Err(Failure::Reason(
            "The Discord export has no `messages`. Export the channel again as JSON.".to_owned(),
        ));
    };
    for (at, message) in messages.iter().enumerate() {
        teller.take(
            at as u64 + 1,
            "messages",
            history::discord(message, channel, &place),
        )?;
    }
    Ok(())
}

/// Whether a table holds Discourse posts; gives its header and the line on which it stands.
pub(crate) fn discourse_header(
    table: &mut Table<'_>,
) -> std::io::Result<Option<(Vec<String>, Option<u64>)>> {
    let is_posts = |header: &[String]| {
        ["topic_id", "post_number", "created_at"]
            .iter()
            .all(|wanted| header.iter().any(|name| name.trim() == *wanted))
    };
    if let Some(header) = table.own_header()? {
        return Ok(is_posts(&header).then_some((header, None)));
    }
    let mut row = Row::default();
    let mut rows = table.rows()?;
    if rows.next(&mut row)? {
        let header = row.to_cells();
        return Ok(is_posts(&header).then_some((header, Some(row.line))));
    }
    Ok(None)
}

/// Reads a table of Discourse posts.
pub(crate) fn discourse(
    table: &mut Table<'_>,
    header: &[String],
    header_line: Option<u64>,
    reading: &Reading<'_>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let place = place(reading);
    let mut row = Row::default();
    let mut rows = table.rows()?;
    while rows.next(&mut row)? {
        if Some(row.line) == header_line {
            continue;
        }
        let told = if row.is_blank() {
            Told::Dropped("blank")
        } else if let Some(fault) = row.fault {
            Told::Refused(fault.reason().0.to_owned())
        } else if row.len() != header.len() {
            Told::Refused(format!(
                "the row has {} cell(s), the header {}",
                row.len(),
                header.len()
            ))
        } else {
            let post: Map<String, Json> = header
                .iter()
                .zip(row.cells())
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(name, cell)| {
                    let value = match cell {
                        "true" | "t" => Json::Bool(true),
                        "false" | "f" => Json::Bool(false),
                        text => Json::String(text.to_owned()),
                    };
                    (name.trim().to_owned(), value)
                })
                .collect();
            history::discourse(&Json::Object(post), &place)
        };
        teller.take(row.line, "", told)?;
    }
    Ok(())
}

/// One line of a WhatsApp chat that opens a message: date, time and what follows.
fn whatsapp_line(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.trim_start_matches(['\u{200E}', '\u{FEFF}', '\u{202A}']);
    let (stamp, rest) = match line.strip_prefix('[') {
        Some(inner) => inner.split_once("] ")?,
        None => line.split_once(" - ")?,
    };
    if stamp.len() > 40 {
        return None;
    }
    let end = stamp.find([',', ' ', '\u{A0}', '\u{202F}'])?;
    let (date, clock) = stamp.split_at(end);
    let clock = clock.trim_start_matches([',', ' ', '\u{A0}', '\u{202F}']);
    let clock = clock.strip_prefix("à ").unwrap_or(clock).trim();
    let mut parts = date.split(['/', '.', '-']);
    let numeric = |part: Option<&str>| {
        part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let dated = numeric(parts.next())
        && numeric(parts.next())
        && numeric(parts.next())
        && parts.next().is_none();
    (dated && clock.starts_with(|c: char| c.is_ascii_digit()) && clock.contains([':', 'h', '.']))
        .then_some((date, clock, rest))
}

/// Whether a text is a WhatsApp chat: several of its first lines open a message.
pub(crate) fn is_whatsapp(head: &str) -> bool {
    let lines = head.lines().take(30);
    let (mut opened, mut all) = (0, 0);
    for line in lines.filter(|line| !line.trim().is_empty()) {
        all += 1;
        opened += usize::from(whatsapp_line(line).is_some());
    }
    opened > 0 && opened * 3 >= all
}

/// Years of two digits are of this century here: the application is younger than it.
fn long_year(date: &str) -> String {
    match date.rfind(['/', '.', '-']) {
        Some(at) if date.len() - at - 1 == 2 && !date.starts_with("20") => {
            format!("{}20{}", &date[..=at], &date[at + 1..])
        }
        _ => date.to_owned(),
    }
}

/// Reads a WhatsApp chat.
pub(crate) fn whatsapp(
    input: &mut dyn Input,
    charset: crate::encoding::Charset,
    reading: &Reading<'_>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let declared = reading
        .sidecar
        .and_then(|sidecar| sidecar.date_order.as_deref())
        .and_then(Order::parse);
    let order = match declared {
        Some(order) => Some(order),
        None => {
            let mut orders = Orders::default();
            each_line(input, charset, &mut |number, line| {
                if let Some((date, _, _)) = whatsapp_line(line) {
                    orders.see(&long_year(date), number);
                }
                Ok(())
            })?;
            orders.settle().map_err(|unsettled| {
                let line = match unsettled {
                    Unsettled::Open(line) | Unsettled::Contradiction(line, _) => line,
                };
                Failure::Reason(format!(
                    "Day and month cannot be told apart in this chat (line {line}). Which comes first? Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file."
                ))
            })?
        }
    };
    let place = place(reading);
    let mut open: Option<(u64, Timestamp, String, String, u32)> = None;
    let mut within: (i64, HashMap<String, u32>) = (i64::MIN, HashMap::new());
    let close = |open: &mut Option<(u64, Timestamp, String, String, u32)>,
                 teller: &mut Teller<'_>| {
        match open.take() {
            None => Ok(()),
            Some((line, at, author, text, nth)) => {
                let draft = history::whatsapp(at, &author, &text, nth, &place);
                teller.take(line, "", Told::Events(vec![draft]))
            }
        }
    };
    each_line(input, charset, &mut |number, line| {
        let Some((date, clock, rest)) = whatsapp_line(line) else {
            match &mut open {
                Some((_, _, _, text, _)) if text.len() < 1 << 20 => {
                    text.push('\n');
                    text.push_str(line);
                }
                Some(_) => {}
                None if line.trim().is_empty() => teller.drop(number, "blank"),
                None => teller.drop(number, "preamble"),
            }
            return Ok(());
        };
        close(&mut open, teller)?;
        let stamp = format!("{} {clock}", long_year(date));
        let at = dates::parse(&stamp, order)
            .ok()
            .and_then(|when| when.instant(reading.zone));
        let Some(at) = at else {
            return teller.take(
                number,
                "",
                Told::Refused("the time of the message cannot be read".to_owned()),
            );
        };
        let Some((author, text)) = rest.split_once(": ") else {
            return teller.take(number, "", Told::Dropped("system_message"));
        };
        if within.0 != at.as_second() {
            within = (at.as_second(), HashMap::new());
        }
        let nth = within.1.entry(author.to_owned()).or_default();
        *nth += 1;
        open = Some((number, at, author.to_owned(), text.to_owned(), *nth));
        Ok(())
    })?;
    close(&mut open, teller)
}

fn each_line(
    input: &mut dyn Input,
    charset: crate::encoding::Charset,
    take: &mut dyn FnMut(u64, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut reader = BufReader::new(Utf8Reader::new(input.open()?, charset));
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        let n = (&mut reader).take(4 << 20).read_until(b'\n', &mut bytes)?;
        if n == 0 {
            return Ok(());
        }
        number += 1;
        let line = String::from_utf8_lossy(&bytes);
        take(number, line.trim_end_matches(['\n', '\r']))?;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whatsapp_lines_open_in_either_language() {
        for (case, line, want) in [
            (
                "android, french",
                "12/01/2026 à 10:11 - Ada: Bonjour",
                Some(("12/01/2026", "10:11", "Ada: Bonjour")),
            ),
            (
                "android, english",
                "1/12/26, 10:11 AM - Ada: Hello",
                Some(("1/12/26", "10:11 AM", "Ada: Hello")),
            ),
            (
                "ios",
                "[12/01/2026, 10:11:12] Ada: Bonjour",
                Some(("12/01/2026", "10:11:12", "Ada: Bonjour")),
            ),
            (
                "ios, french",
                "\u{200E}[12/01/2026 à 10:11:12] Ada: Bonjour",
                Some(("12/01/2026", "10:11:12", "Ada: Bonjour")),
            ),
            ("a second line", "et voilà - merci", None),
        ] {
            assert_eq!(whatsapp_line(line), want, "{case}");
        }
        assert_eq!(long_year("1/12/26"), "1/12/2026");
    }
}

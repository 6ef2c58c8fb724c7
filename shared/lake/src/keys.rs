//! Where every object lies. Keys are plain: lower-case words, digits, `-`, `_`, `=`, `.` and `/`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::entity::Entity;
use levier_domain::time::Month;

/// Where raw deliveries wait for compaction; expires.
pub const LANDING: &str = "landing/";
/// Where admins drop files; expires.
pub const DROP: &str = "drop/";
/// Deliveries of which some item could not be read; expires.
pub const QUARANTINE: &str = "quarantine/";
/// Refused rows, ready to mend; expires.
pub const REFUSED: &str = "refused/";
/// Canonical events by day.
pub const EVENTS: &str = "events/";
/// Typed CRM rows by entity.
pub const CRM: &str = "crm/";
/// Keys, ages and content hashes of the typed rows.
pub const INDEX: &str = "index/";
/// Keys that a complete export did not hold any more.
pub const DELETED: &str = "deleted/";
/// Company domains of e-mails, both as keyed hashes.
pub const DOMAINS: &str = "domains/";
/// Receipts of imports.
pub const RECEIPTS: &str = "receipts/";
/// Events that files brought, waiting for compaction.
pub const STAGED: &str = "staged/";
/// What compaction has read, to the item.
pub const LEDGER: &str = "ledger/";
/// Who is who.
pub const IDENTITY: &str = "identity/";
/// Person-months.
pub const FACTS: &str = "facts/";
/// The published twin of the results table.
pub const PUBLISHED: &str = "published/";
/// Sealed ROI snapshots.
pub const SNAPSHOTS: &str = "snapshots/";

/// `landing/{source}/{date}/{hour}/`, in UTC.
#[must_use]
pub fn landing_hour(source: &str, received_at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(received_at);
    format!("{LANDING}{source}/{}/{:02}/", at.date(), at.hour())
}

/// The day file of events.
#[must_use]
pub fn events(date: Date) -> String {
    format!("{EVENTS}date={date}/events.parquet")
}

/// The day of an event: its UTC day.
#[must_use]
pub fn event_day(occurred_at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(occurred_at).date()
}

/// The day that an events key names.
#[must_use]
pub fn day_of_events_key(key: &str) -> Option<Date> {
    key.strip_prefix(EVENTS)?
        .strip_prefix("date=")?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// One part of the typed rows of an import.
#[must_use]
pub fn crm(entity: Entity, import_id: &str, part: usize) -> String {
    format!("{CRM}{entity}/{import_id}-{part:04}.parquet")
}

/// The index that stands beside [`crm`].
#[must_use]
pub fn index(entity: Entity, import_id: &str, part: usize) -> String {
    format!("{INDEX}{entity}/{import_id}-{part:04}.parquet")
}

/// The keys that a complete export made count as deleted, as an index whose contents are nought.
#[must_use]
pub fn deleted(entity: Entity, import_id: &str) -> String {
    format!("{DELETED}{entity}/{import_id}.parquet")
}

/// The company domains of the e-mails that one import brought, or one month of a source.
#[must_use]
pub fn domains(import_id: &str) -> String {
    format!("{DOMAINS}{import_id}.parquet")
}

/// The receipt of one import.
#[must_use]
pub fn receipt(import_id: &str) -> String {
    format!("{RECEIPTS}imports/{import_id}.json")
}

/// The receipts of one dropped object, an archive having several.
#[must_use]
pub fn drop_receipts(drop_key: &str) -> String {
    format!(
        "{RECEIPTS}drops/{}.json",
        drop_key.strip_prefix(DROP).unwrap_or(drop_key)
    )
}

/// The refused rows of one import.
#[must_use]
pub fn refused(import_id: &str) -> String {
    format!("{REFUSED}{import_id}.csv")
}

/// The events that one import brought.
#[must_use]
pub fn staged(import_id: &str) -> String {
    format!("{STAGED}{import_id}.parquet")
}

/// One bucket of one month of facts.
#[must_use]
pub fn facts(month: Month, bucket: usize) -> String {
    format!("{FACTS}month={month}/bucket={bucket:04}/facts.parquet")
}

/// What a fact file's key says: month and bucket.
#[must_use]
pub fn parse_facts_key(key: &str) -> Option<(Month, usize)> {
    let mut parts = key.strip_prefix(FACTS)?.split('/');
    let month = parts.next()?.strip_prefix("month=")?.parse().ok()?;
    let bucket = parts.next()?.strip_prefix("bucket=")?.parse().ok()?;
    Some((month, bucket))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back() {
        let day: Date = "2026-03-29".parse().unwrap();
        assert_eq!(day_of_events_key(&events(day)), Some(day));
        let month: Month = "2026-03".parse().unwrap();
        assert_eq!(parse_facts_key(&facts(month, 12)), Some((month, 12)));
        assert_eq!(
            landing_hour("forum", Timestamp::UNIX_EPOCH),
            "landing/forum/1970-01-01/00/"
        );
    }
}

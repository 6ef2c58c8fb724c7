//! What a run reads, and the periods and grains it publishes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::Config;
use levier_domain::event::Kind;

use crate::activity::Activity;
use crate::calendar::AsOf;
use crate::commerce::Commerce;
use crate::records::Records;
use crate::scope::Cut;
use crate::told::Told;

/// Everything that KPIs are computed from. What is `None` or empty is published as missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs<'a> {
    /// Events; the people KPIs.
    pub activity: Option<&'a Activity>,
    /// Sums over person-month facts; the commerce KPIs.
    pub commerce: Option<&'a Commerce>,
    /// CRM records.
    pub records: Option<&'a Records>,
}

/// Years of periods that are published: a date of joining in a roster may be older than any community.
pub(crate) const YEARS_KEPT: i32 = 10;

/// One run over activity.
pub(crate) struct Run<'a> {
    pub activity: &'a Activity,
    pub config: &'a Config,
    pub as_of: AsOf,
    pub zone: TimeZone,
    pub fiscal: u8,
    /// The first instant that is not known yet: the end of the as-of day, or now where that still runs (µs).
    pub now: i64,
    /// The day of the first event.
    pub first: Date,
    /// What connected platforms tell.
    pub told: Told,
    attendances: usize,
}

/// The local day of an instant.
pub(crate) fn day_of(at: i64, zone: &TimeZone) -> Date {
    jiff::Timestamp::from_microsecond(at).map_or(Date::ZERO, |t| zone.to_datetime(t).date())
}

impl<'a> Run<'a> {
    pub fn new(activity: &'a Activity, config: &'a Config, as_of: AsOf) -> Self {
        let zone = config.workspace.zone();
        let first = activity
            .entries
            .first()
            .map_or(as_of.day, |entry| day_of(entry.at, &zone))
            .max(
                as_of
                    .day
                    .saturating_sub(jiff::Span::new().years(YEARS_KEPT)),
            );
        Self {
            activity,
            config,
            as_of,
            fiscal: config.workspace.fiscal_year_start,
            now: as_of.now(&zone),
            first,
            attendances: activity
                .entries
                .iter()
                .filter(|e| e.kind() == Kind::LiveAttended)
                .count(),
            told: Told::of(activity, config),
            zone,
        }
    }

    /// Days and weeks are published for whole communities only, to keep the table small; days only of what is counted, for
    /// shares of a day rest on too few.
    pub fn grains(&self, cut: &Cut) -> &'static [&'static str] {
        if cut.segment.is_none() && cut.platform.is_none() && cut.channel.is_none() {
            &["day", "week", "month", "quarter", "year", "28d", "90d"]
        } else if cut.channel.is_some() {
            &["month", "28d", "90d"]
        } else {
            &["month", "quarter", "year", "28d", "90d"]
        }
    }

    /// Whether any live was attended at all.
    pub fn attendances(&self, _cut: &Cut) -> usize {
        self.attendances
    }
}

//! What of a table is asked for: as-of day, stretch of time, community, segment, KPI, language, dialect.

use jiff::civil::Date;
use levier_domain::time::{Grain, Month, Period, TimeError};
use levier_render::{CsvDialect, Language};
use serde::{Deserialize, Serialize};

use crate::rows::TableError;

/// What of a table is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The day whose knowledge counts; the newest when absent.
    pub as_of: Option<Date>,
    /// First period, by name (`2026-03-29`, `2026-W13`, `2026-03`, `2026-Q1`, `2026`, `FY2026-Q1`, `FY2026`): only what begins
    /// with it or later.
    pub from: Option<String>,
    /// Last period, by name: only what ends with it or before.
    pub to: Option<String>,
    /// One community.
    pub community: Option<String>,
    /// One segment.
    pub segment: Option<String>,
    /// One KPI.
    pub kpi: Option<String>,
    /// `fr` or `en`: reasons in that language, and a column `label` with the name of the KPI.
    pub lang: Option<String>,
    /// `plain` or `excel-fr`.
    pub dialect: Option<String>,
    /// The reading key, where it comes in the query; checked elsewhere.
    #[serde(skip_serializing)]
    pub key: Option<String>,
    /// The month in which the workspace's fiscal year begins (1 to 12), by which `FY2026` is read; 0 is January.
    #[serde(skip)]
    pub fiscal_year_start: u8,
}

/// What a filter asks for; a blank one, as a spreadsheet sends for an empty cell, asks for nothing.
pub(crate) fn asked(filter: &Option<String>) -> Option<&str> {
    filter.as_deref().filter(|text| !text.is_empty())
}

/// The days from the start of `from` to the end of `to`, where either is asked for.
pub(crate) fn range(filter: &Filter) -> Result<Option<(Date, Date)>, TableError> {
    let read = |name: &str, text: &Option<String>| {
        asked(text)
            .map(|text| days_of(text, filter.fiscal_year_start))
            .transpose()
            .map_err(|error| TableError::Filter(format!("{name}: {error}")))
    };
    let (from, to) = (read("from", &filter.from)?, read("to", &filter.to)?);
    if let (Some((first, _)), Some((_, after))) = (from, to)
        && first >= after
    {
        let name = |text: &Option<String>| text.clone().unwrap_or_default();
        return Err(TableError::Filter(format!(
            "from `{}` begins after to `{}` is over; give the earlier one as from",
            name(&filter.from),
            name(&filter.to)
        )));
    }
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    Ok(Some((
        from.map_or(Date::MIN, |from| from.0),
        to.map_or(Date::MAX, |to| to.1),
    )))
}

/// First day of a period and first day after it, by its name.
///
/// A fiscal year that does not begin in January is named after the calendar year in which it ends.
fn days_of(name: &str, fiscal_year_start: u8) -> Result<(Date, Date), TimeError> {
    let Some(fiscal) = name.strip_prefix("FY") else {
        return name
            .parse()
            .map(|period: Period| (period.start, period.end));
    };
    let wrong = || TimeError::NotAPeriod(name.to_owned());
    let calendar: Period = fiscal.parse().map_err(|_| wrong())?;
    let months = match calendar.grain {
        Grain::Year => 12,
        Grain::Quarter => 3,
        _ => return Err(wrong()),
    };
    let shift = i32::from(fiscal_year_start.clamp(1, 12)) - 1;
    let earlier = if shift > 0 { 12 - shift } else { 0 };
    let start = Month::of(calendar.start).plus(-earlier);
    Ok((start.first_day(), start.plus(months).first_day()))
}

/// Whether a period lies whole in the range. What names no stretch of the calendar (`28d`, `all`) lies in none.
pub(crate) fn within(
    period: Option<&str>,
    range: Option<(Date, Date)>,
    fiscal_year_start: u8,
) -> bool {
    range.is_none_or(|(start, end)| {
        period
            .and_then(|period| days_of(period, fiscal_year_start).ok())
            .is_some_and(|(first, after)| first >= start && after <= end)
    })
}

/// The language that a filter asks for.
pub(crate) fn language(filter: &Filter) -> Result<Option<Language>, TableError> {
    match asked(&filter.lang) {
        None => Ok(None),
        Some(code) => match Language::from_code(code) {
            Some(language) => Ok(Some(language)),
            None => Err(TableError::Filter(format!(
                "lang `{code}` is not one of fr, en"
            ))),
        },
    }
}

/// The CSV dialect that a filter asks for.
///
/// # Errors
/// [`TableError::Filter`].
pub fn dialect(filter: &Filter) -> Result<CsvDialect, TableError> {
    match asked(&filter.dialect) {
        None => Ok(CsvDialect::Plain),
        Some(code) => CsvDialect::from_code(code).ok_or_else(|| {
            TableError::Filter(format!("dialect `{code}` is not one of plain, excel-fr"))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Weeks and quarters are told from months by their days, not by how their names sort.
    #[test]
    fn a_range_holds_the_periods_that_lie_in_it() {
        let all = [
            "2026-02-28",
            "2026-03-01",
            "2026-05-31",
            "2026-06-01",
            "2026-02",
            "2026-03",
            "2026-05",
            "2026-06",
            "2026-W09",
            "2026-W10",
            "2026-W22",
            "2026-W23",
            "2026-Q1",
            "2026-Q2",
            "2026",
            "28d",
            "all",
            "M3",
            "now",
        ];
        for (case, from, to, want) in [
            (
                "months",
                Some("2026-03"),
                Some("2026-05"),
                vec![
                    "2026-03-01",
                    "2026-05-31",
                    "2026-03",
                    "2026-05",
                    "2026-W10",
                    "2026-W22",
                ],
            ),
            (
                "days",
                Some("2026-03-01"),
                Some("2026-05-31"),
                vec![
                    "2026-03-01",
                    "2026-05-31",
                    "2026-03",
                    "2026-05",
                    "2026-W10",
                    "2026-W22",
                ],
            ),
            (
                "one week",
                Some("2026-W22"),
                Some("2026-W22"),
                vec!["2026-05-31", "2026-W22"],
            ),
            (
                "from a quarter on",
                Some("2026-Q2"),
                None,
                vec![
                    "2026-05-31",
                    "2026-06-01",
                    "2026-05",
                    "2026-06",
                    "2026-W22",
                    "2026-W23",
                    "2026-Q2",
                ],
            ),
            (
                "until a month",
                None,
                Some("2026-02"),
                vec!["2026-02-28", "2026-02"],
            ),
            ("everything", None, None, all.to_vec()),
        ] {
            let filter = Filter {
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                ..Filter::default()
            };
            let range = range(&filter).unwrap();
            let held: Vec<&str> = all
                .into_iter()
                .filter(|period| within(Some(period), range, 0))
                .collect();
            assert_eq!(held, want, "{case}");
            assert_eq!(within(None, range, 0), range.is_none(), "{case}");
        }
        for (from, wrong) in [
            (None, "28d"),
            (None, "2026-13"),
            (None, "yesterday"),
            (Some("2026-05"), "2026-03"),
            (Some("2026-05-02"), "2026-05-01"),
        ] {
            let filter = Filter {
                from: from.map(str::to_owned),
                to: Some(wrong.to_owned()),
                ..Filter::default()
            };
            assert!(
                matches!(range(&filter), Err(TableError::Filter(_))),
                "{wrong}"
            );
        }
    }

    /// A year from April on is named after the year in which it ends.
    #[test]
    fn fiscal_periods_are_days_too() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (case, name, start, first, after) in [
            ("year", "FY2026", 4, "2025-04-01", "2026-04-01"),
            ("first quarter", "FY2026-Q1", 4, "2025-04-01", "2025-07-01"),
            ("last quarter", "FY2026-Q4", 4, "2026-01-01", "2026-04-01"),
            ("from December", "FY2026-Q1", 12, "2025-12-01", "2026-03-01"),
            ("from February", "FY2026", 2, "2025-02-01", "2026-02-01"),
        ] {
            assert_eq!(days_of(name, start), Ok((day(first), day(after))), "{case}");
        }
        for name in ["FY", "FY2026-05", "FY2026-W01", "FYQ1", "FY2026-Q5"] {
            assert!(days_of(name, 4).is_err(), "{name}");
        }
    }
}

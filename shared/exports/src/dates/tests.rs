use super::*;

#[test]
fn instants_are_read_in_their_zone() {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    use Order::{DayFirst, MonthFirst};
    for (case, cell, order, want) in [
        (
            "utc",
            "2026-01-02T03:04:05Z",
            None,
            Some("2026-01-02T03:04:05Z"),
        ),
        (
            "fraction",
            "2026-01-02T03:04:05.250Z",
            None,
            Some("2026-01-02T03:04:05.25Z"),
        ),
        (
            "space and offset",
            "2025-10-07 09:50:26 +0200",
            None,
            Some("2025-10-07T07:50:26Z"),
        ),
        (
            "colon offset",
            "2025-10-07T09:50:26+02:00",
            None,
            Some("2025-10-07T07:50:26Z"),
        ),
        (
            "local",
            "2026-07-01 12:00",
            None,
            Some("2026-07-01T10:00:00Z"),
        ),
        ("bare day", "2026-01-15", None, Some("2026-01-14T23:00:00Z")),
        (
            "day first",
            "03/04/2026",
            Some(DayFirst),
            Some("2026-04-02T22:00:00Z"),
        ),
        (
            "month first",
            "03/04/2026",
            Some(MonthFirst),
            Some("2026-03-03T23:00:00Z"),
        ),
        (
            "afternoon",
            "3/4/2026 1:05 PM",
            Some(MonthFirst),
            Some("2026-03-04T12:05:00Z"),
        ),
        ("order unknown", "03/04/2026", None, None),
        (
            "same either way",
            "04/04/2026",
            None,
            Some("2026-04-03T22:00:00Z"),
        ),
        (
            "french words",
            "1er février 2026",
            None,
            Some("2026-01-31T23:00:00Z"),
        ),
        (
            "english words",
            "Nov 22, 2026 14:05",
            None,
            Some("2026-11-22T13:05:00Z"),
        ),
        ("two-digit year", "03/04/26", Some(DayFirst), None),
        ("no such day", "2026-02-30", None, None),
        ("number", "45000", None, None),
        (
            "eight digits",
            "20260115",
            None,
            Some("2026-01-14T23:00:00Z"),
        ),
        ("eight digits, day first", "15012026", None, None),
        ("text", "hier", None, None),
        ("zero date", "0000-00-00", None, None),
        (
            "loader's offset",
            "2010-10-14T12:00:00.000Z-0300",
            None,
            Some("2010-10-14T15:00:00Z"),
        ),
    ] {
        let got = parse(cell, order)
            .ok()
            .and_then(|when| when.instant(&paris))
            .map(|instant| instant.to_string());
        assert_eq!(got.as_deref(), want, "{case}");
    }
}

#[test]
fn order_is_proven_or_asked_for() {
    for (case, cells, want) in [
        (
            "proven day first",
            &["03/04/2026", "25/04/2026"][..],
            Ok(Some(Order::DayFirst)),
        ),
        (
            "proven month first",
            &["03/25/2026"],
            Ok(Some(Order::MonthFirst)),
        ),
        (
            "all small",
            &["03/04/2026", "05/06/2026"],
            Err(Unsettled::Open(1)),
        ),
        (
            "contradiction",
            &["25/04/2026", "04/25/2026"],
            Err(Unsettled::Contradiction(1, 2)),
        ),
        ("iso needs none", &["2026-04-03"], Ok(None)),
    ] {
        let mut orders = Orders::default();
        for (at, cell) in cells.iter().enumerate() {
            orders.see(cell, at as u64 + 1);
        }
        assert_eq!(orders.settle(), want, "{case}");
    }
}

#[test]
fn serials_follow_the_epoch_of_the_workbook() {
    for (case, serial, epoch_1904, want) in [
        (
            "1900",
            46_000.0,
            false,
            Some(When::Day(Date::constant(2025, 12, 9))),
        ),
        (
            "1904",
            44_538.0,
            true,
            Some(When::Day(Date::constant(2025, 12, 9))),
        ),
        (
            "half a day",
            46_000.5,
            false,
            Some(When::Local(Date::constant(2025, 12, 9).at(12, 0, 0, 0))),
        ),
        ("too large", 1e9, false, None),
    ] {
        assert_eq!(from_serial(serial, epoch_1904), want, "{case}");
    }
}

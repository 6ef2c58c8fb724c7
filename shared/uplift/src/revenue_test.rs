//! Revenue per customer against a company whose truth is known.

use levier_domain::config::Config;
use levier_domain::table::{Row, Status, TableName};
use levier_simulator::Story;

use crate::company::{company, facts, gathered, plan};

pub(crate) fn row<'a>(tables: &'a [(TableName, Vec<Row>)], kpi: &str, method: &str) -> &'a Row {
    let (_, rows) = tables
        .iter()
        .find(|(name, _)| *name == TableName::Uplift)
        .unwrap();
    rows.iter()
        .find(|row| {
            row.kpi.as_deref() == Some(kpi)
                && row.text("method") == Some(method)
                && row.segment.as_deref() == Some("all")
        })
        .unwrap_or_else(|| panic!("no row {kpi} {method}"))
}

#[test]
fn the_ladder_of_the_demo() {
    let company = company(Story::Plain, 2_000, 1);
    let config = Config::default();
    let plan = plan(&company, &config);
    let tables = gathered(&plan, &facts(&company)).finish();
    for kpi in [
        "revenue_per_customer",
        "customer_retention",
        "contact_rate",
        "purchase_frequency",
        "average_order_value",
    ] {
        for row in tables[0]
            .1
            .iter()
            .filter(|row| row.kpi.as_deref() == Some(kpi))
        {
            eprintln!(
                "{kpi} {:?} {:?} {} {:?} [{:?} {:?}] {:?}-{:?} {:?} {:?}",
                row.text("method"),
                row.text("tenure_band"),
                row.status,
                row.value,
                row.lower,
                row.upper,
                row.own.get("member_level"),
                row.own.get("counterfactual_level"),
                row.reason,
                row.own.get("blocked_value")
            );
        }
    }
    for row in &tables[1].1 {
        eprintln!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            row.kpi,
            row.text("measure"),
            row.own.get("event_time").or(row.own.get("tenure_band")),
            row.value,
            row.lower,
            row.upper
        );
    }
    eprintln!("{:?}", company.truth);
    let did = row(&tables, "revenue_per_customer", "did");
    assert_eq!(did.status, Status::Ok);
}

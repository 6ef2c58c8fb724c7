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
    for method in ["naive", "stratified", "regression", "did"] {
        let row = row(&tables, "revenue_per_customer", method);
        eprintln!("{}", serde_json::to_string_pretty(row).unwrap());
    }
    eprintln!("{:?}", company.truth);
    let did = row(&tables, "revenue_per_customer", "did");
    assert_eq!(did.status, Status::Ok);
}

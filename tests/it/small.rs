//! The made-up company through the whole pipeline: the truth inside the interval, counts to the unit, nobody named.

use levier_domain::table::TableName;
use levier_simulator::{Company, CompanyOptions, Scale};
use levier_tests::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_small_company_reconciles_and_its_truth_is_covered() {
    let mut options = CompanyOptions::new(Scale::Small);
    options.customers = Some(600);
    let company = Company::with_options(options, 11, "2026-11-01".parse().unwrap());
    let secrets: Vec<(String, Vec<u8>)> = company
        .secrets()
        .into_iter()
        .map(|(name, bytes)| (format!("secrets/{name}"), bytes))
        .collect();
    let secrets: Vec<(&str, &[u8])> = secrets
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let world = World::with(&company.configuration(), &secrets).await;
    let seed = <[u8; 32]>::try_from(
        company
            .secrets()
            .into_iter()
            .find(|(name, _)| name == "discord-private")
            .map(|(_, digits)| decode(&digits))
            .unwrap(),
    )
    .unwrap();
    for delivery in company.deliveries() {
        let source = &world.deps.sources[&delivery.source];
        let signed = source.sign(&delivery.body, delivery.received_at, &delivery.delivery_id);
        let mut request = signed.unwrap_or_else(|_| {
            source
                .sign_ed25519(
                    &delivery.body,
                    delivery.received_at,
                    &delivery.delivery_id,
                    &seed,
                )
                .unwrap()
        });
        for (name, value) in delivery.headers {
            let name = name.to_ascii_lowercase();
            request.headers.retain(|(known, _)| *known != name);
            request.headers.push((name, value));
        }
        let reply = levier_receive::receive(&world.deps, &request, delivery.received_at).await;
        assert!(
            reply.status < 300,
            "{}: {}",
            delivery.source,
            String::from_utf8_lossy(&reply.body)
        );
    }
    let expected_files = company.expected_files();
    for file in company.files() {
        let receipt = world
            .drop_file(&file.name, &file.bytes().unwrap(), "2026-10-31T12:00:00Z")
            .await
            .unwrap()
            .remove(0);
        let expected = expected_files
            .iter()
            .find(|expected| expected.name == file.name)
            .unwrap();
        assert!(receipt.balances(), "{receipt:?}");
        let taken = receipt.rows.new + receipt.rows.changed + receipt.rows.unchanged;
        assert_eq!(
            (taken, receipt.rows.refused),
            (expected.good, expected.bad),
            "{}: {receipt:?}",
            file.name
        );
    }
    world.night("2026-10-31").await.unwrap();

    let sources = world.rows(TableName::Sources).await;
    for (name, expected) in company.expected_deliveries() {
        let row = sources
            .iter()
            .find(|row| row["source"] == name.as_str())
            .unwrap();
        let got = [
            "deliveries",
            "accepted",
            "duplicate",
            "ignored",
            "quarantined",
        ]
        .map(|column| row[column].as_u64().unwrap());
        let want = [
            expected.deliveries,
            expected.events,
            expected.duplicates + expected.echoes,
            expected.ignored,
            expected.quarantined,
        ];
        assert_eq!(got, want, "{name}");
    }
    for (key, bytes) in world.lake().await {
        // A snapshot bears the company's own name, which the people's made-up names share.
        if key.starts_with("snapshots/") {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        for mark in [levier_simulator::NAME_MARK, levier_simulator::TEXT_MARK] {
            assert!(!text.contains(mark), "{key} holds {mark}");
        }
    }
    let uplift = world.rows(TableName::Uplift).await;
    let find = |method: &str| {
        uplift
            .iter()
            .find(|row| {
                row["kpi"] == "revenue_per_customer"
                    && row["community"] == "all"
                    && row["segment"] == "all"
                    && row["method"] == method
                    && ["cohort", "tenure_band", "platform"]
                        .iter()
                        .all(|cut| matches!(row[*cut].as_str(), None | Some("" | "all")))
            })
            .unwrap()
    };
    let (raw, estimate) = (find("naive"), find("did"));
    let truth = company.truth.revenue_per_customer;
    assert!(
        estimate["lower"].as_f64().unwrap() <= truth
            && truth <= estimate["upper"].as_f64().unwrap(),
        "{truth} not in {estimate}"
    );
    assert!(
        raw["lower"].as_f64().unwrap() > truth,
        "the raw gap {raw} is not above {truth}"
    );
    assert_eq!(raw["grade"], "D");
}

fn decode(digits: &[u8]) -> Vec<u8> {
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

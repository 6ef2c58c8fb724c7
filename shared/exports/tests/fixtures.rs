//! Every fixture is named `{dialect}__{case}`: it must be recognised as that dialect; `refused__{case}` must be refused whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use levier_domain::receipt::ImportStatus;

#[test]
fn fixtures_are_what_their_names_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (dialect, _) = name.split_once("__").expect("named dialect__case");
        let got = common::read(&name, &std::fs::read(&path).unwrap());
        let receipt = got.receipt();
        seen += 1;
        if dialect == "refused" {
            assert_eq!(receipt.status, ImportStatus::Refused, "{name}");
            continue;
        }
        assert_eq!(
            receipt.status,
            ImportStatus::Imported,
            "{name}: {receipt:?}"
        );
        assert_eq!(receipt.dialect.as_deref(), Some(dialect), "{name}");
        assert_eq!(
            (got.outcome.accepted, receipt.rows.refused),
            (2, 0),
            "{name}: {receipt:?}"
        );
        let shown = format!("{:?}", got.records);
        for private in [
            "Morel",
            "Lefèvre",
            "Rivière",
            "Reed",
            "exemple.fr",
            "example.org",
            "612345678",
        ] {
            assert!(!shown.contains(private), "{name}: {private}");
        }
    }
    assert!(seen >= 10);
}

//! The seal: SHA-256 over the document in canonical form (keys sorted, no spaces, the seal itself left out).

use jiff::civil::Date;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// The document is not what was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenSeal {
    /// It has no seal.
    #[error("the document has no seal; it is not a snapshot")]
    Absent,
    /// Its content has another hash.
    #[error(
        "the seal is {sealed}, the content's hash is {found}: the document was changed after it was sealed"
    )]
    Changed {
        /// What it says.
        sealed: String,
        /// What it is.
        found: String,
    },
    /// Its name is another than its seal gives it.
    #[error(
        "the document calls itself {named}, its seal makes it {sealed}: it was put in the place of another, or renamed"
    )]
    Renamed {
        /// What it is called.
        named: String,
        /// What it must be called.
        sealed: String,
    },
}

fn digest(document: &Json) -> String {
    let mut content = document.clone();
    if let Json::Object(map) = &mut content {
        map.remove("seal");
        map.remove("snapshot_id");
    }
    // Whether serde_json keeps objects in the order of their keys depends on what else is built with it; the seal must not.
    content.sort_all_objects();
    hex::encode(Sha256::digest(content.to_string()))
}

fn name(as_of: &str, seal: &str) -> String {
    format!("{as_of}-{}", seal.get(..12).unwrap_or(seal))
}

/// Seals a document; gives its id and itself with seal and id.
#[must_use]
pub fn seal(as_of: Date, mut document: Json) -> (String, Json) {
    let seal = digest(&document);
    let id = name(&as_of.to_string(), &seal);
    if let Json::Object(map) = &mut document {
        map.insert("seal".to_owned(), Json::String(seal));
        map.insert("snapshot_id".to_owned(), Json::String(id.clone()));
    }
    (id, document)
}

/// Checks a document against its seal, and that it is the one that lies under `id`.
///
/// # Errors
/// [`BrokenSeal`].
pub fn verify(id: &str, document: &Json) -> Result<(), BrokenSeal> {
    let sealed = document
        .get("seal")
        .and_then(Json::as_str)
        .ok_or(BrokenSeal::Absent)?;
    let found = digest(document);
    if sealed != found {
        return Err(BrokenSeal::Changed {
            sealed: sealed.to_owned(),
            found,
        });
    }
    // The seal covers neither itself nor the name that is made of it.
    let text = |key: &str| document.get(key).and_then(Json::as_str).unwrap_or_default();
    let right = name(text("as_of"), sealed);
    match [id, text("snapshot_id")]
        .into_iter()
        .find(|named| *named != right)
    {
        None => Ok(()),
        Some(named) => Err(BrokenSeal::Renamed {
            named: named.to_owned(),
            sealed: right,
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_changed_digit_breaks_the_seal() {
        let (id, sealed) = seal(
            "2026-03-31".parse().unwrap(),
            json!({"as_of": "2026-03-31", "b": 1.5, "a": [1, 2]}),
        );
        assert!(id.starts_with("2026-03-31-"));
        assert_eq!(verify(&id, &sealed), Ok(()));
        // Written and read back, in whatever order of keys, it still holds.
        let text = format!(
            r#"{{"b":1.5,"as_of":"2026-03-31","seal":{},"a":[1,2],"snapshot_id":{}}}"#,
            sealed["seal"], sealed["snapshot_id"]
        );
        assert_eq!(verify(&id, &serde_json::from_str(&text).unwrap()), Ok(()));
        for (key, value) in [
            ("b", json!(1.6)),
            ("as_of", json!("2026-03-30")),
            ("seal", json!("0".repeat(64))),
        ] {
            let mut forged = sealed.clone();
            forged[key] = value;
            let broken = verify(&id, &forged);
            assert!(matches!(broken, Err(BrokenSeal::Changed { .. })), "{key}");
        }
        let mut renamed = sealed.clone();
        renamed["snapshot_id"] = json!("2026-03-31-000000000000");
        for (case, named, document) in [
            ("another name inside", id.as_str(), &renamed),
            (
                "in the place of another",
                "2026-03-31-0123456789ab",
                &sealed,
            ),
        ] {
            let broken = verify(named, document);
            assert!(matches!(broken, Err(BrokenSeal::Renamed { .. })), "{case}");
        }
        assert_eq!(verify(&id, &json!({"b": 1})), Err(BrokenSeal::Absent));
    }
}

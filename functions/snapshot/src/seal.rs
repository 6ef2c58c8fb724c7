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
}

fn digest(document: &Json) -> String {
    let mut content = document.clone();
    if let Json::Object(map) = &mut content {
        map.remove("seal");
        map.remove("snapshot_id");
    }
    // serde_json keeps objects sorted by key, so that its compact form is canonical.
    hex::encode(Sha256::digest(content.to_string()))
}

/// Seals a document; gives its id and itself with seal and id.
#[must_use]
pub fn seal(as_of: Date, mut document: Json) -> (String, Json) {
    let seal = digest(&document);
    let id = format!("{as_of}-{}", &seal[..12]);
    if let Json::Object(map) = &mut document {
        map.insert("seal".to_owned(), Json::String(seal));
        map.insert("snapshot_id".to_owned(), Json::String(id.clone()));
    }
    (id, document)
}

/// Checks a document against its seal.
///
/// # Errors
/// [`BrokenSeal`].
pub fn verify(document: &Json) -> Result<(), BrokenSeal> {
    let sealed = document
        .get("seal")
        .and_then(Json::as_str)
        .ok_or(BrokenSeal::Absent)?;
    let found = digest(document);
    if sealed == found {
        Ok(())
    } else {
        Err(BrokenSeal::Changed {
            sealed: sealed.to_owned(),
            found,
        })
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
            json!({"b": 1.5, "a": [1, 2]}),
        );
        assert!(id.starts_with("2026-03-31-"));
        assert_eq!(verify(&sealed), Ok(()));
        // Written and read back, in whatever order of keys, it still holds.
        let text = format!(
            r#"{{"b":1.5,"seal":{},"a":[1,2],"snapshot_id":{}}}"#,
            sealed["seal"], sealed["snapshot_id"]
        );
        assert_eq!(verify(&serde_json::from_str(&text).unwrap()), Ok(()));
        let mut forged = sealed.clone();
        forged["b"] = json!(1.6);
        assert!(matches!(verify(&forged), Err(BrokenSeal::Changed { .. })));
        assert_eq!(verify(&json!({"b": 1})), Err(BrokenSeal::Absent));
    }
}

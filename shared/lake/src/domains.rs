//! Which company domain an e-mail is of, both as keyed hashes: `domains/`, one object per import and per month of each source.

use std::collections::BTreeMap;

use bytes::Bytes;
use levier_domain::entity::LakeKind;

use crate::columns::{self, Builder, Column};
use crate::store::LakeError;

/// An e-mail key and the domain key that came with it, as bytes; nothing where either is absent.
#[must_use]
pub fn pair(email_key: Option<&str>, domain_key: Option<&str>) -> Option<([u8; 16], [u8; 16])> {
    let (mut email, mut domain) = ([0; 16], [0; 16]);
    hex::decode_to_slice(email_key?, &mut email).ok()?;
    hex::decode_to_slice(domain_key?, &mut domain).ok()?;
    Some((email, domain))
}

/// A Parquet file of e-mail keys and domain keys.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, domains: &BTreeMap<[u8; 16], [u8; 16]>) -> Result<Vec<u8>, LakeError> {
    let schema = columns::schema(["email_key", "domain_key"].map(|name| (name, LakeKind::Text)));
    let mut builders = [Builder::new(LakeKind::Text), Builder::new(LakeKind::Text)];
    if let [Builder::Text(emails), Builder::Text(keys)] = &mut builders {
        for (email, domain) in domains {
            emails.append_value(hex::encode(email));
            keys.append_value(hex::encode(domain));
        }
    }
    let batch = columns::batch(key, &schema, &mut builders)?;
    columns::write(key, &schema, &[batch])
}

/// Reads such a file.
///
/// # Errors
/// [`LakeError::Content`].
pub fn decode(key: &str, bytes: Bytes, mut each: impl FnMut(&str, &str)) -> Result<(), LakeError> {
    for batch in columns::read(key, bytes, &[])? {
        let (emails, domains) = (
            Column::of(&batch, "email_key"),
            Column::of(&batch, "domain_key"),
        );
        for row in 0..batch.num_rows() {
            if let (Some(email), Some(domain)) = (emails.text(row), domains.text(row)) {
                each(email, domain);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn domains_read_back() {
        let written: BTreeMap<[u8; 16], [u8; 16]> = [([1; 16], [9; 16]), ([2; 16], [8; 16])].into();
        let bytes = encode("domains/i.parquet", &written).unwrap();
        let mut read = Vec::new();
        decode("domains/i.parquet", bytes.into(), |email, domain| {
            read.push((email.to_owned(), domain.to_owned()));
        })
        .unwrap();
        assert_eq!(
            read,
            [("01", "09"), ("02", "08")]
                .map(|(email, domain)| (email.repeat(16), domain.repeat(16)))
        );
    }
}

//! A changed byte anywhere in body, time or signature is refused.

use proptest::prelude::*;

use crate::answers::every_source;
use crate::support::{is_stored, now, status};

/// Headers that say what a body is without being signed: changing them proves nothing about the sender.
fn is_proof(name: &str) -> bool {
    name.contains("signature")
        || name.contains("timestamp")
        || name.contains("auth")
        || name.contains("token")
        || name == "webhook-id"
}

/// Whether two values of a header differ in nothing that is secret: the case of an authentication scheme (RFC 9110, 11.1), or of
/// hexadecimal digits.
fn says_the_same(before: &str, after: &str) -> bool {
    if !before.eq_ignore_ascii_case(after) {
        return false;
    }
    let secret = |value: &str| value.split_once(' ').map(|(_, rest)| rest.to_owned());
    let is_hex = before
        .rsplit('=')
        .next()
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()));
    is_hex || (secret(before).is_some() && secret(before) == secret(after))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_changed_byte_is_refused(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        part in any::<prop::sample::Index>(),
        flip in 1_u8..128,
    ) {
        let sources = every_source();
        let (name, source) = which.get(&sources);
        let body = br#"{"type":"event_callback","event":{"type":"message","text":"Bonjour"}}"#;
        let Ok(request) = source.sign(body, now(), "msg_1") else { return Ok(()) };
        prop_assert!(is_stored(&source.answer(&request, now())), "{name}");
        let proofs: Vec<usize> = request.headers.iter().enumerate()
            .filter(|(_, (header, _))| is_proof(header)).map(|(at, _)| at).collect();
        let covers_body = !source.verification().starts_with("token");
        let mut changed = request.clone();
        if proofs.is_empty() && !covers_body {
            let mut bytes = changed.query.clone().into_bytes();
            let at = place.index(bytes.len());
            bytes[at] ^= flip;
            match String::from_utf8(bytes) {
                Ok(text) => changed.query = text,
                Err(_) => return Ok(()),
            }
            prop_assert_eq!(status(&source.answer(&changed, now())), 401, "{} {}", name, changed.query);
            return Ok(());
        }
        let choice = part.index(proofs.len() + usize::from(covers_body));
        if let Some(header) = proofs.get(choice) {
            let value = &mut changed.headers[*header].1;
            let mut bytes = value.clone().into_bytes();
            let at = place.index(bytes.len());
            bytes[at] ^= flip;
            match String::from_utf8(bytes) {
                Ok(text) if says_the_same(value, &text) => return Ok(()),
                Ok(text) => *value = text,
                Err(_) => return Ok(()),
            }
        } else {
            let at = place.index(changed.body.len());
            changed.body[at] ^= flip;
        }
        prop_assert_eq!(status(&source.answer(&changed, now())), 401, "{} {:?}", name, changed.headers);
    }
}

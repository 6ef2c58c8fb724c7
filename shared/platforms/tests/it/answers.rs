//! The answers of the contract that are this room's: 405, 401, 400, 2xx, and one text for every 401.

use levier_platforms::{Answer, Source};

use crate::support::*;

pub fn every_source() -> Vec<(&'static str, Source)> {
    vec![
        ("slack", source("platform = \"slack\"\nsecret = \"env:X\"")),
        (
            "discourse",
            source("platform = \"discourse\"\nsecret = \"env:X\""),
        ),
        (
            "standard-webhooks",
            source("platform = \"standard-webhooks\"\nsecret = \"env:B64\""),
        ),
    ]
}

#[test]
fn no_proof_and_wrong_proof_have_one_text() {
    let mut texts = std::collections::BTreeSet::new();
    for (name, source) in every_source() {
        let bare = post(b"{}", &[]);
        let Answer::Refuse(refusal) = source.answer(&bare, now()) else {
            panic!("{name} took a request without proof");
        };
        assert_eq!(refusal.status(), 401, "{name}");
        texts.insert((refusal.title(), refusal.detail()));
    }
    assert_eq!(texts.len(), 1);
}

#[test]
fn other_methods_are_not_allowed() {
    for (name, source) in every_source() {
        let mut request = post(b"{}", &[]);
        for method in ["PUT", "DELETE", "PATCH", "get"] {
            request.method = method.to_owned();
            let Answer::Refuse(refusal) = source.answer(&request, now()) else {
                panic!("{name} took {method}");
            };
            assert_eq!(refusal.status(), 405, "{name} {method}");
            assert!(
                refusal.allow().is_some_and(|allow| allow.contains("POST")),
                "{name}"
            );
        }
    }
}

#[test]
fn what_is_signed_is_stored_whatever_is_in_it() {
    for (name, source) in every_source() {
        for body in [
            &b"{\"type\":\"tomorrow\"}"[..],
            b"not json",
            b"",
            &[0xff, 0xfe],
        ] {
            let Ok(request) = source.sign(body, now(), "d1") else {
                continue;
            };
            let answer = source.answer(&request, now());
            assert!(is_stored(&answer), "{name}: {answer:?}");
            assert!((200..300).contains(&status(&answer)), "{name}");
        }
    }
}

#[test]
fn every_live_secret_verifies_and_the_first_signs() {
    for platform in ["slack", "discourse"] {
        let old = source(&format!("platform = \"{platform}\"\nsecret = \"env:OLD\""));
        let new = source(&format!("platform = \"{platform}\"\nsecret = \"env:NEW\""));
        let both = source(&format!(
            "platform = \"{platform}\"\nsecrets = [\"env:NEW\", \"env:OLD\"]"
        ));
        for (case, signer, verifier, taken) in [
            ("old by both", &old, &both, true),
            ("new by both", &new, &both, true),
            ("both sign with the new", &both, &new, true),
            ("old by new", &old, &new, false),
        ] {
            let request = signer.sign(b"{}", now(), "d").unwrap();
            assert_eq!(
                is_stored(&verifier.answer(&request, now())),
                taken,
                "{platform}: {case}"
            );
        }
    }
}

#[test]
fn secrets_and_proofs_are_not_kept() {
    for (name, source) in every_source() {
        let Ok(request) = source.sign(b"{}", now(), "d1") else {
            continue;
        };
        for (header, value) in source.kept_headers(&request) {
            assert!(
                !header.contains("signature")
                    && !header.contains("auth")
                    && !header.contains("token"),
                "{name}: {header}: {value}"
            );
        }
    }
}

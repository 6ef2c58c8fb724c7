//! The answers of the contract that are this room's: 405, 401, 400, 2xx, and one text for every 401.

use levier_platforms::{Answer, Source};

use crate::support::*;

pub fn every_source() -> Vec<(&'static str, Source)> {
    let plain = "secret = \"env:X\"";
    let basic = "secret = \"env:user:password\"";
    let b64 = "secret = \"env:B64\"";
    let meta = "secret = \"env:X\"\nverify_token = \"env:V\"";
    let generic = |keys: &str| format!("secret = \"env:X\"\n{keys}");
    let hmac = "scheme = \"hmac\"\nheader = \"X-Forum-Signature\"\nprefix = \"sha256=\"\ntemplate = \"{timestamp}.{method}.{url}.{body}\"\ntimestamp_header = \"X-Forum-Timestamp\"\ntolerance = 300\npublic_url = \"https://h.example/f\"";
    let all: Vec<(&'static str, String)> = vec![
        ("slack", plain.to_owned()),
        ("discourse", plain.to_owned()),
        ("standard-webhooks", b64.to_owned()),
        ("meltingspot", b64.to_owned()),
        ("cloudevents", plain.to_owned()),
        ("zoom", plain.to_owned()),
        (
            "discord",
            "public_key = \"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\""
                .to_owned(),
        ),
        ("whatsapp", meta.to_owned()),
        ("facebook", meta.to_owned()),
        ("instagram", meta.to_owned()),
        ("linkedin", plain.to_owned()),
        ("telegram", plain.to_owned()),
        ("github", plain.to_owned()),
        ("bettermode", plain.to_owned()),
        (
            "mighty",
            "secret = \"env:X\"\nevent = \"MemberJoined\"".to_owned(),
        ),
        ("zendesk", plain.to_owned()),
        ("intercom", plain.to_owned()),
        ("typeform", plain.to_owned()),
        ("stripe", plain.to_owned()),
        ("shopify", plain.to_owned()),
        (
            "hubspot",
            "secret = \"env:X\"\npublic_url = \"https://h.example/hooks/hubspot\"".to_owned(),
        ),
        ("brevo", plain.to_owned()),
        ("mailchimp", plain.to_owned()),
        ("generic", generic(hmac)),
        (
            "generic",
            generic(
                "scheme = \"hmac\"\nheader = \"X-S\"\nalgorithm = \"sha512\"\nencoding = \"base64\"",
            ),
        ),
        (
            "generic",
            generic("scheme = \"header\"\nheader = \"X-Levier-Token\""),
        ),
        (
            "generic",
            generic("scheme = \"bearer\"\npreset = \"khoros\""),
        ),
        (
            "generic",
            format!("scheme = \"basic\"\npreset = \"hivebrite\"\n{basic}"),
        ),
        (
            "generic",
            generic("scheme = \"query\"\npreset = \"circle\""),
        ),
        (
            "generic",
            format!("scheme = \"standard-webhooks\"\npreset = \"tokywoky\"\n{b64}"),
        ),
    ];
    all.into_iter()
        .map(|(platform, keys)| {
            (
                platform,
                source(&format!("platform = \"{platform}\"\n{keys}")),
            )
        })
        .collect()
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
fn the_scheme_of_an_authorization_is_read_in_any_case_the_token_is_not() {
    for (keys, scheme, token, wrong) in [
        (
            "platform = \"brevo\"\nsecret = \"env:Tok\"",
            "bearer",
            "Tok",
            "tok",
        ),
        (
            "platform = \"generic\"\nscheme = \"basic\"\nsecret = \"env:u:p\"",
            "BASIC",
            "dTpw",
            "dTpW",
        ),
    ] {
        let source = source(keys);
        let answer = |value: String| {
            source.answer(&post(b"{}", &[("authorization", value.as_str())]), now())
        };
        assert!(is_stored(&answer(format!("{scheme} {token}"))), "{keys}");
        assert_eq!(status(&answer(format!("{scheme} {wrong}"))), 401, "{keys}");
        assert_eq!(status(&answer(token.to_owned())), 401, "{keys}");
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

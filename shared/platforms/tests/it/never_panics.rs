//! Reading never panics and never loses a delivery, whatever the bytes.

use levier_domain::item::Item;
use levier_platforms::{Delivery, Request};
use proptest::prelude::*;
use serde_json::Value;

use crate::answers::every_source;
use crate::support::{now, read_delivery, shared};

fn check(headers: Vec<(String, String)>, query: String, body: Vec<u8>) {
    for (name, source) in every_source() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/hooks/s".to_owned(),
            query: query.clone(),
            headers: headers.clone(),
            body: body.clone(),
        };
        let _ = source.answer(&request, now());
        let delivery = Delivery {
            received_at: now(),
            query: query.clone(),
            headers: headers.clone(),
            body: body.clone(),
        };
        let items = read_delivery(&source, &delivery);
        assert!(!items.is_empty(), "{name}");
        assert_eq!(
            items,
            read_delivery(&source, &delivery),
            "{name}: reading twice differs"
        );
        for item in items {
            if let Item::Event(draft) = item {
                assert!(
                    draft.event.event_id.starts_with(source.platform()),
                    "{name}"
                );
            }
        }
    }
}

/// Every published payload, to be damaged.
fn payloads() -> Vec<(String, Value)> {
    let Some(root) = shared("samples/webhooks") else {
        return vec![("none".to_owned(), Value::Null)];
    };
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root).unwrap().flatten() {
        let Ok(files) = std::fs::read_dir(folder.path()) else {
            continue;
        };
        for file in files.flatten() {
            if let Ok(value) = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap())
            {
                found.push((file.path().display().to_string(), value));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Replaces the `at`-th value of the tree.
fn damage(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| {
            if *at != usize::MAX {
                damage(one, at, with);
            }
        }),
        Value::Object(map) => map.values_mut().for_each(|one| {
            if *at != usize::MAX {
                damage(one, at, with);
            }
        }),
        _ => {}
    }
}

fn event_header() -> impl Strategy<Value = Vec<(String, String)>> {
    prop_oneof![
        Just(Vec::new()),
        "[a-z_.]{0,24}".prop_map(|event| vec![
            ("x-discourse-event".to_owned(), event.clone()),
            ("x-github-event".to_owned(), event.clone()),
            ("x-shopify-topic".to_owned(), event)
        ]),
        prop::sample::select(vec![
            "post_created",
            "topic_created",
            "user_created",
            "post_liked",
            "accepted_solution",
            "discussion",
            "discussion_comment",
            "member",
            "orders/create",
            "customers/create",
            "chat_message_created"
        ])
        .prop_map(|event| vec![
            ("x-discourse-event".to_owned(), event.to_owned()),
            ("x-github-event".to_owned(), event.to_owned()),
            ("x-shopify-topic".to_owned(), event.to_owned())
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(body in prop::collection::vec(any::<u8>(), 0..300), query in ".{0,40}", headers in event_header()) {
        check(headers, query, body);
    }

    #[test]
    fn damaged_payloads(
        which in any::<prop::sample::Index>(),
        at in 0_usize..120,
        headers in event_header(),
        with in prop::sample::select(vec![
            Value::Null, Value::Bool(true), Value::from(-1), Value::from(u64::MAX), Value::from(1e300), Value::from(""), Value::from("é\u{0}💥"),
            Value::from("-9999-99-99T99:99:99Z"), Value::Array(vec![]), serde_json::json!([[{}]]), serde_json::json!({}),
        ]),
    ) {
        let payloads = payloads();
        let (_, payload) = which.get(&payloads);
        let mut payload = payload.clone();
        let mut at = at;
        damage(&mut payload, &mut at, &with);
        let body = payload.get("webhook_body").or_else(|| payload.get("body")).unwrap_or(&payload).to_string();
        check(headers, String::new(), body.into_bytes());
    }
}

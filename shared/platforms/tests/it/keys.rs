//! What a wrong `[sources.*]` is told.

use crate::support::try_source;

#[test]
fn what_is_wrong_is_named_with_what_to_set() {
    for (case, keys, said) in [
        (
            "unknown platform",
            "platform = \"myspace\"",
            &["sources.s.platform", "slack"][..],
        ),
        (
            "no secret",
            "platform = \"slack\"",
            &["sources.s.secret", "env:"],
        ),
        (
            "unreadable reference",
            "platform = \"slack\"\nsecret = \"env:MISSING\"",
            &["sources.s.secret", "env:MISSING", "not set"],
        ),
        (
            "empty secret",
            "platform = \"slack\"\nsecret = \"env:EMPTY\"",
            &["sources.s.secret", "empty"],
        ),
        (
            "an empty list",
            "platform = \"slack\"\nsecrets = []",
            &["sources.s.secrets"],
        ),
        (
            "both",
            "platform = \"slack\"\nsecret = \"env:A\"\nsecrets = [\"env:B\"]",
            &["sources.s.secrets", "not both"],
        ),
        (
            "a key that is not read",
            "platform = \"discourse\"\nsecret = \"env:A\"\ntolerance = 5",
            &["sources.s.tolerance", "remove"],
        ),
        (
            "not Base64",
            "platform = \"standard-webhooks\"\nsecret = \"env:not base64!\"",
            &["sources.s.secret", "whsec_"],
        ),
        (
            "no public key",
            "platform = \"standard-webhooks\"\npublic_key = \"whpk_AAAA\"",
            &["sources.s.public_key", "whpk_"],
        ),
        (
            "a weak public key",
            "platform = \"standard-webhooks\"\npublic_key = \"whpk_AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"",
            &["sources.s.public_key"],
        ),
        (
            "not JMESPath",
            "platform = \"standard-webhooks\"\nsecret = \"env:B64\"\n[[sources.s.map]]\nkind = \"member_left\"\nid = \"item..\"\noccurred_at = \"item.at\"",
            &["sources.s.map", "rule 1", "`id`"],
        ),
        (
            "not a kind",
            "platform = \"standard-webhooks\"\nsecret = \"env:B64\"\n[[sources.s.map]]\nkind = \"dance\"\nid = \"item.id\"\noccurred_at = \"item.at\"",
            &["sources.s.map", "rule 1", "`kind`", "message_posted"],
        ),
    ] {
        let error = try_source(keys).unwrap_err();
        for word in said {
            assert!(error.contains(word), "{case}: {error}");
        }
    }
}

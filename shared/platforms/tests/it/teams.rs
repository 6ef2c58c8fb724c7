//! Teams: basic notifications, and rich ones from the token to the decrypted message. All keys are made in the test.

use std::path::Path;
use std::sync::OnceLock;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::Mac as _;
use levier_domain::config::{Config, Reference};
use levier_platforms::Source;
use serde_json::{Value, json};

use crate::support::*;

const APP: &str = "8e460676-ae3f-4b1e-8790-ee0fb5d6ff5a";
const GRAPH: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
const CHANNEL: &str =
    "teams('t1')/channels('19:c1@thread.tacv2')/messages('1772355600000')/replies('1772355660000')";

struct World {
    signer: KeyPair,
    stranger: KeyPair,
    private: PrivateDecryptingKey,
    other: PrivateDecryptingKey,
}

/// Made once: generating RSA keys is slow.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        signer: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        stranger: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        private: PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap(),
        other: PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap(),
    })
}

fn pem(key: &PrivateDecryptingKey) -> String {
    let der: Pkcs8V1Der<'static> = AsDer::as_der(key).unwrap();
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<String> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

/// Reads modulus and exponent out of an `RSAPublicKey`: a sequence of two integers.
fn jwks(pair: &KeyPair) -> String {
    let der = pair.public_key().as_ref();
    let element = |at: usize| -> (usize, usize) {
        match der[at + 1] {
            short @ 0..=0x7f => (at + 2, usize::from(short)),
            long => {
                let bytes = usize::from(long & 0x7f);
                let length = der[at + 2..at + 2 + bytes]
                    .iter()
                    .fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte));
                (at + 2 + bytes, length)
            }
        }
    };
    let (inside, _) = element(0);
    let (n, n_length) = element(inside);
    let (e, e_length) = element(n + n_length);
    let number = |from: usize, length: usize| {
        let bytes = &der[from..from + length];
        let first = bytes.iter().position(|byte| *byte != 0).unwrap();
        URL_SAFE_NO_PAD.encode(&bytes[first..])
    };
    json!({"keys": [
        {"kty": "EC", "kid": "other", "crv": "P-256", "x": "", "y": ""},
        {"kty": "RSA", "use": "sig", "kid": "k1", "n": number(n, n_length), "e": number(e, e_length)},
    ]})
    .to_string()
}

fn token(pair: &KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({"typ": "JWT", "alg": "RS256", "kid": "k1"});
    let signed = format!("{}.{}", part(&head), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims() -> Value {
    let at = now().as_second();
    json!({"aud": APP, "appid": GRAPH, "iss": "https://sts.windows.net/t/", "nbf": at - 60, "exp": at + 3600})
}

fn encrypted(for_key: &PrivateDecryptingKey, content: &Value) -> Value {
    let key: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";
    let cipher =
        PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key).unwrap())
            .unwrap();
    let vector = FixedLength::<16>::try_from(&key[..16]).unwrap();
    let mut data = content.to_string().into_bytes();
    cipher
        .less_safe_encrypt(&mut data, EncryptionContext::Iv128(vector))
        .unwrap();
    let public = OaepPublicEncryptingKey::new(for_key.public_key()).unwrap();
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public
        .encrypt(&OAEP_SHA1_MGF1SHA1, &key, &mut wrapped, None)
        .unwrap()
        .to_vec();
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(&data);
    json!({
        "data": STANDARD.encode(&data),
        "dataKey": STANDARD.encode(wrapped),
        "dataSignature": STANDARD.encode(mac.finalize().into_bytes()),
        "encryptionCertificateId": "c1",
    })
}

fn body(change: &str, resource: &str, content: Value, tokens: &[String]) -> Value {
    json!({
        "value": [{"subscriptionId": "s1", "clientState": "state", "changeType": change, "tenantId": "t", "resource": resource,
            "resourceData": {"id": "1772355660000", "@odata.type": "#Microsoft.Graph.chatMessage"}, "encryptedContent": content}],
        "validationTokens": tokens,
    })
}

fn message(more: Value) -> Value {
    let mut message = json!({
        "id": "1772355660000", "replyToId": "1772355600000", "messageType": "message",
        "createdDateTime": "2026-03-01T09:01:00Z", "lastModifiedDateTime": "2026-03-01T09:01:00Z",
        "from": {"user": {"id": "u-zoe", "displayName": "Zoé", "userIdentityType": "aadUser"}},
        "body": {"contentType": "html", "content": "<p>Bonjour &amp; merci</p>"}, "reactions": [],
    });
    for (key, value) in more.as_object().unwrap() {
        message[key] = value.clone();
    }
    message
}

fn compile(jwks_key: &str, private: &str) -> Result<Source, String> {
    let text = format!(
        "[sources.s]\ncommunity = \"main\"\nplatform = \"teams\"\nsecret = \"env:STATE\"\napp_id = \"{APP}\"\n{private}\n{jwks_key}\n"
    );
    let config = Config::parse(&text).map_err(|error| error.to_string())?;
    Source::compile("s", &config.sources["s"], &|reference| {
        Ok(match reference {
            Reference::Env(name) if name == "STATE" => b"state".to_vec(),
            Reference::Env(name) if name == "JWKS" => jwks(&world().signer).into_bytes(),
            Reference::Env(name) if name == "BROKEN" => b"{\"keys\":[]}".to_vec(),
            Reference::File(path) if path == Path::new("a.pem") => {
                pem(&world().private).into_bytes()
            }
            Reference::File(path) if path == Path::new("b.pem") => pem(&world().other).into_bytes(),
            _ => b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----".to_vec(),
        })
    })
    .map_err(|error| error.to_string())
}

fn rich_source() -> Source {
    compile(
        "jwks = \"env:JWKS\"",
        "private_keys = [\"file:b.pem\", \"file:a.pem\"]",
    )
    .unwrap()
}

/// Stored by its `clientState`, then read.
fn read(source: &Source, body: &Value) -> Vec<String> {
    let text = body.to_string();
    assert!(is_stored(
        &source.answer(&post(text.as_bytes(), &[]), now())
    ));
    lines(&items(source, &text, &[]))
}

#[test]
fn rich_messages_are_opened() {
    let (source, world) = (rich_source(), world());
    let good = [token(&world.signer, &claims())];
    let place = "channel=19:c1@thread.tacv2 thread=1772355600000";
    for (case, change, content, want) in [
        (
            "a reply",
            "created",
            message(json!({})),
            vec![format!("message_posted 2026-03-01T09:01:00Z actor=u-zoe {place} reply_to=1772355600000 seen=public message=1772355660000 text=\"Bonjour & merci\"")],
        ),
        (
            "a machine",
            "created",
            message(json!({"from": {"application": {"id": "bot-1"}}, "body": {"contentType": "text", "content": "<ok>"}})),
            vec![format!("message_posted 2026-03-01T09:01:00Z actor=bot-1 {place} reply_to=1772355600000 seen=public message=1772355660000 bot text=\"<ok>\"")],
        ),
        (
            "an edit",
            "updated",
            message(json!({"lastEditedDateTime": "2026-03-01T09:05:00Z"})),
            vec![format!("message_edited 2026-03-01T09:05:00Z actor=u-zoe {place} reply_to=1772355600000 seen=public message=1772355660000 text=\"Bonjour & merci\"")],
        ),
        (
            "a reaction",
            "updated",
            message(json!({"reactions": [{"reactionType": "like", "createdDateTime": "2026-03-01T09:06:00Z", "user": {"user": {"id": "u-ana"}}}]})),
            vec![format!("reaction_added 2026-03-01T09:06:00Z actor=u-ana target=u-zoe {place} seen=public message=1772355660000 reaction=like")],
        ),
        (
            "a deletion said as an update",
            "updated",
            message(json!({"deletedDateTime": "2026-03-01T09:07:00Z"})),
            vec![format!("message_deleted 2026-03-01T09:07:00Z actor=u-zoe {place} reply_to=1772355600000 seen=public message=1772355660000")],
        ),
        ("nothing edited", "updated", message(json!({})), vec!["ignored not_an_edit".to_owned()]),
        (
            "somebody added",
            "created",
            message(json!({"messageType": "systemEventMessage", "from": null, "eventDetail": {"@odata.type": "#microsoft.graph.membersAddedEventMessageDetail", "members": [{"id": "u-new"}], "initiator": {"user": {"id": "u-zoe"}}}})),
            vec!["member_joined 2026-03-01T09:01:00Z actor=u-new channel=19:c1@thread.tacv2 seen=public invited_by=u-zoe".to_owned()],
        ),
        (
            "bookkeeping",
            "created",
            message(json!({"messageType": "unknownFutureValue"})),
            vec!["ignored system_message".to_owned()],
        ),
    ] {
        let body = body(change, CHANNEL, encrypted(&world.private, &content), &good);
        assert_eq!(read(&source, &body), want, "{case}");
    }
    let member = json!({"@odata.type": "#Microsoft.Graph.aadUserConversationMember", "userId": "u-new", "email": "new@example.com", "roles": ["owner"]});
    let body = body(
        "created",
        "teams('t1')/members('m1')",
        encrypted(&world.private, &member),
        &good,
    );
    assert_eq!(
        read(&source, &body),
        ["member_joined 2026-03-01T10:00:00Z actor=u-new channel=t1 email_key=# staff"]
    );
}

#[test]
fn rich_and_basic_give_one_id() {
    let (source, world) = (rich_source(), world());
    let good = [token(&world.signer, &claims())];
    let rich = body(
        "created",
        CHANNEL,
        encrypted(&world.private, &message(json!({}))),
        &good,
    );
    let mut basic = rich.clone();
    basic["value"][0]
        .as_object_mut()
        .unwrap()
        .remove("encryptedContent");
    let id = |body: &Value| {
        only_event(&items(&source, &body.to_string(), &[]))
            .event
            .event_id
            .clone()
    };
    assert_eq!(id(&rich), id(&basic));
}

#[test]
fn what_does_not_hold_is_quarantined() {
    let (source, world) = (rich_source(), world());
    let content = || encrypted(&world.private, &message(json!({})));
    let good = || token(&world.signer, &claims());
    let with = |key: &str, value: Value| {
        let mut claims = claims();
        claims[key] = value;
        token(&world.signer, &claims)
    };
    let spoilt = |key: &str| {
        let mut content = content();
        let mut bytes = STANDARD.decode(content[key].as_str().unwrap()).unwrap();
        bytes[3] ^= 1;
        content[key] = json!(STANDARD.encode(bytes));
        content
    };
    let unsigned = {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(json!({"alg": "none"})), part(claims()))
    };
    let longer = {
        let token = good();
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let mut claims = claims();
        claims["exp"] = json!(now().as_second() + 999_999);
        format!(
            "{head}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(claims.to_string())
        )
    };
    let no_sender = {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("appid");
        token(&world.signer, &claims)
    };
    for (case, content, tokens, want) in [
        ("no token", content(), vec![], "validation_token_missing"),
        (
            "another signer",
            content(),
            vec![token(&world.stranger, &claims())],
            "validation_token_signature",
        ),
        (
            "changed claims",
            content(),
            vec![longer],
            "validation_token_signature",
        ),
        (
            "not signed",
            content(),
            vec![unsigned],
            "validation_token_algorithm",
        ),
        (
            "another audience",
            content(),
            vec![with("aud", json!("other"))],
            "validation_token_audience",
        ),
        (
            "another sender",
            content(),
            vec![with("appid", json!("other"))],
            "validation_token_sender",
        ),
        (
            "a second sender",
            content(),
            vec![with("azp", json!("other"))],
            "validation_token_sender",
        ),
        (
            "no sender",
            content(),
            vec![no_sender],
            "validation_token_sender",
        ),
        (
            "expired",
            content(),
            vec![with("exp", json!(now().as_second()))],
            "validation_token_expired",
        ),
        (
            "no end",
            content(),
            vec![with("exp", Value::Null)],
            "validation_token_expired",
        ),
        (
            "from tomorrow",
            content(),
            vec![with("nbf", json!(now().as_second() + 86_400))],
            "validation_token_not_yet_valid",
        ),
        (
            "one bad of two",
            content(),
            vec![good(), with("aud", json!("other"))],
            "validation_token_audience",
        ),
        (
            "garbage",
            content(),
            vec!["a.b".to_owned()],
            "validation_token_unreadable",
        ),
        (
            "data changed",
            spoilt("data"),
            vec![good()],
            "data_signature_wrong",
        ),
        (
            "signature changed",
            spoilt("dataSignature"),
            vec![good()],
            "data_signature_wrong",
        ),
        (
            "for another key",
            encrypted(
                &PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap(),
                &message(json!({})),
            ),
            vec![good()],
            "data_key_not_for_this_private_key",
        ),
        (
            "no signature",
            json!({"data": "AAAA", "dataKey": "AAAA"}),
            vec![good()],
            "data_signature_missing",
        ),
    ] {
        let body = body("created", CHANNEL, content, &tokens);
        assert_eq!(
            read(&source, &body),
            [format!("quarantined {want}")],
            "{case}"
        );
    }
    // `azp` alone, an audience as a list, and either private key are as good.
    let mut other = claims();
    other["aud"] = json!([APP]);
    other["azp"] = json!(GRAPH);
    other.as_object_mut().unwrap().remove("appid");
    let body = body(
        "created",
        CHANNEL,
        encrypted(&world.other, &message(json!({}))),
        &[token(&world.signer, &other)],
    );
    assert!(read(&source, &body)[0].starts_with("message_posted"));
}

#[test]
fn keys_behind_a_url_are_the_callers_to_fetch() {
    let world = world();
    let body = body(
        "created",
        CHANNEL,
        encrypted(&world.private, &message(json!({}))),
        &[token(&world.signer, &claims())],
    );
    for (keys, url) in [
        (
            "",
            "https://login.microsoftonline.com/common/discovery/v2.0/keys",
        ),
        (
            "jwks = \"https://keys.example/jwks\"",
            "https://keys.example/jwks",
        ),
    ] {
        let source = compile(keys, "private_key = \"file:a.pem\"").unwrap();
        assert_eq!(source.token_keys_url(), Some(url));
        assert_eq!(read(&source, &body), ["quarantined token_keys_not_fetched"]);
        assert!(!source.take_token_keys(b"{}"));
        assert!(
            source
                .clone()
                .take_token_keys(jwks(&world.signer).as_bytes())
        );
        assert!(read(&source, &body)[0].starts_with("message_posted"));
    }
    assert_eq!(rich_source().token_keys_url(), None);
    let plain = source_with("platform = \"teams\"", "state");
    assert_eq!(
        read(&plain, &body),
        ["quarantined rich_notification_without_app_id"]
    );
    assert_eq!(plain.token_keys_url(), None);
}

#[test]
fn wrong_keys_are_named() {
    for (jwks, private, said) in [
        ("", "private_key = \"env:BAD\"", "sources.s.private_key"),
        (
            "",
            "private_key = \"file:a.pem\"\nprivate_keys = [\"file:b.pem\"]",
            "sources.s.private_keys",
        ),
        (
            "jwks = \"env:BROKEN\"",
            "private_key = \"file:a.pem\"",
            "sources.s.jwks",
        ),
        (
            "jwks = \"http://keys.example\"",
            "private_key = \"file:a.pem\"",
            "sources.s.jwks",
        ),
    ] {
        let error = compile(jwks, private).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

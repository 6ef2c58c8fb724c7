//! What holds whatever the text.

use levier_language::read;
use proptest::prelude::*;

/// Pieces out of which markup goes wrong.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```".to_owned()),
        Just("`".to_owned()),
        Just("<".to_owned()),
        Just("<pre>".to_owned()),
        Just("</PRE".to_owned()),
        Just("<@U|".to_owned()),
        Just("[quote".to_owned()),
        Just("[/quote]".to_owned()),
        Just(":+1:".to_owned()),
        Just(":é:".to_owned()),
        Just("&amp;".to_owned()),
        Just("@".to_owned()),
        Just("https://é".to_owned()),
        Just("«".to_owned()),
        Just("\"".to_owned()),
        Just("? ".to_owned()),
        Just("\n> ".to_owned()),
        Just("İ".to_owned()),
        Just("n'".to_owned()),
        Just("pas génial ".to_owned()),
        Just(" the ".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text_is_read(text in pieces()) {
        let reading = read(&text);
        prop_assert_eq!(reading.length as usize, text.chars().count());
        prop_assert!(reading.language.is_none_or(|language| matches!(language, "fr" | "en")));
        prop_assert!(reading.sentiment.is_none_or(|sentiment| (-1.0..=1.0).contains(&sentiment)));
        prop_assert!(reading.language.is_some() || reading.sentiment.is_none());
        prop_assert_eq!(reading, read(&text));
    }
}

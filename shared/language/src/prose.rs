//! The author's own words: a text without code, quotes, addresses, mentions and markup.

/// Longest piece of markup between angle brackets.
const MAX_TAG: usize = 500;

/// HTML elements whose content is not the author's prose.
const SILENT: &[&str] = &["pre", "code", "blockquote", "aside", "script", "style"];

/// Shortcodes worth a picture: English sentiment reads the picture.
const SHORTCODES: &[(&str, &str)] = &[
    ("+1", "👍"),
    ("-1", "👎"),
    ("angry", "😠"),
    ("clap", "👏"),
    ("cry", "😢"),
    ("disappointed", "😞"),
    ("grin", "😁"),
    ("heart", "❤"),
    ("heart_eyes", "😍"),
    ("joy", "😂"),
    ("rage", "😡"),
    ("slightly_smiling_face", "🙂"),
    ("smile", "😄"),
    ("smiley", "😃"),
    ("sob", "😭"),
    ("tada", "🎉"),
    ("thumbsdown", "👎"),
    ("thumbsup", "👍"),
];

/// Sets aside what is not prose. Line breaks stay, because they end sentences.
pub(crate) fn prose(text: &str) -> String {
    let text = without_quoted_lines(&without_fences(text));
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let at_start = out.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        let eaten = match first {
            '`' => span(rest, '`'),
            '<' => tag(rest, &mut out),
            '[' => bracket(rest),
            ':' => shortcode(rest, &mut out),
            '&' => entity(rest, &mut out),
            '@' if at_start => mention(rest),
            'h' | 'H' | 'w' | 'W' if at_start => url(rest),
            _ => None,
        };
        let eaten = eaten.unwrap_or_else(|| {
            // One apostrophe for all that are typed.
            out.push(if matches!(first, '’' | 'ʼ' | '‘') {
                '\''
            } else {
                first
            });
            first.len_utf8()
        });
        rest = &rest[eaten..];
    }
    out
}

fn without_fences(text: &str) -> String {
    if !text.contains("```") && !text.contains("~~~") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let fence = [("```", rest.find("```")), ("~~~", rest.find("~~~"))]
            .into_iter()
            .filter_map(|(mark, at)| at.map(|at| (at, mark)))
            .min();
        let Some((at, mark)) = fence else {
            out.push_str(rest);
            return out;
        };
        out.push_str(&rest[..at]);
        out.push('\n');
        // A fence that is never closed is code to the end.
        let Some(end) = rest[at + 3..].find(mark) else {
            return out;
        };
        rest = &rest[at + 3 + end + 3..];
    }
}

fn without_quoted_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        if start.starts_with('>') || start.starts_with("&gt;") {
            out.push('\n');
        } else {
            out.push_str(line);
        }
    }
    out
}

/// From a mark to the next of its kind on the same line.
fn span(rest: &str, mark: char) -> Option<usize> {
    let end = rest[1..].find([mark, '\n'])? + 1;
    rest[end..]
        .starts_with(mark)
        .then_some(end + mark.len_utf8())
}

fn tag(rest: &str, out: &mut String) -> Option<usize> {
    let next = rest[1..].chars().next()?;
    if !(next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '@' | '#')) {
        return None;
    }
    let end = rest.bytes().take(MAX_TAG).position(|byte| byte == b'>')?;
    let inner = &rest[1..end];
    // Slack: <https://…|label>, <@U02AB>, <#C02|general>, <!here>.
    if let Some((target, label)) = inner.split_once('|') {
        if !target.starts_with(['@', '#', '!']) && !label.contains("://") {
            out.push_str(label);
        }
        return Some(end + 1);
    }
    let name: String = inner
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    out.push(
        if matches!(name.as_str(), "p" | "br" | "div" | "li") || inner.starts_with('/') {
            '\n'
        } else {
            ' '
        },
    );
    if SILENT.contains(&name.as_str()) && !inner.ends_with('/') {
        let close = format!("</{name}");
        let body = &rest[end + 1..];
        // `body` may hold any case; the ASCII lower-casing keeps every byte in its place.
        let close_at = body.to_ascii_lowercase().find(&close);
        let Some(close_at) = close_at else {
            return Some(rest.len());
        };
        let after = &body[close_at..];
        return Some(end + 1 + close_at + after.find('>').map_or(after.len(), |at| at + 1));
    }
    Some(end + 1)
}

/// Discourse's `[quote="…"]…[/quote]` and `[code]…[/code]`.
fn bracket(rest: &str) -> Option<usize> {
    for (open, close) in [("[quote", "[/quote]"), ("[code", "[/code]")] {
        if rest
            .get(..open.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(open))
        {
            return Some(
                rest.to_ascii_lowercase()
                    .find(close)
                    .map_or(rest.len(), |at| at + close.len()),
            );
        }
    }
    None
}

fn shortcode(rest: &str, out: &mut String) -> Option<usize> {
    let end =
        rest[1..].bytes().take(40).position(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-'))
        })? + 1;
    if end < 3 || !rest[end..].starts_with(':') {
        return None;
    }
    let name = &rest[1..end];
    // 12:30:45 is a time.
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    out.push(' ');
    if let Some((_, picture)) = SHORTCODES.iter().find(|(code, _)| *code == name) {
        out.push_str(picture);
        out.push(' ');
    }
    Some(end + 1)
}

fn entity(rest: &str, out: &mut String) -> Option<usize> {
    for (entity, text) in [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&rsquo;", "'"),
        ("&nbsp;", " "),
    ] {
        if rest.starts_with(entity) {
            out.push_str(text);
            return Some(entity.len());
        }
    }
    None
}

fn mention(rest: &str) -> Option<usize> {
    let length: usize = rest[1..]
        .chars()
        .take_while(|&c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .map(char::len_utf8)
        .sum();
    (length > 0).then_some(1 + length)
}

fn url(rest: &str) -> Option<usize> {
    let starts = |prefix: &str| {
        rest.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if !(starts("http://") || starts("https://") || starts("www.")) {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '»'))
        .unwrap_or(rest.len());
    Some(end)
}

/// Lower-case words: letters and digits, with inner hyphens and apostrophes.
pub(crate) fn words(prose: &str) -> Vec<String> {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-');
    prose
        .split(|c: char| !inner(c))
        .map(|word| word.trim_matches(['\'', '-']))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_prose_is_set_aside() {
        for (case, text, want) in [
            ("plain", "Tout va bien.", "Tout va bien."),
            ("inline code", "lance `rm -rf ?` vite", "lance  vite"),
            ("fence", "avant ```let a = b?;``` après", "avant \n après"),
            ("open fence", "avant ```let a", "avant \n"),
            ("lone tick", "l`eau\nbonne", "l`eau\nbonne"),
            ("quoted line", "> pourquoi ?\nparce que", "\nparce que"),
            ("escaped quote", "&gt; pourquoi ?\nparce que", "\nparce que"),
            ("address", "voir https://a.fr/x?y=1 merci", "voir  merci"),
            (
                "Slack link",
                "voir <https://a.fr?x|la doc> merci",
                "voir la doc merci",
            ),
            ("Slack mention", "<@U02AB> merci", "  merci"),
            ("mention", "@helene_d merci", " merci"),
            ("e-mail address is one word", "a@b.fr", "a@b.fr"),
            ("known shortcode", "top :tada:", "top  🎉 "),
            ("other shortcode", "top :party_parrot:", "top  "),
            ("a time", "12:30:45", "12:30:45"),
            ("HTML", "<p>oui</p>", "\noui\n"),
            ("HTML quote", "<blockquote>non ?</blockquote>oui", " oui"),
            (
                "Discourse quote",
                "[quote=\"a, post:1\"]non ?[/quote]oui",
                "oui",
            ),
            ("entity", "c&#39;est &amp; lu", "c'est & lu"),
            ("typed apostrophe", "c’est", "c'est"),
            ("less than", "2 < 3 et 4 > 1", "2 < 3 et 4 > 1"),
        ] {
            assert_eq!(prose(text), want, "{case}");
        }
    }
}

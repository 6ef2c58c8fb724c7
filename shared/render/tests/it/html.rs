//! Reading pages in tests: are the tags balanced, and what does a reader see.

/// Elements that have no end tag.
const VOID: [&str; 5] = ["meta", "link", "br", "hr", "img"];

/// The first fault of the page's markup, if any.
pub fn fault(page: &str) -> Option<String> {
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>')? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let held = open.pop();
            if held.as_deref() != Some(name) {
                return Some(format!("</{name}> closes {held:?}"));
            }
            continue;
        }
        let name = tag.split_whitespace().next().unwrap_or_default().to_owned();
        if tag.matches('"').count() % 2 == 1 {
            return Some(format!("<{tag}> has an odd quote"));
        }
        if name == "style" {
            let close = rest.find("</style>")?;
            rest = &rest[close + 8..];
        } else if !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    open.pop().map(|name| format!("<{name}> stays open"))
}

/// The text of the page's body, one block a line, without charts.
pub fn text(page: &str) -> String {
    let body = page.split_once("<main").map_or(page, |(_, body)| body);
    let body = body.split_once('>').map_or(body, |(_, body)| body);
    let body = body.split_once("</main>").map_or(body, |(body, _)| body);
    let mut out = String::new();
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('>').map(|end| end + start) else {
            break;
        };
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with("svg") {
            if let Some(label) = tag
                .split("aria-label=\"")
                .nth(1)
                .and_then(|label| label.split('"').next())
            {
                out.push_str(&format!("\n[{label}]\n"));
            }
            rest = rest.split_once("</svg>").map_or("", |(_, after)| after);
            continue;
        }
        let name = tag
            .trim_start_matches('/')
            .split_whitespace()
            .next()
            .unwrap_or_default();
        match name {
            "td" | "th" if tag.starts_with('/') => out.push_str(" | "),
            "a" | "span" | "i" | "strong" | "small" | "td" | "th" => {}
            _ => out.push('\n'),
        }
    }
    out.push_str(rest);
    let mut lines: Vec<&str> = out
        .lines()
        .map(|line| line.trim().trim_end_matches(" |").trim())
        .filter(|line| !line.is_empty())
        .collect();
    lines.dedup();
    lines.join("\n")
}

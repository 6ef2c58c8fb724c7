//! Every reason that a job writes reads in French: the sources of the jobs are read for the sentences that they write, so that a
//! new one cannot be forgotten.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use levier_render::{Language, reason, receipt_sentence};

/// Where reasons are written: every lower-case sentence in these sources is one, but for those named below.
const SENTENCES: &[&str] = &[
    "shared/metrics/src",
    "shared/uplift/src",
    "shared/roi/src",
    "functions/join/src",
    "functions/compact/src",
    "functions/health/src",
    "functions/uplift/src",
    "functions/snapshot/src",
];
/// Where codes of ignored and quarantined items are written.
const CODES: &[&str] = &["shared/platforms/src", "shared/exports/src"];

/// Sentences that reach no reader of a page: units, errors of the command line, parts of other sentences.
const NOT_REASONS: &[&str] = &[
    "the columns of a roster",
    "deals/100 leads",
    "deals/100 customers",
    "active authors",
    "{what}: fewer than {need}",
    "not enough activity: {}",
    "90 %, Poisson bootstrap over authors",
    "log ratio",
    "log points",
    "joins per leave",
    "{noun}/active member",
    "shards of different plans cannot be merged ({0}): compute every bucket with one plan",
    "regression-adjusted difference",
    "member side",
    "non-member side",
    "{} {} ({})",
    "{why}; {held}",
    "{note}; {why}",
    "inputs that it does not state",
    "other facts than those of today",
    "another configuration than that of today",
    "the uplift as of {day} was computed from {what}; run uplift --as-of {day} first, then snapshot",
    "clustered difference",
    "customers lost",
    "members lost as customers",
    "{}: measured {}, needed {}",
    "{}: could not be checked, needed {}",
    "people, deals",
    "spend, customers",
    "the covariance of the steps before joining",
    "every stratum lacks an arm: the overlap",
    "members with two months before joining, or non-members: the comparison",
    "nobody joined after being a customer: the treated arm",
    "{kpi}: {why}",
    "{}: {TOO_FEW}",
    "{entity}: {why}",
    "without: {}",
    "needs: {}",
    "needs: {needs}",
    "landed delivery",
    "deals/100 customers/year",
    "{note}; units with several rows count once for each, and are no several units",
    "{note}; {}",
    "{said}; {reason}",
    "{n} rows left out of the facts: {entity}: {reason}",
    "a bucket of facts could not be worked on: {error}; run `uplift` again",
    "{what} could not be read: {error}; run `health` again",
    "a bucket of facts",
    "a day of events",
    "persons are not sorted, or one is there twice; run `join` again",
    "row {} of a slice has no person",
    "{prefix} was read before and its raw bytes have expired since: its events stay as they are",
    "{source}: the keys of its senders' tokens cannot be fetched from {url} ({problem}); keys fetched before serve, and what they do not open waits in quarantine until a later compaction gets them",
    "it is larger than a JWK set can be",
    "what is there is no JWK set",
    "there are no facts yet; run join first",
    "the facts are as of {}, not {day}; run join --as-of {day} first",
    "{} of {} orders are told by two of {}: one person, day and amount; if they are the same sales, name in commerce.orders_from the sources that count",
    "there is no uplift as of {day}; run uplift --as-of {day} first",
    "there are no KPIs as of {day}, which the levers of [roi.levers] count; run health --as-of {day} first",
    "the document has no seal; it is not a snapshot",
    "the document calls itself {named}, its seal makes it {sealed}: it was put in the place of another, or renamed",
    "the seal is {sealed}, the content's hash is {found}: the document was changed after it was sealed",
];

/// Codes that read alike in both languages.
const ALIKE: &[&str] = &["interaction", "bot", "ping"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs")
            && !name.contains("test")
            // Advice has wordings of its own in both languages.
            && name != "health_action.rs"
        {
            found.push(path);
        }
    }
}

/// The string literals of a source with what stands before each, without comments and tests.
fn literals(source: &str) -> Vec<(String, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '\'' if chars.get(at + 1) == Some(&'\\') => at += 4,
            '\'' if chars.get(at + 2) == Some(&'\'') => at += 3,
            '"' => {
                let begin = at + 1;
                at = begin;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                let end = at.min(chars.len());
                let before: String = chars[begin.saturating_sub(40)..begin - 1].iter().collect();
                found.push((before, chars[begin..end].iter().collect()));
                at += 1;
            }
            _ => at += 1,
        }
    }
    found
}

/// A sentence as it is written, with something in its holes.
fn filled(sentence: &str) -> String {
    let mut out = String::new();
    let mut hole = false;
    for c in sentence.chars() {
        match c {
            '{' => {
                hole = true;
                out.push('3');
            }
            '}' => hole = false,
            c if !hole => out.push(c),
            _ => {}
        }
    }
    out
}

fn is_translated(text: &str) -> bool {
    let french = reason(text, Language::French);
    french != text && french != text.replace('_', " ")
}

#[test]
fn every_sentence_that_a_job_writes_reads_in_french() {
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for folder in SENTENCES {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            for (before, literal) in literals(&std::fs::read_to_string(&file).unwrap()) {
                let sentence = literal.contains(' ')
                    && literal.starts_with(|c: char| c.is_lowercase() || c == '{' || c.is_numeric())
                    // What the compiler or a person at the command line is told.
                    && !before.contains("error(")
                    && !before.contains("expect(")
                    && !before.contains("reason = ")
                    && !before.trim_end().ends_with("warn!(");
                if !sentence || NOT_REASONS.contains(&literal.as_str()) {
                    continue;
                }
                seen.insert(literal.clone());
                let sentence = filled(&literal);
                // What a figure needs is written apart from `needs:` in some places.
                if !is_translated(&sentence) && !is_translated(&format!("needs: {sentence}")) {
                    missing.insert(format!("{name}: {literal}"));
                }
            }
        }
    }
    assert!(seen.len() > 90, "only {} sentences were found", seen.len());
    assert!(
        missing.is_empty(),
        "without French wording (shared/render/src/reason_table.rs, template.rs): {missing:#?}"
    );
}

#[test]
fn every_code_that_an_item_is_set_aside_with_reads_in_french() {
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for folder in CODES {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            for (before, literal) in literals(&std::fs::read_to_string(&file).unwrap()) {
                let before = before.trim_end().to_lowercase();
                let set_aside = ["ignored(", "ignore(", "ignored { reason:"]
                    .iter()
                    .any(|end| before.ends_with(end));
                let code = literal.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                if !set_aside || !code || ALIKE.contains(&literal.as_str()) {
                    continue;
                }
                seen.insert(literal.clone());
                if !is_translated(&literal) {
                    missing.insert(format!("{name}: {literal}"));
                }
            }
        }
    }
    assert!(seen.len() > 10, "only {seen:?}");
    assert!(missing.is_empty(), "without French wording: {missing:#?}");
}

/// Where the sentences of receipts are written.
const RECEIPTS: &[&str] = &["shared/exports/src", "functions/import/src"];

/// Sentences there that no receipt says: errors of jobs, and parts of longer sentences and of written files.
const NOT_SAID: &[&str] = &[
    "a temporary file",
    "a dialect cannot be read: {error}",
    "`{key}` is not in the bucket any more; drop the file again",
    "the temporary copy of {} is gone: {error}",
    "{} was not read to its end; drop it again",
    "the thread that writes rows ended early; try again",
    "rows could not be handed on while reading; try again",
    "{file} could not be read from its storage; try again",
    "line {}: {}; {}",
    "line {}, {}: {}; {}",
    " and others",
    " (entity declared)",
    " (with its sidecar file)",
    " - ",
    " or ",
    "# A proposal: check each line, complete it, and save it beside the file as FILE.levier.toml\n",
    "entity = \"{entity}\"\nsource = \"my-system\"\n\n[columns]\n",
    "{quoted} = \"{field}\"\n",
    "# {} = \"\"\n",
    "# still required: {}\n",
];

/// A literal of a source as the text that it stands for.
fn unescaped(literal: &str) -> String {
    let mut joined = String::new();
    for (position, line) in literal.split("\\\n").enumerate() {
        joined.push_str(if position == 0 {
            line
        } else {
            line.trim_start()
        });
    }
    joined
        .replace("\\\"", "\"")
        .replace("\\n", "\n")
        .replace("\\u{FFFD}", "\u{FFFD}")
}

/// What is appended to a number of cells in one place is a sentence with it.
#[test]
fn every_sentence_of_a_receipt_reads_in_french() {
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for folder in RECEIPTS {
        let mut files = Vec::new();
        sources(&root().join(folder), &mut files);
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            for (before, literal) in literals(&std::fs::read_to_string(&file).unwrap()) {
                let literal = unescaped(&literal);
                let sentence = literal.matches(' ').count() >= 2
                    && literal.contains(|c: char| c.is_alphabetic())
                    // Code between two quotes that stand alone as bytes.
                    && !literal.contains(['=', ';']) | literal.contains("; ") | literal.contains(" = ")
                    && !literal.contains("\n ")
                    && !before.contains("expect(")
                    && !before.contains("reason = ");
                if !sentence || NOT_SAID.contains(&literal.as_str()) {
                    continue;
                }
                seen.insert(literal.clone());
                let text = filled(&literal);
                let said = |text: &str| receipt_sentence(text, Language::French) != text;
                // Braces that are written, not filled.
                if !said(&text) && !said(&format!("3 {text}")) && !said(&literal) {
                    missing.insert(format!("{name}: {literal}"));
                }
            }
        }
    }
    assert!(seen.len() > 120, "only {} sentences were found", seen.len());
    assert!(
        missing.is_empty(),
        "without French wording (shared/render/src/receipt_file_table.rs, receipt_row_table.rs): {missing:#?}"
    );
}

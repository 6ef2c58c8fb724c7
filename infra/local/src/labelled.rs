//! Messages that somebody labelled by hand, as spreadsheets save them. What is said of the file repeats no message: it may name
//! somebody.

use std::path::Path;

use levier_language::{Label, read};
use unicode_normalization::UnicodeNormalization;

use crate::Failure;

/// One labelled message.
pub struct Labelled {
    /// What was written.
    pub text: String,
    /// What it is.
    pub label: Label,
    /// `fr`, `en`, `other` or `unknown`.
    pub language: String,
}

/// Longest cell that is quoted: a word, not a message.
const WORD: usize = 24;

/// What to do with a file that is no text.
const SAVE: &str = "save it as CSV (UTF-8)";

/// The labelled messages of a table, and why other lines were left out.
pub fn messages(bytes: &[u8], file: &Path) -> Result<(Vec<Labelled>, Vec<String>), Failure> {
    let usage = |said: String| Failure::Usage(format!("{}: {said}", file.display()));
    let text = decoded(bytes).map_err(|what| usage(format!("this is {what}; {SAVE}")))?;
    let (table, skipped, delimiter) = table(&text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(table.as_bytes());
    // Accents may come as two characters; a name is the same either way.
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| usage(error.to_string()))?
        .iter()
        .map(|name| name.trim().nfc().collect::<String>().to_lowercase())
        .collect();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&name.as_str()))
    };
    let text_at = column(&["text", "texte", "message"]);
    let label_at = column(&["label", "étiquette", "etiquette", "sentiment"]);
    let language_at = column(&["language", "langue", "lang"]);
    let (Some(text_at), Some(label_at)) = (text_at, label_at) else {
        let found = if header.iter().all(|name| is_word(name)) {
            format!("found: {}", header.join(", "))
        } else {
            "the first line is no header".to_owned()
        };
        return Err(usage(format!(
            "the columns text and label are needed (language may be there too); {found}"
        )));
    };
    let (mut held, mut problems) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line) + skipped;
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let text = cell(text_at);
        if text.is_empty() {
            problems.push(format!("line {line}: no text"));
            continue;
        }
        let said: String = cell(label_at).nfc().collect();
        let Ok(label) = said.parse::<Label>() else {
            let (cells, columns) = (record.len(), header.len());
            problems.push(if cells > columns {
                format!(
                    "line {line} has {cells} cells where the header has {columns}: put texts that hold a {} in double quotes",
                    named(delimiter)
                )
            } else if is_word(&said) {
                format!("line {line}: `{said}` is no label; write positive, neutral or negative")
            } else {
                format!("line {line}: no label; write positive, neutral or negative")
            });
            continue;
        };
        let given = language_at.map(cell).unwrap_or_default().to_lowercase();
        let language = match given.get(..2) {
            Some("fr") => "fr".to_owned(),
            Some("en" | "an") => "en".to_owned(),
            Some(_) => "other".to_owned(),
            None => read(text).language.unwrap_or("unknown").to_owned(),
        };
        held.push(Labelled {
            text: text.to_owned(),
            label,
            language,
        });
    }
    Ok((held, problems))
}

/// The text of a file, or what it is instead of one.
fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err("a workbook");
    }
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return Ok(encoding.decode(bytes).0.into_owned());
    }
    if bytes.contains(&0) {
        return Err("UTF-16 without its mark, or no text");
    }
    // Older spreadsheets write Windows-1252; what is UTF-8 is not mistaken for it.
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    })
}

/// The table from its header on, the lines before it, and its delimiter: blank lines are passed over, and Excel's `sep=;` is obeyed.
fn table(text: &str) -> (&str, u64, u8) {
    let (mut rest, mut skipped, mut told) = (text, 0, None);
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.trim_end_matches('\r');
        let sep = line.trim().trim_matches('"').strip_prefix("sep=");
        if let Some(said) = sep.or_else(|| line.strip_prefix("SEP=")) {
            told = match said.as_bytes() {
                [byte] => Some(*byte),
                _ => told,
            };
        } else if !line.trim().is_empty() || after.is_empty() {
            let count = |d: &u8| line.bytes().filter(|byte| byte == d).count();
            let guess = [b'|', b'\t', b';', b',']
                .into_iter()
                .max_by_key(count)
                .unwrap_or(b',');
            return (rest, skipped, told.unwrap_or(guess));
        }
        (rest, skipped) = (after, skipped + 1);
    }
}

fn named(delimiter: u8) -> &'static str {
    match delimiter {
        b';' => "semicolon",
        b'\t' => "tab",
        b'|' => "bar",
        _ => "comma",
    }
}

/// Whether a cell is one short word.
fn is_word(cell: &str) -> bool {
    cell.chars().count() <= WORD
        && !cell.is_empty()
        && cell
            .chars()
            .all(|c| c.is_alphanumeric() || "_-+".contains(c))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tables_as_people_save_them() {
        for (case, bytes) in [
            (
                "comma",
                "text,label\nC'est génial,positive\n".as_bytes().to_vec(),
            ),
            (
                "excel, semicolons, BOM",
                "\u{feff}Texte;Étiquette;Langue\r\nC'est génial;positif;fr\r\n"
                    .as_bytes()
                    .to_vec(),
            ),
            (
                "windows-1252",
                b"texte;label\nC'est g\xe9nial;positif\n".to_vec(),
            ),
            (
                "tabs and quotes",
                "label\ttext\n+\t\"C'est génial\"\n".as_bytes().to_vec(),
            ),
            (
                "a blank line first",
                "\r\n\r\ntexte;label\r\nC'est génial;positif\r\n"
                    .as_bytes()
                    .to_vec(),
            ),
            (
                "Excel's separator",
                "sep=;\r\ntexte;label\r\nC'est génial;positif\r\n"
                    .as_bytes()
                    .to_vec(),
            ),
            (
                "accents in two characters",
                "texte;E\u{301}tiquette\nC'est génial;positif\n"
                    .as_bytes()
                    .to_vec(),
            ),
            ("UTF-16 with its mark", {
                let text = "texte;label\nC'est génial;positif\n";
                let mut bytes = vec![0xFF, 0xFE];
                bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                bytes
            }),
        ] {
            let (held, problems) = messages(&bytes, Path::new("f.csv")).unwrap();
            assert_eq!(held.len(), 1, "{case}");
            assert_eq!(held[0].text, "C'est génial", "{case}");
            assert_eq!(held[0].label, Label::Positive, "{case}");
            assert!(problems.is_empty(), "{case}: {problems:?}");
        }
        let text = "sep=,\ntext,label\nbien,positif\n,positif\nbof,meh\n";
        let (held, problems) = messages(text.as_bytes(), Path::new("f.csv")).unwrap();
        assert_eq!((held.len(), problems.len()), (1, 2));
        // Lines are those of the file.
        assert!(problems[1].starts_with("line 5: `meh`"), "{problems:?}");
        let error = messages(b"a,b\n1,2\n", Path::new("f.csv")).err().unwrap();
        assert!(error.to_string().contains("found: a, b"));
    }

    #[test]
    fn nothing_said_of_a_file_repeats_a_message() {
        for (case, text, said) in [
            (
                "comma without quotes",
                "text,label\nBonjour, Jean Dupont est incompétent,negatif\n",
                "line 2 has 3 cells where the header has 2",
            ),
            (
                "one word after the comma",
                "text,label\nMerci,Dupont,positif\n",
                "line 2 has 3 cells",
            ),
            (
                "message for a label",
                "text,label\npositif,merci Jean Dupont\n",
                "line 2: no label",
            ),
            (
                "no header",
                "c'est génial merci Jean Dupont,positif\nbof,neutre\n",
                "the first line is no header",
            ),
        ] {
            let answer = match messages(text.as_bytes(), Path::new("f.csv")) {
                Ok((_, problems)) => problems.join("\n"),
                Err(error) => error.to_string(),
            };
            assert!(answer.contains(said), "{case}: {answer}");
            assert!(
                !answer.to_lowercase().contains("dupont"),
                "{case}: {answer}"
            );
        }
    }

    #[test]
    fn what_is_no_text_says_how_to_save_it() {
        let mut utf16 = Vec::new();
        for unit in "texte;label\nbien;positif\n".encode_utf16() {
            utf16.extend(unit.to_le_bytes());
        }
        for bytes in [&b"PK\x03\x04\x14\0\x06\0"[..], &utf16] {
            let error = messages(bytes, Path::new("f.xlsx")).err().unwrap();
            assert!(error.to_string().contains("CSV (UTF-8)"), "{error}");
        }
    }
}

//! `levier sentiment evaluate`: how good the sentiment is on labelled messages of one's own. The file is read and forgotten.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use levier_language::{Evaluation, Label, read};
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Sentiment, SentimentAction, Shared};
use crate::output;

/// Under this many labelled messages the figures are too wide to act on.
const ENOUGH: u64 = 200;

/// One labelled message.
struct Labelled {
    text: String,
    label: Label,
    language: String,
}

/// Runs `levier sentiment`.
pub fn sentiment(shared: &Shared, arguments: &Sentiment) -> Result<ExitCode, Failure> {
    let SentimentAction::Evaluate { file } = &arguments.action;
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let (messages, problems) = messages(&bytes, file)?;
    if messages.is_empty() {
        return Err(Failure::Usage(format!(
            "{}: no line has a text and a label; {}",
            file.display(),
            problems
                .first()
                .map_or_else(|| "the file holds a header only".to_owned(), String::clone)
        )));
    }
    let mut groups: BTreeMap<&str, Vec<&Labelled>> = BTreeMap::new();
    for message in &messages {
        groups.entry("all").or_default().push(message);
        groups.entry(&message.language).or_default().push(message);
    }
    let three = messages.iter().any(|m| m.label == Label::Neutral);
    let evaluated: Vec<(&str, Evaluation)> = groups
        .into_iter()
        .map(|(name, list)| {
            let pairs = list.iter().map(|m| (m.text.as_str(), m.label));
            (name, Evaluation::of_labels(pairs, three))
        })
        .collect();
    let score = Evaluation::as_the_score_reads(messages.iter().map(|m| (m.text.as_str(), m.label)));
    let answer = json!({
        "score_errors": errors(&score),
        "messages": messages.len(),
        "labels": if three { 3 } else { 2 },
        "left_out": problems,
        "languages": evaluated.iter().filter(|(name, _)| *name != "all").map(|(name, e)| ((*name).to_owned(), figures(e))).collect::<serde_json::Map<_, _>>(),
        "all": evaluated.iter().find(|(name, _)| *name == "all").map(|(_, e)| figures(e)),
        "warnings": warnings(&evaluated),
    });
    if shared.json {
        output::json(&answer);
    } else {
        print(&evaluated, &answer);
    }
    Ok(ExitCode::SUCCESS)
}

/// The labelled messages of a table, and why other lines were left out.
fn messages(bytes: &[u8], file: &Path) -> Result<(Vec<Labelled>, Vec<String>), Failure> {
    // Older spreadsheets write Windows-1252; what is UTF-8 is not mistaken for it.
    let (text, _, _) = if std::str::from_utf8(bytes).is_ok() {
        encoding_rs::UTF_8.decode(bytes)
    } else {
        encoding_rs::Encoding::for_bom(bytes)
            .map_or(encoding_rs::WINDOWS_1252, |(encoding, _)| encoding)
            .decode(bytes)
    };
    let header = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t', b'|']
        .into_iter()
        .max_by_key(|d| header.bytes().filter(|byte| byte == d).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let usage = |said: String| Failure::Usage(format!("{}: {said}", file.display()));
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| usage(error.to_string()))?
        .iter()
        .map(|name| name.trim().to_lowercase())
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
        return Err(usage(format!(
            "the columns text and label are needed (language may be there too); found: {}",
            header.join(", ")
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
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let text = cell(text_at);
        if text.is_empty() {
            problems.push(format!("line {line}: no text"));
            continue;
        }
        // The text itself is never repeated: it may name somebody.
        let label = match cell(label_at).parse::<Label>() {
            Ok(label) => label,
            Err(error) => {
                problems.push(format!("line {line}: {error}"));
                continue;
            }
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

/// What `[sentiment]` of levier.toml takes: errors about positive and about negative messages, where both can be told.
fn errors(score: &Evaluation) -> Json {
    let of = |label: Label| {
        let found = score.correct(label, score.apparent(label)?)?;
        Some(json!({"sensitivity": found.sensitivity, "specificity": found.specificity}))
    };
    match (of(Label::Positive), of(Label::Negative)) {
        (Some(positive), Some(negative)) => json!({"positive": positive, "negative": negative}),
        _ => Json::Null,
    }
}

fn figures(evaluation: &Evaluation) -> Json {
    let labels: Vec<Label> = evaluation.labels();
    let interval = evaluation.accuracy_interval();
    let per_label: serde_json::Map<String, Json> = labels
        .iter()
        .map(|label| {
            let apparent = evaluation.apparent(*label);
            let corrected = apparent.and_then(|share| evaluation.correct(*label, share));
            let row = json!({
                "n": evaluation.truth(*label),
                "precision": evaluation.precision(*label),
                "recall": evaluation.recall_of_all(*label),
                "f1": evaluation.f1(*label),
                "sensitivity": corrected.map(|c| c.sensitivity),
                "specificity": corrected.map(|c| c.specificity),
                "share_read": apparent,
                "share_corrected": corrected.map(|c| c.corrected),
                "share_true": evaluation.true_share(*label),
            });
            (label.as_str().to_owned(), row)
        })
        .collect();
    let confusion: serde_json::Map<String, Json> = labels
        .iter()
        .map(|truth| {
            let mut row: serde_json::Map<String, Json> = Label::ALL
                .iter()
                .map(|had| {
                    (
                        had.as_str().to_owned(),
                        Json::from(evaluation.cell(*truth, *had)),
                    )
                })
                .collect();
            row.insert(
                "abstained".to_owned(),
                Json::from(evaluation.abstentions(*truth)),
            );
            (truth.as_str().to_owned(), Json::Object(row))
        })
        .collect();
    json!({
        "n": evaluation.total(),
        "accuracy": evaluation.accuracy_of_all(),
        "accuracy_lower": interval.map(|i| i.0),
        "accuracy_upper": interval.map(|i| i.1),
        "accuracy_decided": evaluation.accuracy_decided(),
        "macro_f1": evaluation.macro_f1(),
        "coverage": evaluation.coverage(),
        "confusion": confusion,
        "labels": per_label,
    })
}

fn warnings(evaluated: &[(&str, Evaluation)]) -> Vec<String> {
    let mut said = Vec::new();
    for (name, evaluation) in evaluated {
        let n = evaluation.total();
        if *name == "all" && n < ENOUGH {
            said.push(format!(
                "{n} labelled messages: label {ENOUGH} or more, the interval is wide"
            ));
        }
        if *name != "all" && n >= 30 && evaluation.accuracy_of_all().is_some_and(|a| a < 0.7) {
            said.push(format!(
                "{name}: fewer than 7 of 10 messages are read right; keep sentiment out of headlines"
            ));
        }
        if *name == "unknown" {
            said.push(format!(
                "{n} messages are neither clearly French nor English: nothing is said of them"
            ));
        }
    }
    said
}

fn print(evaluated: &[(&str, Evaluation)], answer: &Json) {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"));
    let rows: Vec<Json> = evaluated
        .iter()
        .map(|(name, e)| {
            let interval = e.accuracy_interval();
            json!({
                "language": name,
                "messages": e.total(),
                "accuracy": share(e.accuracy_of_all()),
                "95 %": interval.map(|(lower, upper)| format!("{lower:.3} to {upper:.3}")),
                "when decided": share(e.accuracy_decided()),
                "macro-F1": share(e.macro_f1()),
                "coverage": share(e.coverage()),
            })
        })
        .collect();
    output::table(&rows);
    if let Some((_, all)) = evaluated.iter().find(|(name, _)| *name == "all") {
        let rows: Vec<Json> = all
            .labels()
            .into_iter()
            .map(|truth| {
                json!({
                    "is": truth.as_str(),
                    "read positive": all.cell(truth, Label::Positive),
                    "read neutral": all.cell(truth, Label::Neutral),
                    "read negative": all.cell(truth, Label::Negative),
                    "abstained": all.abstentions(truth),
                })
            })
            .collect();
        output::table(&rows);
        for label in [Label::Positive, Label::Negative] {
            let correction = all
                .apparent(label)
                .and_then(|apparent| all.correct(label, apparent));
            if let Some(c) = correction {
                println!(
                    "{label}: {:.1} % read so, {:.1} % after correction (Rogan–Gladen)",
                    100.0 * c.apparent,
                    100.0 * c.corrected
                );
            }
        }
        if let Some(errors) = answer["score_errors"].as_object() {
            println!(
                "\nTo correct the health score for these errors, put into levier.toml:\n\n[sentiment]"
            );
            for (label, found) in errors {
                println!(
                    "{label} = {{ sensitivity = {:.4}, specificity = {:.4} }}",
                    found["sensitivity"].as_f64().unwrap_or_default(),
                    found["specificity"].as_f64().unwrap_or_default()
                );
            }
            println!();
        }
    }
    for said in answer["left_out"].as_array().into_iter().flatten().take(10) {
        println!("left out: {}", said.as_str().unwrap_or_default());
    }
    for said in answer["warnings"].as_array().into_iter().flatten() {
        println!("{}", said.as_str().unwrap_or_default());
    }
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
        ] {
            let (held, problems) = messages(&bytes, Path::new("f.csv")).unwrap();
            assert_eq!(held.len(), 1, "{case}");
            assert_eq!(held[0].text, "C'est génial", "{case}");
            assert_eq!(held[0].label, Label::Positive, "{case}");
            assert!(problems.is_empty(), "{case}: {problems:?}");
        }
        let (held, problems) = messages(
            "text,label\nbien,positif\n,positif\nbof,meh\n".as_bytes(),
            Path::new("f.csv"),
        )
        .unwrap();
        assert_eq!((held.len(), problems.len()), (1, 2));
        assert!(problems[1].starts_with("line 4: `meh`"), "{problems:?}");
        let error = messages(b"a,b\n1,2\n", Path::new("f.csv")).err().unwrap();
        assert!(error.to_string().contains("found: a, b"));
    }
}

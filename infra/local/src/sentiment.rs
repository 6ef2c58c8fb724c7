//! `levier sentiment evaluate`: how good the sentiment is on labelled messages of one's own. The file is read and forgotten.

use std::collections::BTreeMap;
use std::process::ExitCode;

use levier_language::{Evaluation, Label};
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Sentiment, SentimentAction, Shared};
use crate::labelled::{Labelled, messages};
use crate::output;

/// Under this many labelled messages the figures are too wide to act on.
const ENOUGH: u64 = 200;
/// Lines that are named one by one, of those left out.
const SHOWN: usize = 10;

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
    let found = errors(&score);
    let answer = json!({
        "score_errors": found.as_ref().ok(),
        "no_score_errors": found.as_ref().err(),
        "messages": messages.len(),
        "labels": if three { 3 } else { 2 },
        "left_out": problems,
        "languages": evaluated.iter().filter(|(name, _)| *name != "all").map(|(name, e)| ((*name).to_owned(), figures(e))).collect::<serde_json::Map<_, _>>(),
        "all": evaluated.iter().find(|(name, _)| *name == "all").map(|(_, e)| figures(e)),
        "warnings": warnings(&evaluated, problems.len() as u64),
    });
    if shared.json {
        output::json(&answer);
    } else {
        print(&evaluated, &answer);
    }
    Ok(ExitCode::SUCCESS)
}

/// What `[sentiment]` of levier.toml takes: errors about positive and about negative messages, or why they cannot be told.
fn errors(score: &Evaluation) -> Result<Json, String> {
    let of = |label: Label| {
        if score.truth(label) == 0 || score.truth(label) == score.total() {
            return Err(format!(
                "it takes messages that are {label} and messages that are not"
            ));
        }
        let worse = format!("{label} messages are read no better than chance");
        let found = score
            .apparent(label)
            .and_then(|apparent| score.correct(label, apparent))
            .ok_or_else(|| worse.clone())?;
        // As it is printed, for as such it is read again.
        let printed = |share: f64| (share * 1e4).round();
        if printed(found.sensitivity) + printed(found.specificity) <= 1e4 {
            return Err(worse);
        }
        Ok(json!({"sensitivity": found.sensitivity, "specificity": found.specificity}))
    };
    Ok(json!({"positive": of(Label::Positive)?, "negative": of(Label::Negative)?}))
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

fn warnings(evaluated: &[(&str, Evaluation)], left_out: u64) -> Vec<String> {
    let mut said = Vec::new();
    let read = evaluated
        .iter()
        .find(|(name, _)| *name == "all")
        .map_or(0, |(_, all)| all.total());
    if left_out > read {
        said.push(format!(
            "MOST LINES WERE LEFT OUT ({left_out} of {}): the figures speak of the others only; mend the file first",
            left_out + read
        ));
    }
    for (name, evaluation) in evaluated {
        let n = evaluation.total();
        if *name == "all" && n < ENOUGH {
            said.push(format!(
                "{n} labelled {}: label {ENOUGH} or more, the interval is wide",
                if n == 1 { "message" } else { "messages" }
            ));
        }
        if *name != "all" && n >= 30 && evaluation.accuracy_of_all().is_some_and(|a| a < 0.7) {
            said.push(format!(
                "{name}: fewer than 7 of 10 messages are read right; keep sentiment out of headlines"
            ));
        }
        if *name == "unknown" {
            said.push(format!(
                "{n} {} neither clearly French nor English: nothing is said of them",
                if n == 1 { "message is" } else { "messages are" }
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
                say!(
                    "{label}: {:.1} % read so, {:.1} % after correction (Rogan–Gladen)",
                    100.0 * c.apparent,
                    100.0 * c.corrected
                );
            }
        }
        if let Some(errors) = answer["score_errors"].as_object() {
            say!(
                "\nTo correct the health score for these errors, put into levier.toml:\n\n[sentiment]"
            );
            for (label, found) in errors {
                say!(
                    "{label} = {{ sensitivity = {:.4}, specificity = {:.4} }}",
                    found["sensitivity"].as_f64().unwrap_or_default(),
                    found["specificity"].as_f64().unwrap_or_default()
                );
            }
            say!();
        }
        if let Some(why) = answer["no_score_errors"].as_str() {
            say!("\nNo [sentiment] block to correct the health score with: {why}.\n");
        }
    }
    let left_out = answer["left_out"].as_array().map_or(&[][..], Vec::as_slice);
    for said in left_out.iter().take(SHOWN) {
        say!("left out: {}", said.as_str().unwrap_or_default());
    }
    if left_out.len() > SHOWN {
        say!(
            "left out: {} more lines; --json names them all",
            left_out.len() - SHOWN
        );
    }
    for said in answer["warnings"].as_array().into_iter().flatten() {
        say!("{}", said.as_str().unwrap_or_default());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn evaluation(confusion: [[u64; 3]; 3]) -> Evaluation {
        Evaluation {
            confusion,
            ..Evaluation::default()
        }
    }

    #[test]
    fn a_block_that_the_configuration_would_refuse_is_not_printed() {
        for (case, confusion, want) in [
            ("good", [[80, 0, 20], [0, 0, 0], [10, 0, 90]], None),
            (
                "one class",
                [[80, 0, 20], [0, 0, 0], [0, 0, 0]],
                Some("messages that are not"),
            ),
            (
                "worse than chance",
                [[10, 0, 90], [0, 0, 0], [90, 0, 10]],
                Some("no better than chance"),
            ),
            (
                "chance, once rounded",
                [[50_001, 0, 49_999], [0, 0, 0], [50_000, 0, 50_000]],
                Some("no better than chance"),
            ),
        ] {
            let found = errors(&evaluation(confusion));
            match want {
                None => assert!(found.is_ok(), "{case}: {found:?}"),
                Some(want) => assert!(found.unwrap_err().contains(want), "{case}"),
            }
        }
    }

    #[test]
    fn most_lines_left_out_is_said_loudly() {
        let few = [("all", evaluation([[1, 0, 0], [0, 0, 0], [0, 0, 0]]))];
        let said = warnings(&few, 5);
        assert!(
            said[0].starts_with("MOST LINES WERE LEFT OUT (5 of 6)"),
            "{said:?}"
        );
        assert!(said[1].starts_with("1 labelled message:"), "{said:?}");
    }
}

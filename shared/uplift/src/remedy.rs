//! What would lift a gate that blocks: more of something, another history, or a draw.

use levier_stats::gates::Verdict;

use crate::gate::Check;

/// Fewest customers and fewest events on either side under which nothing is said.
const LEAST_CUSTOMERS: u64 = 30;
const LEAST_EVENTS: u64 = 10;

/// What would suffice, in words, and how many customers that is where more of them would do.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Remedy {
    pub said: Option<String>,
    pub customers: Option<u64>,
}

/// The remedy of the gates that block, of a comparison of so many customers in all.
pub(crate) fn remedy(checks: &[Check], customers: u64) -> Remedy {
    let mut said: Vec<String> = Vec::new();
    let mut sample = Some(0);
    for check in checks
        .iter()
        .filter(|check| check.verdict == Verdict::Block)
    {
        let (words, enough) = of_gate(check, customers);
        sample = sample.zip(enough).map(|(a, b): (u64, u64)| a.max(b));
        if !said.contains(&words) {
            said.push(words);
        }
    }
    Remedy {
        customers: sample.filter(|n| *n > 0),
        said: (!said.is_empty()).then(|| said.join("; ")),
    }
}

fn of_gate(check: &Check, customers: u64) -> (String, Option<u64>) {
    // At the rate at which they came so far.
    let at_this_rate = check
        .measured
        .filter(|measured| *measured > 0.0)
        .map(|measured| (customers as f64 * LEAST_EVENTS as f64 / measured).ceil() as u64);
    match check.gate {
        "size" => (
            format!("{LEAST_CUSTOMERS} customers on either side"),
            Some(LEAST_CUSTOMERS),
        ),
        "losses" => (
            format!("{LEAST_EVENTS} customers lost on either side"),
            at_this_rate,
        ),
        "successes" => (
            format!("{LEAST_EVENTS} successes on either side"),
            at_this_rate,
        ),
        "events" => (
            format!("{LEAST_EVENTS} months with purchases on either side"),
            at_this_rate,
        ),
        "effective_controls" | "balance" | "overlap" | "largest_weight" => (
            "non-members who are more like the members, or a holdout of invitations drawn at random"
                .to_owned(),
            None,
        ),
        "history" => (
            "members who were customers for two months or more before they joined".to_owned(),
            None,
        ),
        "survivors" => (
            "the former customers, if they were deleted from the CRM".to_owned(),
            None,
        ),
        "sample_ratio" => ("another draw of invitations".to_owned(), None),
        "calibration" => (
            "a longer history, in which the model foresees what was bought".to_owned(),
            None,
        ),
        _ => (
            "no larger sample: a holdout of invitations drawn at random".to_owned(),
            None,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(gate: &'static str, measured: f64) -> Check {
        Check {
            gate,
            verdict: Verdict::Block,
            measured: Some(measured),
            needed: String::new(),
        }
    }

    #[test]
    fn more_customers_only_where_more_customers_would_do() {
        let found = remedy(&[blocked("losses", 4.0)], 500);
        assert_eq!(found.customers, Some(1_250));
        assert_eq!(
            found.said.as_deref(),
            Some("10 customers lost on either side")
        );
        let found = remedy(&[blocked("size", 12.0), blocked("placebo", 3.0)], 500);
        assert_eq!(found.customers, None);
        assert_eq!(
            found.said.as_deref(),
            Some(
                "30 customers on either side; no larger sample: a holdout of invitations drawn at random"
            )
        );
        assert_eq!(remedy(&[], 500), Remedy::default());
    }
}

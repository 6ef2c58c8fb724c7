//! `levier simulate`: raw inputs of a made-up company, with its truth, as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use jiff::civil::Date;
use levier_simulator::Company;
use serde_json::json;

use crate::Failure;
use crate::arguments::{Shared, Simulate};
use crate::output;

/// The first of the current month, the usual end of a made-up history.
pub fn this_month(end: Option<Date>) -> Date {
    end.unwrap_or_else(|| {
        let today = jiff::tz::TimeZone::UTC
            .to_datetime(crate::workspace::now())
            .date();
        today.first_of_month()
    })
}

/// Writes `levier.toml`, `secrets/`, `exports/`, `deliveries.ndjson` and `truth.json`.
pub fn simulate(shared: &Shared, arguments: &Simulate) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Failed(format!(
            "{} cannot be written: {error}",
            arguments.out.display()
        ))
    };
    let company = Company::new(
        arguments.scale.into(),
        arguments.seed,
        this_month(arguments.end),
    );
    let out = &arguments.out;
    for folder in [out.clone(), out.join("secrets"), out.join("exports")] {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(out.join("levier.toml"), company.configuration()).map_err(failed)?;
    for (name, secret) in company.secrets() {
        std::fs::write(out.join("secrets").join(name), secret).map_err(failed)?;
    }
    let mut files = Vec::new();
    for file in company.files() {
        let mut sink =
            BufWriter::new(File::create(out.join("exports").join(&file.name)).map_err(failed)?);
        let expected = file.write(&mut sink).map_err(failed)?;
        sink.flush().map_err(failed)?;
        files.push(json!({"name": expected.name, "good": expected.good, "bad": expected.bad}));
    }
    let mut deliveries =
        BufWriter::new(File::create(out.join("deliveries.ndjson")).map_err(failed)?);
    let mut count = 0_u64;
    for delivery in company.deliveries() {
        let line = json!({
            "source": delivery.source,
            "received_at": delivery.received_at,
            "delivery_id": delivery.delivery_id,
            "headers": delivery.headers,
            "body": String::from_utf8_lossy(&delivery.body),
        });
        writeln!(deliveries, "{line}").map_err(failed)?;
        count += 1;
    }
    deliveries.flush().map_err(failed)?;
    let truth = serde_json::to_value(&company.truth).map_err(Failure::failed)?;
    std::fs::write(out.join("truth.json"), format!("{truth:#}\n")).map_err(failed)?;
    let summary = json!({"out": out.display().to_string(), "deliveries": count, "files": files, "truth": truth});
    if shared.json {
        output::json(&summary);
    } else {
        say!(
            "{count} deliveries and {} exports of a made-up company in {}; its truth in truth.json",
            files.len(),
            out.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

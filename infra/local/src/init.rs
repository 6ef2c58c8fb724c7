//! `levier init`: a commented levier.toml.

use std::process::ExitCode;

use crate::Failure;
use crate::arguments::{Init, Shared};
use crate::output;

/// Every key with its default.
pub const TEMPLATE: &str = include_str!("levier.toml");

/// Writes the template, or prints it.
pub fn init(shared: &Shared, arguments: &Init) -> Result<ExitCode, Failure> {
    if arguments.file.as_os_str() == "-" {
        crate::output::text(format_args!("{TEMPLATE}"));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.file.exists() && !arguments.force {
        return Err(Failure::Usage(format!(
            "{} is there already; --force replaces it, `levier init -` prints",
            arguments.file.display()
        )));
    }
    std::fs::write(&arguments.file, TEMPLATE).map_err(|error| {
        Failure::Failed(format!(
            "{} cannot be written: {error}",
            arguments.file.display()
        ))
    })?;
    if shared.json {
        output::json(
            &serde_json::json!({"file": arguments.file.display().to_string(), "written": true}),
        );
    } else {
        say!(
            "{} written; set what is yours, then levier check",
            arguments.file.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use levier_domain::config::Config;

    /// What is written out is what holds when nothing is written.
    #[test]
    fn the_template_documents_the_defaults() {
        assert_eq!(Config::parse(super::TEMPLATE).unwrap(), Config::default());
        let mut uncommented = String::new();
        for line in super::TEMPLATE.lines() {
            uncommented.push_str(line.strip_prefix("#: ").unwrap_or(line));
            uncommented.push('\n');
        }
        let example = Config::parse(&uncommented).unwrap();
        assert!(example.sources.len() >= 5 && example.commerce.margin.is_some());
    }
}

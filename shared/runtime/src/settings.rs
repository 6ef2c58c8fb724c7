//! What the environment says: which bucket, which table, where `levier.toml` lies.

/// Settings of a function, read once from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `LEVIER_BUCKET`: the bucket of the lake and of drops.
    pub bucket: String,
    /// `LEVIER_TABLE`: the results table.
    pub table: String,
    /// `LEVIER_CONFIG`: key of `levier.toml` in the bucket; default `config/levier.toml`.
    pub config_key: String,
}

/// A setting that is absent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not set; set it to {example}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What it could be.
    pub example: &'static str,
}

impl Settings {
    /// `lookup` is the environment in `main` and a map in tests.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable and what to set.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let present = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        Ok(Self {
            bucket: present("LEVIER_BUCKET").ok_or(SettingsError {
                name: "LEVIER_BUCKET",
                example: "the name of the lake's bucket",
            })?,
            table: present("LEVIER_TABLE").ok_or(SettingsError {
                name: "LEVIER_TABLE",
                example: "the name of the results table",
            })?,
            config_key: present("LEVIER_CONFIG").unwrap_or_else(|| "config/levier.toml".to_owned()),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_setting_is_named() {
        let error = Settings::read(|name| (name == "LEVIER_BUCKET").then(|| "lake".to_owned()))
            .unwrap_err();
        assert!(error.to_string().starts_with("LEVIER_TABLE is not set"));
    }
}

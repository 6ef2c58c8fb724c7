//! Publishing a run: rows into the table, the twin onto S3, then the flip.

use std::collections::BTreeMap;
use std::io::BufWriter;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::table::{Row, TableName};
use levier_lake::{Lake, LakeError, keys};
use sha2::{Digest, Sha256};

use crate::store::{Pointer, Results, ResultsError};

/// Name of a run: job, as-of day and a digest of everything that it was computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// The run of `job` as of `as_of` over inputs whose digest is `inputs` (hex).
    #[must_use]
    pub fn new(job: &str, as_of: Date, inputs: &str) -> Self {
        Self(format!("{job}-{as_of}-{}", &inputs[..inputs.len().min(16)]))
    }

    /// The run that said `tables` from inputs whose digest is `inputs`: two runs that say the same are one.
    ///
    /// # Errors
    /// [`ResultsError`] where a row is no JSON.
    pub fn of_tables(
        job: &str,
        as_of: Date,
        inputs: &str,
        tables: &BTreeMap<TableName, Vec<Row>>,
    ) -> Result<Self, ResultsError> {
        let mut digest = Sha256::new();
        digest.update(inputs);
        // Hashed as it is written: the text of a big night would take as much room as its rows.
        let mut text = BufWriter::new(digest);
        let wrong = |error: &dyn std::fmt::Display| LakeError::content(job, "JSON", error);
        serde_json::to_writer(&mut text, tables).map_err(|error| wrong(&error))?;
        let digest = text.into_inner().map_err(|error| wrong(&error))?;
        Ok(Self::new(job, as_of, &hex::encode(digest.finalize())))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A finished run, ready to be published.
#[derive(Clone, Debug)]
pub struct Run {
    /// The job.
    pub job: &'static str,
    /// Its name.
    pub id: RunId,
    /// The day whose knowledge it rests on.
    pub as_of: Date,
    /// Its tables, whole.
    pub tables: BTreeMap<TableName, Vec<Row>>,
}

impl Run {
    /// Writes everything, then flips the pointer, then replaces the twin, then removes the run that stood for the same day.
    /// Killed anywhere and run again, it ends the same: until the flip nobody sees it, and every write is a replacement. Who is
    /// still reading the run before notices by its number of rows, and reads again. Gives its name.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn publish(self, lake: &Lake, results: &Results) -> Result<String, ResultsError> {
        self.publish_until(None, lake, results).await
    }

    /// As [`Run::publish`], for an as-of day that still runs and is known `until` then.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn publish_until(
        self,
        until: Option<Timestamp>,
        lake: &Lake,
        results: &Results,
    ) -> Result<String, ResultsError> {
        // Every run of a day is written down before its first row, so that what a killed one left behind is found and removed.
        let room = format!("runs#{}#{}", self.job, self.as_of);
        let tables: Vec<TableName> = self.tables.keys().copied().collect();
        let written = serde_json::to_string(&tables)
            .map_err(|error| LakeError::content(&room, "JSON", error))?;
        results.set_state(&room, self.id.as_str(), &written).await?;
        for (table, rows) in &self.tables {
            results.write_rows(self.id.as_str(), *table, rows).await?;
        }
        let pointer = Pointer {
            run_id: self.id.as_str().to_owned(),
            as_of: self.as_of,
            until,
            tables,
            rows: self
                .tables
                .iter()
                .map(|(table, rows)| (*table, rows.len()))
                .collect(),
        };
        results.flip(self.job, &pointer).await?;
        for (table, rows) in self.tables {
            // One object for each job, table and day, which a put replaces whole: whoever reads all files of a day never has
            // the rows of two runs, nor none.
            let prefix = format!(
                "{}{table}/as_of={}/{}",
                keys::PUBLISHED,
                self.as_of,
                self.job
            );
            let flat: Vec<Row> = rows.into_iter().map(Row::flat).collect();
            let parquet = levier_lake::table::encode(&prefix, &flat)?;
            let json = serde_json::to_vec(&flat)
                .map_err(|error| LakeError::content(&prefix, "JSON", error))?;
            lake.put(&format!("{prefix}.parquet"), parquet).await?;
            lake.put(&format!("{prefix}.json"), json).await?;
        }
        lake.put_json(
            &format!("{}current/{}.json", keys::PUBLISHED, self.job),
            &results.pointer(self.job).await?,
        )
        .await?;
        for (run_id, tables) in results.states(&room).await? {
            if run_id == self.id.as_str() {
                continue;
            }
            let tables: Vec<TableName> = serde_json::from_str(&tables).unwrap_or_default();
            for table in tables {
                results.delete_rows(&run_id, table).await?;
            }
            results.delete_state(&room, &run_id).await?;
        }
        Ok(self.id.0)
    }
}

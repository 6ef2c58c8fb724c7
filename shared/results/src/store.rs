//! The DynamoDB side: items, pointers, small state.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, Put, PutRequest, TransactWriteItem, WriteRequest,
};
use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::table::{Row, TableName};
use serde::{Deserialize, Serialize};

/// Largest JSON of one item, under DynamoDB's 400 KB.
const CHUNK_BYTES: usize = 300_000;
/// Most requests of one BatchWriteItem.
const BATCH: usize = 25;

/// The results table, spoken to through the AWS SDK.
#[derive(Clone, Debug)]
pub struct Results {
    client: Client,
    table: String,
}

/// Which run readers see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The run.
    pub run_id: String,
    /// Its as-of day.
    pub as_of: Date,
    /// Until when that day was known, where it still ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Tables that it wrote.
    pub tables: Vec<TableName>,
    /// How many rows each of them has, by which a reader knows that it read them all; not told of tables that grow row by row.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<TableName, usize>,
}

/// A call to the results table that failed.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The service refused or could not be reached.
    #[error("cannot {operation} in table `{table}`: {detail}")]
    Service {
        /// What was being done.
        operation: &'static str,
        /// The table.
        table: String,
        /// What the service said, in one line.
        detail: String,
        /// Whether trying again may help.
        retryable: bool,
    },
    /// An item is not what it should be.
    #[error(
        "item `{key}` of table `{table}` is not readable: {detail}; run the job that writes it again"
    )]
    Content {
        /// Key of the item.
        key: String,
        /// The table.
        table: String,
        /// What is wrong.
        detail: String,
    },
    /// The rows of a run were removed, by the run that came after it, while they were read.
    #[error(
        "run `{run_id}` was replaced while its table `{table}` was read: {found} of {rows} rows were left; read again"
    )]
    Replaced {
        /// The run.
        run_id: String,
        /// The table.
        table: TableName,
        /// Rows that were read.
        found: usize,
        /// Rows that there were.
        rows: usize,
    },
    /// The published twin could not be written.
    #[error(transparent)]
    Lake(#[from] levier_lake::LakeError),
}

impl ResultsError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Service { retryable, .. } => *retryable,
            Self::Content { .. } => false,
            Self::Replaced { .. } => true,
            Self::Lake(error) => error.is_retryable(),
        }
    }
}

type Item = HashMap<String, AttributeValue>;

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map(String::as_str)
}

impl Results {
    /// The table `table` behind `client`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    fn error<E: std::error::Error + 'static>(
        &self,
        operation: &'static str,
        error: &SdkError<E>,
    ) -> ResultsError {
        let retryable = match error {
            // Throttling comes as a 400 with a name of its own.
            SdkError::ServiceError(context) => {
                let detail = format!("{:?}", context.err());
                context.raw().status().as_u16() >= 500
                    || detail.contains("Throttl")
                    || detail.contains("ThroughputExceeded")
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        ResultsError::Service {
            operation,
            table: self.table.clone(),
            detail: DisplayErrorContext(error).to_string(),
            retryable,
        }
    }

    fn content(&self, key: &str, detail: impl std::fmt::Display) -> ResultsError {
        ResultsError::Content {
            key: key.to_owned(),
            table: self.table.clone(),
            detail: detail.to_string(),
        }
    }

    async fn query(&self, partition: &str) -> Result<Vec<Item>, ResultsError> {
        let mut items = Vec::new();
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(partition))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| self.error("query", &error))?);
        }
        Ok(items)
    }

    async fn write_all(&self, mut requests: Vec<WriteRequest>) -> Result<(), ResultsError> {
        // The table answers what it had no capacity for; that much is sent again with the next batch.
        let mut idle_rounds = 0;
        while !requests.is_empty() {
            let rest = requests.split_off(requests.len().min(BATCH));
            let sent = requests.len();
            let output = self
                .client
                .batch_write_item()
                .request_items(&self.table, requests)
                .send()
                .await
                .map_err(|error| self.error("write rows", &error))?;
            let mut unprocessed = output
                .unprocessed_items
                .and_then(|mut items| items.remove(&self.table))
                .unwrap_or_default();
            idle_rounds = if unprocessed.len() == sent {
                idle_rounds + 1
            } else {
                0
            };
            if idle_rounds > 8 {
                return Err(ResultsError::Service {
                    operation: "write rows",
                    table: self.table.clone(),
                    detail: "no row was taken in nine attempts".to_owned(),
                    retryable: true,
                });
            }
            unprocessed.extend(rest);
            requests = unprocessed;
        }
        Ok(())
    }

    fn put_request(
        &self,
        partition: &str,
        sort: &str,
        rows: String,
    ) -> Result<WriteRequest, ResultsError> {
        let put = PutRequest::builder()
            .item("pk", text(partition))
            .item("sk", text(sort))
            .item("rows", text(rows))
            .build()
            .map_err(|error| self.content(sort, error))?;
        Ok(WriteRequest::builder().put_request(put).build())
    }

    /// Writes the rows of one table under a run that nobody sees yet, one item per series.
    ///
    /// # Errors
    /// [`ResultsError::Service`].
    pub async fn write_rows(
        &self,
        run_id: &str,
        table: TableName,
        rows: &[Row],
    ) -> Result<(), ResultsError> {
        let partition = format!("run#{run_id}#{table}");
        let mut series: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            series.entry(table.series(row)).or_default().push(row);
        }
        let mut requests = Vec::new();
        for (name, rows) in &series {
            let mut chunk = String::from("[");
            let mut chunks = 0;
            for row in rows {
                let json = serde_json::to_string(row).map_err(|error| self.content(name, error))?;
                if chunk.len() > 1 && chunk.len() + json.len() > CHUNK_BYTES {
                    chunk.push(']');
                    requests.push(self.put_request(
                        &partition,
                        &format!("{name}#{chunks:04}"),
                        std::mem::replace(&mut chunk, "[".to_owned()),
                    )?);
                    chunks += 1;
                }
                if chunk.len() > 1 {
                    chunk.push(',');
                }
                chunk.push_str(&json);
            }
            chunk.push(']');
            requests.push(self.put_request(&partition, &format!("{name}#{chunks:04}"), chunk)?);
        }
        self.write_all(requests).await
    }

    /// The rows of one table of the run that a pointer names, by series and period: all of them, or
    /// [`ResultsError::Replaced`] where a later run removed some meanwhile.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn read_rows(
        &self,
        pointer: &Pointer,
        table: TableName,
    ) -> Result<Vec<Row>, ResultsError> {
        let mut rows = Vec::new();
        for item in self
            .query(&format!("run#{}#{table}", pointer.run_id))
            .await?
        {
            let key = string(&item, "sk").unwrap_or_default().to_owned();
            let json = string(&item, "rows").ok_or_else(|| self.content(&key, "no rows"))?;
            let chunk: Vec<Row> =
                serde_json::from_str(json).map_err(|error| self.content(&key, error))?;
            rows.extend(chunk);
        }
        if let Some(written) = pointer.rows.get(&table)
            && rows.len() != *written
        {
            return Err(ResultsError::Replaced {
                run_id: pointer.run_id.clone(),
                table,
                found: rows.len(),
                rows: *written,
            });
        }
        Ok(rows)
    }

    /// Deletes the rows of a run that is no longer pointed at.
    ///
    /// # Errors
    /// [`ResultsError::Service`].
    pub async fn delete_rows(&self, run_id: &str, table: TableName) -> Result<(), ResultsError> {
        let mut requests = Vec::new();
        for mut item in self.query(&format!("run#{run_id}#{table}")).await? {
            item.retain(|name, _| name == "pk" || name == "sk");
            let delete = DeleteRequest::builder()
                .set_key(Some(item))
                .build()
                .map_err(|error| self.content(run_id, error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        self.write_all(requests).await
    }

    async fn pointer_at(
        &self,
        partition: &str,
        sort: &str,
    ) -> Result<Option<Pointer>, ResultsError> {
        let json = self.get_text(partition, sort).await?;
        json.map(|json| serde_json::from_str(&json).map_err(|error| self.content(sort, error)))
            .transpose()
    }

    /// The newest run of a job.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn pointer(&self, job: &str) -> Result<Option<Pointer>, ResultsError> {
        self.pointer_at("pointer", job).await
    }

    /// The run of a job for one as-of day.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn pointer_as_of(
        &self,
        job: &str,
        as_of: Date,
    ) -> Result<Option<Pointer>, ResultsError> {
        self.pointer_at(&format!("asof#{job}"), &as_of.to_string())
            .await
    }

    /// The runs of a job, one for each as-of day, oldest first.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn pointers(&self, job: &str) -> Result<Vec<Pointer>, ResultsError> {
        let items = self.query(&format!("asof#{job}")).await?;
        items
            .iter()
            .filter_map(|item| string(item, "text"))
            .map(|json| serde_json::from_str(json).map_err(|error| self.content(job, error)))
            .collect()
    }

    /// The run of a job for the last as-of day before `day`.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn pointer_before(
        &self,
        job: &str,
        day: Date,
    ) -> Result<Option<Pointer>, ResultsError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk < :sk")
            .expression_attribute_values(":pk", text(format!("asof#{job}")))
            .expression_attribute_values(":sk", text(day.to_string()))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error("query", &error))?;
        let found = output.items().first().and_then(|item| string(item, "text"));
        found
            .map(|json| serde_json::from_str(json).map_err(|error| self.content(job, error)))
            .transpose()
    }

    /// Makes a run the one that readers see: the as-of index and, unless a newer as-of is already shown, the pointer, in one
    /// transaction.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn flip(&self, job: &str, pointer: &Pointer) -> Result<(), ResultsError> {
        let newest = self.pointer(job).await?;
        let json = serde_json::to_string(pointer).map_err(|error| self.content(job, error))?;
        let put = |partition: String, sort: String| -> Result<TransactWriteItem, ResultsError> {
            let put = Put::builder()
                .table_name(&self.table)
                .item("pk", text(partition))
                .item("sk", text(sort))
                .item("text", text(json.clone()))
                .build()
                .map_err(|error| self.content(job, error))?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        let mut items = vec![put(format!("asof#{job}"), pointer.as_of.to_string())?];
        if newest.is_none_or(|newest| newest.as_of <= pointer.as_of) {
            items.push(put("pointer".to_owned(), job.to_owned())?);
        }
        self.client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
            .map_err(|error| self.error("flip the pointer", &error))?;
        Ok(())
    }

    async fn get_text(&self, partition: &str, sort: &str) -> Result<Option<String>, ResultsError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(partition))
            .key("sk", text(sort))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error("read", &error))?;
        Ok(output
            .item
            .as_ref()
            .and_then(|item| string(item, "text"))
            .map(str::to_owned))
    }

    /// A small piece of state of a room (a cursor, a reading key).
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn state(&self, room: &str, name: &str) -> Result<Option<String>, ResultsError> {
        self.get_text(&format!("state#{room}"), name).await
    }

    /// Every piece of state of a room, by name.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn states(&self, room: &str) -> Result<BTreeMap<String, String>, ResultsError> {
        let items = self.query(&format!("state#{room}")).await?;
        Ok(items
            .iter()
            .filter_map(|item| {
                Some((
                    string(item, "sk")?.to_owned(),
                    string(item, "text")?.to_owned(),
                ))
            })
            .collect())
    }

    /// Writes a small piece of state.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn set_state(&self, room: &str, name: &str, value: &str) -> Result<(), ResultsError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(format!("state#{room}")))
            .item("sk", text(name))
            .item("text", text(value))
            .send()
            .await
            .map(drop)
            .map_err(|error| self.error("write state", &error))
    }

    /// Replaces a piece of state if it is still what the caller saw (`None`: if there is none yet); says whether it did, so that
    /// of several writers one wins.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn replace_state(
        &self,
        room: &str,
        name: &str,
        seen: Option<&str>,
        value: &str,
    ) -> Result<bool, ResultsError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(format!("state#{room}")))
            .item("sk", text(name))
            .item("text", text(value));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => put
                .condition_expression("#text = :seen")
                .expression_attribute_names("#text", "text")
                .expression_attribute_values(":seen", text(seen)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(context))
                if context.err().is_conditional_check_failed_exception() =>
            {
                Ok(false)
            }
            Err(error) => Err(self.error("write state", &error)),
        }
    }

    /// Forgets a piece of state.
    ///
    /// # Errors
    /// [`ResultsError`].
    pub async fn delete_state(&self, room: &str, name: &str) -> Result<(), ResultsError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", text(format!("state#{room}")))
            .key("sk", text(name))
            .send()
            .await
            .map(drop)
            .map_err(|error| self.error("forget state", &error))
    }

    /// Whether the table answers.
    ///
    /// # Errors
    /// [`ResultsError::Service`] when it does not.
    pub async fn ping(&self) -> Result<(), ResultsError> {
        self.get_text("pointer", "-").await.map(drop)
    }
}

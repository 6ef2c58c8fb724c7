//! The lake described for other tools: a page of columns with their units, and Glue tables for Athena.
//!
//! Both are made from the Arrow schemas that the writers use, so that they cannot say anything else; a test holds the files under
//! `infra/aws` to what is made here.
//!
//! ```
//! use levier_lake::layout;
//! assert!(layout::page().contains("| `revenue_minor` | BIGINT |"));
//! assert!(layout::glue_template().contains("storage.location.template"));
//! ```

use std::fmt::Write;

use levier_domain::entity::{Entity, LakeKind};

use crate::{events, facts};

/// The type of a column, as SQL engines name it.
fn sql(kind: LakeKind) -> &'static str {
    match kind {
        LakeKind::Text => "VARCHAR",
        LakeKind::Instant => "TIMESTAMP (µs, UTC)",
        LakeKind::Date => "DATE",
        LakeKind::Integer => "BIGINT",
        LakeKind::Number => "DOUBLE",
        LakeKind::Boolean => "BOOLEAN",
        LakeKind::Attributes => "MAP(VARCHAR, VARCHAR)",
    }
}

/// The type of a column, as Glue names it.
fn glue(kind: LakeKind) -> &'static str {
    match kind {
        LakeKind::Text => "string",
        LakeKind::Instant => "timestamp",
        LakeKind::Date => "date",
        LakeKind::Integer => "bigint",
        LakeKind::Number => "double",
        LakeKind::Boolean => "boolean",
        LakeKind::Attributes => "map<string,string>",
    }
}

/// One table of the lake.
struct Table {
    name: String,
    prefix: String,
    what: &'static str,
    columns: Vec<(String, LakeKind, &'static str)>,
    /// Folders of the path.
    partitions: &'static [Partition],
}

/// A folder of the path: its name, its Glue type, and how Athena counts its values.
type Partition = (&'static str, &'static str, &'static [Projection]);
/// A setting of a projected partition.
type Projection = (&'static str, &'static str);

fn tables() -> Vec<Table> {
    let mut tables = vec![
        Table {
            name: "events".to_owned(),
            prefix: "events/".to_owned(),
            what: "Canonical events, each once, one file per UTC day, sorted by `event_id`.",
            columns: events::COLUMNS
                .iter()
                .map(|(name, kind)| ((*name).to_owned(), *kind, events::unit(name)))
                .collect(),
            partitions: &[(
                "date",
                "date",
                &[
                    ("type", "date"),
                    ("format", "yyyy-MM-dd"),
                    ("range", "2010-01-01,NOW+1DAYS"),
                    ("interval", "1"),
                    ("interval.unit", "DAYS"),
                ],
            )],
        },
        Table {
            name: "facts".to_owned(),
            prefix: "facts/".to_owned(),
            what: "Person-months, bucketed by a hash of the person, sorted by `person`.",
            columns: facts::COLUMNS
                .iter()
                .map(|(name, kind, unit)| ((*name).to_owned(), *kind, *unit))
                .collect(),
            partitions: &[
                (
                    "month",
                    "string",
                    &[
                        ("type", "date"),
                        ("format", "yyyy-MM"),
                        ("range", "2010-01,NOW+1MONTHS"),
                        ("interval", "1"),
                        ("interval.unit", "MONTHS"),
                    ],
                ),
                (
                    "bucket",
                    "string",
                    &[("type", "integer"), ("range", "0,9999"), ("digits", "4")],
                ),
            ],
        },
    ];
    // History becomes events; it has no rows of its own.
    let entities = Entity::ALL
        .iter()
        .copied()
        .filter(|entity| *entity != Entity::Activity);
    tables.extend(entities.map(|entity| Table {
            name: format!("crm_{entity}"),
            prefix: format!("crm/{entity}/"),
            what: "CRM rows as they were imported, history included; the row that holds is the greatest by `updated_at`, \
                   `known_from` of `source` and key.",
            columns: entity
                .lake_columns()
                .iter()
                .map(|column| (column.name.clone(), column.kind, ""))
                .collect(),
            partitions: &[],
        }));
    tables
}

/// The page of columns, Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# What lies in the lake\n\nMade from the Arrow schemas of `shared/lake`; `cargo run --release -p levier-lake --example layout` \
         writes it anew.\nEvery column may be null. Money is in minor units of the currency beside it, or of the reporting currency in \
         `facts`.\n",
    );
    for table in tables() {
        let _ = write!(page, "\n## `{}`\n\n{}", table.prefix, table.what);
        if !table.partitions.is_empty() {
            let names: Vec<String> = table
                .partitions
                .iter()
                .map(|(name, ..)| format!("`{name}`"))
                .collect();
            let _ = write!(page, " In the path: {}.", names.join(", "));
        }
        page.push_str("\n\n| column | type | what |\n|---|---|---|\n");
        for (name, kind, unit) in &table.columns {
            let _ = writeln!(page, "| `{name}` | {} | {unit} |", sql(*kind));
        }
    }
    page
}

/// A CloudFormation template of a Glue database with a table for everything in the lake; partitions are projected, so that
/// nothing has to crawl.
#[must_use]
pub fn glue_template() -> String {
    let mut out = String::from(
        "# Made from the Arrow schemas of shared/lake; `cargo run --release -p levier-lake --example layout` writes it anew.\n\
         AWSTemplateFormatVersion: \"2010-09-09\"\n\
         Description: Levier, the lake as Glue tables for Athena and Spark. Optional; holds no data.\n\
         Parameters:\n  \
           BucketName:\n    Type: String\n    Description: The bucket of the main stack.\n  \
           DatabaseName:\n    Type: String\n    Description: Name of the Glue database.\n    Default: levier\n\
         Resources:\n  \
           Database:\n    Type: AWS::Glue::Database\n    Properties:\n      CatalogId: !Ref AWS::AccountId\n      \
             DatabaseInput:\n        Name: !Ref DatabaseName\n        Description: The lake of Levier\n",
    );
    for table in tables() {
        let logical: String = table
            .name
            .split('_')
            .map(|word| {
                let mut letters = word.chars();
                letters
                    .next()
                    .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
                    .unwrap_or_default()
            })
            .collect();
        let _ = write!(
            out,
            "  {logical}Table:\n    Type: AWS::Glue::Table\n    Properties:\n      CatalogId: !Ref AWS::AccountId\n      \
               DatabaseName: !Ref Database\n      TableInput:\n        Name: {}\n        TableType: EXTERNAL_TABLE\n        \
               Parameters:\n          classification: parquet\n",
            table.name
        );
        if !table.partitions.is_empty() {
            out.push_str("          projection.enabled: \"true\"\n");
            let mut path = String::new();
            for (name, _, projection) in table.partitions {
                for (key, value) in *projection {
                    let _ = writeln!(out, "          projection.{name}.{key}: \"{value}\"");
                }
                let _ = write!(path, "{name}=${{!{name}}}/");
            }
            let _ = writeln!(
                out,
                "          storage.location.template: !Sub \"s3://${{BucketName}}/{}{path}\"",
                table.prefix
            );
            out.push_str("        PartitionKeys:\n");
            for (name, kind, _) in table.partitions {
                let _ = writeln!(out, "          - {{Name: {name}, Type: {kind}}}");
            }
        }
        let _ = write!(
            out,
            "        StorageDescriptor:\n          Location: !Sub \"s3://${{BucketName}}/{}\"\n          \
               InputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat\n          \
               OutputFormat: org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat\n          \
               SerdeInfo:\n            SerializationLibrary: org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe\n          \
               Columns:\n",
            table.prefix
        );
        for (name, kind, _) in &table.columns {
            let _ = writeln!(
                out,
                "            - {{Name: {name}, Type: \"{}\"}}",
                glue(*kind)
            );
        }
    }
    out
}

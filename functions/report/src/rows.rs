//! Reading tables from the results: whole runs of one moment, and of them what a filter lets through.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use levier_domain::table::{Row, Status, TableName};
use levier_render::Language;
use levier_results::{Pointer, Results, ResultsError};
use serde_json::Value as Json;

use crate::filter::{Filter, asked, language, range, within};

/// Jobs that publish tables, in the order of the pipeline.
pub(crate) const JOBS: &[&str] = &[
    "compact", "import", "join", "health", "uplift", "alert", "snapshot",
];

/// How often tables are read again that a later run replaced meanwhile.
const ATTEMPTS: usize = 5;

/// Why a table cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No such table.
    #[error("there is no table `{name}`; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Nothing was computed for that day.
    #[error("nothing was computed as of {as_of}; run the jobs with --as-of {as_of} first")]
    NoSuchDay {
        /// The day.
        as_of: Date,
    },
    /// A value that nothing has, which is not the same as a value of which there is nothing.
    #[error("there is no {what} `{value}`; there are {known}")]
    NoSuch {
        /// `KPI`, `community` or `segment`.
        what: &'static str,
        /// What was asked for.
        value: String,
        /// What there is.
        known: String,
    },
    /// A filter that makes no sense.
    #[error("{0}")]
    Filter(String),
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// Parquet cannot be written.
    #[error(transparent)]
    Lake(#[from] levier_lake::LakeError),
}

/// The name of a table, or what there is instead.
///
/// # Errors
/// [`TableError::Unknown`].
pub fn parse_name(name: &str) -> Result<TableName, TableError> {
    name.parse().map_err(|_| TableError::Unknown {
        name: name.to_owned(),
        known: TableName::ALL
            .iter()
            .map(|table| table.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Some tables as of a day (the newest when absent), every one of a whole run and those of one job of the same run. What was not
/// computed for the day is not in the answer; what was never computed at all is there without rows when no day is asked for.
pub(crate) async fn read(
    results: &Results,
    names: &[TableName],
    as_of: Option<Date>,
) -> Result<BTreeMap<TableName, Vec<Row>>, ResultsError> {
    for _ in 1..ATTEMPTS {
        match read_once(results, names, as_of).await {
            // A run that came meanwhile removed what was read: its own rows are there.
            Err(ResultsError::Replaced { .. }) => {}
            ended => return ended,
        }
    }
    read_once(results, names, as_of).await
}

async fn read_once(
    results: &Results,
    names: &[TableName],
    as_of: Option<Date>,
) -> Result<BTreeMap<TableName, Vec<Row>>, ResultsError> {
    let mut pointers: Vec<Pointer> = Vec::new();
    for job in JOBS {
        pointers.extend(match as_of {
            // All imports are one run; those until the day are picked below.
            Some(as_of) if *job != "import" => results.pointer_as_of(job, as_of).await?,
            _ => results.pointer(job).await?,
        });
    }
    let mut tables = BTreeMap::new();
    for name in names {
        let mut computed = as_of.is_none();
        let mut found = Vec::new();
        if *name == TableName::Runs {
            found = runs(results).await?;
            found.retain(|row| as_of.is_none() || row.as_of == as_of);
            computed |= !found.is_empty();
        }
        for pointer in pointers.iter().filter(|one| one.tables.contains(name)) {
            computed = true;
            found.extend(results.read_rows(pointer, *name).await?);
        }
        if *name == TableName::Imports && as_of.is_some() {
            found.retain(|row| row.as_of <= as_of);
        }
        if computed {
            tables.insert(*name, found);
        }
    }
    Ok(tables)
}

/// The rows of a table that a filter lets through.
///
/// # Errors
/// [`TableError`].
pub async fn rows(
    results: &Results,
    table: TableName,
    filter: &Filter,
) -> Result<Vec<Row>, TableError> {
    let language = language(filter)?;
    let range = range(filter)?;
    let read = read(results, &[table], filter.as_of).await?.remove(&table);
    let mut found = match (read, filter.as_of) {
        (Some(found), _) => found,
        (None, Some(as_of)) => return Err(TableError::NoSuchDay { as_of }),
        (None, None) => Vec::new(),
    };
    known(results, &found.iter().collect::<Vec<_>>(), filter).await?;
    let same = |wanted: &Option<String>, has: &Option<String>| {
        asked(wanted).is_none_or(|wanted| Some(wanted) == has.as_deref())
    };
    found.retain(|row| {
        within(row.period.as_deref(), range, filter.fiscal_year_start)
            && same(&filter.community, &row.community)
            && same(&filter.segment, &row.segment)
            && same(&filter.kpi, &row.kpi)
    });
    if let Some(language) = language {
        for row in &mut found {
            worded(row, language);
        }
    }
    Ok(found)
}

/// Refuses a KPI, a community or a segment that nothing has, where anything was computed: an answer without rows would read as
/// one about it.
pub(crate) async fn known(
    results: &Results,
    found: &[&Row],
    filter: &Filter,
) -> Result<(), TableError> {
    if found.is_empty() {
        return Ok(());
    }
    type Column = fn(&Row) -> Option<&String>;
    let columns: [(&str, &Option<String>, Column); 3] = [
        ("KPI", &filter.kpi, |row| row.kpi.as_ref()),
        ("community", &filter.community, |row| row.community.as_ref()),
        ("segment", &filter.segment, |row| row.segment.as_ref()),
    ];
    for (what, wanted, column) in columns {
        let Some(wanted) = asked(wanted) else {
            continue;
        };
        let mut names: BTreeSet<String> = found
            .iter()
            .filter_map(|row| column(row))
            .cloned()
            .collect();
        // Of these there may be nothing here.
        if names.contains(wanted)
            || wanted == "all"
            || levier_render::is_kpi(wanted) && what == "KPI"
        {
            continue;
        }
        if what != "KPI" {
            // Not every table is divided: what the others have is no mistake.
            let others = [TableName::Kpis, TableName::Sources];
            let others = read(results, &others, filter.as_of).await?;
            names.extend(others.values().flatten().filter_map(column).cloned());
        }
        if !names.contains(wanted) {
            let known: Vec<String> = names.into_iter().collect();
            return Err(TableError::NoSuch {
                what,
                value: wanted.to_owned(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

/// The runs that readers can see, newest day first: one of each job for each as-of day.
async fn runs(results: &Results) -> Result<Vec<Row>, ResultsError> {
    let mut rows = Vec::new();
    for job in JOBS {
        let current = results.pointer(job).await?;
        for pointer in results.pointers(job).await? {
            let tables: Vec<&str> = pointer.tables.iter().map(|table| table.as_str()).collect();
            let mut row = Row::new(Status::Ok)
                .with("job", *job)
                .with("run_id", pointer.run_id.as_str())
                .with("current", current.as_ref() == Some(&pointer))
                .with("tables", tables);
            row.as_of = Some(pointer.as_of);
            rows.push(row);
        }
    }
    // Jobs of one day stay in the order of the pipeline.
    rows.sort_by_key(|row| std::cmp::Reverse(row.as_of));
    Ok(rows)
}

/// A row for a reader of one language: its reason, and the name of its KPI.
fn worded(row: &mut Row, language: Language) {
    if let Some(reason) = &row.reason {
        row.reason = Some(levier_render::reason(reason, language));
    }
    if let Some(kpi) = &row.kpi {
        let label = levier_render::kpi_label(kpi, language);
        row.own.insert("label".to_owned(), Json::from(label));
    }
}

/// A row as a flat object. Tables about the pipeline have exactly their own columns.
#[must_use]
pub fn fields(table: TableName, row: &Row) -> Json {
    let whole = serde_json::to_value(row).unwrap_or(Json::Null);
    let Json::Object(mut map) = whole else {
        return Json::Null;
    };
    map.values_mut().for_each(levier_domain::table::flatten);
    match table {
        TableName::Waterfall => Json::Object(
            table
                .leading_columns()
                .iter()
                .map(|column| {
                    (
                        (*column).to_owned(),
                        map.remove(*column).unwrap_or(Json::Null),
                    )
                })
                .collect(),
        ),
        TableName::Sources => {
            for column in [
                "period", "segment", "kpi", "value", "n", "lower", "upper", "unit",
            ] {
                map.remove(column);
            }
            Json::Object(map)
        }
        _ => Json::Object(map),
    }
}

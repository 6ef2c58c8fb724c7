//! The receipt of a dropped file: what was read, what was refused and why. The contract is DESIGN's, to the letter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Read; rows may still have been refused one by one.
    Imported,
    /// The identical file was imported before; nothing was done.
    Unchanged,
    /// Refused whole; nothing in the lake changed.
    Refused,
}

/// How many rows went where: `read = new + changed + unchanged + refused + dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Records after the header.
    pub read: u64,
    /// Keys that were not held.
    pub new: u64,
    /// Keys held with other content.
    pub changed: u64,
    /// Keys held with the same or newer content.
    pub unchanged: u64,
    /// Rows with an error.
    pub refused: u64,
    /// Totals, footers, preambles, blank lines, rows the dialect leaves out.
    pub dropped: u64,
}

/// One refused row (or cell).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Physical first line of the record, counting from 1, header included.
    pub line: u64,
    /// Header of the column at fault, empty when the row as a whole is.
    pub column: String,
    /// What is wrong; never the value itself.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// One line left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedLine {
    /// Physical line.
    pub line: u64,
    /// `total`, `footer`, `preamble`, `repeated_header`, `blank`, `deleted`…
    pub why: String,
}

/// How the headers were understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnsReport {
    /// Header as written → field of the own layout.
    pub mapped: BTreeMap<String, String>,
    /// Headers that nothing reads.
    pub ignored: Vec<String>,
    /// Fields of the entity that the file does not have.
    pub missing: Vec<String>,
}

/// By what the rows that were read can be matched with a person of the community: what the file brings to the match waterfall
/// before anything is joined. One row may count at several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// Rows that were read and typed (line items of one order are one row).
    pub rows: u64,
    /// Those that name a CRM person by id; contacts do not count by their own.
    pub person_id: u64,
    /// Those with a valid e-mail address.
    pub email: u64,
    /// Those with a valid phone number.
    pub phone: u64,
    /// Those that name an account.
    pub account_id: u64,
    /// Those with none of these; of contacts, those with neither e-mail nor phone, which only a row of `links` can match.
    pub none: u64,
}

/// The receipt of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Name as dropped; members of archives as `outer.zip/inner.csv`.
    pub file: String,
    /// Id of the import: a hash of the content, entity and reading.
    pub import_id: String,
    /// What became of it.
    pub status: ImportStatus,
    /// Why it was refused whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Entity recognised or declared.
    pub entity: Option<String>,
    /// Dialect recognised: `hubspot-contacts-fr`, `levier-orders`…
    pub dialect: Option<String>,
    /// On what grounds: which tokens, sidecar or prefix.
    pub recognised_by: Option<String>,
    /// `utf-8`, `utf-8-bom`, `utf-16le`, `windows-1252`…
    pub encoding: Option<String>,
    /// The delimiter of a text table.
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// How many rows went where.
    pub rows: RowCounts,
    /// Refused rows, at most the first thousand.
    pub refused: Vec<Refusal>,
    /// Lines left out on purpose, at most the first thousand.
    pub dropped: Vec<DroppedLine>,
    /// How the headers were understood.
    pub columns: ColumnsReport,
    /// What differs from the last file of that dialect.
    pub drift: Vec<String>,
    /// What was done that the admin should know.
    pub warnings: Vec<String>,
    /// By what its rows can be matched; absent where its rows are about nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Matching>,
    /// Key of the file that holds the refused rows with their reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_file: Option<String>,
}

impl Receipt {
    /// A receipt about which only the name is known yet.
    #[must_use]
    pub fn new(file: impl Into<String>, import_id: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            import_id: import_id.into(),
            status: ImportStatus::Imported,
            reason: None,
            entity: None,
            dialect: None,
            recognised_by: None,
            encoding: None,
            delimiter: None,
            sheet: None,
            rows: RowCounts::default(),
            refused: Vec::new(),
            dropped: Vec::new(),
            columns: ColumnsReport::default(),
            drift: Vec::new(),
            warnings: Vec::new(),
            matching: None,
            refused_file: None,
        }
    }

    /// The same receipt, refused whole for `reason`.
    #[must_use]
    pub fn refuse(mut self, reason: impl Into<String>) -> Self {
        self.status = ImportStatus::Refused;
        self.reason = Some(reason.into());
        self
    }

    /// Whether the counts add up.
    #[must_use]
    pub fn balances(&self) -> bool {
        let rows = self.rows;
        rows.read == rows.new + rows.changed + rows.unchanged + rows.refused + rows.dropped
    }
}

//! Pages, charts, sentences and CSV in French and English.
//!
//! Result rows come in, text goes out. Nothing is computed here beyond layout and wording: a figure on a page is a figure
//! of a row, and a figure that is missing, withheld or blocked is shown as words with its reason, never as zero. Pages are
//! whole: no script, no font, no request to anywhere; every text from outside is escaped by the template engine.
//!
//! ```
//! use levier_render::{Language, Tables, dashboard};
//! let page = dashboard(&Tables::default(), "Atelier Brume", Language::French);
//! assert!(page.starts_with("<!DOCTYPE html><html lang=\"fr\">"));
//! assert!(page.contains("ce que vaut la communauté"));
//! ```

mod catalogue;
mod chart;
mod csv;
mod dashboard;
mod digest;
mod item_table;
mod label;
mod language;
mod links;
mod need_table;
mod notice;
mod number;
mod page;
mod pages;
mod palette;
mod reason;
mod reason_table;
mod receipt;
mod receipt_file_table;
mod receipt_row_table;
mod section;
mod sentence;
mod tables;
mod template;
mod word;
mod word_table;
mod work;

pub use catalogue::kpis_page;
pub use csv::{CsvDialect, csv, csv_cell};
pub use dashboard::dashboard;
pub use digest::{digest, digest_page, week_of};
pub use label::{is_kpi, kpi_label};
pub use language::Language;
pub use links::Links;
pub use notice::{Line, Notice, alert_figure, alert_notice, alert_rule, alert_subject};
pub use pages::{imports_page, problem, receipt_page, sources_page};
pub use reason::reason;
pub use receipt::{receipt_sentence, refusal_sentence};
pub use sentence::uplift_sentence;
pub use tables::Tables;
pub use work::{alerts_page, lists_page};

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

mod chart;
mod csv;
mod dashboard;
mod label;
mod language;
mod number;
mod page;
mod pages;
mod palette;
mod reason;
mod section;
mod sentence;
mod tables;
mod word;

pub use csv::{CsvDialect, csv, csv_cell};
pub use dashboard::dashboard;
pub use label::kpi_label;
pub use language::Language;
pub use pages::{imports_page, kpis_page, problem, receipt_page, sources_page};
pub use sentence::uplift_sentence;
pub use tables::Tables;

//! Where the links of a page lead: what the page was opened with goes with them, so that the next page and the rows behind a
//! figure are of the same day, community and segment, and open with the same key.

use jiff::civil::Date;
use levier_domain::table::TableName;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::language::Language;

/// All but what stands for itself in an address (RFC 3986), of which keys and days are made.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a page was opened with, beside its language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The reading key, where it stood in the address: a browser can send it in no other way.
    pub key: Option<String>,
    /// The day that was asked for.
    pub as_of: Option<Date>,
    /// The community that was asked for.
    pub community: Option<String>,
    /// The segment that was asked for.
    pub segment: Option<String>,
}

impl Links {
    /// The same without community and segment.
    pub(crate) fn whole(&self) -> Self {
        Self {
            community: None,
            segment: None,
            ..self.clone()
        }
    }

    /// A page of this site; without a path the page itself.
    pub(crate) fn page(&self, path: &str, language: Language) -> String {
        format!("{path}?lang={}{}", language.code(), self.query())
    }

    /// The rows of a table, as a file of the language's spreadsheet or as JSON.
    pub(crate) fn file(&self, table: TableName, ending: &str, language: Language) -> String {
        let dialect = match (ending, language) {
            ("csv", Language::French) => "&dialect=excel-fr",
            _ => "",
        };
        // A table that is not divided has no row of one community.
        let query = if table.is_divided() {
            self.query()
        } else {
            self.whole().query()
        };
        let query = format!("{dialect}{query}");
        let mark = if query.is_empty() { "" } else { "?" };
        format!(
            "/v1/tables/{table}.{ending}{mark}{}",
            query.trim_start_matches('&')
        )
    }

    /// The rows of one KPI, as [`Links::file`] gives those of all.
    pub(crate) fn rows_of(
        &self,
        table: TableName,
        kpi: &str,
        ending: &str,
        language: Language,
    ) -> String {
        let file = self.file(table, ending, language);
        let mark = if file.contains('?') { '&' } else { '?' };
        format!("{file}{mark}kpi={}", utf8_percent_encode(kpi, RESERVED))
    }

    fn query(&self) -> String {
        let as_of = self.as_of.map(|day| day.to_string());
        [
            ("as_of", &as_of),
            ("community", &self.community),
            ("segment", &self.segment),
            ("key", &self.key),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref().filter(|text| !text.is_empty())?)))
        .map(|(name, value)| format!("&{name}={}", utf8_percent_encode(value, RESERVED)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_what_the_page_was_opened_with() {
        let opened = Links {
            key: Some("lvr_a-b".to_owned()),
            as_of: "2026-11-30".parse().ok(),
            community: Some("a&b é".to_owned()),
            segment: Some(String::new()),
        };
        let query = "as_of=2026-11-30&community=a%26b%20%C3%A9&key=lvr_a-b";
        for (case, links, table, want) in [
            (
                "all",
                &opened,
                TableName::Kpis,
                format!("/v1/tables/kpis.csv?dialect=excel-fr&{query}"),
            ),
            (
                "a table without communities",
                &opened,
                TableName::Imports,
                "/v1/tables/imports.csv?dialect=excel-fr&as_of=2026-11-30&key=lvr_a-b".to_owned(),
            ),
            (
                "nothing",
                &Links::default(),
                TableName::Kpis,
                "/v1/tables/kpis.csv?dialect=excel-fr".to_owned(),
            ),
        ] {
            assert_eq!(links.file(table, "csv", Language::French), want, "{case}");
        }
        assert_eq!(
            opened.file(TableName::Kpis, "json", Language::French),
            format!("/v1/tables/kpis.json?{query}")
        );
        assert_eq!(
            opened.page("/kpis", Language::English),
            format!("/kpis?lang=en&{query}")
        );
        assert_eq!(
            Links::default().file(TableName::Kpis, "json", Language::French),
            "/v1/tables/kpis.json"
        );
    }
}

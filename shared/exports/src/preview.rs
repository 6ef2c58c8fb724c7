//! What `levier check --export` shows: every record of any table as it would be cut, the receipt, and for a table that no
//! dialect knows a sidecar file to start from.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use levier_domain::entity::Entity;
use levier_domain::item::Draft;
use levier_domain::receipt::Refusal;

use crate::archive::{self, Visitor};
use crate::dialect::{Dialects, fits, token};
use crate::read::{
    MOST_LISTED, Outcome, ReadError, Reading, Sink, SinkError, Tell, dropped, read_one, tell_one,
};
use crate::recognise::Declared;
use crate::rows::Row;
use crate::sidecar::Sidecar;
use crate::stretch::{Nothing, Stretch};
use crate::survey;
use crate::table::{Input, Whole};

/// What one file (or member) looks like.
#[derive(Clone, Debug)]
pub struct Preview {
    /// As [`crate::read`] would give it; here `rows.new` holds the rows that could be read, so that the counts add up.
    pub outcome: Outcome,
    /// A sidecar file to start from, where no dialect knows the table.
    pub proposal: Option<String>,
}

impl Sink for Nothing {
    fn header(&mut self, _: &[String]) -> Result<(), SinkError> {
        Ok(())
    }
    fn stretch(&self, _: Entity) -> Box<dyn Stretch> {
        Box::new(Nothing)
    }
    fn take(&mut self, _: Box<dyn Stretch>) -> Result<(), SinkError> {
        Ok(())
    }
    fn restart(&mut self) {}
    fn event(&mut self, _: u64, _: Draft) -> Result<(), SinkError> {
        Ok(())
    }
    fn refused(&mut self, _: u64, _: &[String], _: Refusal) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Takes one record of a preview: name of the file or member, line, cells.
pub type ShowRow<'f> = dyn FnMut(&str, u64, &[String]) + 'f;

/// Reads a file without keeping anything; `show` is given every record that is cut soundly, header included, at most `limit` for
/// each file. Records whose cells cannot be told apart, blank lines, totals and footers stand in the receipt instead.
///
/// # Errors
/// As [`crate::read`].
pub fn preview<R: Read + Seek>(
    name: &str,
    input: R,
    reading: &Reading<'_>,
    limit: Option<u64>,
    show: &mut ShowRow<'_>,
) -> Result<Vec<Preview>, ReadError> {
    let mut shower = Shower {
        reading,
        limit: limit.unwrap_or(u64::MAX),
        show,
        previews: Vec::new(),
    };
    archive::visit(name, Whole(input), reading, &mut shower)?;
    Ok(shower.previews)
}

struct Shower<'a, 'r, 'f> {
    reading: &'a Reading<'r>,
    limit: u64,
    show: &'a mut ShowRow<'f>,
    previews: Vec<Preview>,
}

impl Visitor for Shower<'_, '_, '_> {
    fn file(
        &mut self,
        name: &str,
        input: &mut dyn Input,
        beside: Option<&Sidecar>,
    ) -> Result<(), ReadError> {
        let reading = self.reading.with(beside);
        let mut left = self.limit;
        let show = &mut *self.show;
        let mut shown = 0_u64;
        let mut tap = |line: u64, row: &Row| {
            shown += 1;
            if left > 0 {
                left -= 1;
                show(name, line, &row.to_cells());
            }
        };
        let mut outcome = read_one(name, input, &reading, &mut Nothing, Some(&mut tap))?;
        outcome.receipt.rows.new = outcome.accepted;
        let mut proposal = None;
        if shown == 0
            && outcome.is_refused()
            && let Some(unmapped) = self.unmapped(name, input, &reading, &mut outcome, left)
        {
            proposal = Some(unmapped);
        }
        self.previews.push(Preview { outcome, proposal });
        Ok(())
    }

    fn history(&mut self, name: &str, dialect: &str, tell: &mut Tell<'_>) -> Result<(), ReadError> {
        let mut outcome = tell_one(name, dialect, self.reading, &mut Nothing, tell)?;
        outcome.receipt.rows.new = outcome.accepted;
        self.previews.push(Preview {
            outcome,
            proposal: None,
        });
        Ok(())
    }

    fn refused(&mut self, outcome: Outcome) -> Result<(), ReadError> {
        self.previews.push(Preview {
            outcome,
            proposal: None,
        });
        Ok(())
    }
}

impl Shower<'_, '_, '_> {
    /// The records of a table that no dialect knows, and a mapping to start from; `None` where it is no table at all.
    fn unmapped(
        &mut self,
        name: &str,
        input: &mut dyn Input,
        reading: &Reading<'_>,
        outcome: &mut Outcome,
        mut left: u64,
    ) -> Option<String> {
        let declared = Declared {
            entity: reading.declared_entity,
            sidecar: reading.sidecar,
            dialects: reading.dialects,
        };
        let opened = survey::open(name, input, reading, &declared, &mut outcome.receipt).ok()?;
        let mut table = opened.table;
        let own_header = table.own_header().ok()?;
        // The width that most records have is the table's.
        let mut widths: BTreeMap<usize, u64> = BTreeMap::new();
        let mut row = Row::default();
        {
            let mut rows = table.rows().ok()?;
            while rows.next(&mut row).ok()? {
                if row.fault.is_none() && !row.is_blank() {
                    *widths.entry(row.len()).or_default() += 1;
                }
            }
        }
        let width = widths
            .iter()
            .max_by_key(|(width, n)| (**n, **width))
            .map(|(width, _)| *width)?;
        let mut header: Option<Vec<String>> = own_header.clone();
        let receipt = &mut outcome.receipt;
        let mut sample: Vec<Vec<String>> = Vec::new();
        let mut rows = table.rows().ok()?;
        while rows.next(&mut row).ok()? {
            if row.is_blank() {
                receipt.rows.dropped += 1;
                if receipt.dropped.len() < MOST_LISTED {
                    receipt.dropped.push(dropped(row.line, "blank"));
                }
                continue;
            }
            let sound = row.fault.is_none()
                && (row.len() == width
                    || row.len() > width
                        && (width..row.len()).all(|at| row.cell(at).trim().is_empty()));
            if !sound {
                if header.is_none() && row.fault.is_none() {
                    receipt.rows.dropped += 1;
                    if receipt.dropped.len() < MOST_LISTED {
                        receipt.dropped.push(dropped(row.line, "preamble"));
                    }
                    continue;
                }
                receipt.rows.refused += 1;
                if receipt.refused.len() < MOST_LISTED {
                    let (reason, hint) = match row.fault {
                        Some(fault) => {
                            let (reason, hint) = fault.reason();
                            (reason.to_owned(), hint.to_owned())
                        }
                        None => (
                            format!("the row has {} cell(s), most rows {width}", row.len()),
                            "check the delimiters and quotes of this line".to_owned(),
                        ),
                    };
                    receipt.refused.push(Refusal {
                        line: row.line,
                        column: String::new(),
                        reason,
                        hint,
                    });
                }
                continue;
            }
            let cells = row.to_cells();
            if left > 0 {
                left -= 1;
                (self.show)(name, row.line, &cells);
            }
            if header.is_none() {
                header = Some(cells);
                continue;
            }
            receipt.rows.new += 1;
            if sample.len() < 100 {
                sample.push(cells);
            }
        }
        receipt.rows.read = receipt.rows.new + receipt.rows.refused + receipt.rows.dropped;
        header.map(|header| propose(&header, &sample, reading.dialects, declared.entity()))
    }
}

/// A sidecar file that maps what the headers and values suggest; the admin completes it.
fn propose(
    header: &[String],
    sample: &[Vec<String>],
    dialects: &Dialects,
    declared: Option<Entity>,
) -> String {
    let tokens: Vec<String> = header.iter().map(|name| token(name)).collect();
    let mut best: Option<(usize, Entity, BTreeMap<&'static str, usize>)> = None;
    for entity in Entity::ALL {
        if declared.is_some_and(|declared| declared != *entity) {
            continue;
        }
        let mut fields: BTreeMap<&'static str, usize> = BTreeMap::new();
        for dialect in dialects.all.iter().filter(|d| d.entity == *entity) {
            for (at, wanted) in &dialect.columns {
                let Some(column) = entity.columns().get(*at) else {
                    continue;
                };
                if fields.contains_key(column.name) {
                    continue;
                }
                let hit = tokens.iter().position(|token| {
                    !token.is_empty() && wanted.iter().any(|wanted| fits(wanted, token))
                });
                if let Some(hit) = hit
                    && !fields.values().any(|taken| *taken == hit)
                {
                    fields.insert(column.name, hit);
                }
            }
        }
        if fields.len() > best.as_ref().map_or(0, |(score, _, _)| *score) {
            best = Some((fields.len(), *entity, fields));
        }
    }
    let (entity, mut fields) = match best {
        Some((_, entity, fields)) => (entity, fields),
        None => (declared.unwrap_or(Entity::People), BTreeMap::new()),
    };
    if entity.position("email").is_some() && !fields.contains_key("email") {
        let mostly_addresses = |column: usize| {
            let filled = sample
                .iter()
                .filter_map(|row| row.get(column))
                .filter(|cell| !cell.trim().is_empty());
            let (all, addresses) = filled.fold((0, 0), |(all, addresses), cell| {
                (
                    all + 1,
                    addresses
                        + usize::from(levier_domain::private::normalise_email(cell).is_some()),
                )
            });
            all > 0 && addresses * 2 > all
        };
        if let Some(column) = (0..header.len()).find(|column| mostly_addresses(*column)) {
            fields.insert("email", column);
        }
    }
    let mut out = String::from(
        "# A proposal: check each line, complete it, and save it beside the file as FILE.levier.toml\n",
    );
    out.push_str(&format!(
        "entity = \"{entity}\"\nsource = \"my-system\"\n\n[columns]\n"
    ));
    for (at, name) in header.iter().enumerate() {
        if name.trim().is_empty() {
            continue;
        }
        let quoted = toml::Value::String(name.trim().to_owned()).to_string();
        match fields.iter().find(|(_, column)| **column == at) {
            Some((field, _)) => out.push_str(&format!("{quoted} = \"{field}\"\n")),
            None => out.push_str(&format!("# {} = \"\"\n", quoted.replace('\n', " "))),
        }
    }
    let absent: Vec<&str> = entity
        .columns()
        .iter()
        .filter(|column| column.required && !fields.contains_key(column.name))
        .map(|column| column.name)
        .collect();
    if !absent.is_empty() {
        out.push_str(&format!("# still required: {}\n", absent.join(", ")));
    }
    out
}

//! What published figures give away by subtraction: everybody less those who are shown apart is a group as well.
//!
//! Levels and member-months are published, so that sums of a remainder can be computed: it must be nobody, or at least
//! `min_cell`, like any other cell. What is named nowhere (a rare segment, none at all) belongs to the remainder.

use std::collections::{BTreeMap, BTreeSet};

/// Parts of one whole that must stay hidden, beyond those that are hidden anyway (`None`), so that the whole less the published
/// ones is nobody or at least `min_cell` on each side. Parts that overlap, so that their sum exceeds the whole, are held to the
/// same.
pub(crate) fn hidden<K: Ord + Copy, const SIDES: usize>(
    whole: [u64; SIDES],
    parts: &BTreeMap<K, [u64; SIDES]>,
    min_cell: u64,
) -> BTreeSet<K> {
    let mut hidden = BTreeSet::new();
    loop {
        let shown = || parts.iter().filter(|(key, _)| !hidden.contains(*key));
        let safe = (0..SIDES).all(|side| {
            let sum: u64 = shown().map(|(_, sizes)| sizes[side]).sum();
            let rest = whole[side].abs_diff(sum);
            rest == 0 || rest >= min_cell
        });
        let next = shown()
            .min_by_key(|(_, sizes)| sizes.iter().min().copied())
            .map(|(key, _)| *key);
        match next.filter(|_| !safe) {
            Some(key) => hidden.insert(key),
            None => return hidden,
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(whole: u64, parts: &[u64]) -> Vec<usize> {
        let parts = parts.iter().map(|n| [*n]).enumerate().collect();
        hidden([whole], &parts, 10).into_iter().collect()
    }

    #[test]
    fn the_remainder_is_nobody_or_enough() {
        assert_eq!(of(300, &[200, 100]), [0; 0], "nobody is left");
        assert_eq!(of(300, &[200, 80]), [0; 0], "twenty are left");
        assert_eq!(of(300, &[299]), [0], "one person is left");
        assert_eq!(of(300, &[200, 97]), [1], "three that no part names");
        // Overlapping: four are in both.
        assert_eq!(of(300, &[200, 104]), [1]);
        let both = BTreeMap::from([(0, [150, 150]), (1, [50, 48])]);
        assert_eq!(hidden([200, 200], &both, 10), BTreeSet::from([1]));
    }
}

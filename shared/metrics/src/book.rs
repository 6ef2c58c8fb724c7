//! Sums by group, of everybody and of the one person at hand.
//!
//! A person-month counts in a dozen groups and a group in millions of person-months: a group is a number, and its sums lie one
//! beside the other.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Sums `S` by group `K`.
#[derive(Clone, Debug)]
pub(crate) struct Book<K, S> {
    numbers: FxHashMap<K, u32>,
    keys: Vec<K>,
    totals: Vec<S>,
    /// Of the person at hand; what is not of them is empty.
    own: Vec<(bool, S)>,
    touched: Vec<u32>,
}

impl<K, S> Default for Book<K, S> {
    fn default() -> Self {
        Self {
            numbers: FxHashMap::default(),
            keys: Vec::new(),
            totals: Vec::new(),
            own: Vec::new(),
            touched: Vec::new(),
        }
    }
}

impl<K: Copy + Eq + Hash, S: Default> Book<K, S> {
    /// The number of a group.
    pub fn number(&mut self, key: K) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
            self.totals.push(S::default());
            self.own.push((false, S::default()));
        }
        number
    }

    /// The sums of everybody in a group.
    pub fn total(&mut self, key: K) -> &mut S {
        let number = self.number(key);
        &mut self.totals[number as usize]
    }

    /// The sums of the person at hand in the group of a number.
    pub fn own(&mut self, number: u32) -> &mut S {
        let (touched, sums) = &mut self.own[number as usize];
        if !std::mem::replace(touched, true) {
            self.touched.push(number);
        }
        sums
    }

    /// Adds the person at hand to everybody by `add(total, own)`; the next person begins empty.
    pub fn close(&mut self, mut add: impl FnMut(&mut S, S)) {
        for number in self.touched.drain(..) {
            let (_, own) = std::mem::take(&mut self.own[number as usize]);
            add(&mut self.totals[number as usize], own);
        }
    }

    /// The sums of everybody.
    pub fn entries(&self) -> impl Iterator<Item = (&K, &S)> {
        self.keys.iter().zip(&self.totals)
    }

    /// The sums of everybody.
    pub fn into_entries(self) -> impl Iterator<Item = (K, S)> {
        self.keys.into_iter().zip(self.totals)
    }
}

//! Making cells: counts, ratios, shares of people, what is missing.

use std::sync::Arc;

use levier_domain::table::Status;

use crate::calendar::Span;
use crate::cell::{Cell, Key, Name};
use crate::numbers::wilson;
use crate::scope::Scope;

/// Where cells are about: the names that every figure of a scope has.
#[derive(Clone, Debug)]
pub struct Place {
    /// Community.
    pub community: Name,
    /// Segment.
    pub segment: Name,
    /// Platform.
    pub platform: Name,
    /// Channel.
    pub channel: Name,
}

impl Place {
    /// The whole company.
    #[must_use]
    pub fn everywhere() -> Self {
        let all: Name = Arc::from("all");
        Self {
            community: all.clone(),
            segment: all.clone(),
            platform: all.clone(),
            channel: all,
        }
    }

    /// That of a scope.
    #[must_use]
    pub fn of(scope: &Scope<'_>) -> Self {
        Self {
            community: scope.community.clone(),
            segment: scope.segment.clone(),
            platform: scope.platform.clone(),
            channel: scope.channel.clone(),
        }
    }

    /// An empty cell here.
    #[must_use]
    pub fn cell(&self, kpi: &'static str, span: &Span, unit: &str) -> Cell {
        Cell {
            key: Key {
                kpi,
                community: self.community.clone(),
                segment: self.segment.clone(),
                side: "all",
                platform: self.platform.clone(),
                channel: self.channel.clone(),
                item: Arc::from("all"),
                grain: span.grain,
                period: span.name.clone(),
            },
            start: span.start,
            end: span.end,
            value: None,
            numerator: None,
            denominator: None,
            people: 0,
            groups: Vec::new(),
            interval: None,
            unit: Arc::from(unit),
            status: if span.partial {
                Status::Partial
            } else {
                Status::Ok
            },
            reason: None,
            additive: false,
            personal: true,
        }
    }
}

impl Cell {
    /// Names the part of the KPI.
    #[must_use]
    pub fn item(mut self, item: &str) -> Self {
        self.key.item = Arc::from(item);
        self
    }

    /// Names the side.
    #[must_use]
    pub fn side(mut self, side: &'static str) -> Self {
        self.key.side = side;
        self
    }

    /// A count over `people`.
    #[must_use]
    pub fn count(mut self, value: f64, people: u64) -> Self {
        self.value = Some(value);
        self.people = people;
        self
    }

    /// A count that adds up over time.
    #[must_use]
    pub fn flow(mut self, value: u64, people: u64) -> Self {
        self.additive = true;
        self.count(value as f64, people)
    }

    /// `numerator ÷ denominator`, missing where the latter is 0.
    #[must_use]
    pub fn ratio(mut self, numerator: f64, denominator: f64, people: u64, nothing: &str) -> Self {
        self.people = people;
        self.numerator = Some(numerator);
        self.denominator = Some(denominator);
        if denominator > 0.0 {
            self.value = Some(numerator / denominator);
            self
        } else {
            self.missing(nothing)
        }
    }

    /// A share of units with Wilson's interval.
    #[must_use]
    pub fn share(self, hits: u64, n: u64, people: u64, nothing: &str) -> Self {
        let mut cell = self.ratio(hits as f64, n as f64, people, nothing);
        cell.interval = wilson(hits, n);
        cell
    }

    /// A share of people: those who hit and those who did not are groups to protect.
    #[must_use]
    pub fn share_of_people(self, hits: u64, n: u64, nothing: &str) -> Self {
        self.share(hits, n, n, nothing)
            .groups(&[hits, n.saturating_sub(hits)])
    }

    /// Groups of people that the figure would reveal.
    #[must_use]
    pub fn groups(mut self, groups: &[u64]) -> Self {
        self.groups.extend_from_slice(groups);
        self
    }

    /// No figure, and why.
    #[must_use]
    pub fn missing(mut self, reason: &str) -> Self {
        self.status = Status::Missing;
        self.reason = Some(reason.to_owned());
        self.value = None;
        self.numerator = None;
        self.denominator = None;
        self.interval = None;
        self
    }

    /// A gate blocks the wording.
    #[must_use]
    pub fn cannot_say(mut self, reason: &str) -> Self {
        self = self.missing(reason);
        self.status = Status::CannotSay;
        self
    }

    /// Something that qualifies the figure.
    #[must_use]
    pub fn note(mut self, reason: &str) -> Self {
        self.reason.get_or_insert_with(|| reason.to_owned());
        self
    }

    /// Not about people: never suppressed.
    #[must_use]
    pub fn impersonal(mut self) -> Self {
        self.personal = false;
        self
    }
}

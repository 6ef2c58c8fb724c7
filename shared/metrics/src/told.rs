//! What connected platforms tell at all: that nobody was told to have left is no sign that nobody left.

use levier_domain::config::{Community, Config};
use levier_domain::event::Kind;

use crate::activity::{Activity, position};
use crate::scope::Cut;

/// Kinds of events by platform, platforms by community, and the communities whose channels are tagged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Kinds that a platform has told of, bit by bit.
    kinds: Vec<u64>,
    /// Whether a platform is part of a community, by community.
    platforms: Vec<Vec<bool>>,
    off_product: Vec<bool>,
    feedback: Vec<bool>,
}

impl Told {
    pub fn of(activity: &Activity, config: &Config) -> Self {
        let mut kinds = vec![0; activity.platforms.len()];
        let mut platforms = vec![vec![false; kinds.len()]; activity.communities.len()];
        for entry in &activity.entries {
            kinds[usize::from(entry.platform)] |= 1 << entry.kind;
            platforms[usize::from(entry.community)][usize::from(entry.platform)] = true;
        }
        let tagged = |list: fn(&Community) -> &Vec<String>| {
            let names = activity.communities.iter();
            names
                .map(|name| {
                    let community = config.communities.get(name);
                    community.is_some_and(|community| !list(community).is_empty())
                })
                .collect()
        };
        Self {
            kinds,
            platforms,
            off_product: tagged(|community| &community.off_product_channels),
            feedback: tagged(|community| &community.feedback_channels),
        }
    }

    /// Whether any platform of a cut has ever told of such an event, in whatever community.
    pub fn tells(&self, cut: &Cut, kind: Kind) -> bool {
        let here = |platform: usize| match (cut.platform, cut.community) {
            (Some(only), _) => usize::from(only) == platform,
            (None, Some(community)) => self.platforms[usize::from(community)][platform],
            (None, None) => true,
        };
        let bit = 1 << position(kind);
        let mut kinds = self.kinds.iter().enumerate();
        kinds.any(|(platform, kinds)| kinds & bit != 0 && here(platform))
    }

    /// Whether the community of a cut, or any of them, says which of its channels are off product.
    pub fn off_product(&self, cut: &Cut) -> bool {
        tagged(&self.off_product, cut)
    }

    /// Whether the community of a cut, or any of them, says which of its channels are for feedback.
    pub fn feedback(&self, cut: &Cut) -> bool {
        tagged(&self.feedback, cut)
    }
}

fn tagged(communities: &[bool], cut: &Cut) -> bool {
    match cut.community {
        Some(community) => communities[usize::from(community)],
        None => communities.contains(&true),
    }
}

//! What can be chosen about a company: its size, and the story that makes an estimator go wrong.

use serde::{Deserialize, Serialize};

/// How large the company is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// 2,000 customers, about 50,000 events, 24 months: the demo.
    Small,
    /// 200,000 customers, about 5 million events.
    Medium,
    /// 2 million customers, about 50 million events, 15 million orders.
    Large,
}

impl Scale {
    /// Customers at the opening.
    #[must_use]
    pub fn customers(self) -> u32 {
        match self {
            Self::Small => 2_000,
            Self::Medium => 200_000,
            Self::Large => 2_000_000,
        }
    }
}

/// What happens behind the data. Every story but [`Story::Plain`] exists so that a test can show an estimator or a gate at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Story {
    /// A time-constant affinity makes people better customers and likelier to join; the community helps from the fourth month.
    /// Member against non-member says two to four times the truth; difference-in-differences on staggered joins is right.
    #[default]
    Plain,
    /// The same selection, no effect at all. Member against non-member still shows a large gap; the truth is 0.
    EffectOff,
    /// A purchase triggers the invitation, in the same month. The month of joining holds a purchase by construction: whoever
    /// counts it as an effect overstates the first month, and a join spilling into the next month would understate all others
    /// (regression to the mean). Dropping the join month or anticipation = 1 mends it.
    ReverseCausality,
    /// A life event (moving house, a child) makes people join *and* buy more from then on. Pre-trends are flat, balance is good,
    /// and every method without randomisation credits the community with the life event. No data of this company can tell.
    SelectionOnTrend,
    /// No effect; many customers leave, and only those who still are customers can join. Comparing people who *ever* joined
    /// with people who never did shows a great gain in retention, because members had to survive until they joined. Time-varying
    /// membership is right.
    ImmortalTime,
    /// Members who cease to be customers are erased from the CRM, with their orders. What is left of the members are survivors:
    /// their retention looks perfect and their revenue does not decline.
    Survivorship,
    /// All prices rise by 12 % in month 13 of 24. Before/after sees a gain for everyone; in euros good customers gain more, so
    /// trends of members and others are no longer parallel and the estimate in levels is too high.
    PriceRise,
    /// A quarter of the customers who join use an address that the CRM does not know. Whoever counts members without a link as
    /// non-members puts treated people among the controls and finds too little.
    UnlinkedMembers,
}

/// Everything that can be chosen about a company.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompanyOptions {
    /// How large.
    pub scale: Scale,
    /// What happens behind the data.
    pub story: Story,
    /// Growth of the effect per month of tenure from the fourth to the thirteenth month, as a share of the mean baseline.
    pub effect_per_month: f64,
    /// What the community multiplies the monthly hazard of leaving by, from the fourth month.
    pub retention_ratio: f64,
    /// Customers at the opening; the scale's own number when absent.
    pub customers: Option<u32>,
}

impl CompanyOptions {
    /// The plain story at a scale.
    #[must_use]
    pub fn new(scale: Scale) -> Self {
        Self {
            scale,
            story: Story::Plain,
            effect_per_month: 0.04,
            retention_ratio: 0.6,
            customers: None,
        }
    }

    /// Another story.
    #[must_use]
    pub fn story(self, story: Story) -> Self {
        Self { story, ..self }
    }
}

//! What is summed over person-months, by period, community, segment and side: whole numbers, so that shards merge in any order.

/// What groups of person-months are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// `month`, `quarter`, `year`.
    pub grain: &'static str,
    /// First month of the period.
    pub start: i32,
    /// Community or `all`.
    pub community: String,
    /// Segment or `all`.
    pub segment: String,
    /// Position in [`crate::commerce::SIDES`].
    pub side: u8,
}

/// Whole-number sums of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Customers with at least one month at risk.
    pub customers: u64,
    /// Customer-months at risk.
    pub months: u64,
    /// Paid orders.
    pub orders: u64,
    /// People who ordered.
    pub buyers: u64,
    /// People who brought revenue.
    pub payers: u64,
    /// The same of months that are over: a running one is not annualised.
    pub over: Over,
    /// Revenue, minor units.
    pub revenue: i64,
    /// Tickets.
    pub tickets: u64,
    /// People who opened tickets.
    pub ticket_people: u64,
    /// People who became customers.
    pub new_customers: u64,
    /// Sums of squares and products per customer: revenue², orders², months², revenue·orders, revenue·months, orders·months,
    /// tickets², tickets·months.
    pub squares: [i128; 8],
    /// Customers at the start of the period, and those lost during it.
    pub started: u64,
    /// See `started`.
    pub lost: u64,
    /// Recurring revenue at the end of the period.
    pub mrr: i64,
    /// Subscribers at the end.
    pub subscribers: u64,
    /// Recurring revenue before the period, of whom that had any.
    pub mrr_before: i64,
    /// What the same people pay at the end.
    pub mrr_kept: i64,
    /// The lesser of both, person by person.
    pub mrr_gross: i64,
    /// People behind `mrr_before`.
    pub mrr_people: u64,
    /// Those of them who pay nothing any more, who pay less, and who pay more.
    pub mrr_moved: [u64; 3],
    /// New, expansion, contraction, churned, reactivated (minor units) and the people behind each.
    pub moves: [(i64, u64); 5],
    /// For `customer_retention`, by milestone: (at risk, kept).
    pub kept: [(u64, u64); 4],
}

/// What months that are over add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Over {
    /// Customers with at least one such month at risk.
    pub customers: u64,
    /// Customer-months at risk.
    pub months: u64,
    /// Paid orders.
    pub orders: u64,
    /// People who ordered.
    pub buyers: u64,
    /// Sums of squares and products per customer: orders², months², orders·months.
    pub squares: [i128; 3],
}

impl Over {
    fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.months += other.months;
        self.orders += other.orders;
        self.buyers += other.buyers;
        for (a, b) in self.squares.iter_mut().zip(other.squares) {
            *a += b;
        }
    }
}

/// Names of [`Sums::moves`].
pub const MOVES: [&str; 5] = ["new", "expansion", "contraction", "churned", "reactivated"];

impl Sums {
    /// Adds the sums of other people.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.months += other.months;
        self.orders += other.orders;
        self.buyers += other.buyers;
        self.payers += other.payers;
        self.over.merge(&other.over);
        self.revenue += other.revenue;
        self.tickets += other.tickets;
        self.ticket_people += other.ticket_people;
        self.new_customers += other.new_customers;
        for (a, b) in self.squares.iter_mut().zip(other.squares) {
            *a += b;
        }
        self.started += other.started;
        self.lost += other.lost;
        self.mrr += other.mrr;
        self.subscribers += other.subscribers;
        self.mrr_before += other.mrr_before;
        self.mrr_kept += other.mrr_kept;
        self.mrr_gross += other.mrr_gross;
        self.mrr_people += other.mrr_people;
        for (a, b) in self.mrr_moved.iter_mut().zip(other.mrr_moved) {
            *a += b;
        }
        for (a, b) in self.moves.iter_mut().zip(other.moves) {
            a.0 += b.0;
            a.1 += b.1;
        }
        for (a, b) in self.kept.iter_mut().zip(other.kept) {
            a.0 += b.0;
            a.1 += b.1;
        }
    }
}

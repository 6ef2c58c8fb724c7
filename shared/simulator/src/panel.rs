//! The person-month panel as the company knows it: what a pipeline without any loss would arrive at.

use levier_domain::time::Month;
use serde::{Deserialize, Serialize};

/// One customer of the opening in one month of the window; zeros are kept after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelRow {
    /// Number of the customer.
    pub customer: u32,
    /// Month.
    pub month: Month,
    /// Month of joining, if ever.
    pub first_treated: Option<Month>,
    /// Whether joined by the end of the month.
    pub member: bool,
    /// Whether still a customer.
    pub active: bool,
    /// Orders.
    pub orders: u32,
    /// Revenue net of refunds, without tax, in euro cents.
    pub revenue_minor: i64,
    /// Tickets opened.
    pub tickets: u32,
}

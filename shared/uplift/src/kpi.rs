//! Which KPIs can be compared from facts, in which unit, and what the others need.

use crate::plan::Plan;
use crate::series::Series;

/// A KPI that is a monthly outcome of a customer.
pub(crate) struct Kpi {
    pub id: &'static str,
    pub series: Series,
    pub needs: &'static str,
}

/// Monthly outcomes, the primary KPI first.
pub(crate) const MONTHLY: [Kpi; 4] = [
    Kpi {
        id: "revenue_per_customer",
        series: Series::Revenue,
        needs: "orders",
    },
    Kpi {
        id: "purchase_frequency",
        series: Series::Orders,
        needs: "orders",
    },
    Kpi {
        id: "mrr",
        series: Series::Recurring,
        needs: "subscriptions",
    },
    Kpi {
        id: "contact_rate",
        series: Series::Tickets,
        needs: "tickets",
    },
];

impl Kpi {
    pub(crate) fn unit(&self, plan: &Plan) -> String {
        match self.series {
            Series::Revenue | Series::Capped | Series::Recurring => {
                format!("{}/customer/month", plan.currency)
            }
            Series::Orders => "orders/customer/year".to_owned(),
            Series::Tickets => "tickets/customer/month".to_owned(),
        }
    }
}

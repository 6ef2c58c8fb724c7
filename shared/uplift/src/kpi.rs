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

/// KPIs of the catalogue that person-month facts do not carry, with what they need and their unit.
pub(crate) const BEYOND_FACTS: [(&str, &str, &str); 11] = [
    ("nps", "surveys", "points"),
    ("satisfaction", "surveys", "share"),
    ("conversion_rate", "people, deals", "share"),
    ("closing_rate", "deals", "share"),
    ("contracts_signed", "deals", "deals/100 customers"),
    ("sales_cycle_days", "deals", "days"),
    (
        "customer_acquisition_cost",
        "spend, customers",
        "{currency}/customer",
    ),
    ("campaign_engagement", "spend", "share"),
    ("renewal_rate", "subscriptions", "share"),
    ("net_revenue_retention", "subscriptions", "share"),
    (
        "lifetime_value",
        "orders or subscriptions",
        "{currency}/customer",
    ),
];

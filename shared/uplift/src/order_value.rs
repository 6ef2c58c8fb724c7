//! Average order value: described, never claimed.

use levier_domain::table::Status;

use crate::arms::Arms;
use crate::plan::Plan;
use crate::report::absent;
use crate::rung::Rung;
use crate::series::Series;

/// Revenue per order: who orders at all is a consequence of joining, so that the difference describes and proves nothing.
pub(crate) fn order_value(plan: &Plan, arms: Option<&Arms>) -> Rung {
    let unit = format!("{}/order", plan.currency);
    let orders = Series::Orders.column();
    let Some(arms) = arms.filter(|arms| arms.total(orders) > 0.0) else {
        return absent("average_order_value", &unit, "needs: orders".to_owned());
    };
    let mut rung = Rung {
        kpi: "average_order_value".to_owned(),
        method: "naive",
        grade: "D",
        unit,
        members: arms.members,
        non_members: arms.non_members,
        events: Some([arms.events_members, arms.events_non_members]),
        headline: true,
        note: Some(
            "descriptive: it looks only at those who bought, which joining may change".to_owned(),
        ),
        ..Rung::default()
    };
    match arms.finish_ratio(Series::Revenue.column(), orders) {
        // The series of orders is per year.
        Ok(contrast) => {
            rung.estimate = Some(contrast.difference.scaled(12.0));
            rung.relative = contrast.relative;
            rung.member_level = Some(12.0 * contrast.treated);
            rung.non_member_level = Some(12.0 * contrast.control);
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung
}

//! Rules between the columns of one entity: refunds within amounts, scores within their scales, somebody named.

use levier_domain::entity::Entity;
use levier_domain::receipt::Refusal;
use levier_domain::record::Value;

use crate::plan::Plan;
use crate::rows::Row;

/// Rules between the columns of one entity, and where these stand in the lake's row.
pub(crate) struct Checks {
    entity: Entity,
    amount: Option<usize>,
    refunded: Option<usize>,
    tax: Option<usize>,
    status: Option<usize>,
    closed_at: Option<usize>,
    person: Option<usize>,
    email: Option<usize>,
    kind: Option<usize>,
    score: Option<usize>,
}

impl Checks {
    pub(crate) fn of(entity: Entity) -> Self {
        let at = |name: &str| entity.lake_position(name);
        Self {
            entity,
            amount: at("amount_minor"),
            refunded: at("refunded_amount_minor"),
            tax: at("tax_minor"),
            status: at("status"),
            closed_at: at("closed_at"),
            person: at("person_id"),
            email: at("email_key"),
            kind: at("kind"),
            score: at(match entity {
                Entity::Tickets => "satisfaction",
                Entity::Mentions => "sentiment",
                Entity::Rates => "rate",
                _ => "score",
            }),
        }
    }

    /// Refuses a row that breaks a rule.
    pub(crate) fn apply(
        &self,
        plan: &Plan,
        row: &Row,
        values: &mut [Value],
    ) -> Result<(), Refusal> {
        let entity = self.entity;
        let refuse = |name: &str, reason: &str, hint: &str| {
            let column = plan
                .fields
                .iter()
                .find(|field| field.name == name)
                .map_or_else(String::new, |field| field.header.clone());
            Err(Refusal {
                line: row.line,
                column,
                reason: reason.to_owned(),
                hint: hint.to_owned(),
            })
        };
        match entity {
            Entity::Orders | Entity::Invoices => {
                let amount = self.amount.and_then(|at| values[at].as_integer());
                let refunded = self.refunded.and_then(|at| values[at].as_integer());
                if entity == Entity::Orders && amount.is_some_and(|amount| amount < 0) {
                    return refuse(
                        "amount",
                        "the amount is negative",
                        "give the order its full amount and the refund in its own column",
                    );
                }
                if refunded.is_some_and(|refunded| refunded < 0) {
                    return refuse(
                        "refunded_amount",
                        "the refund is negative",
                        "write refunds without a sign",
                    );
                }
                let tax = self.tax.and_then(|at| values[at].as_integer());
                if let (Some(amount), Some(tax)) = (amount, tax)
                    && tax != 0
                    && (tax.unsigned_abs() > amount.unsigned_abs() || (tax < 0) != (amount < 0))
                {
                    return refuse(
                        "tax",
                        "the tax is larger than the amount, or has another sign",
                        "check the amount and the tax of this row; the amount includes the tax",
                    );
                }
                if let (Some(amount), Some(refunded)) = (amount, refunded)
                    && refunded > amount.max(0)
                {
                    return refuse(
                        "refunded_amount",
                        "the refund is larger than the amount",
                        "check the amount and the refund of this row",
                    );
                }
            }
            Entity::Deals => {
                if let (Some(status), Some(closed)) = (self.status, self.closed_at)
                    && values[status].as_text() == Some("open")
                {
                    values[closed] = Value::Null;
                }
            }
            Entity::Assignments | Entity::Links => {
                let absent = |at: Option<usize>| at.is_none_or(|at| values[at] == Value::Null);
                if absent(self.person) && absent(self.email) {
                    return refuse(
                        "person_id",
                        "the row names nobody",
                        "fill in person_id or a valid email",
                    );
                }
            }
            Entity::Tickets => {
                if let Some(score) = self.score.and_then(|at| values[at].as_number())
                    && !(1.0..=5.0).contains(&score)
                {
                    return refuse(
                        "satisfaction",
                        "satisfaction is not between 1 and 5",
                        "rescale the column to 1–5",
                    );
                }
            }
            Entity::Mentions => {
                if let Some(score) = self.score.and_then(|at| values[at].as_number())
                    && !(-1.0..=1.0).contains(&score)
                {
                    return refuse(
                        "sentiment",
                        "sentiment is not between −1 and 1",
                        "rescale the column to −1…1",
                    );
                }
            }
            Entity::Surveys => {
                let nps = self
                    .kind
                    .is_some_and(|at| values[at].as_text() == Some("nps"));
                if nps
                    && let Some(score) = self.score.and_then(|at| values[at].as_number())
                    && !(0.0..=10.0).contains(&score)
                {
                    return refuse(
                        "score",
                        "an NPS score is not between 0 and 10",
                        "check the score",
                    );
                }
            }
            Entity::Rates => {
                if let Some(rate) = self.score.and_then(|at| values[at].as_number())
                    && rate <= 0.0
                {
                    return refuse(
                        "rate",
                        "the rate is not above zero",
                        "give units of the reporting currency for one of this currency",
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }
}

//! The columns of every entity, in the order of ENTITIES.md.

use super::ColumnKind::{
    Agent, Attributes, Boolean, Choice, Currency, Date, Email, FreeText, Id, Instant, Integer,
    Money, Month, Number, Phone, Text,
};
use super::{Column, ColumnKind, LIFECYCLES};

const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

const fn required(name: &'static str, kind: ColumnKind) -> Column {
    Column {
        name,
        kind,
        required: true,
    }
}

pub(super) const PEOPLE: &[Column] = &[
    required("person_id", Id),
    column("email", Email),
    column("phone", Phone),
    column("account_id", Id),
    column("created_at", Instant),
    column("lifecycle", Choice(LIFECYCLES)),
    column("lifecycle_raw", Text),
    column("lead_source", Text),
    column("lead_source_raw", Text),
    column("qualified_at", Instant),
    column("became_customer_at", Instant),
    column("owner_id", Agent),
    column("country", Text),
    column("segment", Text),
    column("language", Text),
    column("plan", Text),
    column("opted_out", Boolean),
    column("updated_at", Instant),
    column("attributes", Attributes),
];

pub(super) const ACCOUNTS: &[Column] = &[
    required("account_id", Id),
    column("domain", Text),
    column("created_at", Instant),
    column("segment", Text),
    column("country", Text),
    column("size", Text),
    column("industry", Text),
    column("plan", Text),
    column("updated_at", Instant),
    column("attributes", Attributes),
];

pub(super) const DEALS: &[Column] = &[
    required("deal_id", Id),
    column("account_id", Id),
    column("person_id", Id),
    required("created_at", Instant),
    column("closed_at", Instant),
    required("status", Choice(&["open", "won", "lost"])),
    column("stage_raw", Text),
    column("pipeline", Text),
    column("amount", Money),
    column("currency", Currency),
    column("owner_id", Agent),
    column("lead_source", Text),
    column("lost_reason", Text),
    column("qualified_at", Instant),
    column("updated_at", Instant),
];

pub(super) const ORDERS: &[Column] = &[
    required("order_id", Id),
    column("person_id", Id),
    column("email", Email),
    required("ordered_at", Instant),
    required(
        "status",
        Choice(&[
            "paid",
            "pending",
            "cancelled",
            "refunded",
            "partially_refunded",
            "test",
        ]),
    ),
    required("amount", Money),
    column("refunded_amount", Money),
    column("tax", Money),
    column("shipping", Money),
    column("discount", Money),
    column("promo_code", Text),
    required("currency", Currency),
    column("items", Integer),
    column("channel", Text),
    column("updated_at", Instant),
];

pub(super) const SUBSCRIPTIONS: &[Column] = &[
    required("subscription_id", Id),
    column("person_id", Id),
    column("account_id", Id),
    column("email", Email),
    column("plan", Text),
    required(
        "status",
        Choice(&[
            "trialing",
            "active",
            "past_due",
            "paused",
            "cancelled",
            "ended",
        ]),
    ),
    required("started_at", Instant),
    column("trial_end", Instant),
    column("current_period_end", Instant),
    column("cancelled_at", Instant),
    column("ended_at", Instant),
    required("amount", Money),
    required("interval", Choice(&["month", "quarter", "year", "week"])),
    column("quantity", Number),
    required("currency", Currency),
    column("updated_at", Instant),
];

pub(super) const INVOICES: &[Column] = &[
    required("invoice_id", Id),
    column("subscription_id", Id),
    column("person_id", Id),
    column("account_id", Id),
    required("issued_at", Instant),
    column("paid_at", Instant),
    required("amount", Money),
    column("refunded_amount", Money),
    column("tax", Money),
    required("currency", Currency),
    required("status", Choice(&["open", "paid", "void", "uncollectible"])),
];

pub(super) const TICKETS: &[Column] = &[
    required("ticket_id", Id),
    column("person_id", Id),
    column("email", Email),
    column("account_id", Id),
    required("created_at", Instant),
    column("first_reply_at", Instant),
    column("solved_at", Instant),
    column("handle_minutes", Number),
    column("agent_id", Agent),
    column("channel", Text),
    column("topic", Text),
    required("status", Choice(&["open", "pending", "solved", "closed"])),
    column("satisfaction", Number),
    column("reopened", Boolean),
    column("updated_at", Instant),
];

pub(super) const SURVEYS: &[Column] = &[
    required("response_id", Id),
    column("person_id", Id),
    column("email", Email),
    required("answered_at", Instant),
    required(
        "kind",
        Choice(&[
            "nps",
            "csat",
            "awareness_aided",
            "awareness_unaided",
            "heard_about",
        ]),
    ),
    column("score", Number),
    column("answer", Text),
    column("survey", Text),
];

pub(super) const SPEND: &[Column] = &[
    required("date", Date),
    required("channel", Text),
    column("campaign", Text),
    column("audience", Choice(&["members", "others", "all"])),
    column(
        "purpose",
        Choice(&["customer_acquisition", "member_acquisition"]),
    ),
    required("amount", Money),
    required("currency", Currency),
    column("impressions", Number),
    column("clicks", Number),
    column("conversions", Number),
];

pub(super) const COSTS: &[Column] = &[
    required("month", Month),
    required(
        "category",
        Choice(&[
            "platform", "people", "events", "rewards", "content", "other",
        ]),
    ),
    column("label", Text),
    required("amount", Money),
    required("currency", Currency),
    column("community", Text),
];

pub(super) const WEB_TRAFFIC: &[Column] = &[
    required("date", Date),
    required(
        "channel",
        Choice(&[
            "organic",
            "direct",
            "branded",
            "paid",
            "referral",
            "social",
            "community",
            "other",
        ]),
    ),
    required("visits", Number),
    column("visitors", Number),
    column("conversions", Number),
];

pub(super) const MENTIONS: &[Column] = &[
    required("mention_id", Id),
    required("seen_at", Instant),
    required("network", Text),
    required(
        "about",
        Choice(&["brand", "community", "competitor", "market"]),
    ),
    column("author", Agent),
    column("sentiment", Number),
    column("reach", Number),
    column("url", Text),
];

pub(super) const MEMBERS: &[Column] = &[
    required("community", Text),
    required("platform", Text),
    required("handle", Id),
    column("email", Email),
    column("phone", Phone),
    column("person_id", Id),
    column("joined_at", Instant),
    column("left_at", Instant),
    column("role", Choice(&["member", "staff", "bot"])),
    column("invited_by", Id),
];

pub(super) const LINKS: &[Column] = &[
    required("platform", Text),
    required("handle", Id),
    column("person_id", Id),
    column("email", Email),
    column("since", Instant),
    column("until", Instant),
    column("relation", Choice(&["same", "different"])),
];

pub(super) const ASSIGNMENTS: &[Column] = &[
    required("experiment", Text),
    column("person_id", Id),
    column("email", Email),
    required("group", Choice(&["invited", "held_out"])),
    required("assigned_at", Instant),
];

pub(super) const RATES: &[Column] = &[
    required("date", Date),
    required("currency", Currency),
    required("rate", Number),
];

pub(super) const ACTIVITY: &[Column] = &[
    required("event_id", Id),
    required("community", Text),
    required("platform", Text),
    required("kind", Text),
    required("occurred_at", Instant),
    column("actor", Id),
    column("target", Id),
    column("channel", Text),
    column("thread", Id),
    column("reply_to", Id),
    column("visibility", Choice(&["public", "private", "direct"])),
    column("text", FreeText),
    column("email", Email),
    column("phone", Phone),
    column("attributes", Attributes),
];

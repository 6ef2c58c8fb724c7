//! Which platforms there are, which keys each reads, and how each is compiled.

use levier_domain::config::ConfigError;

use crate::keys::Keys;
use crate::platform::Platform;

type Compile = fn(&Keys<'_>) -> Result<Box<dyn Platform>, ConfigError>;

/// One platform of `[sources.*]`.
pub(crate) struct Entry {
    pub name: &'static str,
    pub keys: &'static [&'static str],
    pub compile: Compile,
}

macro_rules! platforms {
    ($($name:literal => $module:ident :: $kind:ident,)*) => {
        const ALL: &[Entry] = &[$(Entry {
            name: $name,
            keys: crate::$module::KEYS,
            compile: |keys| Ok(Box::new(crate::$module::$kind::compile(keys)?)),
        },)*];
    };
}

platforms! {
    "bettermode" => bettermode::Bettermode,
    "brevo" => newsletter::Newsletter,
    "cloudevents" => cloudevents::CloudEvents,
    "discord" => discord::Discord,
    "discourse" => discourse::Discourse,
    "facebook" => meta::Meta,
    "generic" => generic::Generic,
    "github" => github::GitHub,
    "hubspot" => hubspot::HubSpot,
    "instagram" => meta::Meta,
    "intercom" => intercom::Intercom,
    "linkedin" => linkedin::LinkedIn,
    "mailchimp" => newsletter::Newsletter,
    "meltingspot" => meltingspot::MeltingSpot,
    "mighty" => mighty::Mighty,
    "shopify" => shopify::Shopify,
    "slack" => slack::Slack,
    "standard-webhooks" => standard_webhooks::StandardWebhooks,
    "stripe" => stripe::Stripe,
    "teams" => teams::Teams,
    "telegram" => telegram::Telegram,
    "typeform" => typeform::Typeform,
    "whatsapp" => meta::Meta,
    "zendesk" => zendesk::Zendesk,
    "zoom" => zoom::Zoom,
}

/// The platform of that name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

/// Whether the events of a platform bear its own times, so that two copies of a message agree on when. Where a sender writes or a
/// mapping picks the time (own form, mappings, presets), nobody promises that.
#[must_use]
pub fn tells_times(platform: &str) -> bool {
    !matches!(platform, "generic" | "standard-webhooks" | "cloudevents") && find(platform).is_some()
}

/// Every platform's name, in alphabetical order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|entry| entry.name).collect()
}

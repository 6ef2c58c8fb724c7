//! The dialect files that come with Levier, parents before those that extend them.

/// Name and text of each file.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("hubspot-contacts-en.toml", include_str!("../dialects/hubspot-contacts-en.toml")),
    ("hubspot-contacts-fr.toml", include_str!("../dialects/hubspot-contacts-fr.toml")),
    ("hubspot-contacts-internal.toml", include_str!("../dialects/hubspot-contacts-internal.toml")),
    ("shopify-orders.toml", include_str!("../dialects/shopify-orders.toml")),
];

//! One module per community platform, pure: no network, no clock, no storage.
//!
//! A [`Source`] is compiled once from `levier.toml`. `receive` asks it [`Source::answer`] and stores what it says to store;
//! `compact` asks it [`Source::normalise`] about what was stored; `levier send` asks it [`Source::sign`]. Signatures cover raw
//! bytes and are checked before anything is parsed. Event ids come from [`ids`], which exports and history pulls share.
//!
//! ```
//! use levier_domain::config::Config;
//! use levier_platforms::{Answer, Source};
//! let config = Config::parse("[sources.team]\nplatform = \"slack\"\ncommunity = \"main\"\nsecret = \"env:S\"\n").unwrap();
//! let source = Source::compile("team", &config.sources["team"], &|_| Ok(b"8f742231".to_vec())).unwrap();
//! let now = "2026-03-01T10:00:00Z".parse().unwrap();
//! let request = source.sign(br#"{"type":"event_callback"}"#, now, "d1").unwrap();
//! assert!(matches!(source.answer(&request, now), Answer::Store { .. }));
//! ```

mod attributes;
mod bettermode;
mod body_mac;
mod cloudevents;
mod desk;
mod discord;
mod discourse;
mod draft;
mod generic;
mod github;
mod graph_keys;
mod http;
mod hubspot;
pub mod ids;
mod intercom;
mod keys;
mod linkedin;
mod mapping;
mod meltingspot;
mod meta;
mod mighty;
mod newsletter;
mod own;
mod platform;
mod presets;
mod proof;
pub mod pull;
mod read;
mod registry;
mod row;
mod shopify;
mod slack;
mod source;
mod standard_webhooks;
mod stripe;
mod teams;
mod teams_message;
mod telegram;
mod typeform;
mod whatsapp;
mod zendesk;
mod zoom;

pub use http::{Answer, Rejection, Reply, Request, form_pairs};
pub use keys::Lookup;
pub use platform::{BlindSpots, CannotSign, Context, Delivery};
pub use presets::names as preset_names;
pub use registry::{names, tells_times};
pub use source::Source;

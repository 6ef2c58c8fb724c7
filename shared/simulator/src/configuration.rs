//! The company's `levier.toml` and the secrets that it refers to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use crate::activity::Via;
use crate::company::Company;
use crate::model::JOINING;
use crate::payload::{channel_name, platform};
use crate::people::{Home, STAFF_DOMAIN, handle};
use crate::random::{Purpose, stream};

impl Company {
    /// The company's `levier.toml`: eight sources, its community, staff, margin and costs. Secrets are `file:secrets/NAME`, to be
    /// written from [`Company::secrets`] beside it.
    #[must_use]
    pub fn configuration(&self) -> String {
        let launch = self.calendar.month(*JOINING.start()).first_day();
        let mut handles = Vec::new();
        for nth in 0..self.headcount().staff {
            for home in Home::ALL {
                if home == Home::Whatsapp {
                    continue;
                }
                let number = self.staff(nth);
                handles.push(format!(
                    "    \"{}:{}\",",
                    platform(Via::Home(home)),
                    handle(home, number)
                ));
            }
        }
        let channels = |channel: u8| {
            Home::ALL
                .map(|home| format!("\"{}\"", channel_name(home, channel)))
                .join(", ")
        };
        format!(
            r#"# Maison Brumelune: a made-up company, from seed {seed}

[workspace]
name = "Maison Brumelune"
timezone = "Europe/Paris"
currency = "EUR"
country = "FR"
language = "fr"
hash_key = "file:secrets/hash-key"

[communities.main]
name = "Le Cercle Brumelune"
launch = "{launch}"
feedback_channels = [{feedback}]
off_product_channels = [{off_product}]

[staff]
domains = ["{STAFF_DOMAIN}"]
handles = [
{handles}
]

[commerce]
margin = 0.55
community_promo_codes = ["CERCLE10"]

[roi]
cost_per_ticket = 6.5
deflection_share = 0.3

{SOURCES}"#,
            seed = self.seed,
            feedback = channels(2),
            off_product = channels(3),
            handles = handles.join("\n"),
        )
    }

    /// The secrets: name under `secrets/`, and content. `discord-private` is the seed (hex) with which a sender signs as Discord;
    /// its public half is `discord-public`.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, Vec<u8>)> {
        let mut rng = stream(self.seed, Purpose::Secrets, 0);
        let mut word = |name: &str| (name.to_owned(), hex::encode(draw(&mut rng)).into_bytes());
        let mut secrets = vec![
            word("hash-key"),
            word("slack"),
            word("discourse"),
            word("forum"),
            word("whatsapp"),
            word("whatsapp-verify"),
            word("zoom"),
        ];
        for name in ["community", "meltingspot"] {
            let secret = format!("whsec_{}", STANDARD.encode(draw(&mut rng)));
            secrets.push((name.to_owned(), secret.into_bytes()));
        }
        let seed = draw(&mut rng);
        let public = SigningKey::from_bytes(&seed).verifying_key();
        for (name, bytes) in [
            ("discord-private", seed),
            ("discord-public", public.to_bytes()),
        ] {
            secrets.push((name.to_owned(), hex::encode(bytes).into_bytes()));
        }
        secrets
    }
}

fn draw(rng: &mut ChaCha8Rng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

const SOURCES: &str = r#"[sources.slack]
platform = "slack"
community = "main"
secret = "file:secrets/slack"

[sources.discourse]
platform = "discourse"
community = "main"
secret = "file:secrets/discourse"

[sources.community]
platform = "standard-webhooks"
community = "main"
secret = "file:secrets/community"

[sources.discord]
platform = "discord"
community = "main"
public_key = "file:secrets/discord-public"

[sources.whatsapp]
platform = "whatsapp"
community = "main"
secret = "file:secrets/whatsapp"
verify_token = "file:secrets/whatsapp-verify"

[sources.zoom]
platform = "zoom"
community = "main"
secret = "file:secrets/zoom"

[sources.meltingspot]
platform = "meltingspot"
community = "main"
secret = "file:secrets/meltingspot"

[sources.forum]
platform = "generic"
community = "main"
scheme = "hmac"
secret = "file:secrets/forum"
header = "X-Forum-Signature"
algorithm = "sha256"
encoding = "hex"
prefix = "sha256="
template = "{timestamp}.{body}"
timestamp_header = "X-Forum-Timestamp"
timestamp_unit = "s"
tolerance = 300

[[sources.forum.map]]
each = "body.events"
when = "item.what == 'signup'"
kind = "member_joined"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
email = "item.who.mail"

[[sources.forum.map]]
each = "body.events"
when = "item.what == 'goodbye'"
kind = "member_left"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"

[[sources.forum.map]]
each = "body.events"
when = "item.what == 'post'"
kind = "message_posted"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
staff = "item.who.staff"
channel = "item.where"
thread = "item.thread"
reply_to = "item.parent"
text = "item.content"

[[sources.forum.map]]
each = "body.events"
when = "item.what == 'thanks'"
kind = "reaction_added"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
target = "item.whom"
channel = "item.where"
thread = "item.thread"
attributes = "{message: item.parent}"
"#;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::options::{CompanyOptions, Scale};
    use levier_domain::config::Config;

    #[test]
    fn the_configuration_is_valid_and_its_secrets_exist() {
        let options = CompanyOptions {
            customers: Some(50),
            ..CompanyOptions::new(Scale::Small)
        };
        let company = Company::with_options(options, 1, jiff::civil::date(2026, 11, 1));
        let text = company.configuration();
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.sources.len(), Via::ALL.len());
        for via in Via::ALL {
            assert_eq!(config.sources[via.source()].platform, platform(via));
        }
        let names: Vec<String> = company.secrets().into_iter().map(|pair| pair.0).collect();
        for reference in text.split("file:secrets/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(names.iter().any(|known| known == name), "{name}");
        }
    }
}

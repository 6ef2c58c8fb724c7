//! The puller of one configured source: its keys checked, its token read.

use levier_domain::config::{ConfigError, PullConfig};

use crate::keys::Keys;
use crate::proof::Secret;
use crate::pull::{
    Call, Gone, Known, Page, Pull, Pulled, Refusal, Round, State, Step, Task, circle, discord,
    discourse, github, mention, slack,
};

/// What a platform's API is read with.
pub struct Puller {
    base_url: String,
    token: Secret,
    since: Option<jiff::Timestamp>,
    platform: Box<dyn Pull>,
}

impl std::fmt::Debug for Puller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Puller({})", self.base_url)
    }
}

type Built = (Box<dyn Pull>, &'static str, &'static [&'static str]);

impl Puller {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(config) = &keys.config.pull else {
            return Ok(None);
        };
        let wrong = |key: &str, problem: &str| keys.wrong(&format!("pull.{key}"), problem);
        let platform = match keys.config.platform.as_str() {
            "generic" => keys.config.preset.as_deref().unwrap_or("generic"),
            platform => platform,
        };
        let (platform, usual, allowed): Built = match platform {
            "discord" => {
                let guild = filled(config.guild.as_ref())
                    .ok_or_else(|| wrong("guild", "is missing; set the server's id"))?;
                let channels = config.channels.clone();
                (
                    Box::new(discord::Discord { guild, channels }),
                    "https://discord.com/api/v10",
                    &["guild", "channels"],
                )
            }
            "slack" => (
                Box::new(slack::Slack {
                    channels: config.channels.clone(),
                }),
                "https://slack.com/api",
                &["channels"],
            ),
            "discourse" => (
                Box::new(discourse::Discourse {
                    username: filled(config.username.as_ref())
                        .unwrap_or_else(|| "system".to_owned()),
                }),
                "",
                &["username"],
            ),
            "circle" => (
                Box::new(circle::Circle),
                "https://app.circle.so/api/admin/v2",
                &[],
            ),
            "mention" => {
                let account = filled(config.account.as_ref())
                    .ok_or_else(|| wrong("account", "is missing; set the account's id"))?;
                let alerts = config.alerts.clone().filter(|alerts| !alerts.is_empty());
                let alerts = alerts.ok_or_else(|| {
                    wrong("alerts", "is missing; list the ids of the alerts to read")
                })?;
                (
                    Box::new(mention::Mention { account, alerts }),
                    "https://api.mention.net/api",
                    &["account", "alerts"],
                )
            }
            "github" => {
                let owner = match (
                    filled(config.repository.as_ref()),
                    filled(config.organisation.as_ref()),
                ) {
                    (Some(repository), None) if repository.matches('/').count() == 1 => {
                        github::Owner::Repository(repository)
                    }
                    (None, Some(organisation)) => github::Owner::Organisation(organisation),
                    _ => {
                        return Err(wrong(
                            "repository",
                            "set `repository = \"owner/name\"` or `organisation`, whichever has the webhook",
                        ));
                    }
                };
                let hook = config.hook.ok_or_else(|| wrong("hook", "is missing; set the webhook's number, which stands at the end of its address in the settings"))?;
                (
                    Box::new(github::GitHub { owner, hook }),
                    "https://api.github.com",
                    &["repository", "organisation", "hook"],
                )
            }
            other => {
                return Err(keys.wrong("pull", format!("`{other}` has no API that is read; remove it (discord, slack, discourse, github and the presets circle and mention have)")));
            }
        };
        for (key, is_set) in set_keys(config) {
            if is_set && !allowed.contains(&key) {
                return Err(wrong(key, "is not read for this platform; remove it"));
            }
        }
        let base_url = filled(config.base_url.as_ref()).unwrap_or_else(|| usual.to_owned());
        let base_url = base_url.trim_end_matches('/').to_owned();
        if !is_safe(&base_url) {
            return Err(wrong(
                "base_url",
                "set the https address of the API: a token is never sent in the clear",
            ));
        }
        let since = config
            .since
            .and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok())
            .map(|midnight| midnight.timestamp());
        let token = keys.resolve("pull.token", &config.token)?;
        if !token.0.iter().all(|byte| (0x20..0x7f).contains(byte)) {
            return Err(wrong(
                "token",
                "holds characters that no token has; does the file hold more than the token?",
            ));
        }
        Ok(Some(Self {
            base_url,
            token,
            since,
            platform,
        }))
    }

    /// Where history begins.
    #[must_use]
    pub fn since(&self) -> Option<jiff::Timestamp> {
        self.since
    }

    /// The address of a call, without its query.
    #[must_use]
    pub fn url(&self, call: &Call) -> String {
        format!("{}{}", self.base_url, call.path)
    }

    /// Headers of every request; they hold the token.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let token = String::from_utf8_lossy(&self.token.0);
        self.platform.headers(token.trim())
    }

    /// Begins a round: its first pages.
    pub fn begin(&self, state: &mut State, round: &Round<'_>) {
        state.at = Some(round.at);
        state.tasks = self.platform.begin(round).into();
        // Marks of this prefix are of one round only.
        state.marks.retain(|mark, _| !mark.starts_with("round/"));
        state.listed.clear();
        state.parts = 0;
        state.warnings.clear();
    }

    /// The request for a page.
    #[must_use]
    pub fn call(&self, task: &Task, round: &Round<'_>) -> Call {
        self.platform.call(task, round)
    }

    /// Reads the answer to a page's request.
    ///
    /// # Errors
    /// [`Refusal`] where it is no page.
    pub fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        match self.platform.refused(task, page) {
            Some(refusal) => Err(refusal),
            None => self.platform.take(task, page, round),
        }
    }

    /// Compares the list of this round with the one before: what is to be landed of those who are gone, and the list that the
    /// next round compares with. A list that was not read to its end stays as it was.
    #[must_use]
    pub fn compare(&self, listed: &State, now: &Known, round: &Round<'_>) -> (Vec<Pulled>, Known) {
        // A list without anybody is an accident of the API, not an exodus.
        let complete: Vec<&str> = listed
            .listed
            .iter()
            .map(String::as_str)
            .filter(|prefix| now.keys().any(|key| key.starts_with(prefix)))
            .collect();
        let mut next = now.clone();
        let mut gone = Vec::new();
        for (key, was) in round.known {
            let is_listed = complete.iter().any(|prefix| key.starts_with(*prefix));
            match next.get(key) {
                None if !is_listed => {
                    next.insert(key.clone(), was.clone());
                }
                Some(is) if is == was => {}
                is => gone.push(Gone {
                    key: key.clone(),
                    was: was.clone(),
                    is: is.cloned(),
                }),
            }
        }
        let pulled = if gone.is_empty() {
            Vec::new()
        } else {
            self.platform.gone(&gone, round)
        };
        (pulled, next)
    }
}

fn set_keys(config: &PullConfig) -> [(&'static str, bool); 8] {
    [
        ("guild", config.guild.is_some()),
        ("channels", config.channels.is_some()),
        ("username", config.username.is_some()),
        ("account", config.account.is_some()),
        ("alerts", config.alerts.is_some()),
        ("repository", config.repository.is_some()),
        ("organisation", config.organisation.is_some()),
        ("hook", config.hook.is_some()),
    ]
}

fn filled(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Whether a token may be sent there: over TLS, or to this machine.
fn is_safe(url: &str) -> bool {
    if let Some(rest) = url.strip_prefix("https://") {
        return !rest.is_empty() && !rest.starts_with('/');
    }
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return false;
    }
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

//! People roll up to accounts: by the CRM's own account id, else by the company domain of the e-mail.

use std::collections::BTreeMap;

use crate::candidates::kind_range;
use crate::evidence::Evidence;
use crate::node;

/// Providers where anyone has an address, so that the domain says nothing about the employer.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "9online.fr",
    "aliceadsl.fr",
    "alice.it",
    "aol.com",
    "aol.fr",
    "arcor.de",
    "bbox.fr",
    "bell.net",
    "bigpond.com",
    "bluewin.ch",
    "btinternet.com",
    "cegetel.net",
    "club-internet.fr",
    "comcast.net",
    "cox.net",
    "daum.net",
    "dbmail.com",
    "duck.com",
    "earthlink.net",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "freenet.de",
    "freesbee.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.fr",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.ch",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hushmail.com",
    "icloud.com",
    "ifrance.com",
    "inbox.com",
    "infonie.fr",
    "laposte.net",
    "lavabit.com",
    "libero.it",
    "libertysurf.fr",
    "live.be",
    "live.ca",
    "live.co.uk",
    "live.com",
    "live.fr",
    "live.nl",
    "lycos.fr",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailo.com",
    "me.com",
    "mageos.com",
    "msn.com",
    "naver.com",
    "netcourrier.com",
    "neuf.fr",
    "noos.fr",
    "nordnet.fr",
    "numericable.com",
    "numericable.fr",
    "online.fr",
    "orange.fr",
    "outlook.be",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "outlook.it",
    "pm.me",
    "posteo.de",
    "posteo.net",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rediffmail.com",
    "riseup.net",
    "rocketmail.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "sunrise.ch",
    "swing.be",
    "sympatico.ca",
    "t-online.de",
    "tele2.fr",
    "telenet.be",
    "telus.net",
    "terra.com.br",
    "tiscali.fr",
    "tiscali.it",
    "tutanota.com",
    "tuta.io",
    "uol.com.br",
    "verizon.net",
    "videotron.ca",
    "virgilio.it",
    "virginmedia.com",
    "voila.fr",
    "wanadoo.fr",
    "web.de",
    "worldonline.fr",
    "wp.pl",
    "yahoo.ca",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.br",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "yopmail.com",
    "zoho.com",
    "zohomail.com",
];

/// Suffixes under which the name of the company is the third label from the end.
const TWO_PART_SUFFIXES: &[&str] = &[
    "asso.fr", "co.jp", "co.nz", "co.uk", "co.za", "com.au", "com.br", "com.fr", "com.mx",
    "com.tr", "gouv.fr", "org.uk", "tm.fr",
];

/// Trims, lower-cases and strips `www.`, scheme, path and sub-domains of a domain; `None` where nothing plausible is left or
/// the domain is a free-mail provider's.
///
/// ```
/// use levier_identity::normalise_domain;
/// assert_eq!(normalise_domain("https://www.Exemple.fr/contact").as_deref(), Some("exemple.fr"));
/// assert_eq!(normalise_domain("mail.exemple.co.uk").as_deref(), Some("exemple.co.uk"));
/// assert_eq!(normalise_domain("gmail.com"), None);
/// ```
#[must_use]
pub fn normalise_domain(raw: &str) -> Option<String> {
    let text = raw.trim().to_lowercase();
    let text = text
        .split_once("://")
        .map_or(text.as_str(), |(_, rest)| rest);
    let host = text
        .split(['/', '?', '#', ':'])
        .next()?
        .trim_end_matches('.');
    if host.is_empty()
        || !host.contains('.')
        || host.starts_with('.')
        || host.contains("..")
        || host.chars().any(|c| {
            c.is_whitespace() || c.is_control() || matches!(c, '@' | ',' | ';' | '<' | '>' | '"')
        })
    {
        return None;
    }
    let labels: Vec<&str> = host.split('.').collect();
    let two = labels[labels.len() - 2..].join(".");
    let keep = if TWO_PART_SUFFIXES.contains(&two.as_str()) {
        3
    } else {
        2
    };
    if labels.len() < keep
        || labels
            .iter()
            .all(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let domain = labels[labels.len() - keep..].join(".");
    (!FREE_MAIL.contains(&domain.as_str()) && !FREE_MAIL.contains(&host)).then_some(domain)
}

/// The company's domain of an e-mail address; `None` for free mail and for what is no address.
///
/// ```
/// use levier_identity::company_domain;
/// assert_eq!(company_domain("helene@exemple.fr").as_deref(), Some("exemple.fr"));
/// assert_eq!(company_domain("helene@wanadoo.fr"), None);
/// ```
#[must_use]
pub fn company_domain(email: &str) -> Option<String> {
    let (local, domain) = email.trim().rsplit_once('@')?;
    (!local.is_empty())
        .then(|| normalise_domain(domain))
        .flatten()
}

/// Accounts and who belongs to them. An account's id is `source:account_id`; where several systems declare an account of one
/// domain, it is that of the alphabetically first.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// One account for the several that share a domain.
    same: BTreeMap<u32, u32>,
    /// By person.
    pub(crate) of_person: Vec<Option<u32>>,
}

impl Accounts {
    pub(crate) fn new(evidence: &Evidence, person_of: &[u32], persons: usize) -> Self {
        let source = |account: u32| {
            let text = evidence.texts.bytes(account);
            &text[..text
                .iter()
                .position(|&byte| byte == b':')
                .unwrap_or(text.len())]
        };
        let declared: Vec<(u32, u32)> = evidence.account_domains.iter().copied().collect();
        let mut same = BTreeMap::new();
        let mut by_domain: BTreeMap<u32, u32> = BTreeMap::new();
        for group in declared.chunk_by(|x, y| x.0 == y.0) {
            // Two accounts of one system with one domain are subsidiaries or duplicates: the domain decides nothing.
            let ambiguous = group
                .windows(2)
                .any(|two| source(two[0].1) == source(two[1].1));
            if !ambiguous {
                let first = group[0].1;
                by_domain.insert(group[0].0, first);
                for &(_, account) in group {
                    // An account with two domains keeps the first that claims it.
                    same.entry(account).or_insert(first);
                }
            }
        }
        let mut out = Self {
            same,
            of_person: vec![None; persons],
        };
        // Ascending by record, so that the alphabetically first system decides.
        for &(record, account) in &evidence.accounts {
            let account = out.canonical(account);
            let place = &mut out.of_person[person_of[record as usize] as usize];
            place.get_or_insert(account);
        }
        let by_id = out.of_person.clone();
        for &(record, domain) in &evidence.domains {
            let person = person_of[record as usize] as usize;
            if let (None, Some(&account)) = (by_id[person], by_domain.get(&domain)) {
                let account = out.canonical(account);
                out.of_person[person].get_or_insert(account);
            }
        }
        out
    }

    /// The account that stands for this one.
    pub(crate) fn canonical(&self, account: u32) -> u32 {
        self.same.get(&account).copied().unwrap_or(account)
    }
}

/// Handles and records, the nodes that weigh.
pub(crate) fn is_weighty(evidence: &Evidence) -> impl Fn(u32) -> usize + use<> {
    let emails = kind_range(evidence, node::EMAIL_PACKED).start;
    move |node| usize::from(node < emails)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_companies() {
        for (case, email, want) in [
            ("plain", "a@exemple.fr", Some("exemple.fr")),
            ("sub-domain", "a@mail.exemple.fr", Some("exemple.fr")),
            (
                "two-part suffix",
                "a@shop.exemple.co.uk",
                Some("exemple.co.uk"),
            ),
            ("free mail", "a@gmail.com", None),
            ("French free mail", "a@Orange.FR", None),
            ("suffix alone", "a@co.uk", None),
            ("no address", "exemple.fr", None),
            ("no local part", "@exemple.fr", None),
            ("no dot", "a@localhost", None),
            ("an IP address", "a@10.0.0.1", None),
        ] {
            assert_eq!(company_domain(email).as_deref(), want, "{case}");
        }
    }
}

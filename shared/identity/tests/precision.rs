//! Precision and recall on made-up people who share addresses, mistype them, change them and occur twice.
//!
//! Automatic links must be right, all of them; what is lost to caution is printed.

use std::collections::BTreeMap;

use levier_identity::{Evidence, Identifiers, Node, Options, resolve};

/// A small generator, so that the world is the same everywhere (xorshift64*).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 16) % n
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[test]
fn automatic_links_are_all_right() {
    const PEOPLE: u64 = 20_000;
    let mut chance = Chance(0x1e71_e72e);
    let mut evidence = Evidence::new();
    // Who each node truly is; e-mails and phones belong to nobody here, they only link.
    let mut truth: BTreeMap<(String, String), u64> = BTreeMap::new();
    for human in 0..PEOPLE {
        let household = human / 4;
        let company = human / 50;
        let own = format!("mail{human}");
        // A couple shares an address, a company its front desk and switchboard.
        let email = match chance.below(100) {
            0..4 => format!("family{household}"),
            4..8 => format!("desk{company}"),
            // A typing error: an address that nobody else has.
            8..12 => format!("mail{human}typo"),
            _ => own.clone(),
        };
        let is_desk = email.starts_with("desk");
        let phone = match chance.below(10) {
            0..3 => Some(format!("switchboard{company}")),
            3..6 => Some(format!("mobile{human}")),
            6 => Some(format!("home{household}")),
            _ => None,
        };
        // Some are twice in one CRM, under two ids.
        for copy in 0..1 + u64::from(chance.happens(3)) {
            let id = format!("{}", human * 10 + copy);
            evidence.add_person(
                "hubspot",
                &id,
                &Identifiers {
                    email_key: Some(&email),
                    email_is_role: is_desk,
                    phone_key: phone.as_deref(),
                    ..Identifiers::default()
                },
            );
            truth.insert(("hubspot".to_owned(), id), human);
        }
        if chance.happens(60) {
            // The shop numbers its customers itself, so that its ids collide with the CRM's.
            let id = format!("{}", human * 10 + 10);
            let shop_email = if chance.happens(90) { &own } else { &email };
            evidence.add_mention("shopify", Some(&id), Some(shop_email));
            truth.insert(("shopify".to_owned(), id), human);
        }
        for platform in ["slack", "forum"] {
            if !chance.happens(40) {
                continue;
            }
            let handle = format!("u{human}");
            let handle_email = match chance.below(10) {
                0..6 => Some(&own),
                6..8 => Some(&email),
                _ => None,
            };
            let external =
                (platform == "forum" && chance.happens(30)).then(|| format!("{}", human * 10));
            evidence.add_handle(
                platform,
                &handle,
                &Identifiers {
                    email_key: handle_email.map(String::as_str),
                    email_is_role: handle_email.is_some_and(|email| email.starts_with("desk")),
                    phone_key: phone.as_deref().filter(|_| chance.happens(30)),
                    external_id: external.as_deref(),
                    ..Identifiers::default()
                },
            );
            truth.insert((platform.to_owned(), handle), human);
        }
    }
    let who = resolve(evidence, &Options::default());

    let mut persons: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut found = 0_u64;
    for (node, person) in who.nodes() {
        let key = match &node {
            Node::Record { source, id } => ((*source).to_owned(), (*id).to_owned()),
            Node::Handle { platform, handle } => ((*platform).to_owned(), (*handle).to_owned()),
            _ => continue,
        };
        if let Some(&human) = truth.get(&key) {
            persons.entry(person).or_default().push(human);
        }
    }
    let mut wrong = 0_u64;
    for humans in persons.values() {
        for (at, a) in humans.iter().enumerate() {
            for b in &humans[at + 1..] {
                if a == b {
                    found += 1;
                } else {
                    wrong += 1;
                }
            }
        }
    }
    let mut nodes: BTreeMap<u64, u64> = BTreeMap::new();
    for human in truth.values() {
        *nodes.entry(*human).or_default() += 1;
    }
    let all: u64 = nodes.values().map(|n| n * (n - 1) / 2).sum();
    let (precision, recall) = (
        found as f64 / (found + wrong) as f64,
        found as f64 / all as f64,
    );
    eprintln_report(precision, recall, found, wrong, all);
    assert!(precision >= 1.0, "{wrong} wrong pairs");
    assert!(recall > 0.6, "recall {recall}");
}

#[expect(clippy::print_stderr, reason = "recall is reported")]
fn eprintln_report(precision: f64, recall: f64, found: u64, wrong: u64, all: u64) {
    eprintln!(
        "precision {precision:.4}, recall {recall:.4} ({found} right, {wrong} wrong, {all} true pairs)"
    );
}

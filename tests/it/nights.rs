//! A night recomputes what the news touches: whatever the nights before it saw, it ends with the bytes of one night over everything.

use std::fmt::Write;

use levier_domain::table::TableName;
use levier_tests::World;

/// What arrives on one day.
#[derive(Clone, Debug, Default)]
struct Day {
    date: String,
    bodies: Vec<String>,
    files: Vec<(String, String)>,
}

/// Draws that depend on nothing but the seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Some days of a community of fourteen, with events that come up to twenty days late, deletions, reactions taken back,
/// redeliveries, and files of orders, contacts, deals and members.
fn days(seed: u64) -> Vec<Day> {
    let mut draw = Draws(seed);
    let mut days = Vec::new();
    let mut sent: Vec<String> = Vec::new();
    let mut n = 0;
    for day in [3_u64, 4, 9, 27, 28, 29] {
        let mut today = Day {
            date: format!("2026-03-{day:02}"),
            ..Day::default()
        };
        for _ in 0..1 + draw.below(3) {
            let mut items = Vec::new();
            for _ in 0..4 + draw.below(8) {
                n += 1;
                let late = draw.below(20).min(day + 20);
                let when = if late < day {
                    format!("2026-03-{:02}", day - late)
                } else {
                    format!("2026-02-{:02}", 28 + day - late)
                };
                let hour = draw.below(24);
                let who = draw.below(14);
                let about = draw.below(n.max(1)) + 1;
                let (kind, more) = match draw.below(10) {
                    0 | 1 => ("member_joined", String::new()),
                    2 => (
                        "reaction_added",
                        format!(r#","attributes":{{"message":"m{about}"}}"#),
                    ),
                    3 => (
                        "reaction_removed",
                        format!(r#","attributes":{{"message":"m{about}"}}"#),
                    ),
                    4 => (
                        "message_deleted",
                        format!(r#","channel":"c","attributes":{{"message":"m{about}"}}"#),
                    ),
                    5 => ("member_left", String::new()),
                    6 => (
                        "live_attended",
                        r#","attributes":{"subject":"live"}"#.to_owned(),
                    ),
                    7 => (
                        "message_posted",
                        format!(r#","channel":"c","reply_to":"m{about}","text":"oui merci"#) + "\"",
                    ),
                    _ => (
                        "message_posted",
                        r#","channel":"c","text":"Comment faire ?""#.to_owned(),
                    ),
                };
                items.push(format!(
                    r#"{{"type":"{kind}","timestamp":"{when}T{hour:02}:10:00Z","data":{{"id":"m{n}","actor":{{"id":"u{who}","email":"u{who}@exemple.fr"}}{more}}}}}"#
                ));
            }
            let body = format!("[{}]", items.join(","));
            sent.push(body.clone());
            today.bodies.push(body);
        }
        if draw.below(3) == 0 {
            let again = draw.below(sent.len() as u64) as usize;
            today.bodies.push(sent[again].clone());
        }
        if draw.below(2) == 0 {
            let mut orders = String::from(
                "order_id,email,ordered_at,status,amount,refunded_amount,currency,updated_at\n",
            );
            for _ in 0..6 {
                let (who, order) = (draw.below(14), draw.below(20));
                writeln!(
                    orders,
                    "o{order},u{who}@exemple.fr,2026-0{}-1{}T10:00:00Z,paid,{}.50,0,EUR,2026-03-{day:02}T0{}:00:00Z",
                    1 + draw.below(2),
                    draw.below(9),
                    10 + draw.below(90),
                    draw.below(9)
                )
                .unwrap();
            }
            today
                .files
                .push((format!("orders/orders-{day}.csv"), orders));
        }
        if draw.below(2) == 0 {
            let mut people =
                String::from("person_id,email,created_at,lifecycle,segment,updated_at\n");
            for _ in 0..5 {
                let who = draw.below(14);
                let word = ["lead", "customer", "opportunity"][draw.below(3) as usize];
                let segment = ["retail", "pro"][(who % 2) as usize];
                writeln!(
                    people,
                    "p{who},u{who}@exemple.fr,2026-01-05,{word},{segment},2026-03-{day:02}T1{}:00:00Z",
                    draw.below(9)
                )
                .unwrap();
            }
            today
                .files
                .push((format!("people/people-{day}.csv"), people));
        }
        days.push(today);
    }
    days
}

async fn arrive(world: &World, day: &Day) {
    for (nth, body) in day.bodies.iter().enumerate() {
        let at = format!("{}T{:02}:30:00Z", day.date, 8 + nth);
        let status = world.send("own", body, &at).await.status;
        assert!(status < 300, "{status}");
    }
    for (name, text) in &day.files {
        let at = format!("{}T12:00:00Z", day.date);
        world.drop_file(name, text.as_bytes(), &at).await.unwrap();
    }
}

/// What must not depend on the nights: data, and everything published for the last day.
async fn kept(world: &World, as_of: &str) -> Vec<(String, Vec<u8>)> {
    world
        .lake()
        .await
        .into_iter()
        .filter(|(key, _)| {
            ["events/", "crm/", "identity/", "facts/"]
                .iter()
                .any(|prefix| key.starts_with(prefix))
                || (key.starts_with("published/") && key.contains(&format!("as_of={as_of}")))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_sequence_of_nights_ends_with_the_bytes_of_one_night_over_everything() {
    for seed in 1..=2_u64 {
        let days = days(seed);
        let last = days[days.len() - 1].date.clone();
        let whole = World::new().await;
        for day in &days {
            arrive(&whole, day).await;
        }
        whole.night(&last).await.unwrap();
        let nightly = World::new().await;
        let mut draw = Draws(seed + 100);
        for day in &days {
            arrive(&nightly, day).await;
            // Some nights fail to run, some run twice.
            for _ in 0..draw.below(3) {
                nightly.night(&day.date).await.unwrap();
            }
        }
        nightly.night(&last).await.unwrap();
        let (one, many) = (whole.tables().await, nightly.tables().await);
        assert!(one[&TableName::Kpis].contains("active_members"));
        for (table, rows) in &one {
            assert_eq!(rows, &many[table], "seed {seed}: {table}");
        }
        let (one, many) = (kept(&whole, &last).await, kept(&nightly, &last).await);
        let names = |lake: &[(String, Vec<u8>)]| -> Vec<String> {
            lake.iter().map(|(key, _)| key.clone()).collect()
        };
        assert_eq!(names(&one), names(&many), "seed {seed}");
        for ((key, one), (_, many)) in one.iter().zip(&many) {
            assert_eq!(one, many, "seed {seed}: {key}");
        }
    }
}

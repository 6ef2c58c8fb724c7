//! Reading over HTTP: every table in every format, its filters, and the keys that open it.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use levier_domain::table::TableName;
use levier_report::{Access, Role};
use levier_tests::World;
use serde_json::Value as Json;
use tower::ServiceExt;

use crate::story;

/// The handful of people of the story, with their tables published.
async fn published() -> World {
    let world = World::new().await;
    for (source, body, at) in story::deliveries() {
        world.send(source, &body, at).await;
    }
    for (name, text) in story::files() {
        world
            .drop_file(name, text.as_bytes(), story::DROPPED)
            .await
            .unwrap();
    }
    world.night(story::AS_OF).await.unwrap();
    world
}

async fn get(world: &World, uri: &str, headers: &[(&str, &str)]) -> (u16, Vec<u8>) {
    let mut request = Request::get(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = levier_report::router(world.deps.clone(), Access::OpenWithoutKeys)
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, body.to_vec())
}

async fn rows(world: &World, uri: &str) -> Vec<Json> {
    let (status, body) = get(world, uri, &[]).await;
    assert_eq!(status, 200, "{uri}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_flat_and_the_same_in_every_format() {
    let world = published().await;
    for table in TableName::ALL {
        let json = rows(&world, &format!("/v1/tables/{table}.json")).await;
        for row in &json {
            for (column, value) in row.as_object().unwrap() {
                assert!(
                    !value.is_array() && !value.is_object(),
                    "{table}.{column} is not flat: {value}"
                );
            }
        }
        let (status, csv) = get(&world, &format!("/v1/tables/{table}.csv"), &[]).await;
        // No cell of these tables holds a line break.
        let lines = String::from_utf8(csv).unwrap().lines().count();
        assert_eq!((status, lines), (200, json.len() + 1), "{table}");
        let (status, parquet) = get(&world, &format!("/v1/tables/{table}.parquet"), &[]).await;
        assert_eq!(
            (status, &parquet[..4]),
            (200, b"PAR1".as_slice()),
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_let_through_what_they_name() {
    let world = published().await;
    let all = rows(&world, "/v1/tables/kpis.json?kpi=members").await;
    let named = |rows: &[Json]| {
        let mut names: Vec<String> = rows
            .iter()
            .map(|row| row["period"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    // Weeks and quarters with the months, by their days.
    let january = rows(
        &world,
        "/v1/tables/kpis.json?kpi=members&from=2026-01&to=2026-01",
    )
    .await;
    let of_january: Vec<String> = named(&all)
        .into_iter()
        .filter(|name| {
            name.starts_with("2026-01")
                || ["2026-W02", "2026-W03", "2026-W04"].contains(&name.as_str())
        })
        .collect();
    assert!(of_january.contains(&"2026-01".to_owned()));
    assert_eq!(named(&january), of_january);
    // Blank filters, as a spreadsheet sends them, ask for nothing.
    let blank = "/v1/tables/kpis.json?kpi=members&from=&to=&community=&segment=&lang=&dialect=";
    assert_eq!(rows(&world, blank).await, all);
    for (wrong, status) in [
        ("kpis.json?from=soon", 400),
        ("kpis.json?to=28d", 400),
        ("kpis.json?as_of=today", 400),
        ("kpis.json?lang=de", 400),
        ("kpis.csv?dialect=lotus", 400),
        ("kpis.json?from=2026-02&to=2026-01", 400),
        ("kpis.json?comunity=main", 400),
        ("kpis.json?kpi=nosuch", 400),
        ("kpis.json?community=nope", 400),
        ("uplift.json?segment=nope", 400),
        // Of what there is elsewhere there may be nothing here, and nothing in a stretch of time.
        ("uplift.json?community=main", 200),
        ("kpis.json?kpi=nps&from=2019-01&to=2019-02", 200),
        ("kpis.json?as_of=2020-01-01", 404),
        ("runs.json?as_of=2020-01-01", 404),
        ("kpis.xlsx", 404),
        ("nothing.json", 404),
    ] {
        let (found, body) = get(&world, &format!("/v1/tables/{wrong}"), &[]).await;
        let body = String::from_utf8_lossy(&body);
        assert_eq!(found, status, "{wrong}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_is_a_table() {
    let world = published().await;
    world.run("join", "2026-02-20").await.unwrap();
    let runs = rows(&world, "/v1/tables/runs.json").await;
    let said: Vec<(&str, &str, bool)> = runs
        .iter()
        .map(|row| {
            (
                row["as_of"].as_str().unwrap(),
                row["job"].as_str().unwrap(),
                row["current"].as_bool().unwrap(),
            )
        })
        .collect();
    let newest = "2026-02-28";
    let mut expected: Vec<(&str, &str, bool)> = [
        "compact", "import", "join", "health", "uplift", "alert", "snapshot",
    ]
    .map(|job| (newest, job, true))
    .to_vec();
    // An import belongs to the day of its drop.
    expected.retain(|(_, job, _)| *job != "import");
    let older: Vec<_> = said.iter().filter(|(day, ..)| *day != newest).collect();
    assert_eq!(said[..expected.len()], expected[..]);
    assert!(older.contains(&&("2026-02-20", "join", false)), "{older:?}");
    let health = runs.iter().find(|row| row["job"] == "health").unwrap();
    assert!(health["tables"].as_str().unwrap().contains("kpis"));
    assert!(
        health["run_id"]
            .as_str()
            .unwrap()
            .starts_with("health-2026-02-28-")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_in_each_form_until_it_ends_and_its_end_opens_nothing() {
    let world = World::new().await;
    let results = &world.deps.results;
    let now = (world.deps.clock)();
    let table = "/v1/tables/sources.json";
    assert_eq!(get(&world, table, &[]).await.0, 200, "no key was made");
    let made = |name: &'static str, byte: u8, days: u32| async move {
        levier_report::create_key(results, name, Role::Reader, [byte; 32], now, days)
            .await
            .unwrap()
            .key
    };
    let key = made("sheet", 1, 30).await;
    let ended = made("ended", 2, 0).await;
    let basic = |key: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("any:{key}"));
        format!("Basic {pair}")
    };
    let all_forms = |key: &str| {
        [
            (
                table.to_owned(),
                vec![("authorization", format!("Bearer {key}"))],
            ),
            (table.to_owned(), vec![("authorization", basic(key))]),
            (table.to_owned(), vec![("x-api-key", key.to_owned())]),
            (format!("{table}?key={key}"), vec![]),
        ]
    };
    let mut forms = vec![(table.to_owned(), vec![], 401, "no key")];
    for (key, status, case) in [
        (key.as_str(), 200, "held"),
        (&ended, 401, "ended"),
        ("x", 401, "unknown"),
    ] {
        forms.extend(all_forms(key).map(|(uri, headers)| (uri, headers, status, case)));
    }
    for (uri, headers, status, case) in &forms {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(
            get(&world, uri, &headers).await.0,
            *status,
            "{case}: {uri} {headers:?}"
        );
    }
    assert_eq!(get(&world, "/healthz", &[]).await.0, 200);
    // Revoked, it opens nothing; neither does its absence, though no key is left.
    for name in ["sheet", "ended"] {
        levier_report::revoke_key(results, name, now).await.unwrap();
        assert!(levier_report::revoke_key(results, name, now).await.is_err());
    }
    assert_eq!(levier_report::list_keys(results).await.unwrap(), []);
    assert_eq!(get(&world, &format!("{table}?key={key}"), &[]).await.0, 401);
    assert_eq!(get(&world, table, &[]).await.0, 401);
    // The name is free again.
    let again = made("sheet", 3, 30).await;
    assert_eq!(
        get(&world, &format!("{table}?key={again}"), &[]).await.0,
        200
    );
    assert_eq!(get(&world, &format!("{table}?key={key}"), &[]).await.0, 401);
}

/// A run that is replaced while it is read is read again, never handed out in part.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_table_is_no_answer() {
    let world = published().await;
    let results = &world.deps.results;
    let filter = levier_report::Filter::default();
    let before = results.pointer("health").await.unwrap().unwrap();
    let whole = rows(&world, "/v1/tables/kpis.json").await.len();
    assert_eq!(before.rows[&TableName::Kpis], whole);
    // As it is between the removal of a run and the reader that still pages through it.
    results
        .delete_rows(&before.run_id, TableName::Kpis)
        .await
        .unwrap();
    assert!(results.read_rows(&before, TableName::Kpis).await.is_err());
    let ended = levier_report::rows(results, TableName::Kpis, &filter).await;
    assert!(
        ended.is_err(),
        "{} rows passed for all",
        ended.unwrap().len()
    );
    let (status, body) = get(&world, "/v1/tables/kpis.json", &[]).await;
    assert_eq!(status, 503, "{}", String::from_utf8_lossy(&body));
    // The job run again mends it.
    world.run("health", story::AS_OF).await.unwrap();
    assert_eq!(rows(&world, "/v1/tables/kpis.json").await.len(), whole);
}

/// Of each table and day one file, whatever ran how often.
#[tokio::test(flavor = "multi_thread")]
async fn all_files_of_a_day_are_the_rows_of_one_run() {
    let world = published().await;
    let at = "2026-02-28T20:00:00Z";
    world.send("own", &story::deliveries()[0].1, at).await;
    for (name, text) in story::files() {
        let more = text.replace("paid", "refunded");
        world.drop_file(name, more.as_bytes(), at).await.unwrap();
    }
    world.night(story::AS_OF).await.unwrap();
    let files = world.deps.lake.list("published/kpis/").await.unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.key.as_str()).collect();
    let day = format!("published/kpis/as_of={}/health", story::AS_OF);
    assert_eq!(names, [format!("{day}.json"), format!("{day}.parquet")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_what_it_cannot_show_and_takes_its_query_along() {
    let world = published().await;
    let page = |uri: &'static str| {
        let world = &world;
        async move {
            let (status, body) = get(world, uri, &[]).await;
            (status, String::from_utf8(body).unwrap())
        }
    };
    for uri in ["/?as_of=2020-01-01", "/kpis?as_of=2020-01-01&lang=fr"] {
        let (status, text) = page(uri).await;
        assert_eq!(status, 404, "{uri}");
        assert!(text.contains("Rien n’a été calculé à la date du 2020-01-01"));
    }
    for uri in ["/?community=zz", "/?segment=zz", "/?bogus=1"] {
        assert_eq!(page(uri).await.0, 400, "{uri}");
    }
    let (status, text) = page("/?community=main&lang=fr").await;
    assert_eq!(status, 200);
    assert!(!text.contains("Aucune comparaison n’a encore été faite"));
    assert!(text.contains("Il n’y a rien ici de «\u{202f}main\u{202f}» à part."));
    assert!(!text.contains("Aucun fichier n’a encore été déposé"));
    let query = "as_of=2026-02-28&amp;community=main&amp;key=lvr_x";
    let (_, text) = page("/?as_of=2026-02-28&community=main&key=lvr_x&lang=fr").await;
    for link in [
        format!("/kpis?lang=fr&amp;{query}"),
        format!("\"?lang=en&amp;{query}\""),
        format!("/v1/tables/kpis.csv?dialect=excel-fr&amp;{query}"),
    ] {
        assert!(text.contains(&link), "{link}");
    }
    // Without a key in its address a page puts none into its links.
    assert!(!page("/").await.1.contains("key="));
}

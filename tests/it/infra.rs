//! The SAM template is in step with the code: functions, environment variables, schedules.

const TEMPLATE: &str = include_str!("../../infra/aws/template.yaml");

fn functions() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_function_stands_in_the_template_and_no_other() {
    let mut deployed: Vec<String> = TEMPLATE
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("CodeUri: ../../target/lambda/levier-")
        })
        .map(|name| name.trim_end_matches("-job").to_owned())
        .collect();
    deployed.sort();
    assert_eq!(deployed, functions());
}

#[test]
fn the_template_sets_what_the_settings_read() {
    let settings = include_str!("../../shared/runtime/src/settings.rs");
    for variable in ["LEVIER_BUCKET", "LEVIER_TABLE", "LEVIER_CONFIG"] {
        assert!(
            settings.contains(&format!("\"{variable}\"")),
            "{variable} is not read any more"
        );
        assert!(
            TEMPLATE.contains(&format!("{variable}:")),
            "{variable} is not set by the template"
        );
    }
    for line in TEMPLATE
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("LEVIER_"))
    {
        let name = line.split(':').next().unwrap();
        assert!(
            settings.contains(name) || name == "LEVIER_LOG",
            "the template sets {name}, which nothing reads"
        );
    }
}

#[test]
fn the_lake_is_described_as_it_is_written() {
    for (name, made) in [
        ("LAKE.md", levier_lake::layout::page()),
        ("lake.yaml", levier_lake::layout::glue_template()),
    ] {
        let path = format!("{}/../infra/aws/{name}", env!("CARGO_MANIFEST_DIR"));
        let held = std::fs::read_to_string(path).unwrap();
        assert!(
            made == held,
            "infra/aws/{name} is not what the schemas say; cargo run --release -p levier-lake --example layout"
        );
    }
}

#[test]
fn the_actions_granted_are_those_used() {
    let used = [
        (
            "s3:GetObject",
            include_str!("../../shared/lake/src/store.rs"),
            "get_object()",
        ),
        (
            "s3:PutObject",
            include_str!("../../shared/lake/src/store.rs"),
            "put_object()",
        ),
        (
            "s3:DeleteObject",
            include_str!("../../shared/lake/src/store.rs"),
            "delete_object()",
        ),
        (
            "s3:ListBucket",
            include_str!("../../shared/lake/src/store.rs"),
            "list_objects_v2()",
        ),
        (
            "dynamodb:GetItem",
            include_str!("../../shared/results/src/store.rs"),
            "get_item()",
        ),
        (
            "dynamodb:Query",
            include_str!("../../shared/results/src/store.rs"),
            "query()",
        ),
        (
            "dynamodb:PutItem",
            include_str!("../../shared/results/src/store.rs"),
            "put_item()",
        ),
        (
            "dynamodb:BatchWriteItem",
            include_str!("../../shared/results/src/store.rs"),
            "batch_write_item()",
        ),
        (
            "sns:Publish",
            include_str!("../../functions/alert/src/courier.rs"),
            ".publish()",
        ),
        (
            "dynamodb:DeleteItem",
            include_str!("../../shared/results/src/store.rs"),
            "delete_item()",
        ),
    ];
    for (action, code, call) in used {
        assert!(
            code.contains(call),
            "{call} is not called any more; take {action} out"
        );
        assert!(TEMPLATE.contains(action), "{action} is needed by {call}");
    }
    for action in TEMPLATE
        .lines()
        .flat_map(|line| line.split([' ', ',', '[', ']', '-']))
        .filter(|word| {
            ["s3:", "dynamodb:", "sns:"]
                .iter()
                .any(|service| word.starts_with(service))
        })
    {
        assert!(!action.contains('*'), "{action} grants more than is used");
        assert!(
            used.iter().any(|(name, _, _)| *name == action) || action == "s3:ObjectCreated",
            "{action} is granted and not used"
        );
    }
}

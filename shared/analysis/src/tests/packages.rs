//! Made-up tables, and what established packages say of them.

use super::{close, f, find, request, small};
use crate::{Table, analyse};
use serde_json::Value;
use std::path::Path;

/// First treated, outcomes of periods 1 to 5: nobody is never treated.
const PANEL: [(u32, [f64; 5]); 24] = [
    (3, [0.5, 0.7, 1.2, 2.8, 3.5]),
    (4, [0.8, 0.2, 1.2, 2.8, 3.3]),
    (5, [0.8, 0.0, 0.9, 1.9, 2.9]),
    (3, [-0.6, 0.0, 1.8, 1.5, 2.7]),
    (4, [0.8, -0.6, 1.3, 2.7, 2.7]),
    (5, [0.6, 0.3, -0.5, 0.7, 2.9]),
    (3, [0.3, 1.3, 2.7, 3.6, 4.4]),
    (4, [1.3, 2.3, 2.3, 4.5, 4.1]),
    (5, [-0.4, 0.2, 1.2, 1.8, 2.2]),
    (3, [-0.7, 0.6, 0.9, 2.2, 2.8]),
    (4, [1.6, 1.7, 1.5, 3.4, 3.8]),
    (5, [1.7, 0.9, 1.4, 2.2, 3.8]),
    (3, [0.4, 0.2, 2.8, 2.9, 4.3]),
    (4, [-0.1, -0.1, 0.7, 2.0, 3.2]),
    (5, [0.4, 1.1, 0.4, 1.8, 2.5]),
    (3, [-0.1, 1.3, 2.9, 3.9, 5.5]),
    (4, [-1.4, -0.9, 0.0, 2.1, 2.0]),
    (5, [-0.2, 0.8, 1.1, 0.5, 3.0]),
    (3, [-1.5, -1.7, 1.0, 0.7, 2.2]),
    (4, [-0.8, -0.4, -0.4, 1.7, 1.0]),
    (5, [-2.1, -0.8, -1.9, 0.3, 0.6]),
    (3, [0.6, 0.1, 2.9, 2.9, 2.3]),
    (4, [-0.1, 0.4, -0.1, 1.7, 2.1]),
    (5, [0.1, 1.7, 1.1, 1.8, 3.3]),
];

fn panel_csv(skip: impl Fn(usize, usize) -> bool) -> String {
    let mut csv = String::from("id,t,y,g\n");
    for (i, (g, outcomes)) in PANEL.iter().enumerate() {
        for (t, y) in outcomes.iter().enumerate() {
            if !skip(i, t + 1) {
                csv.push_str(&format!("c{i},{},{y},{g}\n", t + 1));
            }
        }
    }
    csv
}

const DID: &str =
    "--method did --unit id --time t --outcome y --first-treated g --control not-yet --aggregate";

/// Group, time, effect, standard error.
type Found = (i64, i64, f64, f64);

/// csdid 0.4.3, `control_group=["notyettreated"]`, `bstrap=False`.
#[test]
fn without_a_never_treated_group_the_last_cohort_is_the_control() {
    let flags = "--method did --unit id --time t --outcome y --first-treated g --control not-yet";
    let early = (3, 2, 0.212_5, 0.316_212_324_830_959_1);
    let cases: [(&str, &[Found]); 2] = [
        (
            "0",
            &[
                early,
                (3, 3, 1.5, 0.378_073_343_578_993_9),
                (3, 4, 1.4, 0.298_433_409_657_833),
                (4, 2, -0.368_75, 0.316_902_581_393_320_3),
                (4, 3, 0.55, 0.380_532_110_997_219_3),
                (4, 4, 0.887_5, 0.285_830_751_931_978_1),
            ],
        ),
        // Cohort 4 may anticipate in period 3: it is no control there.
        (
            "1",
            &[
                early,
                (3, 3, 1.812_5, 0.376_637_051_748_762_5),
                (4, 2, -0.35, 0.396_616_549_705_127_7),
                (4, 3, 0.55, 0.380_532_110_997_219_3),
            ],
        ),
    ];
    for (anticipation, cells) in cases {
        let ours = small(
            &panel_csv(|_, _| false),
            &format!("{flags} --anticipation {anticipation}"),
        )
        .unwrap();
        assert_eq!(ours["estimates"].as_array().unwrap().len(), cells.len());
        for (g, t, att, error) in cells {
            let cell = find(&ours, &[("group", (*g).into()), ("time", (*t).into())]);
            close(&cell["value"], &(*att).into(), 1e-9);
            close(&cell["standard_error"], &(*error).into(), 1e-9);
        }
    }
}

#[test]
fn a_gap_after_the_last_cohort_joined_costs_no_unit() {
    let whole = small(&panel_csv(|_, _| false), &format!("{DID} dynamic")).unwrap();
    let gappy = small(
        &panel_csv(|i, t| t == 5 && i < 7),
        &format!("{DID} dynamic"),
    )
    .unwrap();
    assert_eq!(whole["estimates"], gappy["estimates"]);
    close(&whole["estimate"]["value"], &1.296_875.into(), 1e-9);
    close(
        &whole["estimate"]["standard_error"],
        &0.238_172_362_415_856_26.into(),
        1e-9,
    );
    for (answer, late) in [(whole, 24), (gappy, 17)] {
        assert_eq!(answer["n"], 24 * 4);
        assert_eq!(
            answer["left_out"],
            serde_json::json!([{"reason": "period in which nobody is left untreated", "n": late}])
        );
    }
    let inside = small(&panel_csv(|i, t| t == 2 && i < 7), &format!("{DID} simple")).unwrap();
    assert_eq!(inside["n"], 17 * 4);
}

/// `z` is 0 in all rows with a propensity between 0.3 and 0.7.
const TRIMMED: &str = "y,d,x,z\n\
    3.5,1,0.4,0\n2.7,1,1.5,1\n-0.7,0,-1.8,0\n5.3,0,1.7,1\n4.5,1,0,0\n3.1,1,-0.8,0\n1.9,0,-0.8,0\n2.1,0,-1.1,0\n\
    -0.2,0,-0.2,0\n2.5,1,0.8,0\n3.1,1,0.6,0\n2.6,1,0.6,0\n-0.7,0,-1.7,0\n0.5,0,-1.6,0\n3.5,0,1.6,1\n2.6,0,1,1\n\
    3.4,0,2.2,1\n3.4,0,1.2,1\n2.3,0,-1,0\n4,0,1.3,1\n4.1,1,0.6,0\n2.9,0,0.2,0\n0.7,0,-0.8,0\n2.6,0,0,0\n\
    2.1,0,-0.1,0\n4.8,1,0.9,0\n1.5,0,0.1,0\n2.2,0,1.6,1\n0.2,0,-0.8,0\n3.1,1,0.5,0\n3,0,0.5,0\n0.9,0,-0.9,0\n\
    0.4,0,-1.2,0\n2.8,0,1,1\n3.6,0,0.5,0\n1.2,0,-0.2,0\n3.9,0,0.4,0\n1.3,1,-0.7,0\n2.8,1,0.2,0\n2.3,0,-0.6,0\n\
    2.7,0,0.2,0\n3.3,0,1,1\n1.6,0,-0.3,0\n3.3,1,0.8,0\n1.9,0,-1,0\n3.4,1,-0.3,0\n1.1,1,-1.4,0\n3.5,1,-0.1,0\n\
    1.7,0,0.1,0\n1.7,0,-0.2,0\n1.8,0,-0.3,0\n3.9,0,1.3,1\n5,0,1.4,1\n1.3,0,-1.2,0\n3.6,0,1.2,1\n2.6,1,-1.7,0\n\
    1,0,-0.7,0\n0.3,0,-0.2,0\n2.8,1,0.1,0\n1.2,0,-1,0\n\
    ";

/// statsmodels 0.15.0: Logit on all rows, then OLS on the rows kept (HC2 for Lin's regression).
#[test]
fn a_covariate_that_trimming_makes_constant_leaves_the_outcome_model() {
    let cases = [
        ("regression", "att", 0.223_020_637_898_686_3),
        ("aipw", "att", 0.220_465_935_744_918_93),
        ("regression", "ate", 0.831_188_915_892_717_2),
        ("aipw", "ate", 0.836_636_688_931_121),
    ];
    for (method, estimand, want) in cases {
        let ours = small(
            TRIMMED,
            &format!(
                "--method {method} --outcome y --treatment d --covariates x,z --trim 0.3,0.7 --estimand {estimand}"
            ),
        )
        .unwrap();
        assert_eq!(ours["n"], 28, "{method} {estimand}");
        close(&ours["estimate"]["value"], &want.into(), 1e-7);
        assert!(
            ours["warnings"]
                .to_string()
                .contains("`z` is constant among the rows kept"),
            "{method} {estimand}"
        );
        if (method, estimand) == ("regression", "ate") {
            let error = 0.256_907_979_909_648_86;
            close(&ours["estimate"]["standard_error"], &error.into(), 1e-7);
        }
    }
    let balanced = small(
        TRIMMED,
        "--method entropy-balancing --outcome y --treatment d --covariates x,z --trim 0.3,0.7",
    )
    .unwrap();
    let x = &balanced["diagnostics"]["balance"][0];
    assert_eq!(x["term"], "x");
    assert!(f(&balanced["estimate"]["standard_error"]) > 0.0);
}

#[test]
fn labels_are_what_the_table_says() {
    let logrank = "--method logrank --duration t --event e --group g";
    let arms = small(
        "g,t,e\nnone,1,1\nnone,2,1\nNA,9,1\ndrug,3,1\ndrug,4,0\n",
        logrank,
    )
    .unwrap();
    assert_eq!(arms["n"], 4);
    assert_eq!(arms["left_out"][0]["reason"], "`g` is missing");
    let curve = "--method kaplan-meier --duration t --event e --group g";
    let floats = small("g,t,e\n1.0,1,1\n1.0,2,1\n2.0,3,1\n2.0,4,0\n", curve).unwrap();
    assert_eq!(
        f(&find(&floats, &[("group", 2.into()), ("time", 3.into())])["value"]),
        0.5
    );
    let mixed = small("g,t,e\n10,1,1\n007,2,1\n1a,3,1\n9,2,1\n", curve).unwrap();
    let groups: Vec<Value> = mixed["diagnostics"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["group"].clone())
        .collect();
    assert_eq!(
        groups,
        [Value::from("007"), 9.into(), 10.into(), "1a".into()]
    );
}

#[test]
fn survival_after_the_last_follow_up_is_unknown_and_says_so() {
    let ours = small(
        "t,e\n1,1\n2,0\n3,0\n",
        "--method kaplan-meier --duration t --event e --horizon 4",
    )
    .unwrap();
    let there = find(&ours, &[("horizon", 4.into())]);
    assert!(there["value"].is_null());
    assert!(ours["warnings"].to_string().contains("the last at 3"));
}

#[test]
fn a_flag_of_another_method_is_ignored_aloud() {
    let csv = "y,d\n1,0\n2,0\n4,1\n5,1\n";
    let flags = "--method difference --outcome y --treatment d";
    let plain = small(csv, flags).unwrap();
    let extra = small(csv, &format!("{flags} --ties breslow --horizon 3")).unwrap();
    assert_eq!(plain["estimate"], extra["estimate"]);
    for flag in ["--ties", "--horizon"] {
        let aloud = |a: &Value| a["warnings"].to_string().contains(flag);
        assert!(aloud(&extra) && !aloud(&plain), "{flag}");
    }
}

#[test]
fn a_heavy_tail_leaves_values_unknown_and_the_rest_known() {
    let mut csv = String::from("id,x,z\n");
    for i in 0..200 {
        let (x, share) = (i % 4, (f64::from(i) + 0.5) / 200.0);
        csv.push_str(&format!(
            "k{i},{x},{}\n",
            50.0 * ((1.0 - share) / share).powf(1.4)
        ));
    }
    let ours = small(
        &csv,
        "--method gamma-gamma --frequency x --value z --unit id",
    )
    .unwrap();
    assert!(f(&find(&ours, &[("term", "q".into())])["value"]) < 1.0);
    assert!(find(&ours, &[("unit", "k0".into())])["value"].is_null());
    assert!(f(&find(&ours, &[("unit", "k3".into())])["value"]) > 0.0);
    assert!(ours["warnings"].to_string().contains("infinite"));
}

#[test]
fn a_parameter_that_runs_away_is_said_to() {
    let csv = "x,t,a\n0,0,10\n2,4,10\n1,1,9\n0,0,8\n3,9,10\n1,5,10\n";
    let ours = small(csv, "--method bg-nbd --frequency x --recency t --age a").unwrap();
    // Whether curvature is still found out there is a matter of the last digits; that there is no knowing is said either way.
    let said = ours["warnings"].to_string();
    let hardly = said.contains("`b` is hardly known");
    assert!(hardly || said.contains("flat at its maximum"), "{said}");
}

#[test]
fn parquet_keeps_long_ids_apart_and_knows_empty_columns() {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, NullArray};
    use std::sync::Arc;
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values((0..6).map(|k| (1 << 60) + k)));
    let y: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0, 3.0, 5.5, 6.0]));
    let d: ArrayRef = Arc::new(Int64Array::from(vec![0, 0, 0, 1, 1, 1]));
    let never: ArrayRef = Arc::new(NullArray::new(6));
    let batch = arrow::record_batch::RecordBatch::try_from_iter_with_nullable([
        ("id", id, true),
        ("y", y, true),
        ("d", d, true),
        ("never", never, true),
    ])
    .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_max_row_group_row_count(Some(2))
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(
        file.reopen().unwrap(),
        batch.schema(),
        Some(properties),
    )
    .unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let table = Table::read(file.path()).unwrap();
    let ask = |flags: &str| analyse(&table, &request(flags));
    let clustered = ask("--method difference --outcome y --treatment d --unit id").unwrap();
    assert_eq!(clustered["diagnostics"]["units"], 6);
    let error = ask("--method difference --outcome never --treatment d").unwrap_err();
    assert!(error.to_string().contains("`never` is missing in 6 rows"));
}

#[test]
fn a_name_that_two_columns_share_matters_only_when_asked_for() {
    let csv = "y,d,x,x\n1,0,1,2\n2,0,1,2\n4,1,1,2\n5,1,1,2\n";
    let table = Table::from_csv(Path::new("t.csv"), csv.as_bytes()).unwrap();
    let ask = |flags: &str| analyse(&table, &request(flags));
    assert_eq!(
        ask("--method difference --outcome y --treatment d").unwrap()["estimate"]["value"],
        3.0
    );
    let error = ask("--method cuped --outcome y --treatment d --covariates x").unwrap_err();
    assert!(error.to_string().contains("`x` appears twice"));
}

#[test]
fn an_arm_of_one_unit_has_a_ratio_and_no_error() {
    let flags = "--method ratio --numerator n --denominator m --treatment d --unit u";
    let ours = small("u,n,m,d\na,6,2,1\na,3,1,1\nb,4,2,0\nc,1,3,0\n", flags).unwrap();
    assert_eq!(ours["estimate"]["value"], 2.0);
    assert!(ours["estimate"]["standard_error"].is_null());
    assert!(f(&find(&ours, &[("term", "control".into())])["standard_error"]) > 0.0);
    assert_eq!(find(&ours, &[("term", "relative".into())])["value"], 2.0);
    assert!(ours["warnings"].to_string().contains("no standard error"));
}

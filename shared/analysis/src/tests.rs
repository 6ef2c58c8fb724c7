//! The published answers through the door that analysts use, and the refusals that they will meet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use crate::{AnalysisError, Column, Request, Table, analyse, render_text};
use serde_json::Value;
use std::path::{Path, PathBuf};

mod packages;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("LEVIER_SHARED")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
            PathBuf::from,
        )
        .join("reference");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing",
        folder.display()
    );
    eprintln!("SKIPPED: {} is not here", folder.display());
    None
}

/// `flags` as on a command line, without the file.
fn request(flags: &str) -> Request {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: crate::AnalyseArguments,
    }
    let words = ["analyse", "table.csv"]
        .into_iter()
        .chain(flags.split_whitespace());
    <Line as clap::Parser>::try_parse_from(words)
        .unwrap()
        .arguments
        .request
}

fn ask(data: &str, flags: &str) -> Value {
    let path = folder().unwrap().join("data").join(data);
    analyse(&Table::read(&path).unwrap(), &request(flags)).unwrap()
}

fn answers(name: &str) -> Value {
    let path = folder().unwrap().join("answers").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn f(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

#[track_caller]
fn close(ours: &Value, theirs: &Value, tolerance: f64) {
    let (ours, theirs) = (f(ours), f(theirs));
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3),
        "ours {ours}, theirs {theirs}"
    );
}

fn find<'a>(answer: &'a Value, wanted: &[(&str, Value)]) -> &'a Value {
    answer["estimates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| {
            wanted
                .iter()
                .all(|(k, v)| e[*k] == *v || e[*k].as_f64().is_some_and(|x| Some(x) == v.as_f64()))
        })
        .unwrap_or_else(|| panic!("no entry {wanted:?}"))
}

const X: &str =
    "--outcome re78 --treatment treat --covariates age,educ,black,hisp,marr,nodegree,re74,re75";

#[test]
fn two_arms() {
    if folder().is_none() {
        return;
    }
    let a = answers("nsw.json");
    let naive = ask(
        "nsw_mixtape.csv",
        "--method difference --outcome re78 --treatment treat",
    );
    assert_eq!(naive["n"], 445);
    assert_eq!(naive["left_out"], serde_json::json!([]));
    let theirs = &a["nsw_rct"]["naive"];
    close(&naive["estimate"]["value"], &theirs["diff"], 1e-9);
    close(
        &naive["estimate"]["standard_error"],
        &theirs["se_welch"],
        1e-9,
    );
    close(&naive["estimate"]["lower"], &theirs["ci95"][0], 1e-9);
    close(&naive["estimate"]["p_value"], &theirs["p"], 1e-9);
    close(
        &find(&naive, &[("term", "relative".into())])["value"],
        &theirs["relative_uplift"],
        1e-9,
    );
    let cuped = ask(
        "nsw_mixtape.csv",
        "--method cuped --outcome re78 --treatment treat --covariates re75",
    );
    let theirs = &a["nsw_rct"]["cuped_re75_pooled_theta"];
    close(&cuped["estimate"]["value"], &theirs["diff"], 1e-9);
    close(
        &cuped["diagnostics"]["theta"]["re75"],
        &theirs["theta"][0],
        1e-9,
    );
    let cps = &a["cps_observational"]["linear"];
    for (flags, key) in [
        ("--method ipw", &cps["ipw_att_hajek"]),
        ("--method ipw --estimand ate", &cps["ipw_ate_hajek"]),
        (
            "--method ipw --trim 0.1,0.9",
            &cps["trim_0.1_0.9"]["ipw_att_hajek"],
        ),
        ("--method aipw", &cps["aipw_att"]["att"]),
        ("--method aipw --estimand ate", &cps["statsmodels_aipw_ate"]),
        ("--method regression", &cps["or_att"]),
        (
            "--method stratified --strata 5",
            &cps["stratified_att_5"]["att"],
        ),
    ] {
        let ours = ask("nsw_treated_vs_cps.csv", &format!("{flags} {X}"));
        close(&ours["estimate"]["value"], key, 1e-7);
        assert!(ours["estimate"]["standard_error"].is_number(), "{flags}");
        assert_eq!(ours["diagnostics"]["balance"].as_array().unwrap().len(), 8);
        assert!(render_text(&ours).contains("std. error"));
    }
    let ipw = ask("nsw_treated_vs_cps.csv", &format!("--method ipw {X}"));
    close(
        &ipw["diagnostics"]["effective_sample_size"]["control"],
        &cps["ess_controls"],
        1e-8,
    );
    let balanced = ask(
        "nsw_treated_vs_cps.csv",
        &format!("--method entropy-balancing {X}"),
    );
    assert!(
        balanced["diagnostics"]["balance"]
            .as_array()
            .unwrap()
            .iter()
            .all(|b| f(&b["after"]).abs() < 1e-9)
    );
    let trimmed = ask(
        "nsw_treated_vs_cps.csv",
        &format!("--method ipw --trim 0.1,0.9 {X}"),
    );
    assert_eq!(trimmed["n"], 504);
    assert_eq!(trimmed["left_out"][0]["n"], 16177 - 504);
}

#[test]
fn panels() {
    if folder().is_none() {
        return;
    }
    let a = answers("did.json");
    let flags =
        "--method did --unit countyreal --time year --outcome lemp --first-treated first.treat";
    let theirs = &a["mpdta_moderndid"]["nocov_nevertreated_dr"];
    let all = ask("mpdta.csv", flags);
    assert_eq!(all["n"], 2500);
    for t in theirs["att_gt"].as_array().unwrap() {
        let ours = find(&all, &[("group", t["g"].clone()), ("time", t["t"].clone())]);
        close(&ours["value"], &t["att"], 1e-9);
        close(&ours["standard_error"], &t["se"], 1e-9);
    }
    let pre = &all["diagnostics"]["pre_trend"];
    close(&pre["statistic"], &theirs["wald_stat"], 1e-9);
    assert_eq!(pre["df"], 5);
    assert!((f(&pre["sup_t_critical"]) - 2.8303).abs() < 0.01);
    for (name, key) in [
        ("dynamic", "event_time"),
        ("group", "group"),
        ("calendar", "time"),
    ] {
        let ours = ask("mpdta.csv", &format!("{flags} --aggregate {name}"));
        close(
            &ours["estimate"]["value"],
            &theirs[name]["overall_att"],
            1e-9,
        );
        close(
            &ours["estimate"]["standard_error"],
            &theirs[name]["overall_se"],
            1e-9,
        );
        for t in theirs[name]["table"].as_array().unwrap() {
            close(
                &find(&ours, &[(key, t["e"].clone())])["standard_error"],
                &t["se"],
                1e-9,
            );
        }
    }
    let simple = ask(
        "mpdta.csv",
        &format!("{flags} --aggregate simple --covariates lpop --estimator reg --control not-yet"),
    );
    assert!(f(&simple["estimate"]["value"]) < 0.0);
}

#[test]
fn durations() {
    if folder().is_none() {
        return;
    }
    let a = answers("survival.json");
    let km = ask(
        "waltons.csv",
        "--method kaplan-meier --duration T --event E --group group --horizon 50",
    );
    for t in a["waltons_km"]["control"]["table"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|t| f(&t["observed"]) > 0.0)
    {
        let ours = find(
            &km,
            &[("group", "control".into()), ("time", t["t"].clone())],
        );
        assert!((f(&ours["value"]) - f(&t["S"])).abs() < 1e-12);
    }
    assert_eq!(
        f(&find(
            &km,
            &[("group", "control".into()), ("term", "median".into())]
        )["value"]),
        58.0
    );
    let rank = ask(
        "waltons.csv",
        "--method logrank --duration T --event E --group group",
    );
    close(
        &rank["estimate"]["value"],
        &a["waltons_logrank"]["chi2"],
        1e-9,
    );
    let rmst = ask(
        "waltons.csv",
        "--method rmst --duration T --event E --horizon 50",
    );
    close(
        &rmst["estimate"]["value"],
        &a["waltons_km"]["all"]["rmst_50"]["rmst"],
        1e-9,
    );
    let cox = ask(
        "stanford_heart.csv",
        "--method cox --unit id --start start --stop stop --event event --covariates age,year,surgery,transplant",
    );
    for (name, t) in a["heart_tv_full"]["coef"].as_object().unwrap() {
        let ours = find(&cox, &[("term", name.as_str().into())]);
        assert!((f(&ours["value"]) - f(&t["coef"])).abs() < 1e-6);
    }
    close(
        &cox["diagnostics"]["log_likelihood"],
        &a["heart_tv_full"]["log_lik"],
        1e-9,
    );
}

#[test]
fn values() {
    if folder().is_none() {
        return;
    }
    let a = answers("ltv.json");
    let m = ask(
        "cdnow_summary.csv",
        "--method bg-nbd --frequency frequency --recency recency --age T --unit ID --horizon 39",
    );
    close(
        &find(&m, &[("term", "alpha".into())])["value"],
        &a["bgnbd"]["params"]["alpha"],
        1e-4,
    );
    close(
        &m["diagnostics"]["log_likelihood"],
        &a["bgnbd"]["log_lik"],
        1e-9,
    );
    for c in a["bgnbd"]["customers"].as_array().unwrap() {
        let about = |term: &str| [("term", Value::from(term)), ("unit", c["ID"].clone())];
        close(
            &find(&m, &about("expected_transactions"))["value"],
            &c["exp_39w"],
            1e-4,
        );
        close(&find(&m, &about("p_alive"))["value"], &c["p_alive"], 1e-4);
    }
    let g = ask(
        "cdnow_summary_with_value.csv",
        "--method gamma-gamma --frequency x --value zbar --unit ID",
    );
    assert_eq!(g["n"], 946);
    close(
        &find(&g, &[("term", "q".into())])["value"],
        &a["gamma_gamma"]["params"]["q"],
        1e-4,
    );
    close(
        &g["diagnostics"]["frequency_value_correlation"],
        &a["gamma_gamma"]["corr_freq_value"],
        1e-9,
    );
    let table = Table::from_csv(
        Path::new("n.csv"),
        b"n\n1000\n869\n743\n653\n593\n551\n517\n491\n",
    )
    .unwrap();
    let s = analyse(&table, &request("--method sbg --survivors n --horizon 12")).unwrap();
    close(
        &find(&s, &[("term", "beta".into())])["value"],
        &a["sbg"]["fits"]["high_end"]["beta"],
        1e-4,
    );
    assert_eq!(s["estimates"].as_array().unwrap().len(), 14);
}

fn small(csv: &str, flags: &str) -> Result<Value, AnalysisError> {
    analyse(
        &Table::from_csv(Path::new("small.csv"), csv.as_bytes())?,
        &request(flags),
    )
}

#[test]
fn dialects_give_the_same_answer() {
    let flags = "--method difference --outcome y --treatment d";
    let want = small("y,d\n1.5,0\n2,0\n4,1\n5.25,1\n", flags).unwrap();
    for (case, csv) in [
        ("byte-order mark", "\u{feff}y,d\n1.5,0\n2,0\n4,1\n5.25,1\n"),
        (
            "semicolon and decimal comma",
            "y;d\n1,5;0\n2;0\n4;1\n5,25;1\n",
        ),
        ("tab", "y\td\n1.5\t0\n2\t0\n4\t1\n5.25\t1\n"),
        (
            "tab and decimal comma",
            "y\td\n1,5\t0\n2\t0\n4\t1\n5,25\t1\n",
        ),
        ("bar", "y|d\n1.5|0\n2|0\n4|1\n5.25|1\n"),
        (
            "words for the arms",
            "y,d\n1.5,false\n2,no\n4,true\n5.25,YES\n",
        ),
        (
            "carriage returns",
            "y,d\r\n1.5,0\r\n2,0\r\n4,1\r\n5.25,1\r\n",
        ),
    ] {
        assert_eq!(small(csv, flags).unwrap(), want, "{case}");
    }
}

#[test]
fn parquet_gives_the_same_answer() {
    use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, StringArray};
    use std::sync::Arc;
    let y: ArrayRef = Arc::new(Float64Array::from(vec![
        Some(1.5),
        Some(2.0),
        Some(4.0),
        None,
        Some(5.25),
    ]));
    let d: ArrayRef = Arc::new(BooleanArray::from(vec![false, false, true, true, true]));
    let u: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d", "e"]));
    let k: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5]));
    let batch =
        arrow::record_batch::RecordBatch::try_from_iter([("y", y), ("d", d), ("u", u), ("k", k)])
            .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let table = Table::read(file.path()).unwrap();
    let flags = "--method difference --outcome y --treatment d --unit u";
    let ours = analyse(&table, &request(flags)).unwrap();
    let theirs = small("y,d,u\n1.5,0,a\n2,0,b\n4,1,c\n,1,d\n5.25,1,e\n", flags).unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(
        ours["left_out"],
        serde_json::json!([{"reason": "`y` is missing", "n": 1}])
    );
}

#[test]
fn refusals_name_the_remedy() {
    let y = "--method difference --outcome y --treatment d";
    for (case, csv, flags, want) in [
        (
            "method",
            "y,d\n1,0\n",
            "--method magic",
            "choose one of difference, ratio",
        ),
        (
            "column",
            "y,d\n1,0\n",
            "--method difference --outcome z --treatment d",
            "no column `z`; the columns are y, d",
        ),
        (
            "flag",
            "y,d\n1,0\n",
            "--method difference --outcome y",
            "needs --treatment",
        ),
        (
            "binary",
            "y,d\n1,0\n2,2\n",
            y,
            "0 and 1 only; it also holds 2",
        ),
        (
            "nobody treated",
            "y,d\n1,0\n2,0\n",
            y,
            "treated arm is empty",
        ),
        ("empty", "", y, "is empty"),
        ("header only", "y,d\n", y, "is empty"),
        (
            "nothing usable",
            "y,d\n,0\nx,1\n",
            y,
            "`y` is missing in 1 rows",
        ),
        ("delimiter", "a;b,c;d\n1;2,3;4\n", y, "no column `y`"),
        (
            "trim",
            "y,d,x\n1,0,1\n",
            "--method ipw --outcome y --treatment d --covariates x --trim 0.9",
            "0.1,0.9",
        ),
        (
            "trim of three",
            "y,d,x\n1,0,1\n",
            "--method ipw --outcome y --treatment d --covariates x --trim 0.1,x,0.9",
            "0.1,0.9",
        ),
        (
            "no strata",
            "y,d,x\n1,0,1\n",
            "--method stratified --outcome y --treatment d --covariates x --strata 0",
            "1 or more",
        ),
        (
            "nothing varies",
            "y,d,x\n1,0,1\n2,0,1\n3,1,1\n5,1,1\n",
            "--method cuped --outcome y --treatment d --covariates x",
            "no covariate of --covariates varies",
        ),
        (
            "endless horizon",
            "t,e\n1,1\n",
            "--method rmst --duration t --event e --horizon inf",
            "a finite time",
        ),
        (
            "ties",
            "t,e,x\n1,1,1\n",
            "--method cox --duration t --event e --covariates x --ties exact",
            "efron, breslow",
        ),
        (
            "separation",
            "y,d,x\n1,0,1\n2,0,2\n3,1,3\n4,1,4\n",
            "--method ipw --outcome y --treatment d --covariates x",
            "apart",
        ),
        (
            "dependent",
            "y,d,x,z\n1,0,1,2\n2,1,2,4\n3,0,3,6\n4,1,4,8\n5,0,2,4\n6,1,1,2\n",
            "--method regression --outcome y --treatment d --covariates x,z",
            "linearly dependent",
        ),
        (
            "twice",
            "u,t,y,g\na,1,1,0\na,1,2,0\n",
            "--method did --unit u --time t --outcome y --first-treated g",
            "two rows",
        ),
    ] {
        let error = small(csv, flags).unwrap_err();
        let text = error.to_string()
            + &std::error::Error::source(&error).map_or(String::new(), |s| s.to_string());
        assert!(text.contains(want), "{case}: {text}");
    }
}

#[test]
fn arms_without_variance_have_levels_and_no_error() {
    for (case, csv, difference) in [
        ("one unit", "y,d\n1,0\n2,1\n", 1.0),
        ("no variance", "y,d\n1,0\n1,0\n1,1\n1,1\n", 0.0),
    ] {
        let answer = small(csv, "--method difference --outcome y --treatment d").unwrap();
        assert_eq!(answer["estimate"]["value"], difference, "{case}");
        assert!(answer["estimate"]["standard_error"].is_null(), "{case}");
        let warnings = answer["warnings"].to_string();
        assert!(warnings.contains("no standard error"), "{case}: {warnings}");
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let csv = "u,t,y,g\na,1,1,0\na,2,2,0\nb,1,1,\nb,2,3,\nc,1,1,2\nc,2,5,2\nd,1,2,2\nd,2,5.5,2\ne,1,1,inf\ne,2,1,inf\nf,1,1,0\nf,2,,0\n";
    let ours = small(
        csv,
        "--method did --unit u --time t --outcome y --first-treated g --aggregate simple",
    )
    .unwrap();
    assert_eq!(ours["n"], 10);
    let total: u64 = ours["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["n"].as_u64().unwrap())
        .sum();
    assert_eq!(total, 2);
    assert!((f(&ours["estimate"]["value"]) - 2.75).abs() < 1e-12);
}

#[test]
fn a_constant_covariate_is_dropped_aloud() {
    let csv = "y,d,x,c\n1,0,1,7\n2,1,2,7\n3,0,3,7\n4,1,1,7\n5,0,2,7\n6,1,3,7\n2,0,2.5,7\n";
    let ours = small(
        csv,
        "--method regression --outcome y --treatment d --covariates x,c",
    )
    .unwrap();
    assert!(
        ours["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|w| w == "covariate `c` is constant: dropped")
    );
    assert_eq!(ours["diagnostics"]["balance"].as_array().unwrap().len(), 1);
}

#[test]
fn corrections_keep_row_order() {
    let ours = small(
        "p\n0.04\n\n0.01\nNA\n0.03\n",
        "--method benjamini-hochberg --p-value p",
    )
    .unwrap();
    let q: Vec<f64> = ours["estimates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| f(&e["value"]))
        .collect();
    assert_eq!(q, [0.04, 0.03, 0.04]);
    assert_eq!(ours["n"], 3);
}

#[test]
fn a_zero_baseline_has_no_relative_lift() {
    let table = Table::new(vec![
        ("y".into(), Column::Numbers(vec![-1.0, 1.0, 2.0, 3.0])),
        ("d".into(), Column::Numbers(vec![0.0, 0.0, 1.0, 1.0])),
    ])
    .unwrap();
    let ours = analyse(
        &table,
        &request("--method difference --outcome y --treatment d"),
    )
    .unwrap();
    assert_eq!(ours["estimates"][0]["value"], Value::Null);
    assert_eq!(ours["estimate"]["value"], 2.5);
}

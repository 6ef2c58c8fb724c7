//! What must hold whatever the data: sharding, order, units, and coverage under a known truth.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::bootstrap::Bootstrap;
use crate::cuped::cuped;
use crate::did::rows::{Panel, estimate};
use crate::did::shards::PanelMoments;
use crate::did::{Aggregation, Options};
use crate::difference::welch;
use crate::gates::{self, Verdict};
use crate::moments::{Arm, Moments};
use crate::propensity::{Estimand, Method, Sample, adjust};
use crate::ratio::Ratio;
use crate::sensitivity::EventStudy;
use crate::survival::Lifetimes;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_split_merges_to_the_whole(rows in prop::collection::vec((-1e6..1e6f64, -10.0..10.0f64), 2..80), cut in 0usize..80) {
        let cut = cut.min(rows.len());
        let gather = |rows: &[(f64, f64)]| {
            let mut m = Moments::new(2);
            rows.iter().for_each(|(a, b)| m.update(&[*a, *b]));
            m
        };
        let whole = gather(&rows);
        let (mut left, right) = (gather(&rows[..cut]), gather(&rows[cut..]));
        left.merge(&right);
        prop_assert_eq!(left.n(), whole.n());
        for i in 0..2 {
            prop_assert!(near(left.mean(i).unwrap(), whole.mean(i).unwrap()));
            for j in 0..=i {
                let scale = (whole.variance(i).unwrap() * whole.variance(j).unwrap()).sqrt().max(1e-6);
                prop_assert!((left.covariance(i, j).unwrap() - whole.covariance(i, j).unwrap()).abs() <= 1e-9 * scale);
            }
        }
        let again = { let mut m = gather(&rows[..cut]); m.merge(&gather(&rows[cut..])); m };
        prop_assert_eq!(left, again, "merging in the same order gives the same bits");
    }

    #[test]
    fn units_of_measure_do_not_matter(y in prop::collection::vec(-50.0..50.0f64, 12..40), factor in 0.01..1000.0f64, shift in -100.0..100.0f64) {
        let half = y.len() / 2;
        let contrast = |f: &dyn Fn(f64) -> f64| {
            let v: Vec<f64> = y.iter().map(|x| f(*x)).collect();
            welch(&Arm::of(&v[..half]).unwrap(), &Arm::of(&v[half..]).unwrap()).unwrap()
        };
        let (plain, moved) = (contrast(&|x| x), contrast(&|x| factor * x + shift));
        prop_assert!(near(moved.difference.value, factor * plain.difference.value));
        prop_assert!((moved.difference.p_value.unwrap() - plain.difference.p_value.unwrap()).abs() < 1e-6);
    }

    #[test]
    fn ratios_and_lifetimes_merge(rows in prop::collection::vec((0.0..100.0f64, 1.0..5.0f64, any::<bool>()), 4..50), cut in 1usize..49) {
        let cut = cut.min(rows.len() - 1);
        let gather = |rows: &[(f64, f64, bool)]| {
            let (mut r, mut l) = (Ratio::default(), Lifetimes::default());
            for (a, b, e) in rows {
                r.update(*a, *b);
                l.update(a.round(), *e).unwrap();
            }
            (r, l)
        };
        let (whole, mut left, right) = (gather(&rows), gather(&rows[..cut]), gather(&rows[cut..]));
        left.0.merge(&right.0);
        left.1.merge(&right.1);
        prop_assert!(near(left.0.finish().unwrap().value, whole.0.finish().unwrap().value));
        prop_assert_eq!(left.1.finish().unwrap(), whole.1.finish().unwrap());
    }

    #[test]
    fn bootstrap_weights_ignore_order(values in prop::collection::vec(0.5..9.0f64, 3..30), seed in any::<u64>()) {
        let (mut forward, mut backward) = (Bootstrap::new(seed, 120), Bootstrap::new(seed, 120));
        for (i, v) in values.iter().enumerate() {
            forward.update(i as u64, v.round(), 1.0);
        }
        for (i, v) in values.iter().enumerate().rev() {
            backward.update(i as u64, v.round(), 1.0);
        }
        prop_assert_eq!(forward.replicates(), backward.replicates());
    }
}

/// A panel with selection on the level, common shocks, and a known effect from `g` on.
fn simulate(seed: u64, units: usize, effect: f64) -> Panel {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut spare = None;
    let mut normal = || crate::sup_t::standard_normal(&mut rng, &mut spare);
    let times: Vec<f64> = (1..=6).map(f64::from).collect();
    let mut panel = Panel {
        times: times.clone(),
        ..Panel::default()
    };
    for _ in 0..units {
        let level = 3.0 * normal();
        let score = level + 2.0 * normal();
        let first = if score > 2.0 {
            3.0
        } else if score > 0.5 {
            5.0
        } else {
            f64::INFINITY
        };
        panel.first_treated.push(first);
        for t in &times {
            let treated = if *t >= first { effect } else { 0.0 };
            panel.outcome.push(level + 0.3 * t + treated + normal());
        }
    }
    panel
}

#[test]
fn the_order_of_units_does_not_matter() {
    let panel = simulate(3, 120, 1.0);
    let width = panel.times.len();
    let mut reversed = Panel {
        times: panel.times.clone(),
        ..Panel::default()
    };
    for i in (0..120).rev() {
        reversed.first_treated.push(panel.first_treated[i]);
        reversed
            .outcome
            .extend(&panel.outcome[i * width..(i + 1) * width]);
    }
    let (a, b) = (
        estimate(&panel, &Options::default()).unwrap(),
        estimate(&reversed, &Options::default()).unwrap(),
    );
    for (x, y) in a.cells.iter().zip(&b.cells) {
        assert!(near(x.estimate.value, y.estimate.value));
        assert!(near(
            x.estimate.standard_error.unwrap(),
            y.estimate.standard_error.unwrap()
        ));
    }
}

#[test]
fn bucket_order_is_bit_stable_and_sharding_is_close() {
    let panel = simulate(4, 400, 0.5);
    let width = panel.times.len();
    let sharded = |shards: usize| {
        let mut parts: Vec<PanelMoments> = (0..shards)
            .map(|_| PanelMoments::new(panel.times.clone()))
            .collect();
        for (i, g) in panel.first_treated.iter().enumerate() {
            parts[i % shards].update(Some(*g), &panel.outcome[i * width..(i + 1) * width]);
        }
        let mut whole = PanelMoments::new(panel.times.clone());
        parts.iter().for_each(|p| whole.merge(p).unwrap());
        whole.finish(&Options::default()).unwrap()
    };
    assert_eq!(
        sharded(7),
        sharded(7),
        "the same buckets in the same order give the same bits"
    );
    for (x, y) in sharded(1).cells.iter().zip(&sharded(13).cells) {
        assert!(near(x.estimate.value, y.estimate.value));
        assert!(near(
            x.estimate.standard_error.unwrap(),
            y.estimate.standard_error.unwrap()
        ));
    }
    let shard = PanelMoments::new(vec![1.0, 2.0]);
    let text = serde_json::to_string(&shard).unwrap();
    assert_eq!(serde_json::from_str::<PanelMoments>(&text).unwrap(), shard);
}

#[test]
fn intervals_cover_the_truth() {
    let (mut did, mut false_alarms, mut pre) = (0, 0, 0);
    for seed in 0..200 {
        let gather = |effect| {
            let panel = simulate(1000 + seed, 300, effect);
            let mut m = PanelMoments::new(panel.times.clone());
            for (i, g) in panel.first_treated.iter().enumerate() {
                m.update(Some(*g), &panel.outcome[i * 6..(i + 1) * 6]);
            }
            m.finish(&Options::default()).unwrap()
        };
        let e = gather(1.5).aggregate(Aggregation::Simple).unwrap().overall;
        did += u32::from(e.lower.unwrap() <= 1.5 && 1.5 <= e.upper.unwrap());
        let none = gather(0.0);
        false_alarms += u32::from(
            none.aggregate(Aggregation::Simple)
                .unwrap()
                .overall
                .excludes_zero(),
        );
        pre += u32::from(none.pre_trend().unwrap().p_value < 0.05);
    }
    assert!((182..=198).contains(&did), "coverage {did} of 200");
    assert!(false_alarms <= 20, "false alarms {false_alarms} of 200");
    assert!(pre <= 20, "pre-trend alarms {pre} of 200");
}

#[test]
fn adjusted_contrasts_cover_where_the_raw_one_does_not() {
    let (mut dr, mut raw) = (0, 0);
    for seed in 0..100 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut y, mut d, mut x) = (vec![], vec![], vec![]);
        for _ in 0..400 {
            let v: f64 = 2.0 * rng.random::<f64>() - 1.0;
            let t = rng.random::<f64>() < crate::logit::logistic(1.5 * v);
            x.push(v);
            d.push(t);
            y.push(2.0 * v + if t { 1.0 } else { 0.0 } + 2.0 * rng.random::<f64>() - 1.0);
        }
        let sample = Sample {
            outcome: &y,
            treated: &d,
            covariates: vec![("x", &x)],
        };
        let e = adjust(&sample, Method::Aipw, Estimand::Att, None)
            .unwrap()
            .contrast
            .difference;
        dr += u32::from(e.lower.unwrap() <= 1.0 && 1.0 <= e.upper.unwrap());
        let arm = |t: bool| {
            Arm::of(
                &y.iter()
                    .zip(&d)
                    .filter(|(_, d)| **d == t)
                    .map(|(y, _)| *y)
                    .collect::<Vec<_>>(),
            )
            .unwrap()
        };
        let e = welch(&arm(true), &arm(false)).unwrap().difference;
        raw += u32::from(e.lower.unwrap() <= 1.0 && 1.0 <= e.upper.unwrap());
    }
    assert!((88..=100).contains(&dr), "doubly robust covers {dr} of 100");
    assert!(
        raw < 10,
        "the raw contrast covers {raw} of 100: selection is real"
    );
}

#[test]
fn degenerate_inputs_are_typed_errors() {
    assert!(Arm::of(&[]).is_err());
    assert!(Arm::of(&[1.0]).is_err());
    assert!(Arm::of(&[1.0, f64::NAN]).is_err());
    assert!(
        welch(
            &Arm::of(&[1.0, 1.0]).unwrap(),
            &Arm::of(&[2.0, 2.0]).unwrap()
        )
        .is_err()
    );
    assert!(Ratio::default().finish().is_err());
    let mut flat = Moments::new(2);
    [1.0, 2.0, 3.0].iter().for_each(|y| flat.update(&[*y, 5.0]));
    assert!(cuped(&flat, &flat).is_err());
    assert!(Lifetimes::default().finish().is_err());
    assert!(Lifetimes::default().update(f64::NAN, true).is_err());
    assert!(
        PanelMoments::new(vec![1.0])
            .finish(&Options::default())
            .is_err()
    );
    assert!(
        PanelMoments::new(vec![1.0, 2.0])
            .finish(&Options::default())
            .is_err()
    );
    let (y, d, x) = (
        [1.0, 2.0, 3.0, 4.0],
        [false, false, true, true],
        [1.0, 2.0, 3.0, 4.0],
    );
    for method in [Method::Ipw, Method::Aipw, Method::EntropyBalancing] {
        let sample = Sample {
            outcome: &y,
            treated: &d,
            covariates: vec![("x", &x)],
        };
        assert!(
            adjust(&sample, method, Estimand::Att, None).is_err(),
            "{method:?} under perfect separation"
        );
    }
}

#[test]
fn gates_follow_their_table() {
    for (case, finding, want) in [
        ("plenty", gates::size(100, 500), Verdict::Pass),
        ("few", gates::size(99, 500), Verdict::Warn),
        ("too few", gates::size(500, 29), Verdict::Block),
        ("events", gates::events(20, 9), Verdict::Block),
        ("pooled cell", gates::cell(19), Verdict::Warn),
        ("hidden cell", gates::cell(4), Verdict::Block),
        ("private", gates::privacy(9, 10), Verdict::Block),
        ("balanced", gates::balance(-0.09), Verdict::Pass),
        ("so-so", gates::balance(0.25), Verdict::Warn),
        ("unbalanced", gates::balance(-0.26), Verdict::Block),
        ("overlap", gates::overlap(0.21), Verdict::Block),
        (
            "effective",
            gates::effective_controls(99.0, 100),
            Verdict::Block,
        ),
        ("weight", gates::largest_weight(0.06), Verdict::Warn),
        ("unknown", gates::balance(f64::NAN), Verdict::Block),
        ("ratio", gates::sample_ratio(0.0001), Verdict::Block),
    ] {
        assert_eq!(finding.verdict, want, "{case}");
    }
    assert_eq!(gates::size(12, 500).suffices, Some(100));
    assert_eq!(gates::worst(&[]), Verdict::Block);
}

#[test]
fn a_real_effect_survives_some_bending_of_trends() {
    let (mut covered, mut dynamic) = (0, 0);
    for seed in 0..200 {
        let effects = estimate(&simulate(500 + seed, 400, 3.0), &Options::default()).unwrap();
        let summary = effects.aggregate(Aggregation::Dynamic).unwrap();
        let study = EventStudy::from_varying(&summary).unwrap();
        let n = study.effects.len();
        let s = study.sensitivity(&vec![1.0 / n as f64; n], 1).unwrap();
        assert!(near(
            s.standard_error,
            summary.overall.standard_error.unwrap()
        ));
        assert!(s.breakdown > 0.2, "{s:?}");
        let (low, high) = s.interval(s.breakdown).unwrap();
        assert!(
            low.abs().min(high.abs()) < 1e-9,
            "the interval just touches 0 at the breakdown"
        );
        let (low, high) = s.interval(0.0).unwrap();
        covered += u32::from(low < 3.0 && 3.0 < high);
        dynamic +=
            u32::from(summary.overall.lower.unwrap() < 3.0 && 3.0 < summary.overall.upper.unwrap());
    }
    assert!(
        covered >= 189,
        "covers {covered} of 200 without any bending; dynamic {dynamic}"
    );
    assert!(
        (181..=199).contains(&dynamic),
        "dynamic covers {dynamic} of 200"
    );
}

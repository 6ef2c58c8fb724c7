"""The uplift job against a Python pipeline on the same Parquet: ATT(g, t) of staggered joins and its aggregates.

    cargo run --release -p levier-uplift-job --example scale -- write /tmp/facts 200000
    python -m venv /tmp/peers && /tmp/peers/bin/pip install duckdb pandas pyarrow csdid moderndid
    /tmp/peers/bin/python tests/benchmarks/uplift.py /tmp/facts target/release/examples/scale

DuckDB reads the panel of revenue; csdid and moderndid estimate what Levier estimates (not-yet-joined as controls, no covariates,
analytic errors; simple, dynamic, group and calendar aggregates). Levier computes five series, retention, strata, weights and
tables beside it. Prints one JSON object; the ratio is against the faster peer. Fails only if the estimates differ.
"""

import json
import subprocess
import sys


def panel(folder):
    import duckdb

    return duckdb.sql(f"""
        select hash(person) % 9223372036854775807 :: ubigint :: bigint as unit, year_month as t, y, g from (
          select person, m.month_index as year_month, revenue_minor / 100.0 as y, coalesce(joined_month, 0) as g
          from (select *, cast(substr(month, 1, 4) as int) * 12 + cast(substr(month, 6, 2) as int) - 1 as month_index
                from read_parquet('{folder}/facts/*/*/*.parquet', hive_partitioning = true,
                                  hive_types = {{'month': 'varchar', 'bucket': 'varchar'}})) m
          where m.month_index > customer_since)
    """).df()


def csdid(df):
    from csdid.att_gt import ATTgt

    found = ATTgt("y", "t", "unit", "g", df, control_group="notyettreated").fit(est_method="reg", bstrap=False)
    for kind in ("dynamic", "group", "calendar", "simple"):
        found.aggte(kind, bstrap=False, cband=False)
    return float(found.atte["overall_att"]), float(found.atte["overall_se"])


def moderndid(df):
    import moderndid as md

    found = md.att_gt(df, "y", "t", "unit", "g", est_method="reg", control_group="notyettreated", cband=False)
    for kind in ("dynamic", "group", "calendar", "simple"):
        answer = md.aggte(found, type=kind)
    return float(answer.overall_att), float(answer.overall_se)


def main():
    folder, binary = sys.argv[1], sys.argv[2]
    names = sys.argv[3:] or ["csdid", "moderndid"]
    ours = json.loads(subprocess.run([binary, "run", folder], check=True, capture_output=True, text=True).stdout)
    report = {"levier": ours, "peers": {}}
    for name in names:
        code = (
            "import json,resource,sys,time;sys.path.insert(0, sys.argv[1]);import uplift;"
            "s=time.time();df=uplift.panel(sys.argv[2]);r=time.time();a=getattr(uplift, sys.argv[3])(df);e=time.time();"
            "print(json.dumps({'effect':a[0],'standard_error':a[1],'seconds':e-s,'read_seconds':r-s,"
            "'processor_seconds':sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),"
            "'peak_memory_mb':resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024}))"
        )
        here = __file__.rsplit("/", 1)[0] or "."
        done = subprocess.run([sys.executable, "-c", code, here, folder, name], capture_output=True, text=True)
        lines = done.stdout.strip().splitlines()
        report["peers"][name] = json.loads(lines[-1]) if done.returncode == 0 and lines else {"failed": done.stderr[-400:]}
    times = [p["seconds"] for p in report["peers"].values() if "seconds" in p]
    if times:
        report["times_faster"] = min(times) / ours["seconds"]
        processor = min(p["processor_seconds"] for p in report["peers"].values() if "seconds" in p)
        report["times_less_processor"] = processor / ours["processor_seconds"]
    print(json.dumps(report, indent=1))
    for name, peer in report["peers"].items():
        if "effect" in peer and abs(peer["effect"] - ours["effect"]) > 1e-6 * abs(peer["effect"]):
            sys.exit(f"{name} estimates {peer['effect']}, Levier {ours['effect']}")


if __name__ == "__main__":
    main()

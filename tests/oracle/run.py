#!/usr/bin/env python3
"""Recomputes the KPIs in DuckDB SQL over a workspace's Parquet and compares them with the published table.

    pip install duckdb scipy
    python3 tests/oracle/run.py DATA_DIR [--config levier.toml] [--show 20]

The SQL is written from KPIS.md, not from the Rust code. A published figure that differs (counts and money exactly, ratios by more
than 1e-9), or one that the oracle has and the table has not, is printed; the exit code is then 1.
"""

import argparse
import collections
import datetime as dt
import glob
import json
import pathlib
import re
import string
import sys
import tempfile
import time
import tomllib
import zoneinfo

import duckdb

import health
import models

HERE = pathlib.Path(__file__).parent
KEYS = {
    "people": ["person_id"], "deals": ["deal_id"], "orders": ["order_id"], "surveys": ["response_id"], "tickets": ["ticket_id"],
    "subscriptions": ["subscription_id"], "spend": ["date", "channel", "campaign", "audience", "purpose"],
    "web_traffic": ["date", "channel"], "mentions": ["mention_id"], "members": ["community", "platform", "handle"],
    "rates": ["date", "currency"],
}
# Columns that the SQL reads, for entities of which nothing was dropped.
NEEDED = {
    "people": "person_id varchar, email_key varchar, account_id varchar, created_at timestamptz, lifecycle varchar, lead_source varchar, qualified_at timestamptz, became_customer_at timestamptz",
    "deals": "deal_id varchar, owner_id varchar, person_id varchar, account_id varchar, created_at timestamptz, closed_at timestamptz, status varchar",
    "orders": "order_id varchar, person_id varchar, email_key varchar, ordered_at timestamptz, status varchar, amount_minor bigint, refunded_amount_minor bigint, tax_minor bigint, currency varchar, promo_code varchar",
    "surveys": "response_id varchar, person_id varchar, email_key varchar, answered_at timestamptz, kind varchar, score double, answer varchar",
    "tickets": "ticket_id varchar, agent_id varchar, person_id varchar, email_key varchar, account_id varchar, created_at timestamptz, solved_at timestamptz, handle_minutes double",
    "subscriptions": "subscription_id varchar, person_id varchar, email_key varchar, account_id varchar, started_at timestamptz, trial_end timestamptz, cancelled_at timestamptz, ended_at timestamptz, interval varchar, status varchar",
    "spend": "date date, channel varchar, campaign varchar, audience varchar, purpose varchar, amount_minor bigint, currency varchar, impressions double, clicks double",
    "web_traffic": "date date, channel varchar, visits double",
    "mentions": "mention_id varchar, seen_at timestamptz, about varchar",
    "members": "community varchar, platform varchar, handle varchar, joined_at timestamptz, left_at timestamptz, role varchar, invited_by varchar",
    "rates": "date date, currency varchar, rate double",
}
WORD, EDGE = r"[\p{L}\p{N}]", r"[^\p{L}\p{N}]"
COMMUNITY_WORDS = ["membres?", "members?", "forums?", "slack", "discord", "referral", "referred", f"(?:communaut|communit|parrain|ambassad){WORD}*"]
YES, NO = ("yes", "oui", "true", "vrai", "1"), ("no", "non", "false", "faux", "0")

LEADS = ["subscriber", "lead", "marketing_qualified", "sales_qualified", "opportunity"]


def fiscal(day, start):
    """First day, first day after, and name of the fiscal quarter and year of a day."""
    index = day.year * 12 + day.month - 1
    first = lambda n: dt.date(n // 12, n % 12 + 1, 1)
    year = (index - start + 1) // 12 * 12 + start - 1
    quarter = (index - start + 1) // 3 * 3 + start - 1
    label = str(day.year) if start == 1 else f"FY{year // 12 + 1}"
    return {
        "quarter": (first(quarter), first(quarter + 3), f"{label}-Q{(quarter - year) // 3 + 1}"),
        "year": (first(year), first(year + 12), label),
    }


def containing(grain, day, as_of, start):
    """First day, first day after and name of the period of a grain that holds a day."""
    one = dt.timedelta(days=1)
    if grain == "day":
        return day, day + one, day.isoformat()
    if grain == "week":
        year, week, weekday = day.isocalendar()
        monday = day - dt.timedelta(days=weekday - 1)
        return monday, monday + dt.timedelta(days=7), f"{year:04}-W{week:02}"
    if grain == "month":
        return day.replace(day=1), (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1), day.strftime("%Y-%m")
    if grain in ("quarter", "year"):
        return fiscal(day, start)[grain]
    length = int(grain[:-1])
    return as_of + one - dt.timedelta(days=length), as_of + one, grain


def prepare(db, lake, config, as_of):
    """Makes the tables that the SQL starts from."""
    workspace = config.get("workspace", {})
    zone = workspace.get("timezone", "Europe/Paris")
    start = workspace.get("fiscal_year_start", 1)
    currency = workspace.get("currency", "EUR")
    commerce = config.get("commerce", {})
    micro = lambda day: round(dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(zone)).timestamp()) * 1_000_000
    until = as_of + dt.timedelta(days=1)
    db.execute(f"set timezone = '{zone}'")
    decimals = {"JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "BHD": 3}.get(currency, 2)
    db.execute("""create table params (zone varchar, as_of date, until bigint, until_at timestamptz, home varchar, minor_per_major bigint,
        conversion_days bigint, churn_after bigint, deflection_share double, lead_least bigint, lead_window_us bigint, lead_lifecycles varchar[],
        lead_kinds varchar[], lead_channels varchar[], lead_communities varchar[], min_cell bigint)""")
    rule = config.get("qualified_leads", {})
    db.execute("insert into params select ?, ?, ?::bigint, make_timestamptz(?::bigint), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?",
               [zone, as_of, micro(until), micro(until), currency, 10 ** decimals, commerce.get("conversion_days", 180),
                commerce.get("churn_after_months", 12), config.get("roi", {}).get("deflection_share"),
                rule.get("min_contributions", 3), rule.get("window_days", 90) * 86_400_000_000, rule.get("lifecycles", LEADS),
                rule.get("kinds", []), rule.get("channels", []), rule.get("communities", []), config.get("privacy", {}).get("min_cell", 10)])
    for tag in ("off_product", "feedback"):
        db.execute(f"create table {tag} (community varchar, channel varchar)")
        for name, community in config.get("communities", {}).items():
            for channel in community.get(f"{tag}_channels", []):
                db.execute(f"insert into {tag} values (?, ?)", [name, channel])
    db.execute("create table health_weight (component varchar, lo double, hi double, weight double)")
    for component, (lo, hi, weight) in health.COMPONENTS.items():
        db.execute("insert into health_weight values (?, ?, ?, ?)", [component, lo, hi, config.get("health", {}).get(component, weight)])
    db.execute("create table staff_handle (platform varchar, handle varchar)")
    for handle in config.get("staff", {}).get("handles", []):
        db.execute("insert into staff_handle values (?, ?)", handle.split(":", 1))
    db.execute("create table promo_code (code varchar)")
    for code in commerce.get("community_promo_codes", []):
        db.execute("insert into promo_code values (?)", [code])
    for entity, keys in KEYS.items():
        files = f"{lake}/crm/{entity}/*.parquet"
        if not glob.glob(files):
            db.execute(f"create table held_{entity} ({NEEDED[entity]}, source varchar, known_from timestamptz)")
            continue
        columns = [row[0] for row in db.execute(f"describe select * from read_parquet('{files}', union_by_name = true)").fetchall()]
        # Whatever has no modification time, or one after its drop, counts as modified when it was dropped.
        order = "least(updated_at, known_from) desc, " if "updated_at" in columns else ""
        db.execute(f"""create table held_{entity} as select t.* from read_parquet('{files}', union_by_name = true) t, params
            where known_from < until_at qualify row_number() over (partition by source, {', '.join(keys)} order by {order}known_from desc) = 1""")
    db.execute(f"""create view facts_named as select person, is_staff, member, communities, strptime(month || '-01', '%Y-%m-%d')::date as month,
        make_date(customer_since // 12, customer_since % 12 + 1, 1) as customer_since, orders, revenue_minor, mrr_minor, subscribed, tickets, months_since_order, segment
        from read_parquet('{lake}/facts/*/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)""")
    first = db.execute(f"select min(epoch_us(occurred_at)) from read_parquet('{lake}/events/*/*.parquet', hive_partitioning = false)").fetchone()[0]
    roster = db.execute("select min(epoch_us(least(joined_at, left_at))) from held_members").fetchone()[0]
    crm = db.execute("""select min(t) from (select min(ordered_at) as t from held_orders union all select min(created_at) from held_deals
        union all select min(created_at) from held_people union all select min(answered_at) from held_surveys union all select min(created_at) from held_tickets
        union all select min(seen_at) from held_mentions union all select min(date::timestamptz) from held_web_traffic union all select min(date::timestamptz) from held_spend)""").fetchone()[0]
    day_of = lambda us: dt.datetime.fromtimestamp(us / 1e6, zoneinfo.ZoneInfo(zone)).date()
    people_first = min(day_of(us) for us in (first, roster) if us is not None)
    begin = min([people_first] + ([crm.astimezone(zoneinfo.ZoneInfo(zone)).date()] if crm else []))
    periods, calendar = {}, []
    for grain in ("day", "week", "month", "quarter", "year", "28d", "90d"):
        day = begin
        while day <= as_of:
            opens, closes, name = containing(grain, day, as_of, start)
            if opens <= day < closes:
                calendar.append((day, grain, name))
                last = min(closes, until)
                periods[grain, name] = (grain, name, opens, last - dt.timedelta(days=1), micro(opens), micro(last), closes > until, day >= people_first or closes > people_first)
            day += dt.timedelta(days=1)
    db.execute("create table calendar (local_day date, grain varchar, period varchar)")
    db.execute("create table period (grain varchar, period varchar, first_day date, last_day date, first_us bigint, end_us bigint, partial boolean, people boolean, t smallint)")
    insert(db, "calendar", calendar)
    periods = {name: (*row, at) for at, (name, row) in enumerate(periods.items())}
    insert(db, "period", [row for row in periods.values() if row[7]])
    db.execute("create table every_period as select * from period limit 0")
    insert(db, "every_period", list(periods.values()))


def insert(db, table, rows):
    for at in range(0, len(rows), 500):
        chunk = rows[at:at + 500]
        marks = "(" + ", ".join("?" * len(chunk[0])) + ")"
        db.execute(f"insert into {table} values " + ", ".join([marks] * len(chunk)), [x for row in chunk for x in row])


def named(words):
    """A pattern for one of the given ones as whole words."""
    return f"(?:^|{EDGE})(?:{'|'.join(words)})(?:$|{EDGE})"


def spoken_name(name):
    """A pattern for a name, whatever stands between its words."""
    return f"{EDGE}+".join(re.escape(word) for word in re.findall(r"[^\W_]+", name.lower()))


def crm_tables(db, lake, config):
    """CRM rows with person and account, one line per thing that is counted."""
    db.execute(f"create table id_record as select source, id, w.person from read_parquet('{lake}/identity/records.parquet') r join whom w on w.name = r.person")
    db.execute(f"create table id_email as select email_key, any_value(w.person) as person from read_parquet('{lake}/identity/emails.parquet') r join whom w on w.name = r.person group by 1")
    db.execute(f"create table id_account as select w.person, any_value(account) as account from read_parquet('{lake}/identity/accounts.parquet') r join whom w on w.name = r.person group by 1")
    whom = {}
    for entity in ("people", "deals", "orders", "surveys", "tickets", "subscriptions"):
        columns = [row[0] for row in db.execute(f"describe held_{entity}").fetchall()]
        email = "t.email_key" if "email_key" in columns else "null"
        account = "t.source || ':' || t.account_id" if "account_id" in columns else "null"
        whom[entity] = f"""(select t.*, coalesce(r.person, m.person) as person, coalesce(a.account, {account}) as account from held_{entity} t
            left join id_record r on r.source = t.source and r.id = t.person_id left join id_email m on m.email_key = {email}
            left join id_account a on a.person = coalesce(r.person, m.person)
            {"" if entity == "people" else "where coalesce(r.person, m.person) is null or coalesce(r.person, m.person) not in (select person from staff)"})"""
    # The last rate on or before the day, to whole minor units, half to the even one.
    db.execute("""create table rate_of as select currency, date, rate::decimal(18, 9) as rate from held_rates""")
    db.execute(f"""create table order_money as
        select o.person, o.status, ordered_at, (ordered_at at time zone zone)::date as local_day, promo_code,
          case when o.currency = home then 1 else (select arg_max(rate, date) from rate_of r where r.currency = o.currency and r.date <= (ordered_at at time zone zone)::date) end as rate,
          amount_minor, coalesce(refunded_amount_minor, case when status = 'refunded' then amount_minor else 0 end) as refunded_minor, coalesce(tax_minor, 0) as tax_minor
        from {whom['orders']} o, params p where status in ('paid', 'refunded', 'partially_refunded') and ordered_at < until_at
          and (status <> 'partially_refunded' or refunded_amount_minor is not null)""")
    db.execute(f"""create table order_net as
        select o.person, local_day, promo_code,
          (amount - refunded) - case when amount = 0 then 0 else round_even(tax * (amount - refunded) / amount, 0) end as net
        from (select *, round_even(amount_minor * rate, 0) as amount, round_even(refunded_minor * rate, 0) as refunded, round_even(tax_minor * rate, 0) as tax
              from order_money where rate is not null) o""")
    since = "least(l.became_customer_at, b.us, c.us)"
    names = [spoken_name(community.get("name") or name) for name, community in config.get("communities", {}).items()]
    words = f"regexp_matches(lower(answer), '{named(COMMUNITY_WORDS + names)}')"
    brand = config.get("workspace", {}).get("name", "Levier")
    brand = f"regexp_matches(lower(answer), '{named([spoken_name(brand)])}')" if brand != "Levier" else None
    first = f"regexp_extract(lower(answer), '{WORD}+')"
    # When a contract was over, as far as is told.
    ended = "coalesce(ended_at, case when status in ('cancelled', 'ended') then coalesce(cancelled_at, current_period_end, least(updated_at, known_from)) end)"
    # Of an account only what names no person speaks.
    db.execute(f"""create table bought as
          select person, null as account, ordered_at as us from {whom['orders']} where status in ('paid', 'refunded', 'partially_refunded')
          union all select person, account, coalesce(closed_at, created_at) from {whom['deals']} where status = 'won'
          union all select person, account, greatest(started_at, coalesce(trial_end, started_at)) from {whom['subscriptions']}
            where (status is null or status not in ('trialing', 'paused'))
              and ({ended} is null or {ended} > greatest(started_at, coalesce(trial_end, started_at)))""")
    db.execute("create table first_bought as select person, min(us) as us from bought where person is not null group by person")
    db.execute("create table account_bought as select account, min(us) as us from bought where person is null and account is not null group by account")
    db.execute(f"""create table lead as select l.source, l.person_id, l.person, l.lifecycle, epoch_us(l.created_at) as created, epoch_us({since}) as since
        from {whom['people']} l left join first_bought b on b.person = l.person left join account_bought c on c.account = l.account
        where l.person is null or l.person not in (select person from staff)""")
    # Of several contacts of one person the earliest dates; who is called a customer and not since when neither converts nor waits.
    db.execute(f"""create table lead_person as
        select any_value(person) as person, min(account) as account, min(created) as created, min(qualified_at) as qualified_at, min(since) as since,
          bool_or(called) and coalesce(min(since) >= any_value(until), true) as undated, any_value(until) as now_us
        from (select l.person, l.account, epoch_us(l.created_at) as created, l.qualified_at, epoch_us({since}) as since, coalesce(l.lifecycle in ('customer', 'churned'), false) as called,
                coalesce(l.person::varchar, l.source || ' ' || l.person_id) as who
              from {whom['people']} l left join first_bought b on b.person = l.person left join account_bought c on c.account = l.account
              where l.person is null or l.person not in (select person from staff)), params
        group by who""")
    db.execute(f"""create table customer_of as select person, min(us) as us from (
        select person, epoch_us(us) as us from first_bought union all select person, since from lead_person where person is not null) where us is not null group by person""")
    tells = db.execute("select (select count(*) from held_deals) + (select count(*) from held_orders) + (select count(*) from held_subscriptions) + (select count(became_customer_at) from held_people) > 0").fetchone()[0]
    db.execute("alter table params add column tells_customers boolean")
    db.execute("update params set tells_customers = ?", [tells])
    day = 86_400_000_000.0
    db.execute(f"""create table crm_dated as
        select 'deal_closed' as about, person, account, (closed_at at time zone zone)::date as local_day, epoch_us(created_at) as began, status as word, 0.0 as number
          from {whom['deals']}, params where status <> 'open' and closed_at < until_at
        union all select 'deal_opened', person, account, (created_at at time zone zone)::date, epoch_us(created_at),
          case when status = 'won' and closed_at < until_at then 'won' else 'censored' end,
          greatest(0, epoch_us(case when status <> 'open' and closed_at < until_at then closed_at else until_at end) - epoch_us(created_at)) / {day}
          from {whom['deals']}, params where created_at < until_at
        union all select 'qualified', person, account, (qualified_at at time zone zone)::date, epoch_us(qualified_at), '', 0
          from lead_person, params where qualified_at < until_at
        union all select 'lead', person, account, (make_timestamptz(created) at time zone zone)::date, created,
          case when undated then 'undated' when since < least(created, l.now_us) then 'before' when since < l.now_us then 'customer' else 'censored' end,
          greatest(0, case when since < l.now_us then since else l.now_us end - created) / {day}
          from lead_person l, params where created < l.now_us
        union all select kind, person, account, (answered_at at time zone zone)::date, epoch_us(answered_at), '', score
          from {whom['surveys']}, params where answered_at < until_at and kind in ('nps', 'csat')
        union all select 'heard', s.person, s.account, (answered_at at time zone zone)::date, epoch_us(answered_at), case when {words} then 'yes' else 'no' end, score
          from {whom['surveys']} s left join customer_of p on p.person = s.person left join account_bought c on c.account = s.account, params
          where answered_at < until_at and kind = 'heard_about'
            and (not tells_customers or s.person is null and s.account is null
                 or least(p.us, epoch_us(c.us)) < until and abs(epoch_us(answered_at) - least(p.us, epoch_us(c.us))) <= conversion_days * {day})
        union all select 'awareness', person, account, (answered_at at time zone zone)::date, epoch_us(answered_at), split_part(kind, '_', 2),
          case when score is not null then (score > 0)::int when {first} in {YES} then 1 {f"when kind = 'awareness_unaided' and {brand} then 1" if brand else ""} else 0 end
          from {whom['surveys']}, params where answered_at < until_at and kind in ('awareness_aided', 'awareness_unaided')
            {"" if brand else f"and (kind = 'awareness_aided' or score is not null or answer is null or {first} in {YES + NO})"}
        union all select 'due', person, account, due, epoch_us(due_at) - 1, '', (ended_at is null or epoch_us(ended_at) > epoch_us(due_at) + 86400000000)::int
          from (select s.* replace ({ended} as ended_at), (started_at at time zone zone)::date + to_years(n) as due, ((started_at at time zone zone)::date + to_years(n))::timestamp at time zone zone as due_at
                from {whom['subscriptions']} s, params, range(1, 100) r(n) where interval = 'year'), params
          where due_at < until_at and (ended_at is null or epoch_us(ended_at) >= epoch_us(due_at) - 31 * 86400000000)
            -- The first anniversary that was not renewed is the last one that was due.
            and (ended_at is null or epoch_us(ended_at) > epoch_us((due - to_years(1))::timestamp at time zone zone) + 86400000000 or due - to_years(1) = (started_at at time zone zone)::date)
        union all select 'ticket', person, account, (solved_at at time zone zone)::date, epoch_us(created_at), '', handle_minutes
          from {whom['tickets']}, params where solved_at < until_at""")
    db.execute(f"""create table contact_of as
        select person, any_value(case lifecycle when 'subscriber' then 'lead' when 'lead' then 'lead' when 'marketing_qualified' then 'qualified'
            when 'sales_qualified' then 'qualified' when 'opportunity' then 'opportunity' when 'customer' then 'customer' when 'churned' then 'churned' else 'unknown' end
            order by source, person_id) as status, any_value(coalesce(lead_source, 'unknown') order by source, person_id) as lead_source
        from {whom['people']} where person is not null group by person""")
    # What platforms push is about the brand whose account or alert it is.
    db.execute("""create table mention as select about, (seen_at at time zone zone)::date as local_day from held_mentions, params where seen_at < until_at
        union all select 'brand', local_day from raw where kind = 'mention_seen'""")
    db.execute("create table traffic as select channel, visits, date as local_day from held_web_traffic, params where date <= as_of")
    db.execute("create table spend as select purpose, audience, amount_minor as minor, date as local_day from held_spend s, params p where date <= as_of and s.currency = p.home")
    db.execute("""create table campaign as select audience, clicks, impressions, date as local_day from held_spend, params
        where date <= as_of and clicks is not null and impressions is not null""")
    has = {name: db.execute(f"select count(*) from held_{name}").fetchone()[0] > 0 for name in ("orders", "subscriptions", "tickets")}
    db.execute("alter table params add column has_orders boolean")
    db.execute("alter table params add column has_subscriptions boolean")
    db.execute("alter table params add column has_tickets boolean")
    db.execute("update params set has_orders = ?, has_subscriptions = ?, has_tickets = ?", [has["orders"], has["subscriptions"], has["tickets"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--config")
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--database", default=":memory:", help="keep the tables in this file, to look into a difference")
    parser.add_argument("--compute-only", action="store_true", help="make the tables and compare nothing: what tests/benchmarks/health.py measures")
    parser.add_argument("--trace", action="store_true", help="say which statement runs")
    arguments = parser.parse_args()
    data = pathlib.Path(arguments.data)
    lake = data / "s3" / "levier"
    config_file = pathlib.Path(arguments.config) if arguments.config else data / "levier.toml"
    config = tomllib.loads(config_file.read_text()) if config_file.exists() else {}
    pointer = json.loads((lake / "published/current/health.json").read_text())
    as_of = dt.date.fromisoformat(pointer["as_of"])
    published = lake / f"published/kpis/as_of={as_of}/health.parquet"
    db = duckdb.connect(arguments.database)
    # What does not fit in memory goes beside the other temporary files, not into the folder that this is called from.
    db.execute(f"set temp_directory = '{tempfile.gettempdir()}'")
    db.execute("set memory_limit = '6GB'")
    db.execute("set threads = 2")
    db.execute("set preserve_insertion_order = false")
    prepare(db, lake, config, as_of)
    for name in ("inputs", "people", "conversation"):
        execute(db, name, lake, arguments.trace)
    crm_tables(db, lake, config)
    for name in ("business", "support", "lists"):
        execute(db, name, lake, arguments.trace)
    derive(db, published, config)
    if arguments.compute_only:
        return
    wrong = compare(db, published, arguments.show)
    wrong |= compare_tables(db, lake, pointer, arguments.show)
    wrong |= health.compare(db, lake, pointer, config, arguments.show) > 0
    sys.exit(wrong)


def derive(db, published, config):
    """Figures of models, beside those of SQL."""
    begun = time.time()
    rows = models.series(db, published)
    launches = [community["launch"] for community in config.get("communities", {}).values() if "launch" in community]
    launch = min(launches) if launches else db.execute("select min((make_timestamptz(joined) at time zone zone)::date) from stay, params where not implied").fetchone()[0]
    if isinstance(launch, str):
        launch = dt.date.fromisoformat(launch)
    figures = []
    for item, (value, error) in (models.before_after(rows, launch).items() if launch else ()):
        figures.append(("before_after", item, "all", "all", "all", "all", value, error))
    for (community, item), value in models.spices(rows, db.execute("select as_of from params").fetchone()[0]).items():
        figures.append(("spices", item, "all", "all", community, "all", value, None))
    for (item, side), value in models.lifetime(db, config).items():
        figures.append(("lifetime_value", item, "all", "all", "all", side, value, None))
    db.execute("create table ends (item varchar, lower double, upper double)")
    for kpi, item, grain, period, community, side, value, error in figures:
        db.execute("insert into figure values (?, ?, ?, ?, ?, 'all', 'all', 'all', ?, ?)", [kpi, item, grain, period, community, side, value])
        if error:
            db.execute("insert into ends values (?, ?, ?)", [item, value - Z95 * error, value + Z95 * error])
    wrong = db.execute(f"""select item, e.lower, t.lower, e.upper, t.upper from read_parquet('{published}') t join ends e using (item)
        where kpi = 'before_after' and (abs(e.lower - t.lower) > 1e-9 * greatest(1, abs(e.lower)) or abs(e.upper - t.upper) > 1e-9 * greatest(1, abs(e.upper)))""").fetchall()
    print(f"{len(wrong)} intervals of before_after differ: {wrong[:5]}" if wrong else f"{db.execute('select count(*) from ends').fetchone()[0]} intervals of before_after agree")
    print(f"models: {time.time() - begun:.1f} s", file=sys.stderr)


# By how much a figure may differ: nothing but rounding, and what two searches for the same maximum differ by.
TOLERANCE = {"lifetime_value": 1e-5}
Z95 = 1.959963984540054


def compare(db, published, show):
    """Prints what differs; 1 if anything does."""
    ours = {}
    for row in db.execute(f"""select kpi, item, grain, period, community, segment, platform, channel, side, value, status
            from read_parquet('{published}')""").fetchall():
        ours[row[:9]] = row[9:]
    want = {row[:9]: row[9] for row in db.execute("select kpi, item, grain, period, c, g, f, h, side, value from figure").fetchall()}
    agree, hidden, differ, absent = collections.Counter(), collections.Counter(), [], []
    for key, value in want.items():
        found = ours.get(key) if key[1] != "orders" else ours.get((key[0], "all") + key[2:])
        if found is None or found[1] == "missing":
            absent.append((key, value, found))
        elif found[1] in ("suppressed", "cannot_say"):
            hidden[key[0]] += 1
        elif found[0] is not None and abs(found[0] - value) <= TOLERANCE.get(key[0], 1e-9) * max(1.0, abs(value)):
            agree[key[0]] += 1
        else:
            differ.append((key, value, found))
    covered = {key[0] for key in want}
    said = {key: row for key, row in ours.items() if row[1] in ("ok", "partial") and key[0] in covered}
    # A figure that the oracle does not have is one too many, unless it counts nothing.
    # The oracle takes some KPIs for the whole company only: what it does for no community, segment or side is not missed.
    shape = lambda key: (key[0], key[1], key[2], key[8], *(name == "all" for name in key[4:8]))
    shapes = {shape(key) for key in want}
    extra = [(key, None, row) for key, row in said.items() if key not in want and row[0] != 0 and shape(key) in shapes]
    for title, rows in (("differ", differ), ("are absent from the table", absent), ("are in the table only", extra)):
        by = collections.Counter((key[0], key[1]) for key, _, _ in rows)
        print(f"{len(rows)} figures {title}: {dict((f'{a}.{b}', n) for (a, b), n in by.most_common(40))}")
        shown = collections.Counter()
        for key, value, found in sorted(rows, key=str):
            shown[key[0]] += 1
            if shown[key[0]] <= show:
                print("   ", " ".join(key), "oracle", value, "table", found)
    print(f"{sum(agree.values())} figures of {len(agree)} KPIs agree; {sum(hidden.values())} more are suppressed in the table")
    print("not recomputed here:", ", ".join(sorted({key[0] for key in ours} - covered)))
    return 1 if differ or absent or extra else 0


# What tells the rows of a table apart, and the columns compared; a handle stands for the person, as the table has no other name.
TABLES = {
    "cohorts": ("concat_ws(' ', community, segment, cohort, period, measure)", ["value", "at_risk", "numerator"]),
    "champions": ("""case kpi when 'unanswered_questions' then concat_ws(' ', kpi, community, platform || ':' || handle, question, epoch_us(asked_at::timestamptz))
        when 'newcomers_to_welcome' then concat_ws(' ', kpi, community, platform || ':' || handle, epoch_us(joined_at::timestamptz))
        else concat_ws(' ', kpi, community, platform || ':' || handle) end""", ["value", "weeks", "answers", "accepted", "new::int",
        "(trend = 'rising')::int", "(trend = 'fading')::int", "(rule = 'accepted_answers_top_1_percent')::int"]),
    "leads": ("crm_id", ["value", "epoch_us(last_contribution_at::timestamptz)"]),
    "health": ("concat_ws(' ', kpi, period, community, component)", ["value", "normalised", "weight", "contribution", "points_lost", "coverage", "arithmetic", "before", "now", "points"]),
}
NAMES = {"new::int": "new", "(trend = 'rising')::int": "rising", "(trend = 'fading')::int": "fading",
         "(rule = 'accepted_answers_top_1_percent')::int": "by_accepted", "epoch_us(last_contribution_at::timestamptz)": "last_us"}


def compare_tables(db, lake, pointer, show):
    """The same for the other tables of the job."""
    wrong = 0
    for table, (key, columns) in TABLES.items():
        file = f"{lake}/published/{table}/as_of={pointer['as_of']}/health.parquet"
        if not glob.glob(file):
            print(f"{table}: not published")
            continue
        if db.execute(f"select count(*) from read_parquet('{file}')").fetchone()[0] == 0 and db.execute("select count(*) from listed where tab = ?", [table]).fetchone()[0] == 0:
            print(f"{table}: nothing to publish")
            continue
        there = {row[0] for row in db.execute(f"describe select * from read_parquet('{file}')").fetchall()}
        blank = ", ".join(f"null as {name}" for name in ("question", "asked_at", "joined_at") if name not in there)
        rows_of = f"(select *{', ' if blank else ''}{blank} from read_parquet('{file}'))"
        ours = {}
        for column in columns:
            name = NAMES.get(column, column)
            source = {"rising": "trend", "fading": "trend", "by_accepted": "rule", "last_us": "last_contribution_at"}.get(name, name)
            if source in there:
                for row_key, value, status in db.execute(f"select {key}, {column}, status from {rows_of}").fetchall():
                    if value is not None or status not in ("ok", "partial"):
                        ours[row_key, name] = (value, status)
        want = {row[:2]: row[2] for row in db.execute("select key, col, value from listed where tab = ?", [table]).fetchall()}
        agree, hidden, differ, absent = 0, 0, [], []
        for at, value in want.items():
            found = ours.get(at)
            if found is None:
                absent.append((at, value, None))
            elif found[0] is None:
                hidden += 1
            elif abs(found[0] - value) <= 1e-9 * max(1.0, abs(value)):
                agree += 1
            else:
                differ.append((at, value, found))
        compared = {at[1] for at in want}
        kinds = {at[0].split()[0] for at in want}
        extra = [(at, None, found) for at, found in ours.items()
                 if at not in want and found[0] is not None and at[1] in compared and (table in ("leads", "cohorts") or at[0].split()[0] in kinds)
                 and found[1] in ("ok", "partial")]
        print(f"{table}: {agree} figures agree, {len(differ)} differ, {len(absent)} are absent, {len(extra)} are in the table only; {hidden} are hidden")
        for title, rows in (("differs", differ), ("absent", absent), ("only there", extra)):
            for at, value, found in sorted(rows, key=str)[:show]:
                print("    ", title, *at, "oracle", value, "table", found)
        wrong |= bool(differ or absent or extra)
    return int(wrong)


def execute(db, name, lake, trace=False):
    begun = time.time()
    text = string.Template((HERE / f"{name}.sql").read_text()).substitute(lake=lake)
    for statement in text.split(";\n"):
        if statement.strip():
            since = time.time()
            if trace:
                print("  …", " ".join(statement.split())[:90], file=sys.stderr, flush=True)
            try:
                db.execute(statement)
                if time.time() - since > 5:
                    print(f"  {time.time() - since:.0f} s: {statement.strip().splitlines()[0]}", file=sys.stderr)
            except duckdb.Error as error:
                sys.exit(f"{name}.sql: {error}\n{statement}")
    print(f"{name}.sql: {time.time() - begun:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()

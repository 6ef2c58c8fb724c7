"""The health score again, in numpy: what SQL cannot say well of it.

`lists.sql` recomputes score, components, changes; here are the 90 % interval (Poisson weights on authors), the sensitivity band
(5,000 draws of Dirichlet(50 w)), the backtest, the ends and counts of components, and the next steps. Written from STATISTICS.md
("Community Health Score"); where it leaves a choice open, the choice is that of the documentation of the Rust modules, and said here.

The band is compared twice: with the exact distribution of the geometric mean under Dirichlet weights (Gil-Pelaez), within what 5,000
draws can miss, and to nine digits with the same draws: ChaCha8 seeded as rand_core does, Box and Muller, Marsaglia and Tsang 2000.

The interval is compared by rank: of our own replicates, drawn by another generator, one in twenty must lie below the lower end and
one in twenty above the upper one, within what the two numbers of replicates can miss.
"""

import collections
import datetime as dt
import functools
import math
import zoneinfo

import numpy
from scipy import integrate, stats

# STATISTICS.md: at 0, at 1, weight.
COMPONENTS = {
    "responsiveness": (0.20, 0.90, 0.25), "newcomer_retention": (0.05, 0.40, 0.25), "stickiness": (0.10, 0.60, 0.15), "reciprocity": (0.05, 0.40, 0.15),
    "spread": (0.90, 0.40, 0.10), "growth": (-0.10, 0.10, 0.05), "sentiment": (-0.20, 0.60, 0.05),
}
FLOOR, NEEDED, HORIZON, ENOUGH, DAY = 0.05, 0.7, 3, (24, 30), 86_400_000_000
# Of the job: replicates of the interval, draws of the band, seed.
REPLICATES, DRAWS, SEED = 500, 5_000, 20_260_101
# Of this file: replicates, how many are held at once, how many standard errors a rank may be off.
OURS, CHUNK, SIGMAS = 4_000, 250, 4.0
# Deeds that numpy holds beside the replicates; of more only what SQL says of the score is compared.
MOST = 2_000_000
Z90, Z95 = 1.6448536269514722, 1.959963984540054


class Deeds:
    """What everybody did, as columns; days count from 1970."""

    def __init__(self, db):
        day = "({} - date '1970-01-01')::integer"
        table = lambda sql: db.execute(sql).fetchnumpy()
        self.deeds = table(f"select community, person, {day.format('local_day')} as day, us, kind = 'message_posted' as wrote, sentiment from deed")
        self.edges = table(f"""select d.community, d.person as u, i.goal as v, {day.format('d.local_day')} as day
            from deed d join interaction i using (event_id) join answer_to a using (event_id)
            where d.kind = 'message_posted' and not d.short and not i.goal_staff""")
        self.threads = table(f"""select t.community, t.person, {day.format('t.local_day')} as day, t.us, s.us as answered, t.channel, c.visibility
            from thread t left join substantial s using (thread_key) join event c on c.event_id = t.event_id where not t.staff_person""")
        self.first = {}

    @staticmethod
    def of(columns, community, low, high):
        """Rows of a community (or of all) whose day lies in low … high."""
        keep = (columns["day"] >= low) & (columns["day"] <= high)
        if community != "all":
            keep &= columns["community"] == community
        return {name: column[keep] for name, column in columns.items()}

    def first_posts(self, community):
        """Day of everybody's first post there."""
        if community not in self.first:
            rows = self.of(self.deeds, community, -10**6, 10**6)
            person, us, day = (rows[name][rows["wrote"].astype(bool)] for name in ("person", "us", "day"))
            order = numpy.lexsort((us, person))
            person, where = numpy.unique(person[order], return_index=True)
            self.first[community] = (person, day[order][where])
        return self.first[community]


class Window:
    """What the components of one community on one day are made of, person by person."""

    def __init__(self, deeds, community, day, now_us):
        rows = deeds.of(deeds.deeds, community, day - 59, day)
        edges = deeds.of(deeds.edges, community, day - 29, day)
        threads = deeds.of(deeds.threads, community, day - 29, day)
        born, birthday = deeds.first_posts(community)
        fresh = (birthday >= day - 59) & (birthday <= day - 30)
        self.people = numpy.unique(numpy.concatenate([rows["person"], edges["u"], edges["v"], threads["person"], born[fresh]]))
        at = lambda person: numpy.searchsorted(self.people, person)
        who, recent = at(rows["person"]), rows["day"] >= day - 29
        wrote = recent & rows["wrote"].astype(bool)
        size = len(self.people)
        one = lambda places: (numpy.bincount(places, minlength=size) > 0).astype(float)
        self.monthly, self.previous = one(who[recent]), one(who[~recent])
        ago = (day - rows["day"]) // 7
        self.weeks = sum(one(who[recent & (ago == week)]) for week in range(4))
        self.posts = numpy.bincount(who[wrote], minlength=size)
        mood = numpy.ma.filled(rows["sentiment"].astype(float), numpy.nan)
        count = lambda keep: numpy.bincount(who[wrote & keep], minlength=size).astype(float)
        self.good, self.bad, self.scored = count(mood > 0.05), count(mood < -0.05), count(~numpy.isnan(mood))
        self.fresh = one(at(born[fresh]))
        birth = numpy.full(size, 10**7)
        birth[at(born[fresh])] = birthday[fresh]
        since = rows["day"] - birth[who]
        self.back = one(who[(since >= 8) & (since <= 30)])
        pairs = numpy.unique(numpy.column_stack([at(edges["u"]), at(edges["v"])]), axis=0) if len(edges["u"]) else numpy.zeros((0, 2), int)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        self.u, self.v = pairs[:, 0], pairs[:, 1]
        self.mutual = numpy.isin(self.u * size + self.v, self.v * size + self.u).astype(float)
        answered = numpy.ma.filled(numpy.ma.masked_invalid(numpy.ma.asarray(threads["answered"], dtype=float)), math.inf)
        done = answered < now_us
        wait = numpy.where(done, answered, now_us) - threads["us"]
        order = numpy.argsort(wait, kind="stable")
        self.opener, self.wait, self.done = at(threads["person"])[order], wait[order], done[order].astype(float)
        self.waiting = collections.Counter(c for c, d, p in zip(threads["channel"], done, threads["visibility"]) if not d and p != "private" and c)

    def raw(self, w):
        """The seven metrics, one row of weights per replicate; nan where there is nothing to measure."""
        share = lambda top, bottom: numpy.where(bottom > 0, top / numpy.where(bottom > 0, bottom, 1), numpy.nan)
        product = w[:, self.u] * w[:, self.v]
        monthly, previous = w @ self.monthly, w @ self.previous
        growth = numpy.log(numpy.where(monthly > 0, monthly, numpy.nan) / numpy.where(previous > 0, previous, numpy.nan))
        return numpy.column_stack([
            self.answered(w), share(w @ self.back, w @ self.fresh), share(w @ self.weeks / 4, monthly),
            share(product @ self.mutual, product.sum(axis=1)), self.gini(w), growth, share(w @ (self.good - self.bad), w @ self.scored)])

    def answered(self, w):
        """Kaplan–Meier: share of threads answered within a day."""
        if not len(self.wait):
            return numpy.full(len(w), numpy.nan)
        mine = w[:, self.opener]
        times, starts = numpy.unique(self.wait, return_index=True)
        gone, events = (numpy.add.reduceat(x, starts, axis=1) for x in (mine, mine * self.done))
        risk = numpy.cumsum(gone[:, ::-1], axis=1)[:, ::-1]
        steps = numpy.where(risk > 0, 1 - events / numpy.where(risk > 0, risk, 1), 1)[:, times <= DAY]
        return numpy.where(mine.sum(axis=1) > 0, 1 - steps.prod(axis=1), numpy.nan)

    def gini(self, w):
        """Of posts per author, every author there as often as the weight says."""
        authors = numpy.flatnonzero(self.posts)
        authors = authors[numpy.argsort(self.posts[authors], kind="stable")]
        x, w = self.posts[authors].astype(float), w[:, authors]
        below = numpy.cumsum(w, axis=1) - w
        n, total = w.sum(axis=1), w @ x
        ranked = (w * below + w * (w + 1) / 2) @ x
        safe = numpy.where(total > 0, n * total, 1)
        return numpy.where(total > 0, 2 * ranked / safe - (n + 1) / numpy.where(n > 0, n, 1), numpy.nan)

    def rests_on(self):
        """How many people each component rests on."""
        return numpy.array([len(numpy.unique(self.opener)), self.fresh.sum(), self.monthly.sum(), len(numpy.unique(numpy.concatenate([self.u, self.v]))),
                            (self.posts > 0).sum(), min(self.monthly.sum(), self.previous.sum()), (self.scored > 0).sum()])


def normalise(raw):
    low, high, _ = numpy.array(list(COMPONENTS.values())).T
    return numpy.clip((raw - low) / (high - low), 0, 1)


def combine(raw, weights):
    """Score of every row of metrics, by the weights of those that are there."""
    w = numpy.where(numpy.isnan(raw), 0, weights)
    logs = numpy.log(numpy.maximum(numpy.nan_to_num(normalise(raw)), FLOOR))
    total = w.sum(axis=1)
    return numpy.where(total > 0, 100 * numpy.exp((w * logs).sum(axis=1) / numpy.where(total > 0, total, 1)), numpy.nan)


def withheld(total, parts, least):
    """Which of the parts (or "all") is not told, so that one of too few people cannot be had by subtraction; None if none is."""
    few = [people for people in parts.values() if 0 < people < least]
    if total < least or not few or len(few) > 1 and sum(few) >= least:
        return None
    return min(((people, name) for name, people in parts.items() if people >= least), default=(0, "all"))[1]


class Judged:
    """A window with its score, or without one; `kept` are the components that must not be told for another community's sake."""

    def __init__(self, window, weights, least, kept):
        self.window, ones = window, numpy.ones((1, len(window.people)))
        self.raw, self.people, self.kept = window.raw(ones)[0], window.rests_on(), kept
        # What rests on too few people is in no score.
        self.weights = numpy.where((self.people >= least) & ~kept, weights, 0)
        there = (self.weights > 0) & ~numpy.isnan(self.raw)
        self.used = numpy.where(there, self.weights, 0)
        refused = (len(window.wait) < 20 or window.fresh.sum() < 15 or window.monthly.sum() < 30 or not there[0] or not there[1]
                   or self.used.sum() / weights.sum() < NEEDED or window.monthly.sum() < least)
        self.score = None if refused else float(combine(self.raw[None, :], self.weights)[0])

    def logs(self):
        """Logarithms of the components of the score, and their shares of the weight."""
        return numpy.log(numpy.maximum(normalise(self.raw)[self.used > 0], FLOOR)), self.used[self.used > 0] / self.used.sum()


def replicates(now, before, rng):
    """Scores of the window, and their differences from the one before, under the same weights of people."""
    people = numpy.union1d(now.window.people, before.window.people)
    here, there = (numpy.searchsorted(people, side.window.people) for side in (now, before))
    scores, changes = [], []
    # A change is that of the components that both days tell.
    both = numpy.where((now.used > 0) & (before.used > 0), now.weights, 0)
    for _ in range(OURS // CHUNK):
        w = rng.poisson(1, (CHUNK, len(people))).astype(float)
        mine = now.window.raw(w[:, here])
        scores.append(combine(mine, now.weights))
        if before.score is not None:
            theirs = before.window.raw(w[:, there])
            unknown = numpy.isnan(mine) | numpy.isnan(theirs)
            changes.append(combine(numpy.where(unknown, numpy.nan, mine), both) - combine(numpy.where(unknown, numpy.nan, theirs), both))
    kept = lambda parts: numpy.sort(numpy.concatenate(parts)) if parts else numpy.array([])
    return [values[~numpy.isnan(values)] for values in (kept(scores), kept(changes))]


def off(values, end, share):
    """By how many standard errors the rank of an end among our replicates is off (on the scale of arcsines, on which small shares
    have even errors); ties may lie on either side."""
    slack = 1e-9 * max(1, abs(end))
    low, high = (numpy.searchsorted(values, end + d, side) / len(values) for d, side in ((-slack, "left"), (slack, "right")))
    turn = lambda p: 2 * math.asin(math.sqrt(p))
    return max(turn(low) - turn(share), turn(share) - turn(high), 0) / math.sqrt(1 / REPLICATES + 1 / len(values))


def below(logs, alpha, bound):
    """P(Σ w log s < log bound) for w of Dirichlet(alpha): that of Σ (log s − log bound) G, with independent gammas G, being negative."""
    c = logs - math.log(bound)
    c = c / numpy.abs(c).max()
    phase = lambda u: (alpha * numpy.arctan(c * u)).sum()
    size = lambda u: math.exp(-0.5 * (alpha * numpy.log1p((c * u) ** 2)).sum())
    area = integrate.quad(lambda u: math.sin(phase(u)) * size(u) / u, 1e-12, math.inf, limit=500)[0]
    return 0.5 - area / math.pi


class ChaCha8:
    """The generator of the job: rand_chacha 0.3 and later, seeded with a number."""

    def __init__(self, seed):
        key, mask = [], (1 << 64) - 1
        for _ in range(8):
            seed = (seed * 6364136223846793005 + 11634580027462260723) & mask
            word, turn = (((seed >> 18) ^ seed) >> 27) & 0xffffffff, seed >> 59
            key.append(((word >> turn) | (word << (32 - turn))) & 0xffffffff)
        self.key, self.next, self.words = key, 0, iter(())

    def fill(self, blocks=4_096):
        counter = numpy.arange(self.next, self.next + blocks, dtype=numpy.uint64)
        self.next += blocks
        same = lambda word: numpy.full(blocks, word, dtype=numpy.uint32)
        first = [same(w) for w in (0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, *self.key)]
        first += [(counter & numpy.uint64(0xffffffff)).astype(numpy.uint32), (counter >> numpy.uint64(32)).astype(numpy.uint32), same(0), same(0)]
        x = [word.copy() for word in first]
        turn = lambda word, n: (word << numpy.uint32(n)) | (word >> numpy.uint32(32 - n))
        for _ in range(4):
            for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                    x[p] = x[p] + x[q]
                    x[r] = turn(x[r] ^ x[p], n)
        words = numpy.column_stack([a + b for a, b in zip(x, first)]).astype(numpy.uint64).ravel()
        return iter((((words[0::2] | (words[1::2] << numpy.uint64(32))) >> numpy.uint64(11)).astype(float) / 2**53).tolist())

    def uniform(self):
        for value in self.words:
            return value
        self.words = self.fill()
        return next(self.words)

    def gamma(self, shape):
        if shape < 1:
            u = self.uniform()
            return self.gamma(shape + 1) * (1 - u) ** (1 / shape)
        d, c = shape - 1 / 3, 1 / math.sqrt(9 * (shape - 1 / 3))
        while True:
            u, v = self.uniform(), self.uniform()
            x = math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)
            v = (1 + c * x) ** 3
            if v > 0 and math.log(1 - self.uniform()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v


def drawn_band(logs, alpha):
    """5 % and 95 % of the scores under the job's own draws of weights."""
    rng = ChaCha8(SEED)
    gammas = numpy.array([[rng.gamma(a) for a in alpha] for _ in range(DRAWS)])
    return numpy.quantile(100 * numpy.exp(gammas @ logs / gammas.sum(axis=1)), [0.05, 0.95])


def month_ends(first, as_of):
    """Last days of the whole months from the one of a day on."""
    last = lambda n: dt.date(n // 12, n % 12 + 1, 1) - dt.timedelta(days=1)
    return [day for day in map(last, range(first.year * 12 + first.month, as_of.year * 12 + as_of.month + 1)) if day <= as_of]


def backtest(judge, communities, days):
    """Whether the score of month t foretells who is active again in month t + 3 better than the logarithm of the actives does.

    Each pair is foretold by lines through the pairs that have seen none of its windows: a score looks back sixty days, into the
    month before its own, and an outcome is three months on, so that they are five months away or more (with thirty communities:
    those of the others). Skill is 1 − MSE/MSE of the mean; the interval is that of Diebold and Mariano with Bartlett weights, and
    the factor and Student quantile of Harvey, Leybourne and Newbold; with thirty communities, clustered.
    """
    pairs, scored, known, with_score = [], set(), set(), set()
    for place, community in enumerate(communities):
        course = [judge(community, day) for day in days]
        active = [set(side.window.people[side.window.monthly > 0].tolist()) for side in course]
        for t, side in enumerate(course):
            if side.score is not None:
                scored.add(t)
                known.add(community)
                if t + HORIZON < len(course):
                    with_score.add(community)
                    pairs.append((place, t, side.score, math.log(len(active[t])), len(active[t] & active[t + HORIZON]) / len(active[t])))
    if len(scored) < ENOUGH[0] and len(with_score) < ENOUGH[1]:
        return {"status": "cannot_say", "months": len(scored), "communities": len(known if len(known) < ENOUGH[1] else with_score)}
    place, month, score, size, outcome = (numpy.array(column, dtype=float) for column in zip(*pairs))
    many = len(with_score) >= ENOUGH[1]
    errors, kept = [], []
    for i in range(len(pairs)):
        rest = place != place[i] if many else numpy.abs(month - month[i]) > HORIZON + 1
        if rest.sum() > 2 and all(numpy.ptp(x[rest]) > 0 for x in (score, size)):
            lines = [numpy.polynomial.Polynomial.fit(x[rest], outcome[rest], 1)(x[i]) for x in (score, size)]
            errors.append([(outcome[i] - foretold) ** 2 for foretold in (*lines, outcome[rest].mean())])
            kept.append(i)
    errors = numpy.array(errors)
    base = errors[:, 2].mean()
    d = errors[:, 1] - errors[:, 0]
    value, centred, n = d.mean() / base, d - d.mean(), len(d)
    if many:
        sums = numpy.array([centred[place[kept] == c].sum() for c in numpy.unique(place[kept])])
        variance = (sums ** 2).sum() * len(sums) / (len(sums) - 1)
        quantile = Z90
    else:
        weight = numpy.maximum(0, 1 - numpy.abs(month[kept][:, None] - month[kept][None, :]) / (HORIZON + 1))
        months = len(set(month[kept]))
        variance = centred @ weight @ centred / ((months + 1 - 2 * HORIZON + HORIZON * (HORIZON - 1) / months) / months)
        quantile = stats.t.ppf(0.95, months - 1)
    error, skill = math.sqrt(variance) / n / base, 1 - errors.mean(axis=0) / base
    lower, upper = value - quantile * error, value + quantile * error
    return {"status": "ok", "value": value, "lower": lower, "upper": upper, "skill_score": skill[0], "skill_log_mau": skill[1], "pairs": n,
            "months": len(set(month[kept])), "communities": len(with_score), "correlation_score": numpy.corrcoef(score, outcome)[0, 1],
            "correlation_log_mau": numpy.corrcoef(size, outcome)[0, 1], "verdict": "better" if lower > 0 else "worse" if upper < 0 else "undecided"}


def wilson(hits, n):
    middle, half = hits / n + Z95**2 / (2 * n), Z95 * math.sqrt(hits / n * (1 - hits / n) / n + Z95**2 / (4 * n * n))
    return (middle - half) / (1 + Z95**2 / n), (middle + half) / (1 + Z95**2 / n)


def compare(db, lake, pointer, config, show=20):
    """Prints what differs from the published table `health`, and returns how many figures do."""
    as_of, zone = dt.date.fromisoformat(pointer["as_of"]), zoneinfo.ZoneInfo(config.get("workspace", {}).get("timezone", "Europe/Paris"))
    least = config.get("privacy", {}).get("min_cell", 10)
    weights = numpy.array([config.get("health", {}).get(name, anchors[2]) for name, anchors in COMPONENTS.items()], dtype=float)
    cursor = db.execute(f"select * from read_parquet('{lake}/published/health/as_of={as_of}/health.parquet')")
    names = [column[0] for column in cursor.description]
    published = collections.defaultdict(dict)
    for row in (dict(zip(names, values)) for values in cursor.fetchall()):
        published[row["kpi"], row["community"]][row["component"] if row["kpi"] != "health_score" else row["period"]] = row
    many = db.execute("select count(*) from deed").fetchone()[0]
    if many > MOST:
        print(f"health in numpy: not recomputed of {many} deeds (at most {MOST})")
        return 0
    deeds = Deeds(db)
    rng = numpy.random.default_rng(1)
    wrong, agreed = [], collections.Counter()

    def say(kind, where, want, got, same=None):
        if same is None:
            same = want == got if isinstance(want, str) or want is None or got is None else abs(want - got) <= 1e-9 * max(1, abs(want))
        agreed[kind] += bool(same)
        if not same:
            wrong.append((kind, *where, "oracle", want, "table", got))

    @functools.cache
    def window(community, day):
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).timestamp()
        return Window(deeds, community, day.toordinal() - 719_163, round(midnight) * 1_000_000)

    @functools.cache
    def judge(community, day):
        people = {name: window(name, day).rests_on() for name in communities}
        total = people.pop("all")
        kept = [withheld(total[at], {name: one[at] for name, one in people.items()}, least) for at in range(len(COMPONENTS))]
        return Judged(window(community, day), weights, least, numpy.array([name == community for name in kept]))

    communities = sorted(set(row[0] for row in db.execute("select distinct community from base_cut").fetchall()))
    for community in communities:
        now, before = judge(community, as_of), judge(community, as_of - dt.timedelta(days=30))
        for at, (name, (low, high, _)) in enumerate(COMPONENTS.items()):
            row = published["health_component", community].get(name)
            say("anchors", (community, name), low, row["anchor_lo"]), say("anchors", (community, name), high, row["anchor_hi"])
            if row["value"] is not None:
                say("counts", (community, name), float(now.people[at]), row["n"])
            if row["lower"] is not None:
                ends = wilson(now.window.back.sum(), now.window.fresh.sum())
                say("ends", (community, name), ends[0], row["lower"]), say("ends", (community, name), ends[1], row["upper"])
        top = published["health_score", community].get("30d", {})
        if top.get("value") is None:
            suspended = (top.get("reason") or "").startswith("suspended")
            say("refusals", (community,), "score" if now.score is not None and not suspended else "none", "none")
            continue
        # The people of the score are those of its third component.
        say("counts", (community, "score"), None if now.kept[2] else now.window.monthly.sum(), top["n"])
        logs, share = now.logs()
        alpha = 50 * share
        for end, name, got in zip((0.05, 0.95), ("band_lower", "band_upper"), drawn_band(logs, alpha)):
            say("band", (community, name), got, top[name])
            reached = below(logs, alpha, top[name] / 100)
            say("band by its distribution", (community, name), end, reached, abs(reached - end) <= SIGMAS * math.sqrt(end * (1 - end) / DRAWS))
        scores, changes = replicates(now, before, rng)
        change = published["health_change", community].get("score")
        for kind, values, row in (("score", scores, top), ("change", changes, change)):
            for share, name in ((0.05, "lower"), (0.95, "upper")):
                if row is not None:
                    sigmas = off(values, row[name], share)
                    say("interval", (community, kind, name, f"{sigmas:.1f} errors off"), float(numpy.quantile(values, share)), row[name], sigmas <= SIGMAS)
        if change is not None:
            say("announced", (community,), bool(change["lower"] > 0 or change["upper"] < 0), change["announced"])
        steps(say, community, now, published["health_action", community])
    row = published["health_backtest", "all"].get("score", {})
    first = db.execute("select min(local_day) from event").fetchone()[0]
    suspended = any((row.get("reason") or "").startswith("suspended") for rows in published.values() for row in rows.values())
    # Which windows a silent source leaves a hole in, the events do not tell.
    want = {} if suspended else backtest(judge, [name for name in communities if name != "all"], month_ends(first, as_of))
    for name, value in want.items():
        say("backtest", (name,), value, row.get(name))
    print(f"health in numpy: {sum(agreed.values())} figures agree ({', '.join(f'{n} {kind}' for kind, n in agreed.items())}), {len(wrong)} differ")
    for what in wrong[:show]:
        print("    ", *what)
    return len(wrong)


def steps(say, community, now, rows):
    """The three components that cost most, and the channel in which clearly most threads wait."""
    logs, share = now.logs()
    names = [name for name, used in zip(COMPONENTS, now.used) if used > 0]
    lost = {name: now.score * (math.exp(-w * log) - 1) for name, w, log in zip(names, share, logs)}
    most = sorted((name for name in names if lost[name] > 0.5), key=lambda name: -lost[name])[:3]
    say("next steps", (community,), " ".join(most), " ".join(sorted(rows, key=lambda name: rows[name]["rank"])))
    for name in most:
        row, waiting = rows.get(name, {}), now.window.waiting
        say("next steps", (community, name), lost[name], row.get("value"))
        if name == "responsiveness" and waiting:
            most, next_one = (*sorted(waiting.values(), reverse=True), 0)[:2]
            clear = most - next_one >= 0.05 * waiting.total()
            say("next steps", (community, "channel"), most if clear else 0, waiting.get(row.get("channel"), 0))

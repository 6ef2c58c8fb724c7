"""What SQL cannot say well: before and after the launch, SPICES and the lifetime models, each from its document.

Both of the first rest on published figures (KPIS.md: "the mean of the k whole periods before the launch and after it", "a 0–100 sub-score
against the workspace's own history"); the choices that KPIS.md leaves open are said by the modules `before_after` and `spices`: at most
twelve whole months on each side and at least three, the month of the launch on neither side unless it opens on its first day; four whole
months for a sub-score, the last of them the last whole one, at most 24 of history; the first month of a series may be half of one. Lifetime: likelihoods of Fader, Hardie and Lee 2005 and Fader and Hardie 2013.
"""

import datetime as dt
import math

import numpy
from scipy import optimize, special

HORIZON, DISCOUNT, LEAST = 36, 0.10, 100
PILLARS = {
    "support": [("peer_answer_share", "all", 1), ("time_to_first_answer", "all", -1), ("ticket_deflection", "contact_rate_difference", 1),
                ("ticket_deflection", "peer_answers", 1)],
    "product": [("feedback_threads", "all", 1)],
    "insight": [("topics", "all", 1), ("satisfaction", "all", 1)],
    "content": [("ugc", "all", 1), ("content_views", "all", 1)],
    "engagement": [("engagement_rate", "all", 1), ("many_to_many_share", "all", 1), ("stickiness", "weekly", 1)],
    # customer_retention of one month; lifetime_value has no history, churn_rate stands for it.
    "success": [("customer_retention", "1m", 1), ("churn_rate", "all", -1), ("nps", "all", 1)],
}


def index(month):
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def series(db, published):
    """Published figures of whole months, of everybody: (kpi, item, community) → {month: value}.

    A source that is silent marks its figures `partial` after these were made, with the reason; the running month is partial too.
    """
    found = {}
    for kpi, item, community, period, value in db.execute(f"""select kpi, item, community, period, value from read_parquet('{published}')
            where grain = 'month' and side = 'all' and segment = 'all' and platform = 'all' and channel = 'all' and value is not null
              and (status = 'ok' or status = 'partial' and contains(reason, ' is silent since ')
                   and (period || '-01')::date + interval 1 month <= as_of + 1)""").fetchall():
        found.setdefault((kpi, item, community), {})[index(period)] = value
    return found


def interrupted(months, values, first_after):
    """Change of level and of slope by ordinary least squares, Newey–West with Bartlett weights, factor n/(n − 4)."""
    t = numpy.array(months, dtype=float) - first_after
    after = (t >= 0).astype(float)
    x = numpy.column_stack([numpy.ones_like(t), t, after, t * after])
    y = numpy.array(values)
    beta, _, rank, _ = numpy.linalg.lstsq(x, y, rcond=None)
    if rank < 4:
        return {}
    n = len(y)
    scores = x * (y - x @ beta)[:, None]
    lag = math.floor(0.75 * n ** (1 / 3))
    meat = scores.T @ scores
    for distance in range(1, lag + 1):
        crossed = scores[distance:].T @ scores[:-distance]
        meat += (1 - distance / (lag + 1)) * (crossed + crossed.T)
    bread = numpy.linalg.inv(x.T @ x)
    errors = numpy.sqrt(numpy.maximum(0, numpy.diag(bread @ meat @ bread)) * n / (n - 4))
    return {"level": (beta[2], errors[2]), "slope": (beta[3], errors[3])}


def before_after(rows, launch):
    """Figures and interval ends of `before_after`, by item."""
    month = launch.year * 12 + launch.month - 1
    first_after = month if launch.day == 1 else month + 1
    out = {}
    for (kpi, item, community), values in rows.items():
        if community != "all":
            continue
        before = sorted(m for m in values if month - 12 <= m < month and m > min(values))
        after = sorted(m for m in values if first_after <= m < first_after + 12)
        k = min(len(before), len(after))
        if k < 3:
            continue
        before, after = before[-k:], after[:k]
        name = kpi if item == "all" else f"{kpi}.{item}"
        mean = lambda months: sum(values[m] for m in months) / k
        out[f"{name}.mean"] = (mean(after) - mean(before), None)
        if k >= 4:
            for what, (value, error) in interrupted(before + after, [values[m] for m in before + after], first_after).items():
                out[f"{name}.{what}"] = (value, error)
    return out


def spices(rows, as_of):
    """Sub-scores by (community, item)."""
    out = {}
    tomorrow = as_of + dt.timedelta(days=1)
    whole = tomorrow.year * 12 + tomorrow.month - 2
    for community in {key[2] for key in rows} | {"all"}:
        for pillar, signs in PILLARS.items():
            scores = []
            for kpi, item, direction in signs:
                months = rows.get((kpi, item, community), {})
                # Who bought in a month is asked one month on: a month later than the rest.
                last = whole - (kpi == "customer_retention")
                earlier = [value for m, value in months.items() if last - 24 <= m < last]
                if len(earlier) < 3 or last not in months:
                    continue
                latest = months[last]
                beaten = sum(0.5 if latest == past else float((latest - past) * direction > 0) for past in earlier)
                scores.append(100 * beaten / len(earlier))
                out[community, f"{pillar}.{kpi}" + ("" if item == "all" else f".{item}")] = scores[-1]
            if scores:
                out[community, pillar] = sum(scores) / len(scores)
    return out


def bg_nbd(x, recency, age, times):
    """Maximum-likelihood r, alpha, a, b."""

    # Γ(r + x)/Γ(r) as a product, and time over alpha: where buying hardly differs between customers, r and alpha run away together.
    steps = [x > n for n in range(int(x.max()))]

    def loss(at):
        r, rate, a, b = numpy.exp(at)
        alpha = r / rate
        rising = sum(numpy.where(step, numpy.log1p(n / r), 0.0) for n, step in enumerate(steps)) + x * numpy.log(rate)
        bought_by = lambda until: rising - x * numpy.log1p(until / alpha) - r * numpy.log1p(until / alpha)
        stays = bought_by(age) + special.betaln(a, b + x) - special.betaln(a, b)
        # Of those who bought again, the other way of being silent: gone since the last purchase.
        again = x > 0
        gone = numpy.full_like(stays, -numpy.inf)
        gone[again] = (bought_by(recency) + special.betaln(a + 1, b + x - 1) - special.betaln(a, b))[again]
        return -numpy.sum(times * numpy.logaddexp(stays, gone)) / times.sum()

    r, rate, a, b = numpy.exp(best(loss, 4))
    return r, r / rate, a, b


def expected_purchases(r, alpha, a, b):
    """Of a new customer by t: the mean of (1 − (α/(α + p·t))^r)/p over p ~ Beta(a, b), by Gauss–Jacobi, which stands r without bound."""
    nodes, weights = special.roots_jacobi(80, b - 1, a - 1)
    p = (nodes + 1) / 2
    return lambda t: numpy.sum(weights * -numpy.expm1(-r * numpy.log1p(p * t / alpha)) / p) / weights.sum()


def gamma_gamma(x, mean, times):
    """Maximum-likelihood p, q, v of the mean value of x transactions."""
    unit = numpy.average(mean, weights=times)
    z = mean / unit

    def loss(log_parameters):
        p, q, v = numpy.exp(log_parameters)
        each = special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q) + q * numpy.log(v) + (p * x - 1) * numpy.log(z) \
            + p * x * numpy.log(x) - (p * x + q) * numpy.log(x * z + v)
        return -numpy.sum(times * each) / times.sum()

    p, q, v = numpy.exp(best(loss, 3))
    return p, q, v * unit


def best(loss, n):
    """The lowest end of several searches."""
    def bounded(at):
        value = loss(at)
        return value if numpy.isfinite(value) and numpy.all(numpy.abs(at) < 25) else 1e9

    with numpy.errstate(all="ignore"):
        ends = [optimize.minimize(bounded, numpy.full(n, start), method="Nelder-Mead", options={"maxiter": 20000, "maxfev": 20000, "xatol": 1e-9, "fatol": 1e-14})
                for start in (0.0, 1.0)]
        end = min(ends, key=lambda found: found.fun)
        polished = optimize.minimize(bounded, end.x, method="BFGS", options={"gtol": 1e-10})
        return polished.x if polished.fun <= end.fun else end.x


def discounted(gained):
    """The sum of what each month adds, discounted to its start."""
    return sum((gained(month) - gained(month - 1)) / (1 + DISCOUNT) ** (month / 12) for month in range(1, HORIZON + 1))


def lifetime(db, config):
    """`lifetime_value` by (item, side), in money."""
    margin = config.get("commerce", {}).get("margin")
    if margin is None:
        return {}
    minor = db.execute("select minor_per_major from params").fetchone()[0]
    out = {}
    for side, keep in (("all", "true"), ("member", "member_now"), ("non_member", "not member_now")):
        # Months with an order, from the first on, where the first is in sight: it made the customer.
        buyers = db.execute(f"select repeats, recency, age, count(*) from buyer where {keep} group by all").fetchall()
        x, recency, age, times = (numpy.array(column, dtype=float) for column in zip(*buyers)) if buyers else [numpy.zeros(0)] * 4
        if times.sum() >= LEAST:
            r, alpha, a, b = bg_nbd(x, recency, age, times)
            worth = db.execute(f"select repeats, repeat_revenue / repeats, count(*) from buyer where {keep} and repeats > 0 and repeat_revenue > 0 group by all").fetchall()
            p, q, v = gamma_gamma(*(numpy.array(column, dtype=float) for column in zip(*worth)))
            expected = expected_purchases(r, alpha, a, b)
            out["non_contractual", side] = margin * p * v / (q - 1) * (1 + discounted(expected)) / minor
        lives = dict(((int(length), ended), n) for length, ended, n in
                     db.execute(f"select length, ended, count(*) from contract where {keep} group by all").fetchall())
        payers, mrr = db.execute(f"""select count(*), sum(mrr_minor) from facts f where not is_staff and mrr_minor > 0 and month = (select max(month) from facts)
            and {keep.replace('member_now', 'member')}""").fetchone()
        if sum(lives.values()) >= LEAST and payers:
            survival, area = 1.0, [0.0]
            longest = max(length for length, _ in lives)
            for month in range(HORIZON):
                # Between whole months nothing ends: the curve falls at the end of each.
                at_risk = sum(n for (length, _), n in lives.items() if length >= month)
                ended = lives.get((month, True), 0)
                survival *= 1 - ended / at_risk if at_risk else 1
                # Nobody was followed beyond the longest contract.
                area.append(area[-1] + (survival if month < longest else 0.0))
            out["contractual", side] = margin * mrr / payers * discounted(lambda month: area[month]) / minor
    return out

-- The other tables of the health job: join cohorts, the lists of people to work with, leads for the sales team, the health score.
-- `listed` holds what each row of a table says: the table, a key that tells its rows apart, a column, a number.

create table listed (tab varchar, key varchar, col varchar, value double);

-- Cohorts: the heat map, by community and segment, to the 24th month on.
insert into listed
select 'cohorts', concat_ws(' ', c, g, strftime(month, '%Y-%m'), 'M' || n, v.measure), v.col, v.x
from heat, lateral (values ('member', 'value', stays / at_risk), ('member', 'at_risk', at_risk), ('member', 'numerator', stays),
                           ('active', 'value', acts / at_risk), ('active', 'at_risk', at_risk), ('active', 'numerator', acts)) v(measure, col, x);

-- Champions of today and of twelve weeks ago, by community; listed by the handle that helped last.
create table helping as
with at_day as (select community as c, day, epoch_us((day + 1)::timestamp at time zone zone) as until_us
                from (select distinct community from base_cut where community <> 'all'), params, lateral (values (as_of), (as_of - 84)) v(day)),
helped as (
  select a.c, a.day, any_value(a.until_us) as until_us, h.person, count(distinct (a.day - h.local_day) // 7) as weeks,
         count(distinct (a.day - h.local_day) // 7) filter ((a.day - h.local_day) // 7 < 6) as recent,
         count(*) filter (accepted) as accepted, count(*) filter (not accepted) as answers, arg_max(h.handle, h.us) as handle
  from at_day a join help h on h.community = a.c and h.local_day between a.day - 83 and a.day group by a.c, a.day, h.person
),
there as (
  select k.c, i.person, i.joined, i.parted from island i join cut k using (k) where k.g = 'all' and k.f = 'all' and k.h = 'all'
),
judged as (
  select h.*, exists (select 1 from there i where i.c = h.c and i.person = h.person and i.joined < h.until_us and i.parted >= h.until_us) as member from helped h
),
ranked as (
  select h.*, rank() over (partition by c, day, member order by accepted desc) as place,
         (select count(*) from island i join cut k using (k) where (k.c, k.g, k.f, k.h) = (h.c, 'all', 'all', 'all') and i.joined < h.until_us and i.parted >= h.until_us) as members
  from judged h
)
select *, member and (weeks >= 6 or accepted > 0 and place <= (members + 99) // 100) as champion from ranked;

insert into listed
select 'champions', concat_ws(' ', 'champions', n.c, n.handle), v.col, v.x
from helping n left join helping b on b.c = n.c and b.person = n.person and b.day <> n.day, params,
lateral (values ('value', n.weeks), ('weeks', n.weeks), ('answers', n.answers), ('accepted', n.accepted), ('new', (not coalesce(b.champion, false))::int),
  ('rising', (n.recent - (n.weeks - n.recent) >= 2)::int), ('fading', (n.recent - (n.weeks - n.recent) <= -2)::int),
  ('by_accepted', (n.weeks < 6)::int)) v(col, x)
where n.day = as_of and n.champion
union all
select 'champions', concat_ws(' ', 'former_champions', b.c, b.handle), v.col, v.x
from helping b left join helping n on n.c = b.c and n.person = b.person and n.day <> b.day, params,
lateral (values ('value', coalesce(n.weeks, 0)), ('weeks', coalesce(n.weeks, 0)), ('fading', 1), ('rising', 0)) v(col, x)
where b.day = as_of - 84 and b.champion and not coalesce(n.champion, false)
  and exists (select 1 from island i join cut k using (k) where (k.c, k.g, k.f, k.h) = (b.c, 'all', 'all', 'all') and i.person = b.person and i.joined < until and i.parted >= until);

-- Questions of members that wait for an answer, of the last 365 days.
insert into listed
select 'champions', concat_ws(' ', 'unanswered_questions', t.community, e.platform || ':' || e.actor, coalesce(p.thread, p.message, p.name), e.us), 'value', (until - t.us) / 3600000000.0
from conversation t join event e using (event_id) join posted p using (event_id), params
where t.asks and not t.staff_person and t.answered_at is null and t.accepted_at is null and t.us > until - 365 * 86400000000;

-- Newcomers: first joined in the last fourteen days, still there, to whom nobody has answered or reacted.
insert into listed
with fresh as (
  select k.c as community, i.person, i.joined from island i join cut k using (k), params
  where k.g = 'all' and k.f = 'all' and k.h = 'all' and k.c <> 'all' and i.part = 1 and not i.implied
    and i.joined >= epoch_us((as_of - 13)::timestamp at time zone zone) and i.joined < until and i.parted >= until
),
wrote as (
  select f.community, f.person, count(*) as messages from fresh f join event e on e.community = f.community and e.member_person = f.person
    and e.kind = 'message_posted' and e.us > f.joined group by all
),
welcomed as (
  select distinct f.community, f.person from fresh f join interaction i on i.goal = f.person join event e on e.event_id = i.event_id and e.community = f.community and e.us >= f.joined
),
named as (
  select f.community, f.person, min(c.platform || ':' || c.handle) as handle
  from fresh f join change c on c.community = f.community and c.joins and c.us = f.joined
  join person_of po on po.platform = c.platform and po.handle = c.handle and po.person = f.person group by all
)
select 'champions', concat_ws(' ', 'newcomers_to_welcome', f.community, n.handle, f.joined), 'value', coalesce(w.messages, 0)
from fresh f join named n using (community, person) left join wrote w using (community, person)
where (f.community, f.person) not in (select community, person from welcomed);

-- Leads of today who meet the rule now.
insert into listed
select 'leads', person_id, v.col, v.x
from (select l.person_id, l.person, count(*) as n, max(t.us) as last
      from lead l join qualifying t using (person), params
      where list_contains(lead_lifecycles, l.lifecycle) and (l.since is null or l.since >= until)
        and t.us >= until - lead_window_us
      group by l.person_id, l.source, l.person having count(*) >= greatest(any_value(lead_least), 1)) s,
lateral (values ('value', n), ('last_us', s.last)) v(col, x);

-- The health score: seven components over the 30 days that end with a day.
create table health_day as
with d as (
  select as_of as day, '30d' as period from params
  union all select as_of - 30, 'before' from params
  union all
  select (date_trunc('month', as_of + 1) - to_months(n) - interval 1 day)::date, strftime(date_trunc('month', as_of + 1) - to_months(n + 1), '%Y-%m')
  from params, range(12) r(n)
)
select d.*, epoch_us((day + 1)::timestamp at time zone zone) as now_us, epoch_us((day - 29)::timestamp at time zone zone) as month_us,
       epoch_us((day - 59)::timestamp at time zone zone) as before_us from d, params;

create table health_cell as
select distinct k.community as c, d.* from base_cut k, health_day d;

create table deed as
select community, member_person as person, us, local_day, kind, event_id, sentiment, short from contribution;

create table first_post as
select c, person, min(us) as us, arg_min(local_day, us) as local_day
from (select community as c, person, us, local_day from deed where kind = 'message_posted'
      union all select 'all', person, us, local_day from deed where kind = 'message_posted') group by all;

-- What was done in the sixty days before each day, once for each community and once for all.
create table doing as
select h.c, h.period, d.person, n < 30 as recent, n // 7 as week, d.local_day, d.kind = 'message_posted' as wrote, d.event_id, d.sentiment, d.short
from health_cell h, range(60) r(n) join deed d on d.local_day = h.day - n::int and (h.c = 'all' or h.c = d.community);

create table part_active as
select c, period, count(distinct person) filter (recent) as monthly, count(distinct person) filter (not recent) as previous,
       count(distinct (person, week)) filter (recent and week < 4) as weekly from doing group by all;

create table part_newcomer as
with fresh as (
  select h.c, h.period, f.person, f.local_day as first_day, h.now_us from health_cell h join first_post f on f.c = h.c and f.us >= h.before_us and f.us < h.month_us
),
back as (
  select distinct f.c, f.period, f.person from fresh f join doing d on d.c = f.c and d.period = f.period and d.person = f.person
    and d.local_day - f.first_day between 8 and 30
)
select f.c, f.period, count(*) as newcomers, count(b.person) as back from fresh f left join back b using (c, period, person) group by all;

-- Kaplan–Meier over threads: the first reply by another member, of three words or more, within 24 hours.
create table substantial as
select t.thread_key, min(r.us) as us from thread t join reply r using (thread_key)
where r.person <> t.person and not r.staff_person and not r.short group by all;

create table part_thread as
with waits as (
  select h.c, h.period, t.person, least(coalesce(s.us, h.now_us), h.now_us) - t.us as wait, coalesce(s.us < h.now_us, false) as done
  from health_cell h join thread t on t.us >= h.month_us and t.us < h.now_us and not t.staff_person and (h.c = 'all' or h.c = t.community)
  left join substantial s using (thread_key)
),
steps as (select c, period, wait, count(*) filter (done) as events, count(*) as gone from waits group by all),
risk as (select *, sum(gone) over (partition by c, period order by wait desc) as at_risk from steps),
alive as (select c, period, exp(sum(case when events = at_risk then -1e9 else ln(1 - events / at_risk) end) filter (wait <= 86400000000)) as survival from risk group by all)
select c, period, count(*) as threads, count(distinct person) as openers, 1 - coalesce(any_value(survival), 1) as answered
from waits join alive using (c, period) group by c, period;

create table part_edge as
with edge as (
  select distinct d.c, d.period, d.person as u, i.goal as v
  from doing d join interaction i using (event_id) join answer_to a using (event_id)
  where d.recent and d.wrote and not d.short and not i.goal_staff
)
select a.c, a.period, count(*) as edges, count(b.u) as answered, any_value(people) as people
from edge a left join edge b on b.c = a.c and b.period = a.period and b.u = a.v and b.v = a.u
join (select c, period, count(distinct w) as people from edge, lateral (values (u), (v)) x(w) group by all) p on p.c = a.c and p.period = a.period group by all;

create table part_voice as
with said as (
  select c, period, person, count(*) as n, count(sentiment) as scored, count(*) filter (sentiment > 0.05) as good, count(*) filter (sentiment < -0.05) as bad
  from doing where recent and wrote group by all
),
placed as (select *, row_number() over (partition by c, period order by n) as rank, count(*) over (partition by c, period) as people from said)
select c, period, 2 * sum(rank * n) / (any_value(people) * sum(n)) - (any_value(people) + 1) / any_value(people) as gini,
       (sum(good) - sum(bad)) / nullif(sum(scored), 0) as mood, count(*) as authors, count(*) filter (scored > 0) as judged from placed group by all;

create table measured as
select c, period, v.component, v.raw, coalesce(v.people, 0) as people, w.lo, w.hi, w.weight
from health_cell left join part_active a using (c, period) left join part_newcomer n using (c, period) left join part_thread t using (c, period)
left join part_edge e using (c, period) left join part_voice o using (c, period),
lateral (values ('responsiveness', t.answered, t.openers), ('newcomer_retention', n.back / n.newcomers, n.newcomers), ('stickiness', a.weekly / 4 / nullif(a.monthly, 0), a.monthly),
  ('reciprocity', e.answered / e.edges, e.people), ('spread', o.gini, o.authors),
  ('growth', case when a.monthly > 0 and a.previous > 0 then ln(a.monthly / a.previous) end, least(a.monthly, a.previous)),
  ('sentiment', o.mood, o.judged)) v(component, raw, people) join health_weight w on w.component = v.component;

-- A community of which too little is told must not be had from the total and the others: the smallest other one is withheld, or the
-- total where there is no other, unless those withheld are two and together large enough.
create table withheld as
select s.period, s.component, coalesce(arg_min(s.c, (s.people, s.c)) filter (s.people >= min_cell), 'all') as c
from measured s join measured t on t.c = 'all' and t.period = s.period and t.component = s.component, params
where s.c <> 'all' and s.people > 0 and t.people >= min_cell
group by s.period, s.component, min_cell
having count(*) filter (s.people < min_cell) = 1 or count(*) filter (s.people < min_cell) > 1 and sum(s.people) filter (s.people < min_cell) < min_cell;

create table component as
select c, period, component, raw, lo, hi, weight, greatest(0, least(1, (raw - lo) / (hi - lo))) as s
from measured anti join withheld using (c, period, component)
-- What rests on too few people is in no score: who knows the score and the others would know it too.
where raw is not null and weight > 0 and people >= (select min_cell from params);

create table score as
select c, period, 100 * exp(sum(weight * ln(greatest(s, 0.05))) / sum(weight)) as value, 100 * sum(weight * s) / sum(weight) as arithmetic,
       sum(weight) / (select sum(weight) from health_weight) as coverage, sum(weight) as weights,
       coalesce(any_value(t.threads), 0) >= 20 and coalesce(any_value(n.newcomers), 0) >= 15 and coalesce(any_value(a.monthly), 0) >= 30
         and count(*) filter (component = 'responsiveness') > 0 and count(*) filter (component = 'newcomer_retention') > 0
         and sum(weight) / (select sum(weight) from health_weight) >= 0.7 as said
from component left join part_thread t using (c, period) left join part_newcomer n using (c, period) left join part_active a using (c, period) group by c, period;

insert into listed
select 'health', concat_ws(' ', 'health_component 30d', c, component), v.col, v.x
from component join score using (c, period),
lateral (values ('value', raw), ('normalised', s), ('weight', weight), ('contribution', weight * ln(greatest(s, 0.05)) / weights),
                ('points_lost', value * (exp(-weight * ln(greatest(s, 0.05)) / weights) - 1))) v(col, x)
where period = '30d'
union all
select 'health', concat_ws(' ', 'health_score', period, c, 'score'), v.col, v.x
from score, lateral (values ('value', value), ('coverage', coverage), ('arithmetic', case when period = '30d' then arithmetic end)) v(col, x)
where period <> 'before' and said and v.x is not null
union all
select 'health', concat_ws(' ', 'health_change 30d', c, v.component), v.col, v.x
from (
  -- Both days on the components that are told on both; logarithms add up, and times the logarithmic mean of both scores, so do points.
  select c, component, weight * (ln(greatest(now_s, 0.05)) - ln(greatest(before_s, 0.05))) / weights as log, now, before, coverage,
         case when abs(ln(now / before)) < 1e-12 then now else (now - before) / ln(now / before) end as mean
  from (
    select n.c, n.component, n.weight, n.s as now_s, b.s as before_s, sum(n.weight) over w as weights, sum(n.weight) over w / (select sum(weight) from health_weight) as coverage,
           100 * exp(sum(n.weight * ln(greatest(n.s, 0.05))) over w / sum(n.weight) over w) as now,
           100 * exp(sum(n.weight * ln(greatest(b.s, 0.05))) over w / sum(n.weight) over w) as before
    from component n join component b on b.c = n.c and b.component = n.component and b.period = 'before' and n.period = '30d'
    join score x on x.c = n.c and x.period = '30d' and x.said join score y on y.c = n.c and y.period = 'before' and y.said
    window w as (partition by n.c)
  )
),
lateral (values (component, 'value', log), (component, 'points', mean * log), ('score', 'value', now - before), ('score', 'before', before), ('score', 'now', now),
  ('score', 'coverage', coverage)) v(component, col, x)
where coverage >= 0.7
group by all;

-- Conversation KPIs: who opens, who answers, how fast; who helps.

create table asked as
select k.c, k.g, k.f, k.h, cal.grain, cal.period, t.*
from conversation t
join cut k on (k.c = 'all' or k.c = t.community) and (k.g = 'all' or k.g = t.segment) and (k.f = 'all' or k.f = t.platform)
 and (k.h = 'all' or k.h = case when t.channel = '' then 'unknown' else t.channel end)
join calendar cal using (local_day)
where cal.grain in ('month', '28d', '90d') or cal.grain in ('quarter', 'year') and k.h = 'all'
   or cal.grain = 'week' and k.h = 'all' and k.g = 'all' and k.f = 'all';

insert into figure
select v.kpi, 'all', grain, period, c, g, f, h, 'all', v.x
from (select c, g, f, h, grain, period, avg((not staff_person)::int) as by_members, sum(replies) / count(*) as replies,
             avg(((community, channel) in (select community, channel from off_product))::int) as off_product
      from asked group by all) s,
lateral (values ('member_initiated_share', by_members), ('replies_per_thread', replies), ('off_product_share', off_product)) v(kpi, x)
where (v.kpi <> 'member_initiated_share' or g = 'all')
  and (v.kpi <> 'off_product_share' or h = 'all' and (select count(*) from off_product) > 0);

-- Threads, of whomever, in channels tagged for ideas and feedback.
insert into figure
select 'feedback_threads', 'all', d.grain, d.period, d.c, d.g, d.f, 'all', 'all', count(*)
from dated d join thread t using (event_id)
where d.h = 'all' and d.grain <> 'day' and (d.community, d.channel) in (select community, channel from feedback) group by all;

create table question as select * from asked where asks and not staff_person;

insert into figure
select v.kpi, 'all', grain, period, c, g, f, h, 'all', v.x
from (select c, g, f, h, grain, period,
        avg((not by_staff)::int) filter (answered_at is not null) as peer,
        avg((answered_at is null)::int) filter (us < (select until from params) - 72 * 3600000000) as unanswered,
        avg((accepted_at is not null)::int) as accepted
      from question group by all) s,
lateral (values ('peer_answer_share', peer), ('unanswered_share_72h', unanswered), ('accepted_answer_share', accepted)) v(kpi, x)
where v.x is not null;

-- Kaplan–Meier median of the hours to the first answer; what has none waits until now.
insert into figure
with waits as (
  select c, g, f, h, grain, period, v.item, coalesce(v.answered, (select until from params)) - us as wait, v.answered is not null as done
  from question, lateral (values ('all', answered_at), ('peer', peer_at), ('staff', staff_at)) v(item, answered)
),
steps as (
  select c, g, f, h, grain, period, item, wait, count(*) filter (done) as events, count(*) as gone from waits group by all
),
risk as (
  select *, sum(gone) over (partition by c, g, f, h, grain, period, item order by wait desc) as at_risk from steps
),
alive as (
  select *, exp(sum(case when events = at_risk then -1e9 else ln(1 - events / at_risk) end)
      over (partition by c, g, f, h, grain, period, item order by wait)) as survival from risk
)
select 'time_to_first_answer', item, grain, period, c, g, f, h, 'all', min(wait) / 3600000000.0
from alive where survival <= 0.5 + 1e-9 and events > 0 group by all;

insert into figure
with edge as (
  select distinct d.c, d.g, d.f, d.grain, d.period, i.source, i.goal
  from dated d join interaction i using (event_id) join answer_to a using (event_id)
  where d.h = 'all' and d.grain <> 'day' and d.kind = 'message_posted' and not i.source_staff and not i.goal_staff
)
select 'reciprocity', 'all', grain, period, c, g, f, 'all', 'all', avg((b.source is not null)::int)
from edge a left join (select c, g, f, grain, period, source as goal, goal as source from edge) b using (c, g, f, grain, period, source, goal)
group by all;

-- Champions: helped in six of the last twelve weeks, or accepted answers among the top 1 % of members.
create table help as
select e.community, e.platform, e.us, e.local_day, e.segment, e.person, false as accepted, e.platform || ':' || e.actor as handle
from event e join message m using (event_id) join conversation t using (thread_key)
where e.member_person is not null and t.asks and t.event_id <> e.event_id and t.person <> e.person
union all
select a.community, a.platform, a.us, a.local_day, a.segment, po.person, true, a.platform || ':' || po.handle
from event a
left join posted m on m.community = a.community and m.platform = a.platform and m.message = a.message
join person_of po on po.platform = a.platform and po.handle = coalesce(m.actor, a.target)
left join message x on x.event_id = m.event_id left join conversation t using (thread_key)
where a.kind = 'answer_accepted' and po.person not in (select person from staff) and t.person is distinct from po.person;

create table champion as
with at_day as (
  select distinct c, f, grain, period, last_day, end_us from cell_period where h = 'all' and g = 'all' and grain in ('month', '90d')
  union
  select distinct c, f, grain, period, first_day - 1, first_us from cell_period where h = 'all' and g = 'all' and grain in ('month', '90d')
),
helped as (
  select k.c, k.f, k.grain, k.period, k.last_day, k.end_us, h.person,
         count(distinct (k.last_day - h.local_day) // 7) as weeks, count(*) filter (accepted) as accepted
  from at_day k join help h on (k.c = 'all' or k.c = h.community) and (k.f = 'all' or k.f = h.platform)
   and h.local_day between k.last_day - 83 and k.last_day
  group by all
),
ranked as (
  select h.*, rank() over (partition by c, f, grain, period, last_day order by accepted desc) as place,
         (select count(*) from island i where i.segment = 'all' and (i.community, i.platform) = (h.c, h.f)
            and i.joined < h.end_us and i.parted >= h.end_us) as members
  from helped h
)
select *, weeks >= 6 or accepted > 0 and place <= (members + 99) // 100 as is_champion from ranked;

insert into figure
with now as (
  select p.c, p.f, p.grain, p.period, h.person from cell_period p join champion h
    on (h.c, h.f, h.grain, h.period, h.last_day) = (p.c, p.f, p.grain, p.period, p.last_day)
  where p.h = 'all' and p.g = 'all' and is_champion
),
before as (
  select p.c, p.f, p.grain, p.period, h.person from cell_period p join champion h
    on (h.c, h.f, h.grain, h.period, h.last_day) = (p.c, p.f, p.grain, p.period, p.first_day - 1)
  where p.h = 'all' and p.g = 'all' and is_champion
)
select 'champions', 'all', grain, period, c, 'all', f, 'all', 'all', count(*) from now group by all
union all
select 'new_champions', 'all', grain, period, c, 'all', f, 'all', 'all', count(*)
from now where (c, f, grain, period, person) not in (select c, f, grain, period, person from before) group by all;

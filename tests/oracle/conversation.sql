-- Conversation KPIs: who opens, who answers, how fast; who helps.

create table asked as
select d.k, d.t, d.us, t.event_id, t.person, t.staff_person, t.asks, t.community, t.channel, t.replies, t.answered_at, t.by_staff, t.peer_at, t.staff_at, t.accepted_at
from dated d join conversation t using (event_id);

insert into cell_figure
select v.kpi, 'all', k, t, v.x
from (select k, t, avg((not staff_person)::int) as by_members, sum(replies) / count(*) as replies,
             avg((o.channel is not null)::int) as off_product
      from asked left join (select distinct community, channel from off_product) o using (community, channel) group by all) s join cut using (k),
lateral (values ('member_initiated_share', by_members), ('replies_per_thread', replies), ('off_product_share', off_product)) v(kpi, x)
where (v.kpi <> 'member_initiated_share' or g = 'all')
  and (v.kpi <> 'off_product_share' or c = 'all' and (select count(*) from off_product) > 0 or c in (select community from off_product));

-- Threads, of whomever, in channels tagged for ideas and feedback.
insert into cell_figure
select 'feedback_threads', 'all', k, t, count(*)
from asked join (select distinct community, channel from feedback) using (community, channel) group by all;

create table question as select * from asked where asks and not staff_person;

insert into cell_figure
select v.kpi, 'all', k, t, v.x
from (select k, t,
        avg((not by_staff)::int) filter (answered_at is not null) as peer,
        avg((answered_at is null and accepted_at is null)::int) filter (us < (select until from params) - 72 * 3600000000) as unanswered,
        avg((accepted_at is not null)::int) as accepted
      from question group by all) s,
lateral (values ('peer_answer_share', peer), ('unanswered_share_72h', unanswered), ('accepted_answer_share', accepted)) v(kpi, x)
where v.x is not null and (v.kpi <> 'accepted_answer_share' or k in (select k from tells where kind = 'answer_accepted'));

-- Kaplan–Meier median of the hours to the first answer; what has none waits until now.
insert into cell_figure
with waits as (
  select k, t, v.item, coalesce(v.answered, (select until from params)) - us as wait, v.answered is not null as done
  from question, lateral (values ('all', answered_at), ('peer', peer_at), ('staff', staff_at)) v(item, answered)
),
steps as (
  select k, t, item, wait, count(*) filter (done) as events, count(*) as gone from waits group by all
),
risk as (
  select *, sum(gone) over (partition by k, t, item order by wait desc) as at_risk from steps
),
alive as (
  select *, exp(sum(case when events = at_risk then -1e9 else ln(1 - events / at_risk) end)
      over (partition by k, t, item order by wait)) as survival from risk
)
select 'time_to_first_answer', item, k, t, min(wait) / 3600000000.0
from alive where survival <= 0.5 + 1e-9 and events > 0 group by all;

insert into cell_figure
with edge as (
  select distinct d.k, d.t, i.source, i.goal
  from dated d join interaction i using (event_id) join answer_to a using (event_id) join cut c on c.k = d.k and c.h = 'all'
  where d.kind = 'message_posted' and not i.source_staff and not i.goal_staff
)
select 'reciprocity', 'all', k, t, avg((b.source is not null)::int)
from edge a left join (select k, t, source as goal, goal as source from edge) b using (k, t, source, goal)
group by all;

-- What is about shares of a day, or about more than a channel knows, is not published of them.
insert into figure
select kpi, item, grain, period, c, g, f, h, 'all', value
from cell_figure join cell_period using (k, t)
where (h = 'all' or kpi in ('messages', 'active_members', 'sentiment', 'content_views', 'member_initiated_share', 'replies_per_thread', 'peer_answer_share',
                            'unanswered_share_72h', 'accepted_answer_share', 'time_to_first_answer'))
  and (grain <> 'day' or kpi in ('registrations', 'new_members_net', 'members', 'messages', 'active_members', 'live_registrations', 'live_attendees',
                                 'notification_open_rate', 'notification_click_rate', 'content_views'))
  -- A roster says who is there; where no event was ever told, what they do is unknown.
  and (kpi in ('registrations', 'new_members_net', 'members', 'leave_rate', 'retention_factor')
       or kpi = 'referrals' and k in (select k from flow where invited > 0)
       or exists (select 1 from (select distinct community, platform from raw) r where (c = 'all' or c = r.community) and (f = 'all' or f = r.platform)));

-- Champions: helped in six of the last twelve weeks, or accepted answers among the top 1 % of members.
create table help as
select e.community, e.platform, e.us, e.local_day, e.person, false as accepted, e.platform || ':' || e.actor as handle
from event e join message m using (event_id) join conversation t using (thread_key)
where e.member_person is not null and t.asks and t.event_id <> e.event_id and t.person <> e.person
union all
select a.community, a.platform, a.us, a.local_day, po.person, true, a.platform || ':' || po.handle
from event a
left join posted m on m.community = a.community and m.platform = a.platform and m.message = a.message
join person_of po on po.platform = a.platform and po.handle = coalesce(m.actor, a.target)
left join message x on x.event_id = m.event_id left join conversation t using (thread_key)
where a.kind = 'answer_accepted' and po.person not in (select person from staff) and t.person is distinct from po.person;

create table champion as
with at_day as (
  select distinct k, last_day as day from cell_period where h = 'all' and g = 'all' and grain in ('month', '90d')
  union
  select distinct k, first_day - 1 from cell_period where h = 'all' and g = 'all' and grain in ('month', '90d')
),
window_day as (select k, day, day - n::int as local_day, n // 7 as week from at_day, range(84) r(n)),
helped as (
  select w.k, w.day, h.person, count(distinct w.week) as weeks, count(*) filter (accepted) as accepted
  from window_day w join cut c using (k) join help h on h.local_day = w.local_day and (c.c = 'all' or c.c = h.community) and (c.f = 'all' or c.f = h.platform)
  -- Who is no member at the end of the day is no champion.
  join (select k, day, epoch_us((day + 1)::timestamp at time zone zone) as end_us from at_day, params) e on e.k = w.k and e.day = w.day
  join island i on i.k = w.k and i.person = h.person and i.joined < e.end_us and i.parted >= e.end_us
  group by all
),
ranked as (
  select h.*, rank() over (partition by h.k, h.day order by accepted desc) as place, coalesce(s.members, 0) as members
  from helped h asof left join stock s on s.k = h.k and h.day >= s.day
)
select k, day, person from ranked where weeks >= 6 or accepted > 0 and place <= (members + 99) // 100;

insert into figure
with cell as (select * from cell_period where h = 'all' and g = 'all' and grain in ('month', '90d')),
now as (select p.*, h.person from cell p join champion h on h.k = p.k and h.day = p.last_day)
select 'champions', 'all', grain, period, c, 'all', f, 'all', 'all', count(*) from now group by all
union all
select 'new_champions', 'all', n.grain, n.period, n.c, 'all', n.f, 'all', 'all', count(*)
from now n left join champion b on b.k = n.k and b.day = n.first_day - 1 and b.person = n.person where b.person is null group by all;

-- People KPIs: joins, members, activity, lives, notifications, interactions, content.

create table entering as
select i.*, k.grain, k.period from island i
join calendar k on k.local_day = (make_timestamptz(joined) at time zone (select zone from params))::date
where not implied and joined < (select until from params);

create table leaving as
select i.*, k.grain, k.period from island i
join calendar k on k.local_day = (make_timestamptz(parted) at time zone (select zone from params))::date
where parted < (select until from params);

create table flow as
with j as (select community as c, segment as g, platform as f, grain, period, count(*) as joins from entering group by all),
     l as (select community as c, segment as g, platform as f, grain, period, count(*) as leaves from leaving group by all)
select p.c, p.g, p.f, p.grain, p.period, p.first_us, p.end_us, coalesce(joins, 0) as joins, coalesce(leaves, 0) as leaves
from cell_period p left join j using (c, g, f, grain, period) left join l using (c, g, f, grain, period) where p.h = 'all';

create table membership as
select p.c, p.g, p.f, p.grain, p.period,
       count(*) filter (i.joined < p.first_us and i.parted >= p.first_us) as at_start,
       count(*) filter (i.joined < p.end_us and i.parted >= p.end_us) as at_end
from cell_period p join island i on (i.community, i.segment, i.platform) = (p.c, p.g, p.f)
where p.h = 'all' group by all;

insert into figure
select 'registrations', 'all', grain, period, c, g, f, 'all', 'all', joins from flow
union all select 'new_members_net', 'all', grain, period, c, g, f, 'all', 'all', joins - leaves from flow
union all select 'members', 'all', grain, period, c, g, f, 'all', 'all', at_end from membership
union all select 'leave_rate', 'all', grain, period, c, g, f, 'all', 'all', leaves / at_start
  from flow join membership using (c, g, f, grain, period) where at_start > 0 and grain <> 'day'
union all select 'retention_factor', 'all', grain, period, c, g, f, 'all', 'all', case when leaves > 0 then joins / leaves else joins end from flow where grain <> 'day';

insert into figure
with invited as (
  select distinct s.c, s.g, s.f, s.person from scoped s
  where s.h = 'all' and s.member_person is not null
    and (s.kind = 'invite_accepted' or s.kind = 'member_joined' and s.invited_by is not null)
),
counted as (
  select j.community as c, j.segment as g, j.platform as f, j.grain, j.period, count(*) as joins, count(v.person) as by_invitation
  from entering j join cell_period p on (p.c, p.g, p.f, p.h, p.grain, p.period) = (j.community, j.segment, j.platform, 'all', j.grain, j.period)
  left join invited v on (v.c, v.g, v.f, v.person) = (j.community, j.segment, j.platform, j.person)
  group by all
)
select 'referrals', 'all', grain, period, c, g, f, 'all', 'all', by_invitation from counted where grain <> 'day'
union all select 'referrals', 'share_of_joins', grain, period, c, g, f, 'all', 'all', by_invitation / joins from counted where grain <> 'day';

-- Activity.
create table acting as
select d.*, exists (
    select 1 from island i where (i.community, i.segment, i.platform) = (d.c, d.g, d.f)
      and i.person = d.member_person and i.joined <= d.us and d.us < i.parted) as as_member
from (select * from dated where member_person is not null
        and kind in ('message_posted', 'reaction_added', 'live_attended', 'content_published', 'survey_answered', 'poll_answered')) d;

create table active as
select c, g, f, h, grain, period, count(*) as contributions, count(distinct member_person) as people,
       count(distinct member_person) filter (as_member) as members,
       count(*) filter (kind = 'message_posted') as messages,
       count(*) filter (kind = 'message_posted' and coalesce(visibility, 'public') not in ('private', 'direct')) as public,
       count(*) filter (kind = 'message_posted' and visibility in ('private', 'direct')) as private,
       count(*) filter (kind = 'reaction_added') as reactions,
       count(*) filter (kind not in ('message_posted', 'reaction_added')) as other,
       sum(sentiment) filter (kind = 'message_posted') as mood,
       count(sentiment) filter (kind = 'message_posted') as scored
from acting group by all;

insert into figure
select 'messages', item, grain, period, c, g, f, h, 'all', n
from active, lateral (values ('all', messages), ('public', public), ('private', private)) v(item, n) where n > 0
union all select 'active_members', 'all', grain, period, c, g, f, h, 'all', members from active where members > 0
union all select 'sentiment', 'all', grain, period, c, g, f, h, 'all', mood / scored from active where scored > 0 and grain <> 'day'
union all select 'sentiment', 'coverage', grain, period, c, g, f, h, 'all', scored / messages from active where messages > 0 and grain <> 'day';

create table rated as
select m.*, coalesce(a.contributions, 0) as contributions, coalesce(a.members, 0) as active_members, coalesce(a.messages, 0) as messages,
       coalesce(a.public, 0) as public, coalesce(a.private, 0) as private, coalesce(a.reactions, 0) as reactions, coalesce(a.other, 0) as other
from membership m left join (select * from active where h = 'all') a using (c, g, f, grain, period) where grain <> 'day';

insert into figure
select 'engagement_rate', 'all', grain, period, c, g, f, 'all', 'all', active_members / ((at_start + at_end) / 2)
from rated where at_start + at_end > 0
union all
select kpi || '_per_member', item, grain, period, c, g, f, 'all', 'all', n / at_end
from rated, lateral (values ('messages', 'all', messages), ('activity', 'all', contributions), ('activity', 'public', public),
  ('activity', 'private', private), ('activity', 'reaction', reactions), ('activity', 'other', other)) v(kpi, item, n) where at_end > 0
union all
select kpi || '_per_active_member', item, grain, period, c, g, f, 'all', 'all', n / active_members
from rated, lateral (values ('messages', 'all', messages), ('activity', 'all', contributions), ('activity', 'public', public),
  ('activity', 'private', private), ('activity', 'reaction', reactions), ('activity', 'other', other)) v(kpi, item, n) where active_members > 0;

-- The last 90 and 28 days of every period.
create table daily as
select distinct c, g, f, local_day, member_person as person from scoped
where h = 'all' and member_person is not null
  and kind in ('message_posted', 'reaction_added', 'live_attended', 'content_published', 'survey_answered', 'poll_answered');

-- People active in the window of so many days that ends with a day: every active day opens as many windows.
create table asked_day as
select distinct last_day from cell_period where h = 'all' and grain <> 'day';

create table within_90 as
select distinct d.c, d.g, d.f, a.last_day, d.person
from daily d, asked_day a where d.local_day between a.last_day - 89 and a.last_day;

create table held as
select p.c, p.g, p.f, p.last_day, i.person
from (select distinct c, g, f, last_day, end_us from cell_period where h = 'all' and grain <> 'day') p
join island i on (i.community, i.segment, i.platform) = (p.c, p.g, p.f) and i.joined < p.end_us and i.parted >= p.end_us;

create table recent as
select c, g, f, last_day, count(*) as n from within_90 join held using (c, g, f, last_day, person) group by all;

insert into figure
select v.kpi, 'all', p.grain, p.period, p.c, p.g, p.f, 'all', 'all', v.n / at_end
from membership join cell_period p using (c, g, f, grain, period) left join recent r using (c, g, f, last_day),
lateral (values ('active_share_90d', coalesce(r.n, 0)), ('inactive_share_90d', at_end - coalesce(r.n, 0))) v(kpi, n)
where at_end > 0 and p.h = 'all' and p.grain <> 'day';

create table month_of as
select d.c, d.g, d.f, a.last_day, count(distinct d.person) as monthly, count(*) as daily,
       count(distinct (d.person, (a.last_day - d.local_day) // 7)) as weekly
from daily d, asked_day a where d.local_day between a.last_day - 27 and a.last_day group by all;

insert into figure
select 'stickiness', item, p.grain, p.period, p.c, p.g, p.f, 'all', 'all', v.x / monthly
from month_of m join cell_period p using (c, g, f, last_day), lateral (values ('all', daily / 28), ('weekly', weekly / 4)) v(item, x)
where p.h = 'all' and p.grain <> 'day';

insert into figure
select 'one_to_one_conversations', 'all', grain, period, c, g, f, 'all', 'all',
       count(distinct (least(d.member_person, po.person), greatest(d.member_person, po.person)))
from dated d join person_of po on po.platform = d.platform and po.handle = d.target
where d.grain <> 'day' and d.h = 'all' and d.kind = 'message_posted' and d.visibility = 'direct' and d.member_person is not null
  and po.person not in (select person from staff) and po.person <> d.member_person
group by all;

-- Lives, notifications: one unit per person and item.
insert into figure
with units as (
  select c, g, f, grain, period,
         count(distinct (member_person, subject)) filter (kind = 'live_registered') as registered,
         count(distinct (member_person, subject)) filter (kind = 'live_attended') as attended
  from dated where h = 'all' and member_person is not null and kind in ('live_registered', 'live_attended') group by all
)
select v.kpi, 'all', grain, period, c, g, f, 'all', 'all', v.x
from units, lateral (values ('live_registrations', registered), ('live_attendees', attended),
  ('live_show_up_rate', case when registered > 0 then attended / registered end)) v(kpi, x)
where v.x is not null and (grain <> 'day' or v.kpi <> 'live_show_up_rate');

insert into figure
with delivered as (
  select c, g, f, member_person, subject, min(local_day) as local_day
  from scoped where h = 'all' and kind = 'notification_delivered' and member_person is not null group by all
),
then_done as (
  select d.*, exists (select 1 from scoped s where s.h = 'all' and (s.c, s.g, s.f) = (d.c, d.g, d.f)
      and s.kind = 'notification_opened' and s.member_person = d.member_person and s.subject is not distinct from d.subject) as opened,
    exists (select 1 from scoped s where s.h = 'all' and (s.c, s.g, s.f) = (d.c, d.g, d.f)
      and s.kind = 'notification_clicked' and s.member_person = d.member_person and s.subject is not distinct from d.subject) as clicked
  from delivered d
)
select v.kpi, 'all', k.grain, k.period, c, g, f, 'all', 'all', avg(v.x::int)
from then_done join calendar k using (local_day),
lateral (values ('notification_open_rate', opened), ('notification_click_rate', clicked)) v(kpi, x)
where k.grain not in ('day', 'week') or g = 'all' and f = 'all'
group by all;

insert into figure
select 'many_to_many_share', 'all', d.grain, d.period, d.c, d.g, d.f, 'all', 'all', avg((not source_staff and not goal_staff)::int)
from dated d join interaction i using (event_id) where d.h = 'all' and d.grain <> 'day' group by all;

-- Content, badges, views.
insert into figure
select v.kpi, v.item, grain, period, c, g, f, h, 'all', v.x
from (select c, g, f, h, grain, period, count(*) filter (kind = 'content_viewed') as views,
             count(*) filter (kind = 'content_published') as content,
             count(*) filter (kind = 'badge_awarded') as badges,
             sum(score) filter (kind = 'badge_awarded') as points,
             count(distinct member_person) filter (kind = 'badge_awarded') as decorated
      from dated where member_person is not null group by all) s,
lateral (values ('content_views', 'all', views), ('ugc', 'content', content), ('gamification', 'badges', badges), ('gamification', 'points', points)) v(kpi, item, x)
where v.x > 0 and (h = 'all' or v.kpi = 'content_views') and (grain <> 'day' or v.kpi = 'content_views');

insert into figure
with made as (
  select d.c, d.g, d.f, d.grain, d.period, d.member_person as person, count(*) as n
  from dated d where d.h = 'all' and d.grain <> 'day' and d.member_person is not null
    and (d.kind = 'content_published' or d.event_id in (select event_id from thread)) group by all
),
ranked as (select *, row_number() over (partition by c, g, f, grain, period order by n desc) as place from made),
summed as (
  select r.c, r.g, r.f, r.grain, r.period, sum(n) as total,
         coalesce(sum(n) filter (place <= (m.at_end + 19) // 20), 0) as top
  from ranked r left join membership m using (c, g, f, grain, period) group by all
)
select v.kpi, v.item, grain, period, c, g, f, 'all', 'all', v.x
from summed, lateral (values ('ugc', 'all', total), ('ugc', 'top_5_percent', top / total)) v(kpi, item, x);

insert into figure
select 'ugc', 'posts', grain, period, c, g, f, 'all', 'all', count(*)
from dated where h = 'all' and grain <> 'day' and member_person is not null and event_id in (select event_id from thread) group by all;

insert into figure
with made as (
  select c, g, f, grain, period, member_person, count(*) as n from acting where h = 'all' and grain <> 'day' group by all
),
ranked as (
  select *, row_number() over (partition by c, g, f, grain, period order by n desc) as place,
         row_number() over (partition by c, g, f, grain, period order by n) as rank,
         count(*) over (partition by c, g, f, grain, period) as people
  from made
)
select v.kpi, v.item, grain, period, c, g, f, 'all', 'all', v.x
from (select r.c, r.g, r.f, r.grain, r.period, coalesce(sum(n) filter (place <= (m.at_end + 19) // 20), 0) / sum(n) as top,
             2 * sum(rank * n) / (any_value(people) * sum(n)) - (any_value(people) + 1) / any_value(people) as gini
      from ranked r left join membership m using (c, g, f, grain, period) group by all) s,
lateral (values ('contribution_concentration', 'all', top), ('contribution_concentration', 'gini', gini)) v(kpi, item, x);

insert into figure
select 'topics', 'all', grain, period, c, g, f, h, 'all', count(*) from acting where h <> 'all' and grain in ('month', '90d') group by all
union all
select 'topics', 'all', grain, period, c, segment, f, h, 'all', count(*) from acting
where h <> 'all' and grain in ('month', '90d') and (select count(*) from segment_of) > 0 group by all;

-- Join cohorts: member at the end of the month that lies so many months on, active in it; everybody is at risk once it is over.
create table heat as
with p as (select zone, as_of, until from params),
firsts as (
  select community as c, segment as g, person, arg_min(implied, joined) as implied, min(joined) as joined
  from island where platform = 'all' group by all
),
cohort as (
  select c, g, person, date_trunc('month', make_timestamptz(joined) at time zone zone)::date as month from firsts, p
  where not implied and joined < until
),
asked as (
  select distinct c, g, month, n, (month + to_months(n))::date as later,
         epoch_us((month + to_months(n + 1))::timestamp at time zone zone) as end_us
  from cohort, range(25) r(n), p where (month + to_months(n + 1))::date <= as_of + 1
),
risk as (select c, g, month, count(*) as at_risk from cohort group by all),
stays as (
  select a.c, a.g, a.month, a.n, count(*) as stays
  from asked a join cohort k using (c, g, month)
  join island i on i.platform = 'all' and i.community = k.c and i.segment = k.g and i.person = k.person and i.joined < a.end_us and i.parted >= a.end_us
  group by all
),
busy as (select distinct c, g, person, date_trunc('month', local_day)::date as later from daily where f = 'all'),
acts as (
  select a.c, a.g, a.month, a.n, count(*) as acts
  from cohort k join busy b using (c, g, person) join asked a on a.c = k.c and a.g = k.g and a.month = k.month and a.later = b.later group by all
)
select a.c, a.g, a.month, a.n, at_risk, coalesce(stays, 0) as stays, coalesce(acts, 0) as acts
from asked a join risk using (c, g, month) left join stays using (c, g, month, n) left join acts using (c, g, month, n);

insert into figure
select 'member_retention', v.item || '_' || n || 'm', 'month', strftime(month, '%Y-%m'), c, g, 'all', 'all', 'all', v.x / at_risk
from heat, lateral (values ('member', stays), ('active', acts)) v(item, x) where n in (1, 3, 6, 12);

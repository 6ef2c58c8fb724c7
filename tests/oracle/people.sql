-- People KPIs: joins, members, activity, lives, notifications, interactions, content.

-- Joins, leaves and members by day; every period begins and ends at a midnight.
create table invitation as
select distinct s.k, s.member_person as person, s.us from scoped s join event e using (event_id)
where s.member_person is not null and (s.kind = 'invite_accepted' or s.kind = 'member_joined' and e.invited_by is not null)
union
select k.k, w.person, epoch_us(r.joined_at) from roster r join person_of w using (platform, handle) left join segment_of g on g.person = w.person
join cut k on (k.c = 'all' or k.c = r.community) and (k.g = 'all' or k.g = coalesce(g.segment, 'unknown'))
  and (k.f = 'all' or k.f = r.platform) and k.h = 'all'
where r.invited_by is not null and r.joined_at is not null;

-- An invitation led to the membership in which it was accepted, or else to the next one.
create table invited_island as
with turn as (select k, person, joined, parted, lag(parted) over (partition by k, person order by joined) as before from island)
select distinct t.k, t.person, t.joined from turn t join invitation v on v.k = t.k and v.person = t.person and v.us < t.parted and (t.before is null or v.us >= t.before);

-- Kinds that a platform has ever told of, and the platforms of each cut: of the others nothing is known.
create table told_kind as
select distinct platform, 'member_left' as kind from change where not joins
union
select distinct platform, 'answer_accepted' from raw where kind = 'answer_accepted';

create table tells as
select distinct k.k, t.kind
from cut k join (select distinct community, platform from raw union select distinct community, platform from roster) p
  on (k.c = 'all' or k.c = p.community) and (k.f = 'all' or k.f = p.platform)
join told_kind t using (platform);

create table move as
select k, day, sum(joins) as joins, sum(joins_told) as joins_told, sum(leaves) as leaves, sum(invited) as invited
from (
  select i.k, (make_timestamptz(i.joined) at time zone zone)::date as day, count(*) as joins, count(*) filter (not implied) as joins_told, 0 as leaves,
         count(v.person) filter (not implied) as invited
  from island i left join invited_island v on v.k = i.k and v.person = i.person and v.joined = i.joined,
    params where i.joined < until group by all
  union all
  select k, (make_timestamptz(parted) at time zone zone)::date, 0, 0, count(*), 0 from island, params where parted < until group by all
) group by all;

create table flow as
select p.k, p.t, p.grain, p.period, p.c, p.g, p.f, coalesce(sum(m.joins_told), 0) as joins, coalesce(sum(m.leaves), 0) as leaves, coalesce(sum(m.invited), 0) as invited
from cell_period p left join move m on m.k = p.k and m.day between p.first_day and p.last_day where p.h = 'all' group by all;

-- Members at an instant: who joined before it less who left before it.
create table stock as
select k, day, sum(joins - leaves) over (partition by k order by day) as members from move;

create table membership as
select p.k, p.t, coalesce(a.members, 0) as at_start, coalesce(b.members, 0) as at_end
from (select * from cell_period where h = 'all') p
asof left join stock a on a.k = p.k and p.first_day > a.day
asof left join stock b on b.k = p.k and p.last_day >= b.day;

insert into cell_figure
select 'registrations', 'all', k, t, joins from flow
union all select 'new_members_net', 'all', k, t, joins - leaves from flow
union all select 'members', 'all', k, t, at_end from membership
union all select 'leave_rate', 'all', k, t, leaves / at_start from flow join membership using (k, t)
where at_start > 0 and k in (select k from tells where kind = 'member_left')
union all select 'retention_factor', 'all', k, t, case when leaves > 0 then joins / leaves else joins end from flow
union all select 'referrals', 'all', k, t, invited from flow where joins > 0
union all select 'referrals', 'share_of_joins', k, t, invited / joins from flow where joins > 0;

-- Activity, first by cut, day and person.
create table acted as
select s.k, s.local_day, s.member_person as person, s.kind, s.event_id, i.person is not null as as_member
from scoped s join cut c using (k)
join (select k as of_k, case when h = 'all' then k else (select x.k from cut x where (x.c, x.g, x.f, x.h) = (cut.c, 'all', 'all', 'all')) end as members_k from cut) m on m.of_k = s.k
left join island i on i.k = m.members_k and i.person = s.member_person and i.joined <= s.us and s.us < i.parted
where s.member_person is not null and s.kind in ('message_posted', 'reaction_added', 'live_attended', 'content_published', 'survey_answered', 'poll_answered');

create table act_day as
select a.k, a.local_day, a.person, count(*) as contributions, bool_or(as_member) as as_member,
       count(*) filter (a.kind = 'message_posted') as messages,
       count(*) filter (a.kind = 'message_posted' and coalesce(e.visibility, 'public') not in ('private', 'direct')) as public,
       count(*) filter (a.kind = 'reaction_added') as reactions,
       sum(e.sentiment) filter (a.kind = 'message_posted') as mood, count(e.sentiment) filter (a.kind = 'message_posted') as scored
from acted a join event e using (event_id) group by all;

-- … then by cell and person.
create table act_cell as
select k, t, person, sum(contributions)::bigint as contributions, bool_or(as_member) as as_member, sum(messages)::bigint as messages, sum(public)::bigint as public,
       sum(reactions)::bigint as reactions, sum(mood) as mood, sum(scored)::bigint as scored
from act_day join day_cell using (k, local_day) group by all;

create table active as
select k, t, sum(contributions) as contributions, count(*) filter (as_member) as members, sum(messages) as messages, sum(public) as public,
       sum(messages) - sum(public) as private, sum(reactions) as reactions, sum(contributions) - sum(messages) - sum(reactions) as other,
       sum(mood) as mood, sum(scored) as scored
from act_cell group by all;

insert into cell_figure
select 'messages', item, k, t, n
from active, lateral (values ('all', messages), ('public', public), ('private', private)) v(item, n) where n > 0
union all select 'active_members', 'all', k, t, members from active where members > 0
union all select 'sentiment', 'all', k, t, mood / scored from active where scored > 0
union all select 'sentiment', 'coverage', k, t, scored / messages from active where messages > 0;

create table rated as
select m.*, coalesce(a.contributions, 0) as contributions, coalesce(a.members, 0) as active_members, coalesce(a.messages, 0) as messages,
       coalesce(a.public, 0) as public, coalesce(a.private, 0) as private, coalesce(a.reactions, 0) as reactions, coalesce(a.other, 0) as other
from membership m left join active a using (k, t);

insert into cell_figure
select 'engagement_rate', 'all', k, t, active_members / ((at_start + at_end) / 2)
from rated where at_start + at_end > 0
union all
select kpi || '_per_member', item, k, t, n / at_end
from rated, lateral (values ('messages', 'all', messages), ('activity', 'all', contributions), ('activity', 'public', public),
  ('activity', 'private', private), ('activity', 'reaction', reactions), ('activity', 'other', other)) v(kpi, item, n) where at_end > 0
union all
select kpi || '_per_active_member', item, k, t, n / active_members
from rated, lateral (values ('messages', 'all', messages), ('activity', 'all', contributions), ('activity', 'public', public),
  ('activity', 'private', private), ('activity', 'reaction', reactions), ('activity', 'other', other)) v(kpi, item, n) where active_members > 0;

-- The last 90 and 28 days of every period. Days of people who were active, in cuts without channels.
create table daily as
select k, local_day, person from act_day join cut using (k) where h = 'all';

-- Which days lie in the window that ends with a day that some period of the cut ends with.
create table asked_day as
select distinct k, last_day, epoch_us((last_day + 1)::timestamp at time zone zone) as end_us from cell_period, params where h = 'all' and grain <> 'day';

create table recent as
with window_day as (select k, last_day, end_us, last_day - n::int as local_day from asked_day, range(90) r(n)),
within as (select distinct k, last_day, end_us, person from daily join window_day using (k, local_day))
select w.k, w.last_day, count(*) as n
from within w join island i on i.k = w.k and i.person = w.person and i.joined < w.end_us and i.parted >= w.end_us group by all;

insert into cell_figure
select v.kpi, 'all', p.k, p.t, v.n / at_end
from membership join cell_period p using (k, t) left join recent r on r.k = p.k and r.last_day = p.last_day,
lateral (values ('active_share_90d', coalesce(r.n, 0)), ('inactive_share_90d', at_end - coalesce(r.n, 0))) v(kpi, n)
where at_end > 0;

create table month_of as
with window_day as (select k, last_day, last_day - n::int as local_day, n // 7 as week from asked_day, range(28) r(n)),
of_person as (select k, last_day, person, count(*) as daily, count(distinct week) as weekly from daily join window_day using (k, local_day) group by all)
select k, last_day, count(*) as monthly, sum(daily) as daily, sum(weekly) as weekly from of_person group by all;

insert into cell_figure
select 'stickiness', item, p.k, p.t, v.x / monthly
from month_of m join cell_period p using (k, last_day), lateral (values ('all', daily / 28), ('weekly', weekly / 4)) v(item, x);

insert into cell_figure
select 'one_to_one_conversations', 'all', k, t, count(distinct (least(d.member_person, po.person), greatest(d.member_person, po.person)))
from dated d join event e using (event_id) join person_of po on po.platform = e.platform and po.handle = e.target
where d.kind = 'message_posted' and e.visibility = 'direct' and d.member_person is not null
  and po.person not in (select person from staff) and po.person <> d.member_person
group by all;

-- Lives, notifications: one unit per person and item.
insert into cell_figure
with units as (
  select k, t,
         count(distinct (d.member_person, subject)) filter (d.kind = 'live_registered') as registered,
         count(distinct (d.member_person, subject)) filter (d.kind = 'live_attended') as attended
  from dated d join event using (event_id) where d.member_person is not null and d.kind in ('live_registered', 'live_attended') group by all
)
select v.kpi, 'all', k, t, v.x
from units, lateral (values ('live_registrations', registered), ('live_attendees', attended),
  ('live_show_up_rate', case when registered > 0 then attended / registered end)) v(kpi, x)
where v.x is not null;

insert into cell_figure
with told as (
  select s.k, s.member_person, coalesce(subject, chr(0)) as subject, min(s.local_day) filter (s.kind = 'notification_delivered') as local_day,
         count(*) filter (s.kind = 'notification_opened') > 0 as opened, count(*) filter (s.kind = 'notification_clicked') > 0 as clicked
  from scoped s join event using (event_id)
  where s.member_person is not null and s.kind in ('notification_delivered', 'notification_opened', 'notification_clicked') group by all
)
select v.kpi, 'all', k, t, avg(v.x::int)
from told join day_cell using (k, local_day), lateral (values ('notification_open_rate', opened), ('notification_click_rate', clicked)) v(kpi, x)
group by all;

insert into cell_figure
select 'many_to_many_share', 'all', k, t, avg((not source_staff and not goal_staff)::int)
from dated join interaction using (event_id) group by all;

-- Content, badges, views.
insert into cell_figure
select v.kpi, v.item, k, t, v.x
from (select k, t, count(*) filter (d.kind = 'content_viewed') as views,
             count(*) filter (d.kind = 'content_published') as content,
             count(*) filter (d.kind = 'badge_awarded') as badges,
             sum(score) filter (d.kind = 'badge_awarded') as points,
             count(distinct d.member_person) filter (d.kind = 'badge_awarded') as decorated
      from dated d join event using (event_id) where d.member_person is not null and d.kind in ('content_viewed', 'content_published', 'badge_awarded') group by all) s left join membership m using (k, t),
lateral (values ('content_views', 'all', views), ('ugc', 'content', content), ('gamification', 'badges', badges), ('gamification', 'points', points),
  ('gamification', 'participation', case when at_end > 0 then decorated / at_end end)) v(kpi, item, x)
where v.x > 0;

-- Show-up by live: over all of its registrations and attendances.
insert into figure
with units as (
  select k, subject, count(distinct s.member_person) filter (s.kind = 'live_registered') as registered,
         count(distinct s.member_person) filter (s.kind = 'live_attended') as attended
  from scoped s join event using (event_id) where s.member_person is not null and s.kind in ('live_registered', 'live_attended') and subject is not null group by all
)
select 'live_show_up_rate', subject, 'all', 'all', c, 'all', 'all', 'all', 'all', attended / registered
from units join cut using (k) where registered > 0 and g = 'all' and f = 'all' and h = 'all';

create table made as
select k, t, d.member_person as person, count(*) as n, count(o.event_id) as posts
from dated d left join thread o using (event_id)
where d.member_person is not null and (d.kind = 'content_published' or o.event_id is not null) group by all;

insert into cell_figure
with ranked as (select *, row_number() over (partition by k, t order by n desc) as place from made),
summed as (
  select r.k, r.t, sum(n) as total, sum(posts) as posts,
         case when any_value(m.at_end) > 0 then coalesce(sum(n) filter (place <= (m.at_end + 19) // 20), 0) end as top
  from ranked r left join membership m using (k, t) group by all
)
select 'ugc', v.item, k, t, v.x
from summed, lateral (values ('all', total), ('top_5_percent', top / total), ('posts', posts)) v(item, x) where v.item = 'all' or v.x > 0 or v.item = 'top_5_percent' and v.x is not null;

insert into cell_figure
with ranked as (
  select k, t, contributions as n, row_number() over (partition by k, t order by contributions desc) as place,
         row_number() over (partition by k, t order by contributions) as rank, count(*) over (partition by k, t) as people
  from act_cell join cut using (k) where h = 'all'
)
select 'contribution_concentration', v.item, k, t, v.x
from (select r.k, r.t, case when any_value(m.at_end) > 0 then coalesce(sum(n) filter (place <= (m.at_end + 19) // 20), 0) / sum(n) end as top,
             2 * sum(rank * n) / (any_value(people) * sum(n)) - (any_value(people) + 1) / any_value(people) as gini
      from ranked r left join membership m using (k, t) group by all) s,
lateral (values ('all', top), ('gini', gini)) v(item, x) where v.x is not null;

insert into figure
with by_segment as (
  select k, t, coalesce(s.segment, 'unknown') as segment, sum(contributions) as n from act_cell left join segment_of s using (person) group by all
)
select 'topics', 'all', grain, period, c, 'all', f, h, 'all', sum(n) from by_segment join cell_period using (k, t) where h <> 'all' and grain in ('month', '90d') group by all
union all
select 'topics', 'all', grain, period, c, segment, f, h, 'all', sum(n) from by_segment join cell_period using (k, t)
where h <> 'all' and grain in ('month', '90d') and (select count(*) from segment_of) > 0 group by all
union all
-- The total, of communities that have channels.
select 'topics', 'all', grain, period, c, v.segment, 'all', 'all', 'all', sum(n) from by_segment join cell_period using (k, t), lateral (values ('all'), (segment)) v(segment)
where (g, f, h) = ('all', 'all', 'all') and grain in ('month', '90d') and (c in (select community from spoken) or c = 'all' and (select count(*) from spoken) > 0)
  and (v.segment = 'all' or (select count(*) from segment_of) > 0) group by all;

-- Join cohorts: member at the end of the month that lies so many months on, active in it; everybody is at risk once it is over.
create table heat as
with firsts as (
  select c, g, k, person, arg_min(implied, joined) as implied, min(joined) as joined
  from island join cut using (k) where f = 'all' group by all
),
cohort as (
  select k, person, date_trunc('month', make_timestamptz(joined) at time zone zone)::date as month from firsts, params
  where not implied and joined < until
),
asked as (
  select distinct k, month, n, (month + to_months(n::int))::date as later, epoch_us((month + to_months(n::int + 1))::timestamp at time zone zone) as end_us
  from cohort, range(25) r(n), params where (month + to_months(n::int + 1))::date <= as_of + 1
),
risk as (select k, month, count(*) as at_risk from cohort group by all),
stays as (
  select a.k, a.month, a.n, count(*) as stays
  from cohort c join island i using (k, person) join asked a on a.k = c.k and a.month = c.month and i.joined < a.end_us and i.parted >= a.end_us group by all
),
-- Still active are those who act as members.
busy as (select distinct k, person, date_trunc('month', local_day)::date as later from act_day join cut using (k) where h = 'all' and as_member),
acts as (
  select a.k, a.month, a.n, count(*) as acts
  from cohort c join busy b using (k, person) join asked a on a.k = c.k and a.month = c.month and a.later = b.later group by all
)
select c, g, a.month, a.n, at_risk, coalesce(stays, 0) as stays, coalesce(acts, 0) as acts
from asked a join cut using (k) join risk using (k, month) left join stays using (k, month, n) left join acts using (k, month, n);

insert into figure
select 'member_retention', v.item || '_' || n || 'm', 'month', strftime(month, '%Y-%m'), c, g, 'all', 'all', 'all', v.x / at_risk
from heat, lateral (values ('member', stays), ('active', acts)) v(item, x) where n in (1, 3, 6, 12)
  -- Whether members of a mere roster are active is unknown.
  and (v.item = 'member' or c = 'all' and exists (from raw) or c in (select community from raw));

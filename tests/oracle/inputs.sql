-- What the KPIs are computed from: events, who is who, memberships, threads, periods and cuts.
-- Written from KPIS.md and ENTITIES.md; the runner has made `params` (one row) and `period` beforehand.

-- Persons and events by number: there are millions of them.
create table handle_named as
select platform, handle, person from read_parquet('${lake}/identity/handles.parquet');

create table roster as
select community, platform, handle, joined_at, left_at, role, invited_by, known_from
from held_members;

create table told as
select row_number() over ()::integer as event_id, e.event_id as name, e.platform, e.community, e.kind, epoch_us(e.occurred_at) as us,
       (e.occurred_at at time zone p.zone)::date as local_day,
       e.actor, e.target, coalesce(e.channel, '') as channel, e.thread, e.reply_to, e.visibility,
       e.sentiment, coalesce(e.is_question, false) as asks, e.is_bot, e.is_staff,
       e.attributes['message'] as message, e.attributes['subject'] as subject,
       e.attributes['invited_by'] as invited_by, try_cast(e.attributes['score'] as double) as score,
       e.text_length is not null as has_text, coalesce(try_cast(e.attributes['words'] as integer) < 3, false) as short
from read_parquet('${lake}/events/*/*.parquet', hive_partitioning = false) e, params p
where epoch_us(e.occurred_at) < p.until;

-- A message asks, feels and weighs what its last edit with text says; the edit itself then counts for nothing.
create table edited as
select community, platform, message, channel, arg_max(asks, us) as asks, arg_max({'mood': sentiment}, us) as feels, arg_max(short, us) as short
from told where kind = 'message_edited' and has_text and message is not null group by all;

create table raw as
select t.* exclude (asks, sentiment, short), coalesce(d.asks, t.asks) as asks, case when d.feels is null then t.sentiment else d.feels.mood end as sentiment,
       coalesce(d.short, t.short) as short
from told t left join edited d on t.kind = 'message_posted' and d.community = t.community and d.platform = t.platform and d.message = t.message and d.channel = t.channel;

create type event_kind as enum (select distinct kind from raw);

create table bot as
select distinct platform, actor as handle from raw where is_bot and actor is not null
union
select platform, handle from roster where role = 'bot';

create table whom as
select name, row_number() over ()::integer as person from (
  select person as name from handle_named
  union select person from read_parquet('${lake}/identity/records.parquet') union select person from read_parquet('${lake}/identity/emails.parquet')
  union select person from read_parquet('${lake}/identity/accounts.parquet') union select person from facts_named
  union select platform || ':' || handle from (
    select platform, actor as handle from raw where actor is not null union select platform, target from raw where target is not null union select platform, handle from roster));

create table facts as select w.person, f.* exclude (person) from facts_named f join whom w on w.name = f.person;

create table handle_person as select platform, handle, w.person from handle_named h join whom w on w.name = h.person;

-- Staff: by event, by roster, by configuration, or as the facts have it (domains, CRM ids); one handle makes the person staff.
create table person_of as
with seen as (
  select platform, actor as handle from raw where actor is not null
  union select platform, target from raw where target is not null
  union select platform, handle from roster
)
select s.platform, s.handle, w.person
from seen s left join handle_named h using (platform, handle) join whom w on w.name = coalesce(h.person, s.platform || ':' || s.handle)
where (s.platform, s.handle) not in (select platform, handle from bot);

create table staff as
select distinct person from person_of join (
  select platform, actor as handle from raw where is_staff
  union select platform, handle from roster where role = 'staff'
  union select platform, handle from staff_handle
) using (platform, handle)
union
select distinct person from facts where is_staff;

create table segment_of as
select person, min(segment) as segment from facts where segment is not null group by person;

-- A deleted message counts nowhere, nor do the reactions to it; a reaction taken back neither.
create table posted as
select *, coalesce(message, name) as id from raw where kind = 'message_posted';

create table deleted as
select distinct d.community, d.platform, d.message,
       (select any_value(p.channel) from posted p
        where p.community = d.community and p.platform = d.platform and p.message = d.message and p.channel = d.channel) as exact,
       d.channel
from raw d where d.kind = 'message_deleted';

create table removed as
with acts as (
  select event_id, community, platform, actor, message, kind, us,
         sum(case when kind = 'reaction_added' then 1 else -1 end)
           over (partition by community, platform, actor, message order by us, kind rows unbounded preceding) as balance
  from raw where kind in ('reaction_added', 'reaction_removed')
),
-- Each removal cancels the latest addition before it: walk back through equal balances.
pairs as (
  select r.event_id as removal,
         (select a.event_id from acts a
          where a.kind = 'reaction_added' and a.community = r.community and a.platform = r.platform and a.actor = r.actor
            and a.message is not distinct from r.message and a.us <= r.us and a.balance = r.balance + 1
          order by a.us desc limit 1) as addition
  from acts r where r.kind = 'reaction_removed'
)
select addition as event_id from pairs where addition is not null;

create table event as
select r.*, po.person, coalesce(po.person in (select person from staff), false) as staff_person,
       case when po.person is null then null when po.person in (select person from staff) then null else po.person end as member_person,
       coalesce(s.segment, 'unknown') as segment
from raw r
left join person_of po on po.platform = r.platform and po.handle = r.actor
left join segment_of s on s.person = po.person
where not (r.kind = 'message_posted' and exists (
        select 1 from deleted d where d.community = r.community and d.platform = r.platform and d.message = r.message
          and (d.channel = r.channel or d.exact is null)))
  and not (r.kind in ('reaction_added', 'answer_accepted') and exists (
        select 1 from deleted d where d.community = r.community and d.platform = r.platform and d.message = r.message
          and (d.channel = r.channel or d.exact is null or r.channel = '')))
  and r.event_id not in (select event_id from removed)
  and r.kind <> 'reaction_removed'
  and (r.actor is null or po.person is not null);

create view contribution as
select * from event
where kind in ('message_posted', 'reaction_added', 'live_attended', 'content_published', 'survey_answered', 'poll_answered')
  and member_person is not null;

-- Memberships: intervals per handle from joins and leaves, told by events or rosters. Where nothing on a platform of a community
-- tells of joins, the first contribution stands for the join and is no registration; so does the drop of a roster without dates.
create table change as
select community, platform, actor as handle, us, kind = 'member_joined' as joins from raw
where kind in ('member_joined', 'member_left') and actor is not null
union
select community, platform, handle, epoch_us(joined_at), true from roster where joined_at is not null
union
select community, platform, handle, epoch_us(left_at), false from roster where left_at is not null;

create table presumed as
select c.community, c.platform, c.actor as handle, min(c.us) as us from contribution c
where (c.community, c.platform) not in (select community, platform from change where joins)
group by all
union all
select community, platform, handle, epoch_us(known_from) from roster r
where joined_at is null and (left_at is null or left_at > known_from)
  and (community, platform, handle) not in (select community, platform, handle from change where joins);

create table stay as
with line as (
  select community, platform, handle, us, joins, false as implied from change
  union all
  select community, platform, handle, min(us), true, true from presumed group by all
),
marked as (
  select *, lag(joins) over (partition by community, platform, handle order by us, joins) as before from line
),
turns as (select * from marked where before is distinct from joins and not (before is null and not joins)),
spans as (
  select *, lead(us) over (partition by community, platform, handle order by us, joins) as until from turns
)
select s.community, s.platform, po.person, coalesce(sg.segment, 'unknown') as segment, s.us as joined,
       coalesce(s.until, 9223372036854775807) as parted, s.implied
from spans s
join person_of po on po.platform = s.platform and po.handle = s.handle
left join segment_of sg on sg.person = po.person
where s.joins and s.us < coalesce(s.until, 9223372036854775807) and po.person not in (select person from staff);

-- Every cut that is published: all and each community; by segment, by platform; channels under their community.
create table base_cut as
with c as (select 'all' as community union select distinct community from raw union select distinct community from roster),
     g as (select 'all' as segment union all
           select distinct segment from (select segment from segment_of union all select 'unknown') where (select count(*) from segment_of) > 0),
     p as (select distinct platform from raw union select distinct platform from roster)
select community, segment, 'all' as platform from c, g
union all
select community, 'all', platform from c, p;

-- Channels are published where anybody wrote in one.
create table talked as
select distinct community, channel from event where kind = 'message_posted';

create table spoken as
select community from talked group by community having bool_or(channel <> '');

create table cut as
select row_number() over ()::smallint as k, * from (
  select community as c, segment as g, platform as f, 'all' as h from base_cut
  union all
  select community, 'all', 'all', case when channel = '' then 'unknown' else channel end from talked
  where community in (select community from spoken));

-- One person's memberships of a cut, joined where they overlap or touch.
create table island as
with taken as (
  select k.k, s.person, s.joined, s.parted, s.implied
  from stay s join cut k
    on (k.c = 'all' or k.c = s.community) and (k.g = 'all' or k.g = s.segment) and (k.f = 'all' or k.f = s.platform) and k.h = 'all'
),
fresh as (
  select *, coalesce(joined > max(parted) over (
      partition by k, person order by joined, parted
      rows between unbounded preceding and 1 preceding), true) as opens
  from taken
),
numbered as (
  select *, sum(opens::int) over (partition by k, person order by joined, parted) as part from fresh
)
select k, person, part, min(joined) as joined, max(parted) as parted, arg_min(implied, (joined, parted)) as implied
from numbered group by all;

-- Which cuts an event counts in.
create table kept_in as
with place as (select distinct community, segment, platform, channel, person is not null as known from event)
select e.*, k.k from place e join cut k
  on (k.c = 'all' or k.c = e.community) and (k.g = 'all' or k.g = e.segment and e.known) and (k.f = 'all' or k.f = e.platform)
 and (k.h = 'all' or k.h = case when e.channel = '' then 'unknown' else e.channel end and k.c = e.community);

create table scoped as
select i.k, e.event_id, e.us, e.local_day, e.person, e.member_person, e.kind::event_kind as kind
from event e join kept_in i on i.community = e.community and i.segment = e.segment and i.platform = e.platform and i.channel = e.channel and i.known = (e.person is not null);

-- Threads: opened by the earliest message that answers nothing. Direct messages make none.
create table reference as
select community, platform, message, any_value(thread) as thread, any_value(reply_to) as reply_to, count(*) as n,
       any_value(channel) as channel
from posted where message is not null group by all;

create table threaded as
select p.*, case
    when p.visibility = 'direct' then null
    when p.thread is not null then p.community || chr(31) || p.platform || chr(31) || p.channel || chr(31) || p.thread
    when p.reply_to is null then p.community || chr(31) || p.platform || chr(31) || p.channel || chr(31) || p.id
  end as named
from posted p;

-- A reply without a thread lies in that of the message that it answers.
create table message as
with recursive up as (
  select event_id, named, reply_to, community, platform, channel, 0 as depth from threaded where visibility is distinct from 'direct'
  union all
  select u.event_id, t.named, t.reply_to, t.community, t.platform, t.channel, depth + 1
  from up u join threaded t on t.community = u.community and t.platform = u.platform and t.message = u.reply_to
   and (t.channel = u.channel or (select n from reference r
        where r.community = u.community and r.platform = u.platform and r.message = u.reply_to) = 1)
  where u.named is null and u.depth < 100
)
select t.* exclude (named), u.named as thread_key
from threaded t left join (select event_id, max(named) as named from up where named is not null group by event_id) u using (event_id);

create table opening as
select thread_key, arg_min(event_id, (us, name)) as event_id, min(us) as us
from message where thread_key is not null group by thread_key;

create table thread as
select o.thread_key, e.event_id, e.us, e.local_day, e.person, e.staff_person, e.asks, e.channel, e.community, e.platform, e.segment
from opening o join event e using (event_id)
where e.reply_to is null and e.person is not null;

create table reply as
select m.thread_key, m.us, e.person, e.staff_person, m.short
from message m join event e using (event_id) join opening o using (thread_key)
where m.event_id <> o.event_id and e.person is not null;

create table conversation as
select t.*, count(r.us) as replies,
       min(r.us) filter (r.person <> t.person) as answered_at,
       arg_min(r.staff_person, r.us) filter (r.person <> t.person) as by_staff,
       min(r.us) filter (r.person <> t.person and not r.staff_person) as peer_at,
       min(r.us) filter (r.person <> t.person and r.staff_person) as staff_at,
       (select min(a.us) from event a join message m
          on m.community = a.community and m.platform = a.platform and m.message = a.message
        where a.kind = 'answer_accepted' and m.thread_key = t.thread_key) as accepted_at
from thread t left join reply r using (thread_key)
group by all;

-- The person to whom an event is addressed: the author of the message that it answers or is about, else its target.
create table addressed as
select e.event_id,
       coalesce(
         (select m.actor from posted m where m.community = e.community and m.platform = e.platform
            and m.message = case when e.kind = 'message_posted' then e.reply_to else e.message end
            and m.event_id <> e.event_id
          order by (m.channel = e.channel) desc, m.us limit 1),
         (select o.actor from message x join opening w using (thread_key) join posted o on o.event_id = w.event_id and o.reply_to is null
          where x.event_id = e.event_id and w.event_id <> e.event_id),
         e.target) as handle
from event e
where e.kind = 'reaction_added' or (e.kind = 'message_posted' and e.visibility is distinct from 'direct');

create table interaction as
select e.event_id, e.person as source, e.staff_person as source_staff, po.person as goal,
       po.person in (select person from staff) as goal_staff
from event e join addressed a using (event_id)
join person_of po on po.platform = e.platform and po.handle = a.handle
where e.person is not null and e.person <> po.person;

-- What answers something: a message in a thread that another opened, or to another message.
create table answer_to as
select event_id from message where event_id not in (select event_id from opening) and (reply_to is not null or thread_key is not null);

-- Which periods a cut is published by, and the events of each.
create table cell_period as
select c.*, p.* from cut c join period p
  on p.grain in ('month', '28d', '90d')
  or p.grain in ('quarter', 'year') and c.h = 'all'
  or p.grain in ('day', 'week') and c.h = 'all' and c.g = 'all' and c.f = 'all';

-- The cells that each day of a cut lies in.
create table day_cell as
select p.k, l.local_day, p.t from cell_period p join calendar l on l.grain = p.grain and l.period = p.period;

create view dated as
select s.*, d.t from scoped s join day_cell d using (k, local_day);

-- Figures of cells; at the end of conversation.sql they get their names.
create table cell_figure (kpi varchar, item varchar, k smallint, t smallint, value double);

create table figure (kpi varchar, item varchar, grain varchar, period varchar, c varchar, g varchar, f varchar, h varchar,
                     side varchar, value double);

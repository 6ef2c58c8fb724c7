-- Who stays a customer, what is renewed, who handles what, who knows the brand: from person-months and CRM rows.

-- With a contract they stay while it runs; without one, until so many months after the last order, or after the deal that was won.
create table loyal as
select f.person, f.month, f.member, f.communities,
       f.customer_since is not null and f.customer_since <= f.month
         and (f.subscribed or coalesce(case when f.orders > 0 then 0 else f.months_since_order end < churn_after, false)
              or not bool_or(f.subscribed) over (partition by f.person order by f.month) and date_diff('month', f.customer_since, f.month) < churn_after) as alive,
       f.customer_since, max(f.month) over (partition by f.person) as last
from facts f, params where not f.is_staff;

-- Lost in the period: customers before it who are none at its end; on the side on which they were before it.
insert into figure
with ends as (select grain, period, min(month) as first, max(month) as final from months group by all),
lost as (
  select e.grain, e.period, b.member, b.communities, n.alive
  from ends e join loyal n on n.month = least(e.final, n.last) and n.month >= e.first
  join loyal b on b.person = n.person and b.month = e.first - interval 1 month and b.alive
)
select 'churn_rate', 'all', grain, period, c, 'all', 'all', 'all', side, avg((not alive)::int)
from lost join group_of using (member, communities) group by all;

-- Still a customer so many months after the first purchase; on the side of that month.
insert into figure
select 'customer_retention', m.on || 'm', 'month', strftime(n.customer_since, '%Y-%m'), g.c, 'all', 'all', 'all', g.side, avg(n.alive::int)
from (select * from loyal, params where (month + interval 1 month)::date <= as_of + 1) n join (values (1), (3), (6), (12)) m("on") on n.month = n.customer_since + to_months(m.on)
left join loyal b on b.person = n.person and b.month = n.customer_since
join group_of g on g.member = coalesce(b.member, false) and g.communities = coalesce(b.communities, '')
group by all;

-- Per agent and month of work, per seller and month of work.
insert into figure
select 'agent_productivity', item, k.grain, k.period, 'all', 'all', 'all', 'all', 'all', count(*) / count(distinct (who, date_trunc('month', local_day)))
from (select 'tickets_solved' as item, agent_id as who, (solved_at at time zone zone)::date as local_day from held_tickets, params where solved_at < until_at
      union all select 'deals_won', owner_id, (closed_at at time zone zone)::date from held_deals, params where status = 'won' and closed_at < until_at) w
join calendar k using (local_day)
where who is not null and k.grain in ('week', 'month', 'quarter', 'year', '28d', '90d') group by all;

insert into figure
select 'brand_awareness', word, grain, period, 'all', g, 'all', 'all', side, avg(number)
from part where about = 'awareness' group by all;

-- Branded and direct visits; 100 is the first whole month with any.
insert into figure
with monthly as (
  select k.period, p.first_day, p.partial, sum(visits) filter (channel in ('branded', 'direct')) as visits, min(t.local_day) as seen
  from traffic t join calendar k using (local_day) join (select distinct grain, period, first_day, partial from every_period) p using (grain, period)
  where k.grain = 'month' group by all
),
base as (
  select visits from monthly where visits > 0 and not partial and first_day >= (select min(local_day) from traffic) order by first_day limit 1
)
select 'brand_awareness', 'branded_and_direct_traffic', 'month', m.period, 'all', 'all', 'all', 'all', 'all', 100 * coalesce(m.visits, 0) / b.visits
from monthly m, base b
where m.first_day >= (select min(first_day) from monthly x where x.visits > 0 and not x.partial and x.first_day >= (select min(local_day) from traffic));

insert into figure
with shown as (
  select k.grain, k.period, sum(clicks) filter (audience = 'members') / sum(impressions) filter (audience = 'members') as ours,
         sum(clicks) filter (audience = 'others') / sum(impressions) filter (audience = 'others') as theirs
  from campaign join calendar k using (local_day) where k.grain in ('week', 'month', 'quarter', 'year', '28d', '90d') group by all
)
select 'campaign_engagement', 'all', grain, period, 'all', 'all', 'all', 'all', 'all', ours / theirs from shown where ours is not null and theirs > 0
union all
select 'campaign_engagement', 'click_rate', grain, period, 'all', 'all', 'all', 'all', 'member', ours from shown where ours is not null
union all
select 'campaign_engagement', 'click_rate', grain, period, 'all', 'all', 'all', 'all', 'non_member', theirs from shown where theirs is not null;

-- Anniversaries of annual contracts; one that ended within 31 days before was due, one that ended by it was not renewed.
insert into figure
select 'renewal_rate', 'all', grain, period, 'all', g, 'all', 'all', side, avg(number) from part where about = 'due' group by all;

-- Tickets avoided, by what members ask less and by questions that peers answered.
insert into figure
select 'ticket_deflection', 'contact_rate_difference', grain, period, 'all', 'all', 'all', 'all', 'all',
       (o.tickets / o.months - m.tickets / m.months) * m.months
from risk m join risk o using (grain, period), params
where m.side = 'member' and o.side = 'non_member' and (m.c, o.c) = ('all', 'all') and m.months > 0 and o.months > 0 and has_tickets
union all
select 'ticket_deflection', 'peer_answers', grain, period, 'all', 'all', 'all', 'all', 'all', any_value(deflection_share) * count(*)
from question join cell_period using (k, t), params
where (c, g, f, h) = ('all', 'all', 'all', 'all') and answered_at is not null and not by_staff
  and grain in ('month', 'quarter', 'year', '90d') and deflection_share is not null
group by all;

-- Community-qualified leads: who met the rule when, and what became of them. Time counts on the side on which it was lived: among
-- the others until the rule is met, censored there.
create table qualifying as
select e.member_person as person, e.us
from contribution e join (select distinct person from id_record union select person from id_email union select person from handle_person) using (person), params
where (len(lead_kinds) = 0 or list_contains(lead_kinds, e.kind)) and (len(lead_channels) = 0 or list_contains(lead_channels, e.channel))
  and (len(lead_communities) = 0 or list_contains(lead_communities, e.community));

create table rule_met as
select person, min(us) as met from (
  select person, us, lag(us, greatest(lead_least, 1)::int - 1, null) over (partition by person order by us) as first, lead_window_us from qualifying, params)
where us - first <= lead_window_us group by person;

create table lead_arm as
with dated_lead as (
  select l.person, l.created, case when l.since < until then l.since end as customer, until, case when r.met is not null then greatest(r.met, l.created) end as met
  from lead_person l left join rule_met r using (person), params where l.created < until and not l.undated
),
judged as (
  select *, met is not null and (customer is null or met < customer) as qualifies from dated_lead where customer is null or customer >= created
)
select 'conversion' as item, coalesce(customer, until) - met as wait, customer is not null as done from judged where qualifies
union all
select 'conversion_of_other_leads', met - created, false from judged where qualifies and met > created
union all
select 'conversion_of_other_leads', coalesce(customer, until) - created, customer is not null from judged where not qualifies;

insert into figure
with steps as (select item, wait, count(*) filter (done) as events, count(*) as gone from lead_arm group by all),
risk as (select *, sum(gone) over (partition by item order by wait desc) as at_risk from steps),
kept as (
  select item, exp(sum(case when wait > conversion_days * 86400000000 then 0 when events = at_risk then -1e9 else ln(1 - events / at_risk) end)) as survival
  from risk, params group by item
)
select 'community_qualified_leads', item, 'all', 'all', 'all', 'all', 'all', 'all', 'all', 1 - survival from kept
union all
select 'community_qualified_leads', 'conversion_difference', 'all', 'all', 'all', 'all', 'all', 'all', 'all', o.survival - q.survival
from kept o, kept q where o.item = 'conversion_of_other_leads' and q.item = 'conversion';

-- Buying histories in months, and lengths of contracts, of those whose beginning is in sight; on the side of the last month. A
-- month that still runs is none in which nobody bought: histories end before it.
create table buyer as
with months as (select person, month, orders, revenue_minor, customer_since, member, max(month) over (partition by person) as last
                from facts, params where not is_staff and (month + interval 1 month)::date <= as_of + 1),
firsts as (
  select person, min(month) as first, max(month) as latest, count(*) - 1 as repeats, any_value(customer_since) as since, any_value(last) as last
  from months where orders > 0 group by person
)
select f.person, repeats, date_diff('month', first, latest) as recency, date_diff('month', first, f.last) as age, n.member as member_now,
       coalesce(sum(m.revenue_minor) filter (m.orders > 0 and m.month > first), 0) as repeat_revenue
from firsts f join months m using (person) join months n on n.person = f.person and n.month = f.last
where since = first group by f.person, repeats, first, latest, f.last, n.member;

create table contract as
with months as (select person, month, subscribed, customer_since, member, min(month) over (partition by person) as opens, max(month) over (partition by person) as last
                from facts, params where not is_staff and (month + interval 1 month)::date <= as_of + 1)
select person, date_diff('month', min(month) filter (subscribed), max(month) filter (subscribed)) + 1 as length, max(month) filter (subscribed) < max(month) as ended,
       bool_or(member) filter (month = last) as member_now
from months group by person
-- The beginning is in sight: a month without was seen, or the contract made the customer.
having min(month) filter (subscribed) > min(month) or any_value(customer_since) = min(month) filter (subscribed);

-- Business KPIs, from the person-months and the CRM rows that hold on the as-of day.

create table side as select * from (values ('all'), ('member'), ('non_member')) v(side);

create table months as
select distinct grain, period, month from (
  select grain, period, date_trunc('month', local_day)::date as month from calendar where grain in ('month', 'quarter', 'year')
);

-- Sides and communities in which a person-month counts: a community has a member side only.
create table group_of as
with kinds as (select distinct member, communities from facts union select false, '')
select member, communities, v.side, 'all' as c from kinds, lateral (values ('all'), (case when member then 'member' else 'non_member' end)) v(side)
union all
select member, communities, 'member', unnest(string_split(communities, ',')) from kinds where member and communities <> '';

-- Commerce: customers' months at risk begin with the month of the first purchase, deal or contract.
create table risk as
select grain, period, side, c, sum(revenue) as revenue, sum(orders) as orders, sum(months) as months, sum(tickets) as tickets,
       -- A month that still runs is not annualised.
       sum(orders) filter (where is_over) as orders_over, sum(months) filter (where is_over) as months_over
from (select (month + interval 1 month)::date <= as_of + 1 as is_over, month, member, communities, sum(revenue_minor) as revenue, sum(orders) as orders, count(*) as months, sum(tickets) as tickets
      from facts, params where not is_staff and customer_since <= month group by all) f
join months m using (month) join group_of using (member, communities) group by all;

insert into figure
select v.kpi, 'all', grain, period, c, 'all', 'all', 'all', side, v.x
from risk, params,
lateral (values ('average_order_value', case when orders > 0 then revenue / orders / minor_per_major end),
                ('purchase_frequency', case when months_over > 0 then 12 * orders_over / months_over end),
                ('revenue_per_customer', case when months > 0 then revenue / months / minor_per_major end),
                ('contact_rate', case when months > 0 and has_tickets then tickets / months end)) v(kpi, x)
where v.x is not null and (v.kpi in ('contact_rate') or has_orders or v.kpi = 'revenue_per_customer' and has_subscriptions);

-- The whole company's average order value again, from the orders themselves.
insert into figure
select 'average_order_value', 'orders', k.grain, k.period, 'all', 'all', 'all', 'all', 'all', sum(net) / count(*) / any_value(minor_per_major)
from order_net o join calendar k using (local_day), params
where k.grain in ('month', 'quarter', 'year') and person is not null
  and person not in (select person from facts where is_staff)
group by all;

-- CRM rows with the person, the account, and the side at the time that counts.
create table member_span as select person, joined, parted from island join cut using (k) where (c, g, f, h) = ('all', 'all', 'all', 'all');

create table account_since as
select account, min(joined) as joined from id_account join member_span using (person) group by account;

create table crm_row as
with numbered as (select row_number() over () as row, * from crm_dated),
here as (select distinct r.row from numbered r join member_span m on m.person = r.person and m.joined <= r.began and r.began < m.parted)
select r.* exclude (row), coalesce(sg.segment, 'unknown') as segment, h.row is not null or coalesce(a.joined <= r.began, false) as as_member
from numbered r left join here h using (row) left join account_since a using (account) left join segment_of sg using (person);

create table part as
select r.*, k.grain, k.period, s.side, g.segment as g
from crm_row r join calendar k using (local_day)
join side s on s.side = 'all' or (s.side = 'member' and as_member) or (s.side = 'non_member' and not as_member and (r.person is not null or r.account is not null))
join (select distinct about, segment from crm_row where (select count(*) from crm_row x where x.segment <> 'unknown') > 0
      union select distinct about, 'all' from crm_row) g on g.about = r.about and (g.segment = 'all' or g.segment = r.segment)
where k.grain in ('month', 'quarter', 'year', '90d', '28d', 'week');

insert into figure
select v.kpi, 'all', grain, period, 'all', g, 'all', 'all', side, v.x
from (select grain, period, g, side, avg((word = 'won')::int) as closing, count(*) filter (word = 'won') as won from part where about = 'deal_closed' group by all) s,
lateral (values ('closing_rate', closing), ('contracts_signed', won)) v(kpi, x) where v.x > 0 or v.kpi = 'closing_rate';

insert into figure
with steps as (
  select grain, period, g, side, about, number as wait, count(*) filter (word = 'won') as events, count(*) as gone
  from part where about = 'deal_opened' group by all
),
risk as (select *, sum(gone) over (partition by grain, period, g, side order by wait desc) as at_risk from steps),
alive as (
  select *, exp(sum(case when events = at_risk then -1e9 else ln(1 - events / at_risk) end) over (partition by grain, period, g, side order by wait)) as survival
  from risk
)
select 'sales_cycle_days', 'all', grain, period, 'all', g, 'all', 'all', side, min(wait)
from alive where survival <= 0.5 + 1e-9 and events > 0 group by all;

insert into figure
select 'qualified_leads', 'all', grain, period, 'all', g, 'all', 'all', side, count(*) from part where about = 'qualified' group by all
union all
select 'community_qualified_leads', 'all', grain, period, 'all', g, 'all', 'all', 'all', count(*) from part where about = 'qualified' and side = 'member' group by all;

-- Conversion within the window: one minus Kaplan–Meier survival at its end.
insert into figure
with steps as (
  select grain, period, g, side, number as wait, count(*) filter (word = 'customer') as events, count(*) as gone
  from part where about = 'lead' and word in ('customer', 'censored') group by all
),
risk as (select *, sum(gone) over (partition by grain, period, g, side order by wait desc) as at_risk from steps)
select 'conversion_rate', 'all', grain, period, 'all', g, 'all', 'all', side,
       1 - exp(sum(case when wait > conversion_days then 0 when events = at_risk then -1e9 else ln(1 - events / at_risk) end))
from risk, params where tells_customers group by all;

insert into figure
select v.kpi, v.item, grain, period, 'all', g, 'all', 'all', side, v.x
from (select grain, period, g, side,
        avg((number >= 4)::int) filter (about = 'csat' and number between 1 and 5) as csat,
        100 * avg(case when number >= 9 then 1 when number <= 6 then -1 else 0 end) filter (about = 'nps' and number between 0 and 10) as nps,
        avg(number) filter (about = 'ticket' and number >= 0) as handle_mean,
        median(number) filter (about = 'ticket' and number >= 0) as handle_median,
        avg((word = 'yes')::int) filter (about = 'heard') as heard
      from part where about in ('csat', 'nps', 'ticket', 'heard') group by all) s,
lateral (values ('satisfaction', 'all', csat), ('nps', 'all', nps), ('handle_time', 'all', handle_mean), ('handle_time', 'median', handle_median),
                ('heard_about_us', 'all', heard)) v(kpi, item, x)
where v.x is not null;

-- Members of now by CRM status and by acquisition channel; whom the CRM does not know is unknown.
insert into figure
with now as (
  select p.c, p.g, p.f, w.grain, w.period, i.person from cell_period p join island i
    on i.k = p.k and i.joined < p.end_us and i.parted >= p.end_us, lateral (values (p.grain, p.period), ('all', 'all')) w(grain, period)
  where (w.grain = p.grain or p.grain = '90d') and p.h = 'all' and p.grain not in ('day', 'week') and p.last_day = (select as_of from params)
),
known as (
  select n.*, coalesce(k.status, 'unknown') as status, coalesce(k.lead_source, 'unknown') as lead_source
  from now n left join contact_of k using (person)
),
mixed as (
  select 'crm_status_mix' as kpi, status as item, * exclude (status, lead_source) from known
  union all
  select 'lead_source_mix', lead_source, * exclude (status, lead_source) from known
)
select kpi, item, grain, period, c, g, f, 'all', 'all', count(*) / sum(count(*)) over (partition by kpi, grain, period, c, g, f)
from mixed where (select count(*) from contact_of) > 0 group by kpi, item, grain, period, c, g, f
union all
select kpi, 'all', grain, period, c, g, f, 'all', 'all', count(*) from mixed where (select count(*) from contact_of) > 0 group by all;

-- Recurring revenue at the end of the period, on the side of that time, and what moved it; what those who paid before it pay now, on the
-- side on which they paid.
create table mrr_pair as
with ends as (
  select m.grain, m.period, max(m.month) as last, min(m.month) as first from months m where m.month <= (select max(month) from facts) group by all
),
payer as (select person, min(month) filter (mrr_minor > 0) as since, any_value(customer_since) as customer_since from facts where not is_staff group by person having bool_or(mrr_minor <> 0))
select e.grain, e.period, coalesce(b.mrr_minor, 0) as had, coalesce(n.mrr_minor, 0) as has, x.since < e.first as paid_before,
       -- What a customer of longer ago paid before the months kept is unknown.
       b.person is not null or x.customer_since >= e.first as known_before,
       coalesce(n.member, false) as member, coalesce(n.communities, '') as communities, coalesce(b.member, false) as was_member, coalesce(b.communities, '') as were_in
from ends e join payer x on true
left join facts n on n.person = x.person and n.month = e.last
left join facts b on b.person = x.person and b.month = e.first - interval 1 month;

insert into figure
select v.kpi, v.item, grain, period, c, 'all', 'all', 'all', side, v.x
from (select grain, period, side, c, sum(has) as mrr, count(*) filter (has > 0) as payers,
             sum(has) filter (had = 0 and has > 0 and not paid_before and known_before) as new, sum(has) filter (had = 0 and has > 0 and paid_before and known_before) as back,
             sum(has - had) filter (had > 0 and has > had) as more, sum(has - had) filter (has > 0 and has < had) as less, sum(-had) filter (had > 0 and has = 0) as gone
      from mrr_pair join group_of using (member, communities) group by all) s, params,
lateral (values ('mrr', 'all', mrr / minor_per_major), ('arpa', 'all', case when payers > 0 then mrr / payers / minor_per_major end),
  ('mrr', 'new', new / minor_per_major), ('mrr', 'reactivated', back / minor_per_major), ('mrr', 'expansion', more / minor_per_major),
  ('mrr', 'contraction', less / minor_per_major), ('mrr', 'churned', gone / minor_per_major)) v(kpi, item, x)
where has_subscriptions and v.x is not null
union all
select v.kpi, 'all', grain, period, c, 'all', 'all', 'all', side, v.x
from (select grain, period, side, c, sum(had) as had, sum(has) as kept, sum(least(has, had)) as gross
      from (select * exclude (member, communities), was_member as member, were_in as communities from mrr_pair where had > 0) join group_of using (member, communities) group by all) s, params,
lateral (values ('net_revenue_retention', kept / had), ('gross_revenue_retention', gross / had)) v(kpi, x) where has_subscriptions;

-- What is not about single people.
insert into figure
select 'mentions', about, k.grain, k.period, 'all', 'all', 'all', 'all', 'all', count(*)
from mention join calendar k using (local_day) where about in ('brand', 'community') and k.grain in ('month', 'quarter', 'year', '28d', '90d', 'week') group by all
union all
select 'mentions', 'all', k.grain, k.period, 'all', 'all', 'all', 'all', 'all', count(*) filter (about in ('brand', 'community'))
from mention join calendar k using (local_day) where k.grain in ('month', 'quarter', 'year', '28d', '90d', 'week') group by all
union all
select 'share_of_voice', 'all', k.grain, k.period, 'all', 'all', 'all', 'all', 'all', avg((about in ('brand', 'community'))::int)
from mention join calendar k using (local_day) where k.grain in ('month', 'quarter', 'year', '28d', '90d', 'week')
  and exists (from mention where about in ('competitor', 'market')) group by all
union all
select 'organic_traffic', coalesce(channel, 'all'), k.grain, k.period, 'all', 'all', 'all', 'all', 'all', sum(visits)
from traffic join calendar k using (local_day) where k.grain in ('month', 'quarter', 'year', '28d', '90d', 'week') group by grouping sets ((k.grain, k.period, channel), (k.grain, k.period))
union all
select 'promo_revenue', 'all', k.grain, k.period, 'all', 'all', 'all', 'all', 'all', sum(net) / any_value(minor_per_major)
from order_net join calendar k using (local_day), params
where k.grain in ('month', 'quarter', 'year', '28d', '90d', 'week') and lower(promo_code) in (select lower(code) from promo_code) group by all;

-- Acquisition: all of it over all new customers; of an audience over the new customers of its side.
insert into figure
with cost as (
  select k.grain, k.period, side, sum(minor) filter (purpose = 'member_acquisition') as for_members, sum(minor) filter (purpose = 'customer_acquisition') as for_customers
  from spend join calendar k using (local_day) join side on side = 'all' or side = case audience when 'members' then 'member' when 'others' then 'non_member' end
  where k.grain in ('month', 'quarter', 'year') group by all
),
new_customers as (
  select m.grain, m.period, side, count(*) as n from facts f join months m using (month) join side on side = 'all' or (side = 'member') = f.member
  where f.customer_since = f.month and not f.is_staff group by all
)
select 'member_acquisition_cost', 'all', grain, period, 'all', 'all', 'all', 'all', 'all', for_members / joins / minor_per_major
from cost join flow using (grain, period), params where side = 'all' and (c, g, f) = ('all', 'all', 'all') and joins > 0 and for_members is not null
union all
select 'customer_acquisition_cost', 'all', grain, period, 'all', 'all', 'all', 'all', side, for_customers / n / minor_per_major
from cost join new_customers using (grain, period, side), params where for_customers is not null;

-- Deals won for every hundred leads created in the period.
insert into figure
select 'contracts_signed', 'per_100_leads', grain, period, 'all', 'all', 'all', 'all', 'all', 100 * count(*) filter (about = 'deal_closed' and word = 'won') / count(*) filter (about = 'lead')
from crm_dated join calendar k using (local_day) join every_period e using (grain, period)
where k.grain in ('month', 'quarter', 'year', '90d', '28d', 'week') and e.last_day >= (select min(local_day) from crm_dated where about = 'deal_closed')
group by all having count(*) filter (about = 'lead') > 0;

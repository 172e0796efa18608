-- One row per account: the customer it belongs to, and on what ground (manual, ledger, key, e-mail, itself).
with

accounts as (select * from {{ ref('int_accounts') }}),

contacts as (select * from {{ ref('stg_vtiger__contacts') }} where vtiger_account_id is not null),

manual_links as (select * from {{ ref('customer_links') }}),

kept as (select * from {{ ref('int_ledger_customers') }}),

-- Letters, digits and underscores only: the ledger makes external ids of it. A manual link may also name a customer of the ledger.
marked as (
    select
        accounts.*,
        {{ regex_replace("accounts.service || ':' || accounts.external_id", '[^A-Za-z0-9]+', '_') }} as own_anchor,
        case
            when manual_links.customer_key in (select customer_id from kept) then manual_links.customer_key
            else {{ regex_replace("'manual:' || manual_links.customer_key", '[^A-Za-z0-9]+', '_') }}
        end as manual_anchor,
        kept.customer_id as kept_anchor
    from accounts
    left join manual_links
        on accounts.service = manual_links.service and accounts.external_id = manual_links.external_id
    left join kept on accounts.service = kept.service and accounts.external_id = kept.external_id
),

kept_of_user as (
    select nexacloud_user_id, min(kept_anchor) as anchor
    from marked
    where service = 'lago' and nexacloud_user_id is not null
    group by nexacloud_user_id
),

marked_users as (
    select
        marked.*,
        coalesce(marked.manual_anchor, stripe_side.manual_anchor) as by_hand,
        coalesce(stripe_side.kept_anchor, kept_of_user.anchor) as by_ledger,
        coalesce(marked.stripe_customer_id, marked.external_id) as sharing
    from marked
    left join marked as stripe_side
        on stripe_side.service = 'stripe' and marked.stripe_customer_id = stripe_side.external_id
    left join kept_of_user on marked.external_id = kept_of_user.nexacloud_user_id
    where marked.service = 'nexacloud'
),

-- 1. NexaCloud's users are the base. Users that share a Stripe customer are one customer; which of them names it is
-- settled with the first entry in the ledger (decision 33).
users as (
    select
        service,
        external_id,
        stripe_customer_id,
        email,
        by_hand,
        coalesce(
            by_hand, by_ledger, min(by_ledger) over (partition by sharing), min(own_anchor) over (partition by sharing)
        ) as anchor,
        case
            when by_hand is not null then 'manual'
            when by_ledger <> min(by_ledger) over (partition by sharing) then 'ledger'
            else 'itself'
        end as link_basis
    from marked_users
),

user_of_stripe as (
    select
        stripe_customer_id,
        min(by_hand) as by_hand,
        min(anchor) as anchor
    from users
    where stripe_customer_id is not null
    group by stripe_customer_id
),

-- An e-mail names a customer only when it names exactly one.
user_of_email as (
    select email, min(anchor) as anchor from users where email is not null group by email having count(distinct anchor) = 1
),

-- 2. Stripe's customers: by the user's key, else by e-mail.
stripe_accounts as (
    select
        marked.service,
        marked.external_id,
        marked.email,
        coalesce(marked.manual_anchor, user_of_stripe.by_hand) as by_hand,
        coalesce(
            marked.manual_anchor, user_of_stripe.by_hand, marked.kept_anchor, user_of_stripe.anchor, user_of_email.anchor,
            marked.own_anchor
        ) as anchor,
        case
            when marked.manual_anchor is not null then 'manual'
            when user_of_stripe.by_hand is null
                and marked.kept_anchor <> coalesce(user_of_stripe.anchor, user_of_email.anchor, marked.own_anchor) then 'ledger'
            when user_of_stripe.anchor is not null then 'key'
            when user_of_email.anchor is not null then 'e-mail'
            else 'itself'
        end as link_basis
    from marked
    left join user_of_stripe on marked.external_id = user_of_stripe.stripe_customer_id
    left join user_of_email on marked.email = user_of_email.email
    where marked.service = 'stripe'
),

known_by_stripe as (
    select email, anchor from users
    union
    select email, anchor from stripe_accounts
),

anchor_of_email as (
    select email, min(anchor) as anchor
    from known_by_stripe
    where email is not null
    group by email
    having count(distinct anchor) = 1
),

-- 3. Lago's customers: by the user's id, by the Stripe customer that pays for them, else by e-mail.
lago_accounts as (
    select
        marked.service,
        marked.external_id,
        marked.email,
        coalesce(
            marked.manual_anchor, users.by_hand, stripe_accounts.by_hand, user_of_stripe.by_hand, marked.kept_anchor,
            users.anchor, stripe_accounts.anchor, user_of_stripe.anchor, anchor_of_email.anchor, marked.own_anchor
        ) as anchor,
        case
            when marked.manual_anchor is not null then 'manual'
            when coalesce(users.by_hand, stripe_accounts.by_hand, user_of_stripe.by_hand) is null
                and marked.kept_anchor <> coalesce(
                    users.anchor, stripe_accounts.anchor, user_of_stripe.anchor, anchor_of_email.anchor, marked.own_anchor
                ) then 'ledger'
            when coalesce(users.anchor, stripe_accounts.anchor, user_of_stripe.anchor) is not null then 'key'
            when anchor_of_email.anchor is not null then 'e-mail'
            else 'itself'
        end as link_basis
    from marked
    left join users on marked.nexacloud_user_id = users.external_id
    left join stripe_accounts on marked.stripe_customer_id = stripe_accounts.external_id
    left join user_of_stripe on marked.stripe_customer_id = user_of_stripe.stripe_customer_id
    left join anchor_of_email on marked.email = anchor_of_email.email
    where marked.service = 'lago'
),

known_by_lago as (
    select email, anchor from known_by_stripe
    union
    select email, anchor from lago_accounts
),

anchor_of_any_email as (
    select email, min(anchor) as anchor
    from known_by_lago
    where email is not null
    group by email
    having count(distinct anchor) = 1
),

-- 4. vTiger's accounts have no key of another service: their own e-mail, or that of one of their contacts.
vtiger_emails as (
    select external_id, email from marked where service = 'vtiger'
    union
    select vtiger_account_id, email from contacts
),

vtiger_matches as (
    select
        vtiger_emails.external_id,
        min(anchor_of_any_email.anchor) as anchor
    from vtiger_emails
    inner join anchor_of_any_email on vtiger_emails.email = anchor_of_any_email.email
    group by vtiger_emails.external_id
    having count(distinct anchor_of_any_email.anchor) = 1
),

vtiger_accounts as (
    select
        marked.service,
        marked.external_id,
        marked.email,
        coalesce(marked.manual_anchor, vtiger_matches.anchor, marked.own_anchor) as anchor,
        case
            when marked.manual_anchor is not null then 'manual'
            when vtiger_matches.anchor is not null then 'e-mail'
            else 'itself'
        end as link_basis
    from marked
    left join vtiger_matches on marked.external_id = vtiger_matches.external_id
    where marked.service = 'vtiger'
),

resolved as (
    select service, external_id, anchor, link_basis from users
    union all
    select service, external_id, anchor, link_basis from stripe_accounts
    union all
    select service, external_id, anchor, link_basis from lago_accounts
    union all
    select service, external_id, anchor, link_basis from vtiger_accounts
),

int_customer_accounts as (
    select
        service,
        external_id,
        anchor as customer_id,
        link_basis,
        link_basis = 'e-mail' as is_inferred
    from resolved
)

select * from int_customer_accounts

-- One row per customer over all services.
with

accounts as (select * from {{ ref('int_accounts') }}),

customer_accounts as (select * from {{ ref('int_customer_accounts') }}),

country_names as (select * from {{ ref('country_names') }}),

known as (
    select
        customer_accounts.customer_id,
        customer_accounts.is_inferred,
        accounts.*,
        coalesce(country_names.country_code, '') as country_code,
        -- Who is asked first: the service where the customer keeps his own data, then the billers, then the rest; in each, the
        -- account that gave the customer his id, so that one which joins him does not rename him.
        case accounts.service when 'nexacloud' then '1' when 'stripe' then '2' when 'lago' then '3' else '4' end
        || case
            when customer_accounts.customer_id = {{ regex_replace("accounts.service || ':' || accounts.external_id", '[^A-Za-z0-9]+', '_') }}
                then '0'
            else '1'
        end
        || accounts.external_id as precedence,
        case when accounts.street <> '' or accounts.city <> '' or accounts.country_name <> '' then 'yes' else '' end
            as has_address
    from customer_accounts
    inner join accounts
        on customer_accounts.service = accounts.service and customer_accounts.external_id = accounts.external_id
    left join country_names on lower(trim(accounts.country_name)) = country_names.country_name
),

-- An address is taken whole from one service, never line by line from several.
addresses as (
    select
        *,
        row_number() over (partition by customer_id order by has_address desc, precedence) as place
    from known
),

summarised as (
    select
        customer_id,
        {{ first_filled('customer_name', 'precedence') }} as customer_name,
        {{ first_filled('email', 'precedence') }} as email,
        {{ first_filled('tax_id', 'precedence') }} as tax_id,
        {{ first_filled('stripe_customer_id', 'precedence') }} as stripe_customer_id,
        bool_or(is_company) as is_company,
        bool_or(is_inferred) as has_inferred_link,
        string_agg(distinct service, ',' order by service) as services,
        string_agg(service || ':' || external_id, ',' order by precedence) as account_links
    from known
    group by customer_id
),

dim_customers as (
    select
        summarised.customer_id,
        coalesce(summarised.customer_name, summarised.email, summarised.customer_id) as customer_name,
        coalesce(summarised.email, '') as email,
        addresses.street,
        addresses.city,
        addresses.state_name,
        addresses.postal_code,
        addresses.country_code,
        coalesce(summarised.tax_id, '') as tax_id,
        coalesce(summarised.stripe_customer_id, '') as stripe_customer_id,
        summarised.is_company,
        summarised.services,
        summarised.account_links,
        summarised.has_inferred_link
    from summarised
    inner join addresses on summarised.customer_id = addresses.customer_id and addresses.place = 1
)

select * from dim_customers

-- One row per tax as a source names it (its words and its rate): the named tax code that it means, NULL when none or several fit.
with

stripe_rates as (select * from {{ ref('stg_stripe__tax_rates') }}),

lago_invoice_taxes as (select * from {{ ref('stg_lago__invoice_taxes') }}),

lago_fee_taxes as (select * from {{ ref('stg_lago__invoice_fee_taxes') }}),

lago_credit_taxes as (select * from {{ ref('stg_lago__credit_note_item_taxes') }}),

tax_names as (select * from {{ ref('tax_names') }}),

named as (
    select tax_words, rate from stripe_rates
    union
    select tax_words, rate from lago_invoice_taxes
    union
    select tax_words, rate from lago_fee_taxes
    union
    select tax_words, rate from lago_credit_taxes
),

-- Whole words only: "columbia" has an "mb" in it and is not Manitoba.
spaced as (
    select
        tax_words,
        rate,
        ' ' || {{ regex_replace('tax_words', '[^[:alnum:]]+', ' ') }} || ' ' as words
    from named
),

matches as (
    select
        spaced.tax_words,
        spaced.rate,
        tax_names.tax_code
    from spaced
    inner join tax_names
        on spaced.rate = tax_names.rate
        and contains(spaced.words, ' ' || tax_names.contains || ' ')
        and contains(spaced.words, ' ' || coalesce(nullif(tax_names.also_contains, '') || ' ', ''))
),

decided as (
    select
        tax_words,
        rate,
        case when count(distinct tax_code) = 1 then min(tax_code) end as tax_code
    from matches
    group by tax_words, rate
),

int_tax_mapping as (
    select
        named.tax_words,
        named.rate,
        -- A rate of zero is no tax, whatever it is called: exempt, zero-rated, out of scope.
        case when named.rate = 0 then '' else decided.tax_code end as tax_code
    from named
    left join decided on named.tax_words = decided.tax_words and named.rate = decided.rate
)

select * from int_tax_mapping

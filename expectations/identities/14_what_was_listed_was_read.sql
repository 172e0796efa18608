-- Every record that a source listed was read; each that was not is named, and the next run asks for it again.
-- severity: warn
-- Its invoice is not verified meanwhile; the others go on (docs/decisions/0014-what-a-list-would-not-give.md).
with

newest as (
    select source, stream, message, cast(detail -> '$.unread' as varchar[]) as unread
    from meta.loads
    where outcome = 'landed'
    qualify row_number() over (partition by source, stream order by started_at desc, load_id desc) = 1
)

select source, stream, unnest(unread) as says
from newest
order by all

"""What the ops store has to tell the warehouse."""

from nexabooks.streams import Stream

STREAMS = (
    # A receipt's position grows with every writing, also when its words are replaced. Two writers may commit in another
    # order than they were numbered, so the last thousand positions are read again; the key removes the repeats.
    Stream(
        "receipts",
        key=("receipt_id",),
        cursor="position",
        may_not_lose="what a run did in the ledger, and what became of it",
    ),
    Stream("resolutions", key=("break_key",), may_not_lose="why a difference was accepted, and by whom"),
    Stream("closings", key=("month",), may_not_lose="which months are closed, by whom and with which open differences"),
    # Kept figures never change, and closings are written one at a time, so a read goes on where the last one stopped.
    # Those of a month that was opened again stay; `closings` says which closing holds.
    Stream(
        "closed_figures",
        key=("position",),
        cursor="position",
        may_not_lose="what a closed month held, document by document",
    ),
    Stream("sightings", key=("break_key",), may_not_lose="since when a difference waits"),
)
REREAD_POSITIONS = 1_000

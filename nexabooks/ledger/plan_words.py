"""What the verbs of a plan are called for people: one table for its page, the screen and the artifact (docs/glossary.md)."""

from __future__ import annotations

# What is written, in the order in which the steps of one record are taken.
STEP_SAYS = {
    "partner_create": "new customer",
    "partner_update": "update customer",
    "create": "make draft",
    "reverse": "reverse entry",
    "update": "renew draft",
    "post": "post",
    "match": "match credit note",
    "pay": "register payment",
}
# What is not written: verb, title, what it means.
WAITING_SAYS = (
    (
        "correct",
        "Corrections proposed",
        "Its source voided or changed it after posting. Approving this plan carries these out too; no run does it by itself.",
    ),
    ("report", "For a person", "Something changed that only a person may act on. Nothing is done about it."),
    ("refuse", "Refused", "The data or the books do not allow it. Each row says what must be corrected."),
    ("park", "Waiting", "Sound, and it must wait. It comes back by itself when the reason is gone."),
    ("hold", "Not confirmed by its source", "Void, draft, zero or unverified: rightly not in the books."),
)
VERB_SAYS = STEP_SAYS | {verb: title.lower() for verb, title, _ in WAITING_SAYS} | {"keep": "untouched"}

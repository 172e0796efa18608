"""The story: three days of a hosting group, to the cent (docs: the README's demo; facts: the group's own notes of May
2026).

`day_1()` is the world when the first daily close runs, `days()` all three. `EXPECTED` says what each run must come
out with. It is written down, not computed, so that the demo is judged by something the product did not make.
The people and the catalogue are in story_people.py, vTiger in story_services.py, the invoices in story_invoices.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from nexabooks.sandbox import story_invoices, story_people, story_services
from nexabooks.sandbox.making import payment, stripe_id, uid, utc
from nexabooks.sandbox.world import Plan, World


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One row of the reconciliation that has a subscription. `expected` is unrounded, in CAD before tax."""

    subscription: str  # the key of story_people.subscription_id
    period_start_on: str  # the day in Toronto
    expected: Decimal
    billed_minor: int
    outcome: str  # match or delta


@dataclass(frozen=True, slots=True)
class Expected:
    """What one day's run must come out with. Amounts are in cents of CAD."""

    # NexaCloud's tables, rows.
    row_counts: dict[str, int]
    # How many of NexaCloud's invoices have each verdict, and what the verified ones add up to, HST included.
    verdicts: dict[str, int]
    verified_total_minor: int
    # What this day's run posts, and how many payments it books.
    posted_count: int
    payment_count: int
    # What the ledger then holds that equals its source: the two numbers of the story.
    ledger_count: int
    ledger_total_minor: int
    # Entries that changed upstream after posting: for a person, never touched. They are in the ledger beside the above.
    changed_after_posting: tuple[str, ...]
    # Entries that were reversed, each of which stands in the ledger beside its reversal.
    taken_back_count: int
    # Invoices that are not drafts, (count, subtotals), without and with a subscription.
    coverage: dict[str, tuple[int, int]]
    # Verified subtotals by family, and by month of issue (Toronto) and family; None where a source was down.
    families: dict[str, int] | None
    families_by_month: dict[tuple[str, str], int] | None
    # The reconciliation; months of one-off invoices, "" where the items carry no period. None where a source was down.
    subscribed: tuple[Subscribed, ...] | None
    one_off: dict[str, int] | None


SUBSCRIBED = (
    Subscribed("care", "2026-05-01", Decimal("24.99"), 2499, "match"),
    Subscribed("compute", "2026-04-01", Decimal("100.8625"), 10086, "match"),
    Subscribed("premium", "2026-03-01", Decimal("200.00"), 2198, "delta"),
    Subscribed("site-translator", "2026-03-01", Decimal("50.00"), 549, "delta"),
    Subscribed("essentials", "2026-04-22", Decimal("200.00"), 2198, "delta"),
    Subscribed("site-dental", "2026-04-01", Decimal("50.00"), 549, "delta"),
)
ONE_OFF = {"2026-03": 87799, "2026-04": 87266, "2026-05": 3220, "": 104824}
FAMILIES = {"hosting": 86898, "managed": 136689, "addons": 59601, "other": 18000}
FAMILIES_BY_MONTH = {
    ("2026-02", "hosting"): 21450,
    ("2026-02", "addons"): 6800,
    ("2026-03", "hosting"): 21999,
    ("2026-03", "managed"): 52096,
    ("2026-03", "addons"): 19914,
    ("2026-04", "hosting"): 21999,
    ("2026-04", "managed"): 47097,
    ("2026-04", "addons"): 29667,
    ("2026-04", "other"): 18000,
    ("2026-05", "hosting"): 21450,
    ("2026-05", "managed"): 37496,
    ("2026-05", "addons"): 3220,
}
_DAY_1_ROWS = {"users": 7, "plans": 232, "subscriptions": 87, "deployments": 89, "invoices": 31, "addons": 5}

EXPECTED: tuple[Expected, ...] = (
    Expected(
        row_counts=_DAY_1_ROWS,
        verdicts={"verified": 23, "void": 1, "draft": 2, "zero": 5, "unverified": 0},
        verified_total_minor=340346,
        posted_count=23,
        payment_count=23,
        ledger_count=23,
        ledger_total_minor=340346,
        changed_after_posting=(),
        taken_back_count=0,
        coverage={"no_subscription": (22, 288108), "subscription": (7, 18079)},
        families=FAMILIES,
        families_by_month=FAMILIES_BY_MONTH,
        subscribed=SUBSCRIBED,
        one_off=ONE_OFF,
    ),
    # Lago is down: its nine paid and two zero invoices cannot be asked for, and what is in the ledger of them stays.
    Expected(
        row_counts=_DAY_1_ROWS | {"plans": 233},
        verdicts={"verified": 14, "void": 2, "draft": 1, "zero": 3, "unverified": 11},
        verified_total_minor=209673,
        posted_count=1,
        payment_count=0,
        ledger_count=23,
        ledger_total_minor=340346,
        changed_after_posting=(story_invoices.TRAINING_ID,),
        taken_back_count=0,
        coverage={"no_subscription": (23, 306108), "subscription": (7, 18079)},
        families=None,
        families_by_month=None,
        subscribed=None,
        one_off=None,
    ),
    Expected(
        row_counts=_DAY_1_ROWS | {"plans": 233},
        verdicts={"verified": 23, "void": 2, "draft": 1, "zero": 5, "unverified": 0},
        verified_total_minor=340346,
        posted_count=0,
        payment_count=1,
        ledger_count=23,
        ledger_total_minor=340346,
        changed_after_posting=(story_invoices.TRAINING_ID,),
        taken_back_count=0,
        coverage={"no_subscription": (23, 306108), "subscription": (7, 18079)},
        families=FAMILIES,
        # The re-issued training counts in its own month of issue, June, in Toronto.
        families_by_month={k: v for k, v in FAMILIES_BY_MONTH.items() if k != ("2026-04", "other")}
        | {("2026-06", "other"): 18000},
        subscribed=SUBSCRIBED,
        one_off=ONE_OFF,
    ),
)


# After day 3 a person takes the run of day 2 back, which had posted the re-issued training, and approves the plan that
# shows: reverse the void training, post the re-issued one again. The books hold what they held.
TAKEN_BACK = {"undo_unmatch": 1, "undo_reverse": 1}
PROPOSED = [(story_invoices.TRAINING_ID, 20340, 0)]
HELD = "taken_back"
DECIDED_STEPS = {"create": 1, "note": 1, "pay": 1, "post": 1, "reverse": 1, "unmatch": 1}
DECIDED = replace(EXPECTED[2], posted_count=1, payment_count=1, changed_after_posting=(), taken_back_count=2)


def day_1() -> World:
    """2 June 2026, 06:00 UTC: 31 invoices, none of them in the ledger yet."""
    return World(
        name="story",
        now=utc("2026-06-02T06:00"),
        day=1,
        users=story_people.USERS,
        plans=story_people.plans(),
        deployments=story_people.deployments(),
        subscriptions=story_people.subscriptions(),
        usage_records=story_people.usage_records(),
        addons=story_people.ADDONS,
        deployment_addons=story_people.deployment_addons(),
        invoices=story_invoices.invoices(),
        accounts=story_services.ACCOUNTS,
        contacts=story_services.CONTACTS,
        contracts=story_services.CONTRACTS,
        cases=story_services.CASES,
        timelogs=story_services.TIMELOGS,
    )


def day_2() -> World:
    """3 June: the training invoice's bank debit came back, so it is voided and its draft re-issue finalized for the
    same sum; Lago does not answer; a plan is added."""
    world = day_1()
    old, new = story_invoices.TRAINING_ID, story_invoices.TRAINING_AGAIN_ID
    returned_at = utc("2026-06-02T15:10")
    world = world.with_invoice(
        old,
        status="void",
        paid_at=None,
        voided_at=utc("2026-06-02T16:00"),
        payments=tuple(replace(p, status="failed", returned_at=returned_at) for p in world.invoice(old).payments),
    )
    issued_at = utc("2026-06-02T16:05")
    world = world.with_invoice(
        new,
        status="open",
        number="NXC-0019",
        issued_at=issued_at,
        finalized_at=issued_at,
        due_at=utc("2026-06-17T16:05"),
    )
    added = Plan(
        uid("plan:snapshots"),
        uid("product:backup"),
        "Snapshot Vault 500 GB",
        Decimal("14.50"),
        Decimal("145.00"),
        None,
        stripe_id("price", "snapshots"),
        created_at=utc("2026-06-02T18:30"),
    )
    return replace(world, day=2, now=utc("2026-06-03T06:00"), plans=(*world.plans, added), down=frozenset({"lago"}))


def day_3() -> World:
    """4 June: Lago answers again; the re-issued invoice is paid; a customer has a new e-mail address."""
    world = day_2()
    paid_at = utc("2026-06-03T19:20")
    again = world.invoice(story_invoices.TRAINING_AGAIN_ID)
    paid = payment("stripe", "story:training-again", paid_at, again.total_minor)
    world = world.with_invoice(again.id, status="paid", paid_at=paid_at, payments=(paid,))
    world = world.with_user(
        story_people.YOGA.id,
        email="hello@cedarlane-studio.example",
        billing_email="hello@cedarlane-studio.example",
        updated_at=utc("2026-06-03T14:00"),
        former_email=story_people.YOGA.email,
    )
    return replace(world, day=3, now=utc("2026-06-04T06:00"), down=frozenset())


def days() -> tuple[World, ...]:
    """The three days in order."""
    return day_1(), day_2(), day_3()

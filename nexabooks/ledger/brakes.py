"""Brakes: what is unusual waits for a person, alone; the rest of the plan goes on.

Pure, like the plan. From the smallest to the largest: one invoice, one customer, the share of unknown families, the day,
the run, the run against the last ones. What one brake holds does not count for the next, so that one bad customer never
stops the others. Nothing remembers that something is parked: each plan asks again, so an invoice is released by itself as
soon as its inputs no longer trip. A person may allow a trip; its key is over exactly what it holds, so the allowance is
spent when that is written, and never covers anything else.

Only invoices and credit notes that the plan drafts or posts are braked. Amounts are totals with tax, each currency for
itself, a credit note by its size. Payments of what was posted before go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from statistics import median_low

from nexabooks.ledger.actions import Action, Plan, Trip
from nexabooks.ledger.desired import Invoice, MoveKey, content_hash
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.present import Present
from nexabooks.money import format_minor, units_per_major
from nexabooks.settings import Settings

UNKNOWN_FAMILY = "other"  # what no rule of sql/seeds/service_family_rules.csv recognises
FEWEST_RUNS = 5  # before that there is no habit to deviate from
FEWEST_FOR_SHARE = 20  # in a small plan one odd invoice is a large share


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may pass without a person; 0 switches a brake off. Amounts in major units of the invoice's currency."""

    invoice_amount: Decimal = Decimal(0)
    customer_invoices: int = 0
    customer_amount: Decimal = Decimal(0)
    unknown_family_percent: int = 0
    day_invoices: int = 0
    day_amount: Decimal = Decimal(0)
    run_invoices: int = 0
    run_amount: Decimal = Decimal(0)
    median_times: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """As the settings NEXABOOKS_BRAKE_… say."""
        return cls(**{name: getattr(settings, f"brake_{name}") for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Written:
    """An invoice or credit note that an earlier run of the same accounting day drafted or posted."""

    key: MoveKey
    total_minor: int
    currency_code: str


@dataclass(frozen=True, slots=True)
class History:
    """What was written before: today, and the totals of the last runs by currency (runs that wrote none of it are not in)."""

    today: Sequence[Written] = ()
    run_totals_minor: Mapping[str, Sequence[int]] = field(default_factory=dict)


def tripped(plan: Plan, limits: Limits, history: History, allowed: Collection[str] = ()) -> list[Trip]:
    """The brakes that `plan` trips, in the order in which they are asked; those whose key is in `allowed` hold nothing
    and are marked so."""
    steps: dict[MoveKey, list[Action]] = defaultdict(list)
    for action in plan.of("create", "update", "post"):
        steps[action.key].append(action)
    open_keys = dict.fromkeys(steps)
    invoices = [invoice for invoice in plan.desired.invoices if invoice.key in open_keys]
    trips = []
    for brake in (_taken_back(plan.present), *BRAKES):
        waiting = [invoice for invoice in invoices if invoice.key in open_keys]
        for name, subject, held, says in brake(waiting, limits, history):
            facts = sorted((*i.key, a.verb, a.facts_hash) for i in held for a in steps[i.key])
            digest = content_hash(facts).removeprefix("1-")[:10]
            trip_key = ".".join(filter(None, (name, subject, digest)))
            trips.append(Trip(trip_key, name, says, tuple(i.key for i in held), trip_key in allowed))
            for invoice in held:
                open_keys.pop(invoice.key, None)
    return trips


def with_brakes(plan: Plan, limits: Limits, history: History, allowed: Collection[str] = ()) -> Plan:
    """`plan`, made without brakes, with what they hold parked; its `braked` names the steps that this keeps out."""
    trips = tripped(plan, limits, history, allowed)
    held = {
        key: f"brake {trip.brake}: {trip.says}. To let it go: nexabooks allow {trip.trip_key}"
        for trip in trips
        if not trip.is_allowed
        for key in trip.holds
    }
    if not held:
        return replace(plan, trips=tuple(trips))
    rest = make_plan(plan.desired, plan.present, mode=plan.mode, run_id=plan.run_id, modes=plan.modes, held=held)
    going = {action.fingerprint for action in rest.actions if action.is_writing}
    out = [a.fingerprint for a in plan.actions if a.is_writing and a.fingerprint not in going]
    return replace(rest, trips=tuple(trips), braked=tuple(out))


# One answer of a brake: its name, whom it is about, what it holds, and why in words.
Answer = tuple[str, str, Sequence[Invoice], str]
Brake = Callable[[Sequence[Invoice], Limits, History], Iterable[Answer]]


def _taken_back(present: Present) -> Brake:
    """What was posted once and reversed since is not posted again by itself: whoever took it back had a reason. One
    question for all that one run had posted."""

    def brake(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
        by_run: dict[str, list[Invoice]] = defaultdict(list)
        for invoice in invoices:
            if before := present.taken_back.get(invoice.key):
                by_run[before[-1].run_id].append(invoice)
        for run_id, some in sorted(by_run.items()):
            names = ", ".join(m.name for i in some[:3] for m in present.taken_back[i.key][-1:])
            more = f" and {len(some) - 3} more" if len(some) > 3 else ""
            says = f"{names}{more}, posted by {run_id or 'an unknown run'}, reversed since: posted again only when a person says so"
            yield "taken_back", run_id, some, f"{says}{_cut_off(some, present)}"

    return brake


def _cut_off(invoices: Sequence[Invoice], present: Present) -> str:
    """Whose correction ended after its reversal, if any: the approval that began it may still finish it."""
    cut_off = [m for i in invoices for m in present.taken_back[i.key][-1:] if m.corrected_by]
    if not cut_off:
        return ""
    names = ", ".join(f"{m.name} ({m.corrected_by})" for m in cut_off[:3])
    more = f" and {len(cut_off) - 3} more" if len(cut_off) > 3 else ""
    return (
        f"; the correction of {names}{more} was cut off, and nexabooks run post-approved with the same plan finishes it"
    )


def _by_currency(invoices: Iterable[Invoice]) -> dict[str, list[Invoice]]:
    found: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        found[invoice.currency_code].append(invoice)
    return dict(sorted(found.items()))


def _limit_minor(amount: Decimal, currency_code: str) -> int:
    return int(amount * units_per_major(currency_code))


def _size_minor(invoices: Iterable[Invoice]) -> int:
    return sum(abs(invoice.total_minor) for invoice in invoices)


def _one_invoice(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    for invoice in invoices if limits.invoice_amount else ():
        limit_minor = _limit_minor(limits.invoice_amount, invoice.currency_code)
        if abs(invoice.total_minor) > limit_minor:
            total, limit = (format_minor(a, invoice.currency_code) for a in (invoice.total_minor, limit_minor))
            says = f"its total {total} is above {limit}, the most for one invoice (NEXABOOKS_BRAKE_INVOICE_AMOUNT)"
            yield "invoice_amount", f"{invoice.source_system}.{invoice.source_invoice_id}", [invoice], says


def _one_customer(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    by_customer: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        by_customer[invoice.customer_id].append(invoice)
    for customer_id, theirs in sorted(by_customer.items()):
        said = _count_said(len(theirs), limits.customer_invoices, "a customer", "CUSTOMER_INVOICES")
        if said:
            yield "customer_invoices", customer_id, theirs, f"customer {customer_id}: {said}"
            continue
        for code, some in _by_currency(theirs).items():
            said = _amount_said(_size_minor(some), limits.customer_amount, code, "a customer", "CUSTOMER_AMOUNT")
            if said:
                yield "customer_amount", f"{customer_id}.{code}", some, f"customer {customer_id}: {said}"


def _unknown_families(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    if not limits.unknown_family_percent or len(invoices) < FEWEST_FOR_SHARE:
        return
    unknown = [i for i in invoices if any(line.service_family == UNKNOWN_FAMILY for line in i.lines)]
    if len(unknown) * 100 > limits.unknown_family_percent * len(invoices):
        says = (
            f"{len(unknown)} of {len(invoices)} invoices carry lines of no known family, more than "
            f"{limits.unknown_family_percent} % (NEXABOOKS_BRAKE_UNKNOWN_FAMILY_PERCENT): a rule may be missing"
        )
        yield "unknown_family", "", unknown, says


def _the_day(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    planned = {invoice.key for invoice in invoices}
    before = [written for written in history.today if written.key not in planned]
    said = _count_said(len(invoices) + len(before), limits.day_invoices, "a day", "DAY_INVOICES") if invoices else ""
    if said:
        yield "day_invoices", "", invoices, f"{said}; {len(before)} of them were written earlier today"
        return
    for code, some in _by_currency(invoices).items():
        before_minor = sum(abs(w.total_minor) for w in before if w.currency_code == code)
        said = _amount_said(_size_minor(some) + before_minor, limits.day_amount, code, "a day", "DAY_AMOUNT")
        if said:
            yield (
                "day_amount",
                code,
                some,
                f"{said}; {format_minor(before_minor, code)} of it were written earlier today",
            )


def _the_run(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    said = _count_said(len(invoices), limits.run_invoices, "a run", "RUN_INVOICES")
    if said:
        yield "run_invoices", "", invoices, said
        return
    for code, some in _by_currency(invoices).items():
        said = _amount_said(_size_minor(some), limits.run_amount, code, "a run", "RUN_AMOUNT")
        if said:
            yield "run_amount", code, some, said


def _the_habit(invoices: Sequence[Invoice], limits: Limits, history: History) -> Iterable[Answer]:
    for code, some in _by_currency(invoices).items() if limits.median_times else ():
        totals = history.run_totals_minor.get(code, ())
        if len(totals) < FEWEST_RUNS:
            continue
        usual_minor, total_minor = median_low(totals), _size_minor(some)
        if total_minor > usual_minor * limits.median_times:
            says = (
                f"{format_minor(total_minor, code)} is more than {limits.median_times} times "
                f"{format_minor(usual_minor, code)}, the median of the last {len(totals)} runs (NEXABOOKS_BRAKE_MEDIAN_TIMES)"
            )
            yield "median", code, some, says


def _count_said(count: int, limit: int, whom: str, setting: str) -> str:
    if not limit or count <= limit:
        return ""
    return f"{count:,} invoices are more than {limit:,}, the most for {whom} (NEXABOOKS_BRAKE_{setting})"


def _amount_said(total_minor: int, limit: Decimal, currency_code: str, whom: str, setting: str) -> str:
    limit_minor = _limit_minor(limit, currency_code)
    if not limit or total_minor <= limit_minor:
        return ""
    total, most = (format_minor(amount, currency_code) for amount in (total_minor, limit_minor))
    return f"{total} are more than {most}, the most for {whom} (NEXABOOKS_BRAKE_{setting})"


BRAKES: tuple[Brake, ...] = (_one_invoice, _one_customer, _unknown_families, _the_day, _the_run, _the_habit)

"""From the outbound models to Odoo and back: where the warehouse, the ledger and the ops store meet."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from nexabooks.clients.odoo import open_odoo
from nexabooks.errors import LedgerRefused, PermanentError
from nexabooks.ledger import (
    OUTBOUND_TABLES,
    Desired,
    Finding,
    Plan,
    apply_plan,
    blocking,
    check,
    desired_from,
    make_plan,
    read_present,
)
from nexabooks.ledger.actions import NOT_APPROVED, Trip
from nexabooks.ledger.brakes import History, Limits, Written, with_brakes
from nexabooks.ledger.corrections import approved_steps
from nexabooks.ledger.cut_off import rest_of_corrections
from nexabooks.ledger.desired import NO_CHOICES, Choices, MoveKey
from nexabooks.ledger.journal import Counts
from nexabooks.ledger.modes import modes_from
from nexabooks.money import format_minor
from nexabooks.ops import Approval, SavedPlan, open_ops
from nexabooks.quality import ParkedInvoice
from nexabooks.warehouse import Warehouse, open_warehouse
from nexabooks.windows import Window, accounting_day
from tasks.ingest import SourceRead, ingest
from tasks.plans import keep_plan, remind
from tasks.run import LEASE_S, Run
from tasks.step import step

LEDGER_LEASE = "ledger-writer"  # one process writes to Odoo at a time, whatever warehouse it reads
HABIT_RUNS = 20  # a total is held against the median of so many runs
NAMED_TROUBLES = 3  # the run's end names so many and counts the rest; all of them are in its receipts
BACKFILL = "backfill"


@step("plan the ledger")
def plan_ledger(
    run: Run, parked: Sequence[ParkedInvoice] = (), *, first: date | None = None, end: date | None = None
) -> Plan:
    """What to do in Odoo so that it holds what the sources confirm; kept in the ops store, where it can be approved, and
    as a page below the home folder.

    `parked`: invoices that a quality check named; they wait, and so does what trips a brake. With `first` and `end`, only
    invoices dated in between (end not included). Reads Odoo; writes nothing there.
    """
    plan = brake(run, _free_plan(run, parked, first, end))
    keep_plan(run, plan)
    counts = ", ".join(f"{verb} {count}" for verb, count in plan.counts().items())
    totals = ", ".join(format_minor(total, code) for code, total in plan.totals_minor().items()) or "nothing"
    run.say(f"plan {plan.hash}: {counts or 'nothing to do'}. It brings {totals} into the books.")
    for trip in plan.trips:
        run.say(f"brake {trip.trip_key}: {trip.says}. {_held(trip)}")
    remind(run)
    return plan


def _held(trip: Trip) -> str:
    return f"{'Let go by a person' if trip.is_allowed else 'Held'}: {len(trip.holds)}."


def _free_plan(run: Run, parked: Sequence[ParkedInvoice], first: date | None = None, end: date | None = None) -> Plan:
    """The plan before any brake. Raises SettingsError when NEXABOOKS_LEDGER_MODES names what does not exist."""
    modes = modes_from(run.settings.ledger_modes)
    with open_warehouse(run.settings.warehouse_path) as db:
        desired = read_desired(db, parked, first, end, Choices.of(run.settings))
    modes.check_names([*run.settings.source_names, *desired.families])
    with open_odoo(run.settings) as client:
        return make_plan(desired, read_present(client, desired), mode=run.mode, run_id=run.run_id, modes=modes)


def is_built(db: Warehouse) -> bool:
    """Whether the warehouse says what is asked of the ledger; before the first run it does not."""
    return bool(db.rows("select 1 from duckdb_tables() where schema_name = 'outbound' limit 1"))


def require_built(run: Run) -> None:
    """Raise PermanentError before the first run: the checks would tell of an empty installation as of a broken one."""
    with open_warehouse(run.settings.warehouse_path) as db:
        if not is_built(db):
            raise PermanentError(
                "There is nothing to plan from yet: no run has read the sources and built the models. Run "
                "`nexabooks run refresh` first; nothing was planned."
            )


def brake(run: Run, plan: Plan) -> Plan:
    """`plan` with what is unusual held back, measured against what was written today and by the last runs. A backfill
    is no ordinary day: it is neither compared with them nor one of them."""
    settings = run.settings
    today = Window.of_day(accounting_day(settings.now(), settings.company_time_zone), settings.company_time_zone)
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        written = ops.written_since(today.start_at)
        totals = {} if run.flow == BACKFILL else ops.run_totals_minor(last=HABIT_RUNS, except_flow=BACKFILL)
        allowed = {allowance.trip_key for allowance in ops.allowances()}
    history = History(
        [
            Written(MoveKey(w.source_system, w.source_invoice_id, w.kind), w.total_minor, w.currency_code)
            for w in written
        ],
        totals,
    )
    return with_brakes(plan, Limits.of(settings), history, allowed)


def read_desired(
    db: Warehouse, parked: Sequence[ParkedInvoice], first: date | None, end: date | None, choices: Choices = NO_CHOICES
) -> Desired:
    """The outbound models as values, less the days outside the span, with the parked ones marked."""
    tables = {name: db.rows(f"select * from outbound.out_odoo__{name}") for name in OUTBOUND_TABLES}
    reasons = {(p.source_system, p.source_invoice_id, p.kind): p.says for p in parked}
    invoices = []
    for row in tables["invoices"]:
        if (first and row["invoiced_on"] < first) or (end and row["invoiced_on"] >= end):
            continue
        says = reasons.get((row["source_system"], row["source_invoice_id"], row["kind"]))
        invoices.append(row | {"is_postable": False, "park_reason": says} if says and row["is_postable"] else row)
    return desired_from(tables | {"invoices": invoices}, choices)


@step("apply to Odoo")
def apply_to_ledger(run: Run, plan: Plan) -> Counts:
    """Carry the plan out as far as its mode allows; how many steps came out how. A plan with nothing to write calls nothing.
    What was refused or is not known stops no other step; the run says it and ends incomplete.

    Raises LedgerRefused before anything is written when Odoo lacks what every invoice needs, TransientError while another
    process writes to the ledger or when this one lost its lease: what was done until then stands and has its receipts.
    """
    owed_notes = _owed_notes(run, plan)
    if plan.mode == "dry_run" or (plan.is_empty and not owed_notes):
        run.say("Odoo: nothing to write." if plan.is_empty else "Odoo: dry run, nothing was written.")
        return Counter()
    settings = run.settings
    with (
        open_ops(settings.ops_store_url, now=settings.now) as ops,
        ops.lease(LEDGER_LEASE, holder=f"{run.run_id} on {socket.gethostname()}", ttl_s=LEASE_S) as lease,
        open_odoo(settings, "write") as client,
    ):

        def said(step_name: str, done: int, total: int) -> None:
            lease.check()  # before the next batch: a process that slept past its lease writes no more
            run.say_detail(f"Odoo: {step_name}, {done} of {total}.")

        _refuse_if_blocked(check(client, plan.desired))
        counts = apply_plan(
            plan,
            client,
            ops.journal(run.run_id),
            now=settings.now,
            progress=said,
            today=run.day,
            has_notes=settings.ledger_notes,
            owed_notes=owed_notes,
        )
        run.unsettled.extend(unsettled(ops.journal(run.run_id).receipts("refused", "unclear")))
    done = ", ".join(f"{action} {outcome} {count}" for (action, outcome), count in sorted(counts.items()))
    run.say(f"Odoo: {done}.")
    for sentence in run.unsettled:
        run.say(sentence)
    return counts


def unsettled(receipts: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for the steps that were refused and one for those that are unclear: how many, and the first few in words."""
    ends = {
        "refused": "A person must act: see docs/runbooks/odoo-refused-a-batch.md.",
        "unclear": "Nobody knows yet whether they happened; the next run looks, so run it again.",
    }
    sentences = []
    for outcome, end in ends.items():
        found = [receipt for receipt in receipts if receipt["outcome"] == outcome]
        if not found:
            continue
        named = [
            f"{r['action']} of {r['kind'].replace('_', ' ')} {r['source_invoice_id']}: {r['says'].rstrip('.')}"
            for r in found[:NAMED_TROUBLES]
        ]
        rest = len(found) - len(named)
        more = f"; and {rest} more" if rest else ""
        steps = "1 step in Odoo is" if len(found) == 1 else f"{len(found)} steps in Odoo are"
        sentences.append(f"{steps} {outcome}: {'; '.join(named)}{more}. {end}")
    return sentences


def _owed_notes(run: Run, plan: Plan) -> set[MoveKey]:
    """Posted entries whose posting or noting a run that was cut off never read back: their proof may be missing."""
    settings = run.settings
    if plan.mode != "post" or not settings.ledger_notes:
        return set()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        left = {
            MoveKey(intent.source_system, intent.source_invoice_id, intent.kind)
            for intent in ops.unfinished_intents()
            if intent.action in ("post", "note")
        }
    posted = {key for key, move in plan.present.moves.items() if move.state == "posted"}
    return left & (posted | plan.present.taken_back.keys())


def _refuse_if_blocked(findings: list[Finding]) -> None:
    """Raise LedgerRefused, in one sentence, when a finding would make every invoice fail."""
    if found := blocking(findings):
        said = "; ".join(f"{finding.what}: {finding.says}" for finding in found)
        raise LedgerRefused(
            f"Odoo is not ready, so nothing was written: {said}. Another attempt helps when that is settled; "
            "`nexabooks odoo check` looks again."
        )


def approval_in_force(run: Run, plan_hash: str) -> tuple[SavedPlan, Approval]:
    """The plan and a person's yes to it. Raises PermanentError when nobody approved it, or the approval ran out."""
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        saved = ops.plan(plan_hash)
        approval = ops.approval_of(saved.plan_hash) if saved else None
    if not saved or not approval:
        raise PermanentError(
            f"The plan {plan_hash} is not approved. Look at it with `nexabooks plan`, then "
            "`nexabooks approve <hash> --by <name>`; nothing was posted."
        )
    if not approval.holds_at(run.settings.now()):
        raise PermanentError(
            f"The approval of plan {saved.plan_hash} by {approval.approved_by} ran out at "
            f"{approval.expires_at:%Y-%m-%d %H:%M} UTC (NEXABOOKS_APPROVAL_EXPIRY_DAYS). Look at a new `nexabooks plan` and "
            "approve that; nothing was posted."
        )
    return saved, approval


@step("plan what was approved")
def approved_plan(run: Run, plan_hash: str, parked: Sequence[ParkedInvoice] = ()) -> Plan:
    """Those steps of the approved plan that a plan made now would still take, with what its brakes held and the rest of
    its corrections that were cut off; the others changed since, wait, and are named.

    Raises PermanentError when nobody approved the plan, or the approval ran out.
    """
    saved, approval = approval_in_force(run, plan_hash)
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        reversals = ops.meant("reverse")
    approved = {*(action["fingerprint"] for action in saved.plan["actions"]), *saved.plan.get("braked", ())}
    free = _free_plan(run, parked)
    rest = rest_of_corrections(free, approved, reversals)
    if rest:
        run.say("A correction of this plan was cut off between its reversal and its new entry; it is finished now.")
    plan = approved_steps(free, approved | rest)
    keep_plan(run, plan)
    run.say(
        f"plan {saved.plan_hash}, approved by {approval.approved_by}: {sum(a.is_writing for a in plan.actions)} steps."
    )
    for action in plan.of("park"):
        if action.reason.startswith(NOT_APPROVED):
            run.say(f"left out: {action.payment_id or action.source_invoice_id}: {action.reason}")
    return plan


def read_back(run: Run) -> list[SourceRead]:
    """Land what Odoo holds of ours and what the ops store knows, so that drift is a row in a model."""
    return [ingest(run, "odoo"), ingest(run, "ops")]

"""The demo's judge: what the published tables and the pretend Odoo say, beside what the story says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nexabooks.cli.asking import published
from nexabooks.settings import Settings

if TYPE_CHECKING:
    from nexabooks.sandbox.sandbox import Sandbox
    from nexabooks.sandbox.story import Expected
    from tasks.report import CloseReport


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence, what it must be and what it is."""

    says: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        """Whether what was found is exactly what was expected."""
        return bool(self.expected == self.found)

    def sentence(self) -> str:
        """The check in a line: what it is where it holds, both sides where it does not."""
        if not self.holds:
            return f"NO   {self.says}: expected {self.expected}, got {self.found}"
        return f"yes  {self.says}" + (f": {self.found:,}" if type(self.found) is int else "")

    def as_row(self) -> dict[str, Any]:
        """The check for a program: its sentence, whether it holds, and both values as text."""
        return {"says": self.says, "holds": self.holds, "expected": str(self.expected), "found": str(self.found)}


def checks_of_close(settings: Settings, box: Sandbox, report: CloseReport, expected: Expected) -> list[Check]:
    """The figures of one day of the story, each as a check."""

    def ask(sql: str) -> list[dict[str, Any]]:
        return published(settings, sql)

    verdicts = {
        row["verdict"]: row["n"]
        for row in ask(
            "select verdict, count(*) as n from finance.invoices where nexacloud_invoice_id <> '' group by 1"
        )
    }
    posted = ask(
        "select count(*) as n, sum(total_minor) as total from finance.ledger_check where ledger_state = 'posted'"
    )[0]
    verified = ask(
        "select sum(total_minor) as total from finance.invoices where verdict = 'verified' and kind = 'invoice'"
    )[0]
    changed = ask(
        "select source_invoice_id from finance.ledger_check where ledger_state = 'changed_after_posting' order by 1"
    )
    coverage = {
        row["coverage_class"]: (row["invoice_count"], int(row["subtotal_minor"]))
        for row in ask("select coverage_class, invoice_count, subtotal_minor from finance.coverage")
    }
    done = report.done
    checks = [
        Check("the verdicts on NexaCloud's invoices", {k: v for k, v in expected.verdicts.items() if v}, verdicts),
        Check("the verified invoices add up, in cents", expected.verified_total_minor, int(verified["total"] or 0)),
        Check("invoices with and without a subscription", expected.coverage, coverage),
        Check("invoices posted by this run", expected.posted_count, done["post"]),
        Check("payments booked by this run", expected.payment_count, done["pay"]),
        Check("entries posted and equal to their source", expected.ledger_count, posted["n"]),
        Check("... and their total, in cents", expected.ledger_total_minor, int(posted["total"] or 0)),
        Check(
            "entries whose source changed after posting, left for a person",
            list(expected.changed_after_posting),
            [r["source_invoice_id"] for r in changed],
        ),
        Check(
            "Odoo itself holds as many posted entries",
            expected.ledger_count + len(expected.changed_after_posting) + 2 * expected.taken_back_count,
            _posted_in_odoo(box),
        ),
    ]
    if expected.families is not None:
        families = ask("select service_family, sum(invoiced_minor) as total from finance.family_revenue group by 1")
        checks.append(
            Check("revenue by family", expected.families, {r["service_family"]: int(r["total"]) for r in families})
        )
    if expected.one_off is not None:
        one_off = ask(
            "select coalesce(month, '') as month, sum(billed_minor) as billed from finance.reconciliation where class = 'one_off' group by 1"
        )
        checks.append(
            Check("one-off invoices by month", expected.one_off, {r["month"]: int(r["billed"]) for r in one_off})
        )
    if expected.subscribed is not None:
        rows = ask(
            "select period_start_on, billed_minor, class from finance.reconciliation where class <> 'one_off' order by 1, 2, 3"
        )
        checks.append(
            Check(
                "subscriptions, expected beside billed",
                sorted((s.period_start_on, s.billed_minor, s.outcome) for s in expected.subscribed),
                [(str(r["period_start_on"]), int(r["billed_minor"]), r["class"]) for r in rows],
            )
        )
    return checks


def checks_of_rerun(report: CloseReport, before: dict[str, Any], after: dict[str, Any]) -> list[Check]:
    """A run in which nothing changed changes nothing."""
    return [
        Check("rows changed in raw", 0, report.raw_changes),
        Check("steps carried out in Odoo", 0, report.ledger_changes),
        Check("what Odoo holds", before, after),
    ]


def _posted_in_odoo(box: Sandbox) -> int:
    """How many invoices and credit notes the pretend Odoo itself has posted."""
    return int(box.odoo.totals()["documents"].get("posted", 0))


def checks_of_traps(settings: Settings, box: Sandbox) -> list[Check]:
    """One check a trap, the ledger's sums by currency and kind, and its money."""
    from nexabooks.sandbox.traps import EXPECTED, LEDGER

    found = {
        (row["source_invoice_id"], row["kind"]): row
        for row in published(
            settings,
            "select source_invoice_id, kind, verdict, ledger_state, subtotal_minor, tax_minor, invoiced_on from finance.invoices",
        )
    }
    checks = []
    for trap in EXPECTED:
        row = found.get((trap.id, trap.kind))
        says = f"{trap.source} {trap.name}, {trap.kind.replace('_', ' ')}: {trap.why}"
        checks.append(
            Check(
                says,
                (trap.verdict, trap.is_postable, trap.subtotal_minor, trap.tax_minor, trap.invoiced_on),
                row
                and (
                    row["verdict"],
                    row["ledger_state"] == "posted",
                    int(row["subtotal_minor"]),
                    int(row["tax_minor"]),
                    str(row["invoiced_on"] or ""),
                ),
            )
        )
    posted = {
        (row["currency_code"], row["kind"]): (row["n"], int(row["total"]))
        for row in published(
            settings,
            "select currency_code, kind, count(*) as n, sum(ledger_total_minor) as total from finance.ledger_check "
            "where ledger_state = 'posted' group by all",
        )
    }
    checks.append(Check("the ledger by currency and kind", LEDGER, posted))
    checks.append(
        Check("Odoo itself holds as many posted entries", sum(n for n, _ in LEDGER.values()), _posted_in_odoo(box))
    )
    return [*checks, *_checks_of_trap_money(settings), _check_of_payouts(settings)]


def checks_of_day_after(settings: Settings, box: Sandbox, payments_before: int) -> list[Check]:
    """The refund that was booked bare is the credit note's that names it now: posted, settled, and no payment more."""
    from nexabooks.sandbox.traps_making import credit_note_id
    from nexabooks.sandbox.traps_money import BREAKS, SETTLED_LATER

    note = credit_note_id("refund")
    of_note = f"source_invoice_id = '{note}'"
    (entry,) = published(settings, f"select ledger_state, ledger_open_minor from finance.ledger_check where {of_note}")
    moved = published(settings, f"select movement, amount_minor, is_bookable from finance.payments where {of_note}")
    return [
        Check("the credit note is posted and nothing of it is open", ("posted", 0), tuple(entry.values())),
        Check("the refund is the note's", [("refund", 5650, True)], [tuple(row.values()) for row in moved]),
        Check("payments in Odoo, none more than the day before", payments_before, box.odoo.totals()["payments"]),
        *_checks_of_trap_money(settings, tuple(one for one in BREAKS if one != SETTLED_LATER)),
    ]


def _check_of_payouts(settings: Settings) -> Check:
    """The payouts name the invoices of Lago whose money they brought, and no other of Lago's."""
    from nexabooks.sandbox.traps import EXPECTED
    from nexabooks.sandbox.traps_money import PAID_OUT, payout_id

    lago = {trap.id: trap.name for trap in EXPECTED if trap.source == "lago"}
    named = {
        row["payout_id"]: {lago[id] for id in row["invoice_ids"].split(",") if id in lago}
        for row in published(settings, "select payout_id, invoice_ids from finance.payouts where state = 'adds_up'")
    }
    return Check(
        "Lago's invoices by the payout that brought their money",
        {payout_id(friday): sorted(names) for friday, names in PAID_OUT.items()},
        {payout: sorted(names) for payout, names in named.items() if names},
    )


def _checks_of_trap_money(settings: Settings, shown: tuple[tuple[str, str, str], ...] | None = None) -> list[Check]:
    """What is open in the ledger, what customers have with us, and what money needs a person for: `shown`, as a rule all."""
    from nexabooks.sandbox.traps import EXPECTED
    from nexabooks.sandbox.traps_money import BREAKS, CREDIT_MINOR, LOOSE, OPEN

    shown = BREAKS if shown is None else shown
    name_of = {(trap.id, trap.kind): trap.name for trap in EXPECTED}
    still_open = {
        (name_of.get((row["source_invoice_id"], row["kind"]), row["source_invoice_id"]), row["kind"]): int(
            row["ledger_open_minor"]
        )
        for row in published(
            settings,
            "select source_invoice_id, kind, ledger_open_minor from finance.ledger_check "
            "where ledger_state = 'posted' and ledger_open_minor <> 0",
        )
    }
    credit = published(settings, "select sum(balance_minor) as total from finance.customer_credit")
    names = {trap.id: trap.name for trap in EXPECTED} | {id: name for id, (name, _) in LOOSE.items()}
    of_money = {"payment_not_booked", "payment_of_void", "paid_elsewhere", "payment_missing", "settled_in_ledger_only"}
    breaks = sorted(
        (row["class"], names.get(about, about))
        for row in published(settings, "select class, source_invoice_id, break_key from finance.breaks")
        # What no document names is known by its own id, which ends the key.
        for about in [row["source_invoice_id"] or row["break_key"].rpartition("|")[2]]
        if row["class"] in of_money | {name for name, _, _ in BREAKS}
    )
    return [
        Check("what is still open in the ledger, by document", OPEN, still_open),
        Check("what customers have with us, in cents", CREDIT_MINOR, int(credit[0]["total"])),
        Check("what money needs a person for", sorted((name, trap) for name, trap, _ in shown), breaks),
    ]

"""What moves between the reading of Lago and the reading of Stripe is not judged before Lago is read again, and never hidden."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nexabooks.sandbox.making import item, payment, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import of_lago
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import Charge, World
from nexabooks.warehouse import Project, build, ensure_sources, open_warehouse
from tests.sql.built import land_source

READ_AT = utc("2026-06-02T10:00")
BETWEEN = READ_AT + timedelta(minutes=1)


def by_hand(name: str, at: timedelta) -> Charge:
    """Money that no invoice of any source is for."""
    return Charge(PLAIN.id, "CAD", "Cash desk", payment("stripe", name, READ_AT + at, 1000))


def world(minutes: int) -> World:
    """Two charges by hand, one long ago and one between the reads; and an invoice of Lago's that is paid between them."""
    is_paid = minutes > 0
    invoice = of_lago("slow-payer", [item("Chat plan, monthly", 2900)], paid_at=BETWEEN if is_paid else None)
    charges = [by_hand("long-ago", timedelta(days=-3))] + (
        [by_hand("just-now", timedelta(minutes=1))] if is_paid else []
    )
    return World(
        "between",
        READ_AT + timedelta(minutes=minutes),
        users=(PLAIN,),
        invoices=(invoice,),
        charges=tuple(charges),
        lago_charges_here=True,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, project: Project) -> list[list[tuple[str, int]]]:
    """(class, amount) of the money that is shown: after a run that reads Lago before the payment and Stripe after it, and after the next."""
    home = tmp_path_factory.mktemp("between")
    path = home / "warehouse.duckdb"
    found = []
    with Sandbox(world(0), home / "world", services=("stripe", "lago")) as sandbox, open_warehouse(path) as warehouse:
        for run, reads in enumerate(((("lago", 0), ("stripe", 2)), (("lago", 20), ("stripe", 22)))):
            for source, minutes in reads:
                sandbox.show(world(minutes))
                land_source(warehouse, source, sandbox.settings(), f"run-{run}")
            ensure_sources(warehouse, project)
            now = sandbox.settings().now
            build(warehouse, project, run_id=f"run-{run}", now=now, variables={"run_at": now().isoformat()})
            rows = warehouse.rows(
                "select class, source_minor from marts.fct_breaks where class like 'money_%' order by class, source_minor"
            )
            found.append([(row["class"], row["source_minor"]) for row in rows])
    return found


def test_what_moved_between_the_two_reads_is_not_yet_judged(told: list[list[tuple[str, int]]]) -> None:
    """Neither the payment of Lago's nor real loose money can be told apart yet: both are shown, with what to wait for."""
    assert told[0] == [
        ("money_not_yet_judged", 1000),
        ("money_not_yet_judged", 3277),
        ("money_without_document", 1000),
    ]


def test_the_next_reading_of_lago_judges_it(told: list[list[tuple[str, int]]]) -> None:
    """Lago's payment has its invoice, and the loose money stays loose."""
    assert told[1] == [("money_without_document", 1000), ("money_without_document", 1000)]

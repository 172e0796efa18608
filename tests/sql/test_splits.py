"""Money that is split adds up, whatever the parts: rows are drawn, and the model's own SQL splits them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexabooks.warehouse import Project, Warehouse, memory_warehouse
from nexabooks.warehouse.unit_tests import build_empty

MODEL = "int_credit_note_parts"
MINOR = st.integers(0, 50_000)
REFUND = st.tuples(MINOR, st.sampled_from(["succeeded", "pending", "failed", "canceled"]), st.booleans())


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.load(Path(__file__).parents[2] / "sql")


@pytest.fixture(scope="module")
def empty(project: Project) -> Iterator[Warehouse]:
    """Every model that the splitting reads, with its columns and no rows."""
    with memory_warehouse() as warehouse:
        assert build_empty(warehouse, project, {MODEL}) == {}
        yield warehouse


def put(warehouse: Warehouse, project: Project, model: str, rows: list[dict]) -> None:
    """These rows and no others into a model."""
    relation = project.node(model).relation
    warehouse.con.execute(f"delete from {relation}")
    for row in rows:
        names = ", ".join(row)
        warehouse.con.execute(
            f"insert into {relation} ({names}) values ({', '.join('?' * len(row))})", list(row.values())
        )


def parts_of(warehouse: Warehouse, project: Project) -> list[int]:
    """The sum of the parts of each note, in the order of their ids."""
    sql = project.compile_sql(project.node(MODEL))
    rows = warehouse.rows(
        "select corrected_minor + refunded_minor + unrefunded_minor + credited_minor + elsewhere_minor as sum_minor "
        f"from ({sql}) order by credit_note_id"
    )
    return [row["sum_minor"] for row in rows]


@settings(max_examples=25)
@given(st.lists(st.tuples(MINOR, MINOR, MINOR, st.lists(REFUND, max_size=3)), min_size=1, max_size=5))
def test_the_parts_of_a_credit_note_of_stripe_add_up_to_its_total(empty, project, notes):
    """Refunded, still to be refunded, outside of Stripe, or credit of the customer: no cent more or less."""
    refunds = [(n, i, *refund) for n, (*_, named) in enumerate(notes) for i, refund in enumerate(named)]
    named_minor = [sum(minor for minor, *_ in named) for *_, named in notes]
    put(
        empty,
        project,
        "stg_stripe__credit_notes",
        [
            {
                "credit_note_id": f"cn_{n}",
                "currency_code": "CAD",
                "status": "issued",
                "is_deleted": False,
                "pre_payment_minor": pre,
                "post_payment_minor": named_minor[n] + outside + credit,
                "out_of_band_minor": outside,
            }
            for n, (pre, outside, credit, _) in enumerate(notes)
        ],
    )
    put(
        empty,
        project,
        "stg_stripe__credit_note_refunds",
        [
            {"credit_note_id": f"cn_{n}", "refund_id": f"re_{n}_{i}", "amount_minor": minor, "is_off_stripe": is_off}
            for n, i, minor, _, is_off in refunds
        ],
    )
    put(
        empty,
        project,
        "stg_stripe__refunds",
        [{"refund_id": f"re_{n}_{i}", "status": status} for n, i, _, status, _ in refunds],
    )
    expected = [
        pre + named + outside + credit for (pre, outside, credit, _), named in zip(notes, named_minor, strict=True)
    ]
    assert parts_of(empty, project) == expected

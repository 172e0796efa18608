"""A customer keeps his id, and so his partner in Odoo, when a second user of NexaCloud comes to share his Stripe customer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.daily_close import daily_close
from nexabooks.cli.examining import apply_odoo_setup
from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.traps_making import of_stripe
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World
from nexabooks.warehouse import open_warehouse

DAY_1, DAY_2 = utc("2026-06-02T06:00"), utc("2026-06-03T06:00")


def test_a_second_user_of_the_same_stripe_customer_changes_no_posted_entry(tmp_path, ledger_only):
    """Though his id is the smaller one: no second partner, no entry of the first that is to be corrected, and new invoices go to the first."""
    second = replace(
        PLAIN,
        id="00000000-0000-5000-8000-000000000001",
        email="second@example.test",
        company="Second",
        lago_customer_id="",
        lago_external_id="",
    )
    old = of_stripe("old", [item("VPS", 10000)])
    new = of_stripe("new", [item("VPS", 10000)], at="2026-06-02T14:00", paid_at=utc("2026-06-02T15:00"))
    day_1 = World("second", DAY_1, users=(PLAIN,), invoices=(old,))
    day_2 = World("second", DAY_2, users=(PLAIN, second), invoices=(old, new))
    with Sandbox(day_1, tmp_path / "world") as box, pytest.MonkeyPatch.context() as patch:
        for world in (day_1, day_2):
            box.show(world)
            for name, value in (box.environment() | {"NEXABOOKS_HOME": str(tmp_path)}).items():
                patch.setenv(name, value)
            if world is day_1:
                apply_odoo_setup()
            daily_close.fn()
        with open_warehouse(tmp_path / "warehouse.duckdb", read_only=True) as db:
            partners = db.rows("select payload ->> '$.x_fc_customer_id' as customer_id from raw_odoo.partners")
            names = db.rows("select payload ->> '$.name' as name from raw_odoo.partners")
            asked = db.rows("select distinct customer_id from outbound.out_odoo__invoices")
            moves = db.rows("select count(*) as n from raw_odoo.moves where payload ->> '$.state' = 'posted'")
    assert partners == asked == [{"customer_id": f"nexacloud_{PLAIN.id.replace('-', '_')}"}]
    assert names == [{"name": PLAIN.company}]
    assert moves == [{"n": 2}]

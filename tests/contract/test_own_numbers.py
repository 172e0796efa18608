"""Entries that keep their source's number, in a sales journal of their own: what Odoo does with a name that is given, and the
ledger itself with NEXABOOKS_ODOO_NUMBERS=source. docs/decisions/0024.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nexabooks.ledger import check, make_plan, read_present
from nexabooks.ledger.desired import Choices, Invoice
from nexabooks.ledger.own_numbers import NUMBER_FORM, read_numbers_journal
from nexabooks.ledger.setup import setup_apply, setup_plan
from tests.contract.conftest import Server
from tests.contract.test_taking_a_run_back import Story
from tests.contract.test_what_the_ledger_relies_on import FIELDS, post, read, rows
from tests.ledger.makers import FAMILY_ROWS, ROUTE_ROWS, a_note, applied, desired_of

KEPT, ODOO = Choices(numbers="source"), Choices()


@pytest.fixture(scope="module")
def kept(server: Server) -> Iterator[Server]:
    """The server with the journal of the source's numbers."""
    setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS, keeps_numbers=True)
    yield server


def plan_of(story: Story, choices: Choices, *invoices: Invoice, run: str = "r1", mode: str = "post"):
    desired = replace(desired_of(*invoices, partners=(story.partner,)), choices=choices)
    present = read_present(story.server.client, desired)
    plan = make_plan(desired, present, mode=mode, run_id=f"{story.prefix}_{run}")
    return replace(plan, actions=tuple(a for a in plan.actions if a.customer_id == story.prefix))


def close(story: Story, choices: Choices, *invoices: Invoice, run: str = "r1", mode: str = "post") -> list[str]:
    """One run over these invoices; what did not go well, in words."""
    plan = plan_of(story, choices, *invoices, run=run, mode=mode)
    receipts = applied(plan, story.server.client, story.journal)
    stopped = [a.reason for a in plan.of("refuse", "park", "report", "correct")]
    return [*stopped, *(r.says for r in receipts if r.outcome not in ("done", "already"))]


def names(story: Story) -> list[tuple]:
    return [(row[0], row[1][1].partition(" ")[0]) for row in story.moves("name", "journal_id")]


def numbered(story: Story, name: str, number: str, **changes) -> Invoice:
    return story.invoice(name, invoice_number=f"{story.prefix}{number}", **changes)


def draft_in(server: Server, name: str, number: str, day: str = "2026-10-05") -> int:
    """A draft with a name of its own in the journal of the source's numbers."""
    journal = read_numbers_journal(server.client)
    assert journal
    sent = rows(server, name, ["10.00"], "", day=day)
    data = [[str(journal.journal_id), number, *row] for row in sent]
    return server.client.load("account.move", ("journal_id/.id", "name", *FIELDS), data)[0]


def test_the_setup_shows_the_journal_and_makes_it_once(server: Server):
    """Only when numbers are kept; a further setup has nothing to do, and the posting user sees that it stands."""
    assert [s.what for s in setup_plan(server.client, FAMILY_ROWS, ROUTE_ROWS) if "NCINV" in s.what] == []
    shown = setup_plan(server.client, FAMILY_ROWS, ROUTE_ROWS, keeps_numbers=True)
    assert [s.what for s in shown if "NCINV" in s.what] == ["journal NCINV", "journal NCINV numbers"]
    made = setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS, keeps_numbers=True)
    assert [s.what for s in made if not s.is_present] == []
    first = read_numbers_journal(server.client)
    setup_apply(server.admin, FAMILY_ROWS, ROUTE_ROWS, keeps_numbers=True)
    assert read_numbers_journal(server.client) == first
    assert first and (first.journal_type, first.is_active, first.form) == ("sale", True, NUMBER_FORM)
    found = {f.what: f.is_ok for f in check(server.client, replace(desired_of(), choices=KEPT))}
    assert found["journal NCINV"] is True


def test_a_number_is_kept_whatever_its_digits_look_like(kept: Server):
    """Odoo would read a year or a month into each of these and refuse it for its day; the journal's form forbids that."""
    story = Story(kept, "odd")
    odd = ("EF12-0001", "-202509-001", "8f14e45f-ceea-467a-9b3c", "/1999/05/0007", "-A", " 77")
    invoices = [numbered(story, f"n{n}", number) for n, number in enumerate(odd)]
    assert close(story, KEPT, *invoices) == []
    assert names(story) == [
        (f"{story.prefix}{number}", story.moves("journal_id")[0][0][1].partition(" ")[0]) for number in odd
    ]
    assert plan_of(story, KEPT, *invoices, run="again").is_empty


def test_a_credit_note_keeps_its_number_in_the_same_journal(kept: Server):
    """And is matched with its invoice as ever."""
    story = Story(kept, "note")
    invoice = numbered(story, "a", "-1")
    note = replace(a_note(invoice, f"{story.prefix}_cn"), invoice_number=f"{story.prefix}-1-CN-01")
    assert close(story, KEPT, invoice, note) == []
    assert {name for name, _ in names(story)} == {f"{story.prefix}-1", f"{story.prefix}-1-CN-01"}
    assert len({journal for _, journal in names(story)}) == 1


def test_a_number_that_is_taken_or_missing_waits_and_says_why(kept: Server):
    """Taken by an entry of a person, by another source's, or by two at once; nothing of it is drafted."""
    story = Story(kept, "taken")
    by_hand = draft_in(kept, "by_hand", f"{story.prefix}-1")
    post(kept, by_hand)
    posted = numbered(story, "posted", "-2")
    assert close(story, KEPT, posted) == []
    waiting = {
        "hand": numbered(story, "hand", "-1"),
        "twice": numbered(story, "twice", "-2"),
        "none": story.invoice("none", invoice_number=""),
        "pair1": numbered(story, "pair1", "-3"),
        "pair2": numbered(story, "pair2", "-3"),
    }
    plan = plan_of(story, KEPT, posted, *waiting.values(), run="r2")
    said = {a.source_invoice_id.removeprefix(f"{story.prefix}_"): a.reason for a in plan.of("park")}
    assert said == {
        "hand": f"its number {story.prefix}-1 is taken in Odoo by entry {by_hand}, of no source: rename it",
        "twice": f"its number {story.prefix}-2 is taken in Odoo by entry {plan.present.moves[posted.key].move_id}, "
        f"that of {posted.key}",
        "none": "its source gives it no number, and entries keep their source's number (NEXABOOKS_ODOO_NUMBERS)",
        "pair2": f"its number {story.prefix}-3 is also that of {waiting['pair1'].key}",
    }
    assert {a.source_invoice_id for a in plan.of("create")} == {waiting["pair1"].source_invoice_id}


def test_a_number_that_is_taken_in_between_is_refused_by_odoo_and_the_others_are_posted(kept: Server):
    """Its database enforces it; the draft stays, and the next run parks it."""
    story = Story(kept, "race")
    invoices = [numbered(story, f"n{n}", f"-{n}") for n in range(3)]
    plan = plan_of(story, KEPT, *invoices)
    post(kept, draft_in(kept, "race", f"{story.prefix}-1"))
    receipts = applied(plan, kept.client, story.journal)
    refused = [(r.action, r.source_invoice_id) for r in receipts if r.outcome == "refused"]
    assert refused == [("post", invoices[1].source_invoice_id)]
    assert "same name already exists" in next(r.says for r in receipts if r.outcome == "refused")
    (waits,) = close(story, KEPT, *invoices, run="r2")
    assert "is taken in Odoo" in waits
    assert [row[0] for row in story.moves("state")] == ["posted", "draft", "posted"]


def test_a_second_posting_says_so_in_its_number_and_a_reversal_takes_none(kept: Server):
    """The first one keeps its own for ever; reversals are numbered by Odoo, in its own sales journal."""
    story = Story(kept, "again")
    invoice = numbered(story, "a", "-1")
    assert close(story, KEPT, invoice) == []
    story.undo()
    assert close(story, KEPT, invoice, run="r2") == []
    number = f"{story.prefix}-1"
    assert sorted(row[0] for row in story.moves("name")) == [number, f"{number}-R2"]
    domain = [["reversed_entry_id.x_fc_source_invoice_id", "=", invoice.source_invoice_id]]
    (back,) = kept.client.search_read("account.move", domain, ["journal_id", "state"])
    assert back["state"] == "posted"
    assert back["journal_id"][0] == kept.books.sale_journal.journal_id


def test_the_setting_moves_drafts_and_leaves_what_is_posted(kept: Server):
    """A draft gets its number with the setting and loses it again; an entry stays in its journal and is no difference."""
    story = Story(kept, "turned")
    draft, by_odoo = numbered(story, "draft", "-1"), numbered(story, "odoo", "-2")
    assert close(story, ODOO, by_odoo) == []
    seen = []
    for n, choices in enumerate((ODOO, KEPT, ODOO, KEPT)):
        assert close(story, choices, draft, run=f"d{n}", mode="draft") == []
        seen.append(story.moves("name")[0][0])
    assert seen == [False, f"{story.prefix}-1", False, f"{story.prefix}-1"]
    assert close(story, KEPT, draft, by_odoo, run="r3") == []
    for choices in (ODOO, KEPT):
        plan = plan_of(story, choices, draft, by_odoo, run="r4")
        assert [a.verb for a in plan.actions] == ["keep", "keep"]
    assert names(story)[0][0] == f"{story.prefix}-1"
    assert names(story)[1][0] != f"{story.prefix}-2"


def test_a_posted_entry_that_was_renamed_is_a_difference(kept: Server):
    """Odoo lets a person do it; the plan says both names."""
    story = Story(kept, "renamed")
    invoice = numbered(story, "a", "-1")
    assert close(story, KEPT, invoice) == []
    ((id, _),) = story.moves("id", "name")
    kept.client.write_call("account.move", "write", ids=[id], vals={"name": f"{story.prefix}-9"})
    (action,) = plan_of(story, KEPT, invoice, run="r2").of("correct", "report")
    assert f"it should keep the number {story.prefix}-1, Odoo calls it {story.prefix}-9" in action.reason


def test_a_journal_that_lost_its_form_sends_nothing_until_the_setup_gives_it_back(kept: Server):
    """Odoo drops the form when somebody renames an entry in a way that does not fit it; the plan and the check say so."""
    journal = read_numbers_journal(kept.client)
    assert journal
    kept.admin.write_call("account.journal", "write", ids=[journal.journal_id], vals={"sequence_override_regex": False})
    story = Story(kept, "form")
    invoice = numbered(story, "a", "-1")
    (said,) = [a.reason for a in plan_of(story, KEPT, invoice).of("refuse")]
    assert said.startswith("the journal NCINV would read years into the source's numbers; run")
    found = {f.what: f.says for f in check(kept.client, replace(desired_of(), choices=KEPT)) if f.is_blocking}
    assert found["journal NCINV"] == said
    setup_apply(kept.admin, FAMILY_ROWS, ROUTE_ROWS, keeps_numbers=True)
    assert close(story, KEPT, invoice) == []


def test_an_ordinary_entry_of_a_person_is_numbered_as_before(kept: Server):
    """The source's numbers stand in another journal, and Odoo continues none of them."""
    story = Story(kept, "mine")
    assert close(story, KEPT, numbered(story, "a", "-0042")) == []
    id = kept.client.load("account.move", FIELDS, rows(kept, "plain", ["10.00"], ""))[0]
    post(kept, id)
    assert not read(kept, id, "name")[0].startswith(story.prefix)

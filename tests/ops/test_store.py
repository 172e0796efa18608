"""Plans, approvals, decisions, intents and receipts, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from nexabooks.errors import PermanentError, SettingsError, Unreachable
from nexabooks.ledger.journal import Intent, Journal, Receipt
from nexabooks.ops import look_at_ops, open_ops
from nexabooks.ops.as_json import as_json
from nexabooks.ops.journal import INTENT_FIELDS, RECEIPT_FIELDS

NOW = datetime(2026, 5, 31, 6, tzinfo=UTC)
INTENT = Intent(
    "run 1", "post stripe invoice in_1", "post", "stripe", "in_1", "invoice", "post it", 11300, "CAD", NOW
)  # fmt: skip
RECEIPT = Receipt(
    "run 1|post stripe invoice in_1", "run 1", "post", "stripe", "in_1", "invoice", "account.move", 7, "done",
    "posted as INV/2026/00007", 11300, 11300, "CAD", NOW,
)  # fmt: skip


def test_what_was_written_is_there_after_closing_and_opening_again(ops_url):
    """The store outlives the process; times come back aware and in UTC."""
    toronto = datetime.fromisoformat("2026-05-31T02:00:00-04:00")
    with open_ops(ops_url, now=lambda: toronto) as store:
        store.save_plan("abc123", "run 1", {"actions": [{"amount": Decimal("1.10"), "on": date(2026, 5, 31)}]})
        store.approve("abc123", by="Ann", note="looked at all 23")
    with open_ops(ops_url, now=lambda: NOW) as store:
        assert store.plan("abc123").plan == {"actions": [{"amount": "1.10", "on": "2026-05-31"}]}
        approval = store.approval_of("abc123")
        assert (approval.approved_by, approval.note, approval.at) == ("Ann", "looked at all 23", NOW)
        assert approval.at.tzinfo is UTC


def test_only_a_plan_that_was_shown_can_be_approved_and_only_that_one(store):
    """An approval is bound to the hash; a changed plan needs another one."""
    with pytest.raises(PermanentError, match="no single saved plan zzz"):
        store.approve("zzz", by="Ann")
    store.save_plan("abc123", "run 1", {})
    store.save_plan("abd999", "run 2", {})
    with pytest.raises(PermanentError, match="no single saved plan ab"):
        store.approve("ab", by="Ann")
    assert store.approve("abc", by="Ann").plan_hash == "abc123"
    assert store.approval_of("abd999") is None


def test_a_second_approval_changes_nothing(store):
    """Who said yes first, and when, stays on record."""
    store.save_plan("abc123", "run 1", {})
    first = store.approve("abc123", by="Ann")
    assert store.approve("abc123", by="Bob") == first


def test_a_percent_sign_in_a_hash_is_a_letter(store):
    """A hash is looked for as it is; it is no pattern."""
    store.save_plan("abc", "run 1", {})
    assert store.plan("%") is None


def test_the_latest_plan_is_the_one_saved_last(ops_url):
    """By the time of the saving, not by the hash; the same plan saved again is the last one again, as it was first shown."""
    clock = iter(NOW + timedelta(minutes=n) for n in range(9))
    with open_ops(ops_url, now=lambda: next(clock)) as store:
        assert store.latest_plan() is None
        store.save_plan("zz", "run 1", {})
        store.save_plan("aa", "run 2", {})
        assert store.latest_plan().plan_hash == "aa"
        store.save_plan("zz", "run 3", {})
        last = store.latest_plan()
        assert (last.plan_hash, last.run_id, last.at) == ("zz", "run 1", NOW + timedelta(minutes=2))


def test_the_way_back_of_a_run_is_not_the_latest_plan(store):
    """It has other steps; the plan of the ledger before it is what a person allows and what the next one is compared with."""
    store.save_plan("aa", "plan-2026-05-31-1", {})
    store.save_plan("bb", "undo-2026-05-31-2", {})
    assert store.latest_plan().plan_hash == "aa"
    assert store.plan("bb").run_id == "undo-2026-05-31-2"


def test_of_plans_of_one_moment_the_one_saved_last_is_the_latest(store):
    """In a story the clock stands still; the hashes say nothing of the order."""
    for plan_hash in ("mm", "zz", "aa", "nn"):
        store.save_plan(plan_hash, "run 1", {})
        assert store.latest_plan().plan_hash == plan_hash


def test_the_newest_decision_about_a_difference_holds(store):
    """People change their minds; a decision without a reason is refused."""
    store.resolve("b1", break_class="voided", resolution="accepted", by="Ann", why="the customer left")
    store.resolve("b2", break_class="cent", resolution="accepted", by="Ann", why="rounding")
    store.resolve("b1", break_class="voided", resolution="reversed", by="Bob", why="credit note 7 was made")
    assert [(r.break_key, r.resolution, r.resolved_by) for r in store.resolutions()] == [
        ("b1", "reversed", "Bob"),
        ("b2", "accepted", "Ann"),
    ]
    facts = {"source_minor": 11300, "ledger_minor": -40, "currency_code": "CAD", "first_seen_on": date(2026, 6, 1)}
    decided = store.resolve("b2", break_class="cent", resolution="open", by="Ann", why="it grew", **facts)
    assert store.resolutions()[1] == decided
    assert {name: getattr(decided, name) for name in facts} == facts
    with pytest.raises(PermanentError, match="b3 cannot be resolved without a reason"):
        store.resolve("b3", break_class="cent", resolution="accepted", by="Ann", why=" ")


def test_the_journal_has_the_ledgers_shape(store):
    """The fields we keep are the ledger's, name by name, and the object fits its Protocol."""
    assert set(INTENT_FIELDS) == set(Intent.__dataclass_fields__)
    assert set(RECEIPT_FIELDS) == set(Receipt.__dataclass_fields__)
    journal: Journal = store.journal("run 1")
    journal.intent([])
    journal.receipt([])
    assert store.unfinished_intents() == []


def test_an_intent_is_unfinished_until_its_receipt(store):
    """What was about to be sent and never read back is what the next run looks at first."""
    journal = store.journal("run 1")
    journal.intent([INTENT, replace(INTENT, action_key="post stripe invoice in_2", source_invoice_id="in_2")])
    journal.intent([INTENT])  # the same entry twice is kept once
    assert [i.source_invoice_id for i in store.unfinished_intents()] == ["in_1", "in_2"]
    journal.receipt([RECEIPT])
    assert [i.source_invoice_id for i in store.unfinished_intents()] == ["in_2"]
    (kept,) = store.receipts_of("stripe", "in_1")
    assert Receipt(**kept) == RECEIPT
    assert store.journal("run 1").receipts() == [kept]
    assert store.journal("run 1").receipts("refused", "unclear") == []
    assert store.journal("run 1").counts() == {(RECEIPT.action, RECEIPT.outcome): 1}


def test_an_unclear_receipt_settles_nothing(store):
    """No answer came and looking did not settle it: the intent stays open until somebody knows."""
    store.journal("run 1").intent([INTENT])
    store.journal("run 1").receipt([replace(RECEIPT, outcome="unclear", odoo_id=None, odoo_total_minor=None)])
    assert len(store.unfinished_intents()) == 1
    store.journal("run 1").receipt([RECEIPT])
    assert store.unfinished_intents() == []
    assert [r["outcome"] for r in store.receipts_of("stripe", "in_1")] == ["done"]


def test_a_later_run_settles_what_a_killed_run_left_open(store):
    """The next run looks, finds it done already, and its receipt closes the old intent."""
    store.journal("run 1").intent([INTENT])
    store.journal("run 2").receipt([replace(RECEIPT, receipt_id="r2", run_id="run 2", outcome="already")])
    assert store.unfinished_intents() == []


def test_what_was_meant_is_known_whatever_became_of_it(store):
    """By run and step, of one kind of action, settled or not."""
    store.journal("run 1").intent([INTENT, replace(INTENT, action="pay", action_key="pay it")])
    store.journal("run 2").intent([replace(INTENT, run_id="run 2")])
    store.journal("run 2").receipt([replace(RECEIPT, run_id="run 2")])
    assert store.meant("post") == {("run 1", INTENT.action_key), ("run 2", INTENT.action_key)}
    assert store.meant("reverse") == set()


def test_another_action_on_the_same_invoice_settles_nothing(store):
    """A receipt for paying says nothing of posting."""
    store.journal("run 1").intent([INTENT])
    store.journal("run 1").receipt([replace(RECEIPT, action="pay", kind="payment")])
    assert len(store.unfinished_intents()) == 1


def test_a_batch_of_receipts_is_kept_whole_or_not_at_all(store):
    """One receipt that cannot be kept takes its batch with it; nothing is half written."""
    with pytest.raises(ValueError, match="no time zone"):
        store.journal("run 1").receipt([RECEIPT, replace(RECEIPT, receipt_id="r2", at=NOW.replace(tzinfo=None))])
    assert store.receipts_of("stripe", "in_1") == []


def test_a_value_that_the_database_refuses_is_a_persons_work(store):
    """The sentence has the database's own words and not the other values of the row."""
    with pytest.raises(PermanentError, match=r"refused a value.*Another attempt will not help") as error:
        store.journal("run 1").intent([INTENT, replace(INTENT, says=None)])
    assert "in_1" not in str(error.value)
    assert store.unfinished_intents() == []


def test_a_float_is_refused_in_what_is_kept():
    """What is kept is money and evidence."""
    with pytest.raises(ValueError, match=r"float 0\.1 cannot be kept"):
        as_json({"total": [0.1]})


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("nonsense", "it is no database URL", id="no URL"),
        pytest.param("sqlite://", "names no file", id="SQLite in memory forgets"),
        pytest.param("oracle://x/y", "its driver is not", id="a database without a driver"),
        pytest.param("postgresql+asyncpg://ann:s3cret@db/ops", "its driver is not", id="a driver that is not used"),
        pytest.param("postgresql://ann:to@s3cret@db/ops", "percent-encode the password", id="@ in the password"),
        pytest.param(
            "postgresql://ann:to@s3cret:1@db/ops", "percent-encode the password", id="@ and : in the password"
        ),
        pytest.param(
            "postgresql://ann:to@x/s3cret@db/ops", "percent-encode the password", id="@ and / in the password"
        ),
        pytest.param("postgresql://ann:s3cret@db:abc/ops", "it is no database URL", id="a port that is no number"),
        pytest.param("postgresql://ann:s3cret@db:99999/ops", "it is no database URL", id="a port that is none"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_wrong_setting(url, says):
    """Named as a setting, without a stack trace and without any part of a password."""
    for doing in (lambda: open_ops(url, now=lambda: NOW).__enter__(), lambda: look_at_ops(url)):
        with pytest.raises(SettingsError, match=f"NEXABOOKS_OPS_URL.*{says}") as error:
            doing()
        assert "s3cret" not in str(error.value)
        assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path):
    """A file stands where the store's folder should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(SettingsError, match=r"The folder .*taken/ops of the ops store cannot be made"):
        open_ops(f"sqlite:///{tmp_path}/taken/ops/ops.sqlite", now=lambda: NOW).__enter__()


def test_a_server_that_does_not_answer_is_told_without_its_password():
    """Another attempt may help; the password stays out of the sentence."""
    url = "postgresql+psycopg2://ann:s3cret@127.0.0.1:1/ops"
    with pytest.raises(Unreachable, match="Another attempt may succeed") as error:
        open_ops(url, now=lambda: NOW).__enter__()
    assert "The ops store at 127.0.0.1/ops could not be used" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "ann" not in str(error.value)


def test_an_approval_runs_out_and_may_be_given_again(ops_url):
    """While it holds the first one stands; afterwards another person's yes replaces it."""
    week = timedelta(days=7)
    with open_ops(ops_url, now=lambda: NOW) as store:
        store.save_plan("abc123", "run 1", {})
        first = store.approve("abc123", by="Ann", valid_for=week)
        assert store.approve("abc123", by="Bob", valid_for=week) == first
        assert first.holds_at(NOW + week - timedelta(seconds=1))
        assert not first.holds_at(NOW + week)
    with open_ops(ops_url, now=lambda: NOW + week) as store:
        assert store.approve("abc123", by="Bob", valid_for=week).approved_by == "Bob"


def test_an_approval_without_an_end_always_holds(store):
    """Nothing replaces it."""
    store.save_plan("abc123", "run 1", {})
    assert store.approve("abc123", by="Ann").holds_at(NOW + timedelta(days=9_999))
    assert store.approve("abc123", by="Bob").approved_by == "Ann"


def test_a_flow_waits_for_one_plan_until_somebody_says_yes(store):
    """Asked again by the same flow run, it is the same request; an approval ends the waiting."""
    store.save_plan("abc123", "run 1", {})
    asked = store.ask_approval("flow 1", "abc123", valid_for=timedelta(days=14))
    assert store.ask_approval("flow 1", "zzz", valid_for=timedelta(days=1)) == asked
    assert store.request("flow 1") == asked
    assert store.request("flow 2") is None
    assert store.waiting_requests() == [asked]
    store.approve("abc123", by="Ann")
    assert store.waiting_requests() == []


def test_a_request_that_ran_out_waits_no_more(ops_url):
    """Its end is given up."""
    with open_ops(ops_url, now=lambda: NOW) as store:
        store.ask_approval("flow 1", "abc123", valid_for=timedelta(days=14))
    with open_ops(ops_url, now=lambda: NOW + timedelta(days=14)) as store:
        assert store.waiting_requests() == []


def test_a_brake_is_let_go_by_somebody_and_for_a_reason(store):
    """Without either, nothing is allowed."""
    for by, why in (("", "because"), ("Ann", " ")):
        with pytest.raises(PermanentError, match="name both"):
            store.allow("customer_amount.c1.0a1b", by=by, why=why)
    allowed = store.allow("customer_amount.c1.0a1b", by="Ann", why="a migration, agreed with the customer")
    assert store.allowances() == [allowed]


def test_what_was_written_counts_an_invoice_once_a_run(store):
    """Drafted and posted by one run is one invoice; refused is none, a payment is none; credit notes count by size."""
    rows = [
        replace(RECEIPT, receipt_id="1", action="create"),
        replace(RECEIPT, receipt_id="2", action="post"),
        replace(RECEIPT, receipt_id="3", action="pay", kind="payment"),
        replace(RECEIPT, receipt_id="4", source_invoice_id="in_2", outcome="refused"),
        replace(RECEIPT, receipt_id="5", source_invoice_id="cn_1", kind="credit_note", total_minor=300),
        replace(RECEIPT, receipt_id="6", run_id="run 2", source_invoice_id="in_3", total_minor=50),
        replace(RECEIPT, receipt_id="7", run_id="run 2", source_invoice_id="in_4", total_minor=9, currency_code="USD"),
        replace(RECEIPT, receipt_id="8", run_id="backfill-2026", source_invoice_id="in_5", total_minor=70),
    ]
    store.journal("any").receipt(rows)
    assert len(store.written_since(NOW)) == 5
    assert store.written_since(NOW + timedelta(seconds=1)) == []
    assert store.run_totals_minor(last=9) == {"CAD": [70, 50, 11_600], "USD": [9]}
    assert store.run_totals_minor(last=1, except_flow="backfill") == {"CAD": [50], "USD": [9]}


def test_entries_that_a_step_was_not_done_for(store):
    """Newest first, by the entry: one that was asked for and refused is asked for again, one that is done is not, and an
    invoice that is booked again as another entry is asked for as that one."""

    def receipt(action: str, id: str, odoo_id: int, outcome: str = "done", at: datetime = NOW) -> Receipt:
        return replace(
            RECEIPT, receipt_id=f"{action} {id} {odoo_id} {outcome}", action=action, source_invoice_id=id,
            odoo_id=odoo_id, outcome=outcome, at=at,
        )  # fmt: skip

    store.journal("run 1").receipt(
        [
            receipt("post", "in_old", 1, at=NOW - timedelta(days=31)),
            receipt("post", "in_done", 2),
            receipt("attach", "in_done", 2),
            receipt("post", "in_refused", 3),
            receipt("attach", "in_refused", 3, "refused"),
            receipt("post", "in_failed", 4, "refused"),
            receipt("post", "in_done", 5, "already"),
        ]
    )
    found = store.posted_without("attach", since=NOW - timedelta(days=30))
    assert [(entry.source_invoice_id, entry.odoo_id) for entry in found] == [("in_done", 5), ("in_refused", 3)]

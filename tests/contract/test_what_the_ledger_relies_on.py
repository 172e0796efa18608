"""What the ledger relies on in Odoo, one sentence a test. Where the sandbox and a real server disagree, the sandbox is wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest

from nexabooks.clients.odoo_errors import RowsRefused
from nexabooks.errors import LedgerRefused, TransientError
from nexabooks.ledger.matching import NOTHING_LEFT, match_pairs, open_lines
from tests.contract.conftest import Server

MOVE = ("id", "move_type", "partner_id/.id", "invoice_date", "invoice_date_due", "ref")
LINE = ("id", "name", "quantity", "price_unit", "account_id/.id", "tax_ids/.id")
FIELDS = (*MOVE, *(f"invoice_line_ids/{name}" for name in LINE))


class Run:
    """The only part of a ledger run that matching needs: its client."""

    def __init__(self, server: Server) -> None:
        self.client = server.client


def partner(server: Server, name: str = "customer") -> int:
    return server.client.load("res.partner", ("id", "name"), [[server.key(name), f"Contract test {name}"]])[0]


def account(server: Server) -> str:
    return str(server.books.accounts["NCR.HOSTIN"].account_id)


def tax_ids(server: Server, *names: str) -> str:
    return ",".join(str(server.books.taxes[name].tax_id) for name in names)


def rows(
    server: Server, name: str, prices: list[str], taxes: str, *, kind: str = "out_invoice", day: str = "2026-10-05"
):
    header = [server.key(name), kind, str(partner(server)), day, day, f"{server.prefix}-{name}"]
    return [
        [
            *(header if n == 0 else [""] * len(MOVE)),
            server.key(f"{name}_l{n}"),
            f"Line {n}",
            "1",
            price,
            account(server),
            taxes,
        ]
        for n, price in enumerate(prices)
    ]


def invoice(server: Server, name: str, prices: list[str], taxes: str = "", **options: str) -> int:
    """A draft of this run."""
    return server.client.load("account.move", FIELDS, rows(server, name, prices, taxes, **options))[0]


def read(server: Server, id: int, *fields: str) -> list:
    record = server.client.read("account.move", [id], list(fields))[0]
    return [record[name] for name in fields]


def lines(server: Server, id: int, kind: str, *fields: str) -> list[dict]:
    domain = [["move_id", "=", id], ["display_type", "=", kind]]
    return server.client.search_read("account.move.line", domain, ["id", *fields], order="id")


def post(server: Server, *ids: int) -> None:
    server.client.write_call("account.move", "action_post", ids=list(ids))


def test_a_second_load_of_the_same_external_id_is_an_update(server):
    """One customer, whatever is sent twice."""
    first = partner(server, "twice")
    second = server.client.load("res.partner", ("id", "name"), [[server.key("twice"), "Another name"]])
    assert second == [first]
    assert server.client.read("res.partner", [first], ["name"])[0]["name"] == "Another name"
    assert server.holds("res.partner", "twice") == first


def test_a_text_arrives_without_what_a_database_cannot_hold(server):
    """A NUL in one description would make Odoo refuse a whole call; a text that only looks like one stays."""
    id = server.client.load("res.partner", ("id", "name"), [[server.key("nul"), "A\0B \\u0000"]])[0]
    assert server.client.read("res.partner", [id], ["name"])[0]["name"] == "AB \\u0000"


def test_a_name_that_odoo_does_not_know_is_not_there(server):
    """And no error, by either transport."""
    assert server.holds("res.partner", "never_made") is None


def test_an_archived_record_is_found_by_its_name(server):
    """Odoo hides it unless the call says otherwise; an archived tax must read as archived, not as missing."""
    id = partner(server, "archived")
    server.client.write_call("res.partner", "write", ids=[id], vals={"active": False})
    assert server.holds("res.partner", "archived") == id


def test_a_name_of_another_model_is_not_there(server):
    """What is asked for a payment is never a customer."""
    partner(server, "model")
    assert server.holds("account.payment", "model") is None


def test_an_invoice_loaded_twice_with_line_ids_is_the_same_invoice(server):
    """Neither entry nor lines are doubled."""
    sent = rows(server, "inv_twice", ["100.00", "-10.00"], tax_ids(server, "hst_sale_tax_13"))
    ids = {server.client.load("account.move", FIELDS, sent)[0] for _ in range(2)}
    assert len(ids) == 1
    assert read(server, ids.pop(), "state", "amount_untaxed", "amount_tax", "amount_total") == [
        "draft",
        Decimal("90"),
        Decimal("11.7"),
        Decimal("101.7"),
    ]


def test_four_loads_of_one_external_id_at_once_make_one_record(server):
    """The database enforces it; one of them may be told of a conflict."""
    partner(server)

    def load(_: int) -> None:
        with suppress(TransientError):
            invoice(server, "race", ["10.00"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load, range(4)))
    invoice(server, "race", ["10.00"])
    assert server.client.search_count("account.move", [["ref", "=", f"{server.prefix}-race"]]) == 1


def test_a_blank_tax_cell_means_no_tax(server):
    """And not the habitual tax of the customer or the company."""
    id = invoice(server, "untaxed", ["99.99"])
    assert read(server, id, "amount_tax", "amount_total") == [0, Decimal("99.99")]
    assert [line["tax_ids"] for line in lines(server, id, "product", "tax_ids")] == [[]]


VECTORS = {
    "13 %": (["99.99"], ("hst_sale_tax_13",), "13"),
    "13 % over the document": (["10.05"] * 3, ("hst_sale_tax_13",), "3.92"),
    "15 %": (["99.99"], ("hst_sale_tax_15",), "15"),
    "GST and QST": (["99.99"], ("gst_sale_tax_5", "qst_sale_tax_9975"), "14.97"),
    "GST and QST as one group": (["99.99"], ("gstqst_sale_tax_14975",), "14.97"),
    "exempt": (["99.99"], ("exempt_sale_tax_0",), "0"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_odoos_own_tax(server, name):
    """With the company's rounding `round_globally`."""
    prices, taxes, expected = VECTORS[name]
    id = invoice(server, f"tax_{list(VECTORS).index(name)}", prices, tax_ids(server, *taxes))
    assert read(server, id, "amount_tax") == [Decimal(expected)]


def test_a_forced_tax_is_kept_after_posting(server):
    """Written on the tax line; the receivable line follows."""
    id = invoice(server, "forced", ["10.05"] * 3, tax_ids(server, "hst_sale_tax_13"))
    tax_line = lines(server, id, "tax", "amount_currency")[0]
    assert tax_line["amount_currency"] == Decimal("-3.92")
    vals = {"line_ids": [[1, tax_line["id"], {"amount_currency": Decimal("-3.93")}]]}
    server.client.write_call("account.move", "write", ids=[id], vals=vals)
    post(server, id)
    assert read(server, id, "amount_tax", "amount_total", "amount_residual") == [
        Decimal("3.93"),
        Decimal("34.08"),
        Decimal("34.08"),
    ]


def test_a_header_mark_on_a_draft_leaves_its_lines_alone(server):
    """A load by database id without line columns."""
    id = invoice(server, "marked", ["10.00"])
    server.client.load("account.move", (".id", "x_fc_content_hash"), [[str(id), "1-abc"]])
    assert read(server, id, "x_fc_content_hash", "amount_total") == ["1-abc", 10]
    assert len(lines(server, id, "product")) == 1


def test_a_line_is_removed_by_its_id(server):
    """The rest of the draft is worked out again, and the line may come back under its external id."""
    id = invoice(server, "shrunk", ["10.00", "5.00"], tax_ids(server, "hst_sale_tax_13"))
    surplus = lines(server, id, "product")[1]["id"]
    server.client.write_call("account.move", "write", ids=[id], vals={"invoice_line_ids": [[2, surplus, 0]]})
    assert read(server, id, "amount_total") == [Decimal("11.3")]
    assert invoice(server, "shrunk", ["10.00", "7.00"], tax_ids(server, "hst_sale_tax_13")) == id
    assert read(server, id, "amount_total") == [Decimal("19.21")]


def test_posting_keeps_the_day_and_gives_a_number(server):
    """`date` is the invoice date as long as no lock date moves it."""
    id = invoice(server, "posted", ["10.00"], day="2026-09-07")
    post(server, id)
    state, name, day, booked = read(server, id, "state", "name", "invoice_date", "date")
    assert (state, day, booked) == ("posted", "2026-09-07", "2026-09-07")
    assert name


def test_posting_is_all_or_nothing_and_never_twice(server):
    """One entry that is posted already refuses the whole call."""
    first, second = invoice(server, "pair_1", ["10.00"]), invoice(server, "pair_2", ["10.00"])
    post(server, first)
    with pytest.raises(LedgerRefused, match="must be in draft"):
        post(server, second, first)
    assert read(server, second, "state") == ["draft"]


def test_a_posted_entry_refuses_a_load_with_lines(server):
    """And stays as it is, header included. 17 takes it, and the ledger only looks right before: see docs/contracts/odoo.md."""
    if server.version < 18:
        pytest.skip("17 writes the lines of a posted entry")
    id = invoice(server, "fixed", ["10.00"])
    post(server, id)
    sent = rows(server, "fixed", ["20.00"], "")
    sent[0][MOVE.index("ref")] = "changed"
    with pytest.raises(RowsRefused, match="posted"):
        server.client.load("account.move", FIELDS, sent)
    assert read(server, id, "amount_total", "ref") == [10, f"{server.prefix}-fixed"]


PAYMENT = (
    "id",
    "payment_type",
    "partner_type",
    "partner_id/.id",
    "amount",
    "currency_id/.id",
    "date",
    "journal_id/.id",
    "memo",
)


def load_payment(server: Server, name: str, amount: str) -> int:
    cad = server.books.currencies[server.books.company_currency].currency_id
    row = [server.key(name), "inbound", "customer", str(partner(server)), amount, str(cad), "2026-10-12"]
    return server.client.load(
        "account.payment", PAYMENT, [[*row, str(server.books.payment_journals["NCSTR"].journal_id), "pi_1"]]
    )[0]


def pay(server: Server, name: str, amount: str) -> int:
    id = load_payment(server, name, amount)
    server.client.write_call("account.payment", "action_post", ids=[id])
    return id


def match(server: Server, *entries: int) -> None:
    ids = [line.line_id for held in open_lines(Run(server), [entries]).values() for line in held]
    server.client.write_call("account.move.line", "reconcile", ids=ids)


@pytest.mark.parametrize(
    ("amount", "state", "left"), [("10.00", "paid", "0"), ("4.00", "partial", "6"), ("15.00", "paid", "0")]
)
def test_a_payment_counts_once_it_is_matched(server, amount, state, left):
    """Before that the invoice is unpaid; afterwards it reads as its money says, and knows its payment. On 18 the
    payment itself may wait to be validated."""
    name = f"paid_{amount.replace('.', '_')}"
    id = invoice(server, name, ["10.00"])
    post(server, id)
    payment_id = pay(server, f"pay_{name}", amount)
    assert read(server, id, "payment_state") == ["not_paid"]
    payment = server.client.read("account.payment", [payment_id], ["move_id", "date", "memo"])[0]
    assert (payment["date"], payment["memo"]) == ("2026-10-12", "pi_1")
    match(server, id, payment["move_id"][0])
    assert read(server, id, "payment_state", "amount_residual") == [state, Decimal(left)]
    payment = server.client.read("account.payment", [payment_id], ["state", "reconciled_invoice_ids"])[0]
    assert payment["reconciled_invoice_ids"] == [id]
    assert payment["state"] == "paid" or (server.version == 18 and payment["state"] == "in_process")


def test_many_pairs_are_matched_in_one_call_each_by_itself(server):
    """Full, in part, two payments of one invoice; a payment that finds nothing left is named, and spoils no other."""
    full, part, twice = (invoice(server, f"many_{name}", ["10.00"]) for name in ("full", "part", "twice"))
    post(server, full, part, twice)
    amounts = (("a", "10.00"), ("b", "4.00"), ("c", "3.00"), ("d", "7.00"), ("e", "10.00"))
    paid = [pay(server, f"many_pay_{name}", amount) for name, amount in amounts]
    entries = [p["move_id"][0] for p in server.client.read("account.payment", paid, ["move_id"])]
    pairs = list(zip(entries, (full, part, twice, twice, full), strict=True))
    assert match_pairs(Run(server), pairs) == {**dict.fromkeys(pairs[:4], ""), pairs[4]: NOTHING_LEFT}
    assert [read(server, id, "payment_state", "amount_residual") for id in (full, part, twice)] == [
        ["paid", 0],
        ["partial", 6],
        ["paid", 0],
    ]
    settled = [
        p["reconciled_invoice_ids"] for p in server.client.read("account.payment", paid, ["reconciled_invoice_ids"])
    ]
    assert settled == [[full], [part], [twice], [twice], []]


def test_a_payment_loaded_twice_is_one_payment(server):
    """Under the same external id."""
    first, second = load_payment(server, "pay_once", "10.00"), load_payment(server, "pay_once", "10.00")
    assert first == second
    assert server.holds("account.payment", "pay_once") == first


def test_a_credit_note_is_matched_like_money(server):
    """Its tax and receivable stand on the other side."""
    one = invoice(server, "credited", ["100.00"], tax_ids(server, "hst_sale_tax_13"))
    note = invoice(server, "credit", ["40.00"], tax_ids(server, "hst_sale_tax_13"), kind="out_refund")
    assert lines(server, note, "tax", "amount_currency")[0]["amount_currency"] == Decimal("5.2")
    post(server, one, note)
    match(server, one, note)
    assert read(server, one, "payment_state", "amount_residual") == ["partial", Decimal("67.8")]
    assert read(server, note, "payment_state", "amount_residual") == ["paid", 0]


def test_one_bad_row_writes_nothing_of_a_load(server):
    """And Odoo says which words were wrong."""
    sent = [[server.key("good"), "Good"], [server.key("bad"), ""]]
    with pytest.raises(RowsRefused) as caught:
        server.client.load("res.partner", ("id", "name"), sent)
    assert caught.value.messages
    assert server.client.search_count("res.partner", [["name", "=", "Good"], ["id", ">", partner(server)]]) == 0

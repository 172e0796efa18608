"""Loading into the pretend Odoo: external ids, row errors, lines of invoices (facts: odoo)."""

from nexabooks.sandbox.odoo.asking import Asker
from tests.sandbox.conftest import refusal

INVOICE_COLUMNS = [
    "id", "move_type", "partner_id/.id", "invoice_date", "ref", "x_fc_source_invoice_id",
    "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit", "invoice_line_ids/account_id/.id", "invoice_line_ids/tax_ids/.id",
]  # fmt: skip


def load_partners(books, *rows):
    return books.ask("res.partner", "load", fields=["id", "name", "country_id/id"], data=[list(r) for r in rows])


def test_load_inserts_and_updates_by_external_id(books):
    """A second load of an id updates, a new id creates, columns not sent keep their value, `.id` goes by database id."""
    first = load_partners(books, ("fc.cust_1", "Acme", "base.ca"), ("fc.cust_2", "Beta", "base.us"))
    assert first["messages"] == [] and first["nextrow"] == 0
    again = books.ask(
        "res.partner", "load", fields=["id", "name"], data=[["fc.cust_1", "Acme Two"], ["fc.cust_3", "Gamma"]]
    )
    assert again["ids"][0] == first["ids"][0] and again["ids"][1] not in first["ids"]
    row = books.ask("res.partner", "read", ids=[first["ids"][0]], fields=["name", "country_id"])[0]
    assert (row["name"], row["country_id"][1]) == ("Acme Two", "Canada")
    by_id = books.ask("res.partner", "load", fields=[".id", "name"], data=[[first["ids"][1], "By id"]])
    assert by_id["ids"] == [first["ids"][1]]
    assert books.ask("res.partner", "get_external_id", ids=first["ids"]) == {
        str(first["ids"][0]): "fc.cust_1",
        str(first["ids"][1]): "fc.cust_2",
    }
    assert books.ask("ir.model.data", "check_object_reference", module="fc", xml_id="cust_2") == [
        "res.partner",
        first["ids"][1],
    ]


def test_the_same_id_twice_in_a_load_is_one_record(books):
    """The last row wins."""
    answer = load_partners(books, ("fc.same", "First", ""), ("fc.same", "Second", ""))
    assert answer["ids"][0] == answer["ids"][1]
    assert books.ask("res.partner", "read", ids=answer["ids"][:1], fields=["name"])[0]["name"] == "Second"


def test_an_id_without_a_prefix_gets_one(books):
    """plainid1 becomes __import__.plainid1."""
    id = load_partners(books, ("plainid1", "P", ""))["ids"][0]
    assert books.ask("res.partner", "get_external_id", ids=[id]) == {str(id): "__import__.plainid1"}


def test_row_errors_come_all_at_once_with_status_200_and_write_nothing(books):
    """ids false; the cell error has its field, the database's error has not."""
    before = books.ask("res.partner", "search_count", domain=[])
    answer = load_partners(books, ("fc.a", "Fine", "base.ca"), ("fc.b", "", "base.ca"), ("fc.c", "Gamma", "base.nope"))
    assert answer["ids"] is False and answer["nextrow"] == 0
    assert answer["messages"] == [
        {
            "rows": {"from": 2, "to": 2},
            "record": 2,
            "type": "error",
            "field": "country_id",
            "field_name": "Country",
            "message": "No matching record found for external id 'base.nope' in field 'Country'",
            "moreinfo": {},
        },
        {"rows": {"from": 1, "to": 1}, "record": 1, "type": "error", "message": "Contacts require a name"},
    ]
    assert books.ask("res.partner", "search_count", domain=[]) == before


def test_an_unknown_column_is_a_value_error(books):
    """500, not a row error."""
    error = refusal(books, "res.partner", "load", fields=["id", "nope"], data=[["fc.x", "1"]])
    assert (error.status, error.name, error.message) == (500, "builtins.ValueError", "Invalid field name 'nope'")


def invoice_rows(books, *line_ids):
    a, b, hst, p = str(books.saas), str(books.pro), str(books.tax("hst_sale_tax_13")), str(books.partner)
    rows = [
        ["fc.inv_9001", "out_invoice", p, "2026-10-03", "INV-9001", "inv_9001", "A", "1", "100", a, hst],
        ["", "", "", "", "", "", "B", "2", "50", b, hst],
        ["fc.inv_9002", "out_invoice", p, "2026-10-03", "INV-9002", "inv_9002", "C", "1", "10", a, hst],
    ]
    if line_ids:
        return [*INVOICE_COLUMNS, "invoice_line_ids/id"], [
            [*row, line] for row, line in zip(rows, line_ids, strict=True)
        ]
    return INVOICE_COLUMNS, rows


def test_invoices_load_with_their_lines(books):
    """A row with blank header cells continues the record above."""
    columns, rows = invoice_rows(books)
    answer = books.ask("account.move", "load", fields=columns, data=rows)
    assert [books.move(i, "amount_total", "state") for i in answer["ids"]] == [(226.0, "draft"), (11.3, "draft")]


def test_loading_an_invoice_again_without_line_ids_doubles_its_lines(books):
    """The trap: 11.30 becomes 22.60; with line ids it stays."""
    columns, rows = invoice_rows(books)
    ids = [books.ask("account.move", "load", fields=columns, data=rows)["ids"] for _ in range(2)]
    assert ids[0] == ids[1] and books.move(ids[0][1], "amount_total") == 22.6


def test_loading_again_with_line_ids_changes_nothing(books):
    """Idempotent: the same lines, the same totals."""
    columns, rows = invoice_rows(books, "fc.l1", "fc.l2", "fc.l3")
    ids = [books.ask("account.move", "load", fields=columns, data=rows)["ids"] for _ in range(2)]
    assert ids[0] == ids[1]
    assert [books.move(i, "amount_total") for i in ids[0]] == [226.0, 11.3]
    assert books.ask("account.move.line", "get_external_id", ids=books.lines(ids[0][0], "product", "id"))


def test_loading_onto_a_posted_invoice(books):
    """A header column is written silently; lines are a row error."""
    columns, rows = invoice_rows(books, "fc.l1", "fc.l2", "fc.l3")
    ids = books.ask("account.move", "load", fields=columns, data=rows)["ids"]
    books.ask("account.move", "action_post", ids=ids)
    assert books.ask("account.move", "load", fields=["id", "ref"], data=[["fc.inv_9001", "New"]])["ids"] == ids[:1]
    lines = ["id", "invoice_line_ids/id", "invoice_line_ids/price_unit"]
    again = books.ask("account.move", "load", fields=lines, data=[["fc.inv_9001", "fc.l1", "7"]])
    assert again["ids"] is False
    says = "You cannot modify the following readonly fields on a posted move: invoice_line_ids"
    assert again["messages"][0]["message"] == says


def test_a_load_that_lost_against_another_transaction_says_so_with_status_200(books):
    """Worth another attempt; any other method answers 500 SerializationFailure."""
    books.service.conflict("res.partner", "load")
    lost = load_partners(books, ("fc.a", "A", ""))
    assert lost["ids"] is False and "could not serialize access" in lost["messages"][0]["message"]
    assert load_partners(books, ("fc.a", "A", ""))["ids"]
    books.service.conflict("res.partner", "create")
    assert (
        refusal(books, "res.partner", "create", vals_list=[{"name": "B"}]).name
        == "psycopg2.errors.SerializationFailure"
    )


def test_a_deleted_line_takes_its_external_id_with_it(books):
    """The next load makes the line anew under the same id."""
    columns, rows = invoice_rows(books, "fc.l1", "fc.l2", "fc.l3")
    id = books.ask("account.move", "load", fields=columns, data=rows)["ids"][0]
    books.ask("account.move", "write", ids=[id], vals={"invoice_line_ids": [[2, books.lines(id, "product", "id")[1]]]})
    assert books.move(id, "amount_total") == 113.0
    books.ask("account.move", "load", fields=columns, data=rows)
    assert books.move(id, "amount_total") == 226.0


def test_what_may_not_be_created_is_a_row_error_of_load(books):
    """The billing user loads invoices, not contacts."""
    ask = Asker(books.service, books.service.billing_key)
    answer = ask("res.partner", "load", fields=["id", "name"], data=[["fc.x", "X"]])
    assert answer["ids"] is False and "You are not allowed to create 'Contact'" in answer["messages"][0]["message"]


def test_an_external_id_is_unique(books):
    """PostgreSQL's own words."""
    load_partners(books, ("fc.cust_1", "Acme", ""))
    vals = {"module": "fc", "name": "cust_1", "model": "res.partner", "res_id": 1}
    assert refusal(books, "ir.model.data", "create", vals_list=[vals]).message == (
        'duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"\n'
        "DETAIL:  Key (module, name)=(fc, cust_1) already exists."
    )

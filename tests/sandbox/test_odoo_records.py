"""Records in the pretend Odoo: load and external ids, custom fields, unique indexes, reading, messages (facts: odoo)."""

import pytest

from nexabooks.sandbox.odoo.asking import Asker, Refused
from nexabooks.sandbox.odoo.practice import Practice

INVOICE_COLUMNS = [
    "id", "move_type", "partner_id/.id", "invoice_date", "ref", "x_fc_source_invoice_id",
    "invoice_line_ids/name", "invoice_line_ids/quantity", "invoice_line_ids/price_unit", "invoice_line_ids/account_id/.id", "invoice_line_ids/tax_ids/.id",
]  # fmt: skip


@pytest.fixture
def books():
    return Practice()


def refusal(books, model, method, **named):
    with pytest.raises(Refused) as refused:
        books.ask(model, method, **named)
    return refused.value


def load_partners(books, *rows):
    return books.ask("res.partner", "load", fields=["id", "name", "country_id/id"], data=[list(r) for r in rows])


# load


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


# Custom fields and unique indexes


FIELD = {"field_description": "Key", "ttype": "char", "index": True, "copied": False}


def test_a_custom_field_is_usable_at_once(books):
    """Created, written, searched; named x_ and unique per model."""
    model = books.ask("ir.model", "search", domain=[["model", "=", "res.partner"]])[0]
    books.ask("ir.model.fields", "create", vals_list=[FIELD | {"name": "x_fc_key", "model_id": model}])
    id = books.ask("res.partner", "create", vals_list=[{"name": "K", "x_fc_key": "k1"}])
    assert books.ask("res.partner", "search", domain=[["x_fc_key", "=", "k1"]]) == id
    assert books.ask("res.partner", "search_count", domain=[["x_fc_key", "!=", False]]) == 1
    wrong = refusal(books, "ir.model.fields", "create", vals_list=[FIELD | {"name": "fc_key", "model_id": model}])
    assert wrong.message == "Custom fields must have a name that starts with 'x_'!"
    twice = refusal(books, "ir.model.fields", "create", vals_list=[FIELD | {"name": "x_fc_key", "model_id": model}])
    assert twice.message == "Field names must be unique per model."


INDEX = (
    "env.cr.execute('create unique index if not exists account_move_x_fc_src_uniq on account_move "
    "(company_id, x_fc_source_system, x_fc_source_invoice_id) where x_fc_source_invoice_id is not null')"
)


def make_index(books, code=INDEX):
    model = books.ask("ir.model", "search", domain=[["model", "=", "account.move"]])[0]
    action = books.ask(
        "ir.actions.server", "create", vals_list=[{"name": "Index", "model_id": model, "state": "code", "code": code}]
    )
    return books.ask("ir.actions.server", "run", ids=action)


def test_a_unique_index_on_x_fields_refuses_the_second(books):
    """Before it two are fine; with it the duplicate is refused by PostgreSQL's words; drafts without the key are not its business."""
    assert make_index(books) is False
    key = {"x_fc_source_system": "lago", "x_fc_source_invoice_id": "inv_1"}
    books.draft(10, **key)
    with pytest.raises(Refused) as refused:
        books.draft(10, **key)
    assert refused.value.message == (
        'duplicate key value violates unique constraint "account_move_x_fc_src_uniq"\n'
        "DETAIL:  Key (company_id, x_fc_source_system, x_fc_source_invoice_id)=(1, lago, inv_1) already exists."
    )
    books.draft(10, x_fc_source_system="stripe", x_fc_source_invoice_id="inv_1")
    books.draft(10)
    books.draft(10)
    assert books.ask("account.move", "search_count", domain=[]) == 4


def test_without_the_index_two_of_a_kind_are_created(books):
    """Nothing but a database index makes a key unique."""
    for _ in range(2):
        books.draft(10, x_fc_source_invoice_id="inv_1")
    assert books.ask("account.move", "search_count", domain=[["x_fc_source_invoice_id", "=", "inv_1"]]) == 2
    assert "could not create unique index" in refusal_of_index(books)


def refusal_of_index(books):
    with pytest.raises(Refused) as refused:
        make_index(books)
    return refused.value.message


def test_a_server_action_that_does_anything_else_is_not_pretended(books):
    """501; and `with` is forbidden as in the real one."""
    with pytest.raises(Refused) as refused:
        make_index(books, "env['res.partner'].search([]).unlink()")
    assert refused.value.status == 501
    with pytest.raises(Refused, match="forbidden opcode"):
        make_index(books, "with env.cr.savepoint():\n    pass")


def test_a_refused_call_takes_back_its_new_field_and_its_index(books):
    """A call is one transaction for those too."""
    model = books.ask("ir.model", "search", domain=[["model", "=", "res.partner"]])[0]
    good, bad = FIELD | {"name": "x_good", "model_id": model}, FIELD | {"name": "bad", "model_id": model}
    refusal(books, "ir.model.fields", "create", vals_list=[good, bad])
    assert (
        refusal(books, "res.partner", "create", vals_list=[{"name": "K", "x_good": "k"}]).name == "builtins.ValueError"
    )


# Accounts and journals


def test_accounts_have_unique_codes_of_letters_digits_and_dots(books):
    """Odoo's two messages."""
    account = {"name": "x", "account_type": "income"}
    assert refusal(books, "account.account", "create", vals_list=[account | {"code": "411901"}]).message == (
        "Account codes must be unique. You can't create accounts with these duplicate codes: 411901"
    )
    wrong = refusal(books, "account.account", "create", vals_list=[account | {"code": "NCR-HOSTIN"}])
    assert wrong.message == "The account code can only contain alphanumeric characters and dots."
    assert books.ask("account.account", "create", vals_list=[account | {"code": "NCR.HOSTIN"}])


def test_a_bank_journal_brings_its_account_and_its_method_lines(books):
    """One Manual Payment line in each direction, without an account; a second journal with the code is refused."""
    journal = books.ask("account.journal", "read", ids=[books.bank])[0]
    assert journal["default_account_id"][1].endswith("Stripe CAD")
    lines = journal["inbound_payment_method_line_ids"] + journal["outbound_payment_method_line_ids"]
    rows = books.ask(
        "account.payment.method.line", "read", ids=lines, fields=["name", "payment_account_id", "payment_type"]
    )
    assert [(r["name"], r["payment_account_id"], r["payment_type"]) for r in rows] == [
        ("Manual Payment", False, "inbound"),
        ("Manual Payment", False, "outbound"),
    ]
    again = refusal(books, "account.journal", "create", vals_list=[{"name": "S", "type": "bank", "code": "STR1"}])
    assert again.message == "The operation cannot be completed: Journal codes must be unique per company."


def test_the_chart_is_canadas(books):
    """Fifteen sale taxes with the facts' names; a group tax lists its members; the names repeat for purchases."""
    sale = books.ask(
        "account.tax", "search_read", domain=[["type_tax_use", "=", "sale"]], fields=["name", "amount", "amount_type"]
    )
    assert {(t["name"], t["amount"], t["amount_type"]) for t in sale} >= {
        ("13% HST", 13.0, "percent"), ("9.975% QST", 9.975, "percent"), ("14.975% GST+QST", 100.0, "group"), ("0% Exempt", 0.0, "percent"),
    }  # fmt: skip
    assert books.ask("account.tax", "search_count", domain=[["name", "=", "13% HST"]]) == 2
    group = books.ask("account.tax", "read", ids=[books.tax("gstqst_sale_tax_14975")], fields=["children_tax_ids"])[0]
    assert group["children_tax_ids"] == [books.tax("gst_sale_tax_5"), books.tax("qst_sale_tax_9975")]
    codes = {j["code"] for j in books.ask("account.journal", "search_read", domain=[], fields=["code"])}
    assert codes == {"INV", "BILL", "BNK1", "MISC", "CABA", "EXCH", "STR1"}
    assert len(books.ask("res.country", "search", domain=[])) == 250
    assert books.ref("base.uk") == books.ask("res.country", "search", domain=[["code", "=", "GB"]])[0]


# Reading


def test_read_answers_in_the_order_asked_and_leaves_out_what_is_missing(books):
    """200 and [] for a missing id."""
    a, b = books.ask("res.partner", "create", vals_list=[{"name": "A"}, {"name": "B"}])
    assert [r["id"] for r in books.ask("res.partner", "read", ids=[b, 999999, a], fields=["name"])] == [b, a]
    assert books.ask("res.partner", "read", ids=[999999], fields=["name"]) == []


def test_links_are_pairs_unless_load_is_null(books):
    """[id, name], or the bare id."""
    row = {"ids": [books.partner], "fields": ["country_id", "parent_id"]}
    assert books.ask("res.partner", "read", **row)[0]["country_id"] == [books.ref("base.ca"), "Canada"]
    bare = books.ask("res.partner", "read", **row, load=None)[0]
    assert (bare["country_id"], bare["parent_id"]) == (books.ref("base.ca"), False)


def test_keyset_and_offset_paging_both_see_every_row_once(books):
    """250 of 250."""
    ids = books.ask("res.partner", "create", vals_list=[{"name": f"P{n % 7}"} for n in range(250)])
    seen, last = [], 0
    while page := books.ask(
        "res.partner", "search_read", domain=[["id", ">", last], ["id", "in", ids]], fields=["id"], limit=40, order="id"
    ):
        seen += [r["id"] for r in page]
        last = seen[-1]
    by_offset = [
        i
        for n in range(0, 250, 40)
        for i in books.ask("res.partner", "search", domain=[["id", "in", ids]], offset=n, limit=40, order="id")
    ]
    assert seen == by_offset == ids


DOMAINS = {
    "or": (["|", ["name", "=", "Ann"], ["name", "=", "Bob"]], {"Ann", "Bob"}),
    "not": (["!", ["name", "in", ["Ann", "Bob"]]], {"Cy"}),
    "ilike": ([["name", "ilike", "b"]], {"Bob"}),
    "not set": ([["email", "=", False]], {"Ann", "Cy"}),
    "set": ([["email", "!=", False]], {"Bob"}),
    "through a link": ([["country_id.code", "=", "CA"]], {"Ann"}),
    "by the name of a link": ([["country_id", "=", "Canada"]], {"Ann"}),
    "a pattern": ([["name", "=like", "_y"]], {"Cy"}),
    "and of or": (["&", ["email", "=", False], "|", ["name", "=", "Cy"], ["name", "=", "Bob"]], {"Cy"}),
}


@pytest.mark.parametrize(("domain", "names"), DOMAINS.values(), ids=DOMAINS.keys())
def test_domains_find_what_they_say(books, domain, names):
    """Polish notation, empty values, dotted paths."""
    vals = [{"name": "Ann", "country_id": books.ref("base.ca")}, {"name": "Bob", "email": "b@x.y"}, {"name": "Cy"}]
    ids = books.ask("res.partner", "create", vals_list=vals)
    found = books.ask("res.partner", "search_read", domain=[["id", "in", ids], *domain], fields=["name"])
    assert {r["name"] for r in found} == names


def test_archived_records_are_left_out_unless_asked_for(books):
    """active_test in the context, or active in the domain."""
    books.ask("res.partner", "write", ids=[books.partner], vals={"active": False})
    mine = [["id", "=", books.partner]]
    assert books.ask("res.partner", "search", domain=mine) == []
    assert books.ask("res.partner", "search", domain=mine, context={"active_test": False}) == [books.partner]
    assert books.ask("res.partner", "search", domain=[*mine, ["active", "in", [True, False]]]) == [books.partner]


def test_totals_by_group(books):
    """formatted_read_group with the domain that finds each group's records."""
    books.posted(100)
    books.draft(10)
    rows = books.ask(
        "account.move",
        "formatted_read_group",
        domain=[],
        groupby=["state", "payment_state"],
        aggregates=["amount_total:sum", "__count"],
    )
    assert rows[1] == {
        "state": "posted",
        "payment_state": "not_paid",
        "__extra_domain": ["&", ["state", "=", "posted"], ["payment_state", "=", "not_paid"]],
        "amount_total:sum": 113.0,
        "__count": 1,
    }


def test_nested_reads_in_one_call(books):
    """web_search_read, as in the facts."""
    id = books.posted(books.line(1, "hst_sale_tax_13", name="x"))
    specification = {
        "name": {},
        "partner_id": {"fields": {"display_name": {}}},
        "invoice_line_ids": {"fields": {"name": {}, "account_id": {}, "tax_ids": {}, "price_total": {}}},
    }
    answer = books.ask("account.move", "web_search_read", domain=[["id", "=", id]], specification=specification)
    line = books.lines(id, "product", "id")[0]
    assert answer == {
        "length": 1,
        "records": [
            {
                "id": id,
                "name": "INV/2026/00001",
                "partner_id": {"id": books.partner, "display_name": "Acme"},
                "invoice_line_ids": [
                    {
                        "id": line,
                        "name": "x",
                        "account_id": books.saas,
                        "tax_ids": [books.tax("hst_sale_tax_13")],
                        "price_total": 1.13,
                    }
                ],
            }
        ],
    }


def test_a_message_is_escaped_unless_it_says_that_it_is_html(books):
    """body_is_html keeps the link and drops the script; one record a call."""
    id = books.posted(10)
    messages = [
        books.ask("account.move", "message_post", ids=[id], body="<p>Loaded</p>"),
        books.ask(
            "account.move",
            "message_post",
            ids=[id],
            body='<a href="#">x</a><script>y</script>',
            body_is_html=True,
            message_type="comment",
        ),
    ]
    bodies = [m["body"] for m in books.ask("mail.message", "read", ids=messages, fields=["body"])]
    assert bodies == ["<p>&lt;p&gt;Loaded&lt;/p&gt;</p>", '<a href="#">x</a>']
    assert (
        refusal(books, "account.move", "message_post", ids=[118, 119], body="x").message
        == "Expected singleton: account.move(118, 119)"
    )


def test_a_snapshot_brings_everything_back(books):
    """Records, fields and indexes; the ids start again where they were."""
    image = books.service.snapshot()
    make_index(books)
    first = books.posted(10)
    books.service.restore(image)
    assert books.ask("account.move", "search_count", domain=[]) == 0
    assert books.posted(10) == first and books.move(first, "name") == "INV/2026/00001"
    for _ in range(2):
        books.draft(10, x_fc_source_invoice_id="twice")

"""Records in the pretend Odoo: custom fields, unique indexes, reading, messages (facts: odoo)."""

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from tests.sandbox.conftest import refusal

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

"""A closed month's numbers do not move; what changes at a source afterwards stands beside them, invoice by invoice."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from flows.refresh import refresh
from nexabooks.errors import PermanentError
from nexabooks.quality import run_identities
from nexabooks.sandbox import story, story_invoices
from nexabooks.sandbox.sandbox import Sandbox
from nexabooks.sandbox.world import World
from nexabooks.settings import Settings, load_settings
from nexabooks.warehouse import mark_stale, open_warehouse
from tasks.closing import close_month, month_decisions, reopen_month

EXPECTATIONS = Path(__file__).parents[2] / "expectations"
NOTE = "Ann has seen the differences"
FAMILIES = (
    "select month, service_family, invoiced_minor, net_minor, paid_minor from finance.family_revenue order by all"
)


class Books:
    """The books of one home folder."""

    def __init__(self, box: Sandbox, patch: pytest.MonkeyPatch, home: Path) -> None:
        self.box, self._patch, self._home = box, patch, home
        self.show(story.day_1())

    @property
    def settings(self) -> Settings:
        return load_settings()

    def show(self, world: World) -> None:
        """The world as it is on that day, which is not read yet."""
        self.box.show(world)
        for name, value in (self.box.environment() | {"NEXABOOKS_HOME": str(self._home)}).items():
            self._patch.setenv(name, value)

    def live(self, world: World) -> None:
        """The world as it is on that day, read, built and published."""
        self.show(world)
        refresh.fn()

    def ask(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.published_path), read_only=True) as con:
            return con.execute(sql).fetchall()

    def tamper(self, sql: str, values: Sequence[object] = ()) -> None:
        """Change what was published, as another world would have it."""
        with duckdb.connect(str(self.settings.published_path)) as con:
            con.execute(sql, list(values))


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Sandbox(story.day_1(), tmp_path_factory.mktemp("closing") / "world") as box:
        yield box


@pytest.fixture(scope="module")
def first_day(box, tmp_path_factory) -> Path:
    """A home folder after the first day of the story: it is 2 June in Toronto, and May is over."""
    home = tmp_path_factory.mktemp("first day") / "home"
    with pytest.MonkeyPatch.context() as patch:
        Books(box, patch, home).live(story.day_1())
    return home


@pytest.fixture
def books(box, first_day, tmp_path, monkeypatch) -> Books:
    """A copy of it, to close months in."""
    shutil.copytree(first_day, tmp_path / "home")
    return Books(box, monkeypatch, tmp_path / "home")


def test_a_closed_month_stands_and_what_changed_since_is_explained_to_the_invoice(books):
    """A month is closed; the next day its training invoice is voided at Stripe. The month's figures stay, the restatement
    names the invoice, both together are the figures of today, and a deleted warehouse forgets nothing. Opened again, the
    month shows today's."""
    invoice, month, subtotal = books.ask(
        f"select source_invoice_id, strftime(invoiced_on, '%Y-%m'), subtotal_minor from finance.invoices "
        f"where source_invoice_id = '{story_invoices.TRAINING_ID}'"
    )[0]

    def of_month() -> list[tuple]:
        return [row for row in books.ask(FAMILIES) if row[0] == month]

    before = of_month()
    closed = close_month(books.settings, month, by="Ann", note=NOTE)
    assert sum(row["net_minor"] for row in closed.totals()) == sum(row[3] for row in before)

    restatements = (
        "select source_invoice_id, class, closed_verdict, verdict, net_difference_minor, cast(first_seen_on as varchar) "
        "from finance.restatements"
    )
    voided = (invoice, "not_counted_since", "verified", "void", -subtotal, "2026-06-03")
    restated = f"select sum(restated_net_minor) from finance.family_revenue where is_closed and month = '{month}'"
    books.live(story.day_2())
    assert (of_month(), books.ask(restatements), books.ask(restated)) == (before, [voided], [(-subtotal,)])

    books.settings.warehouse_path.unlink()
    books.live(story.day_3())
    assert (of_month(), books.ask(restatements), books.ask(restated)) == (before, [voided], [(-subtotal,)])
    with open_warehouse(books.settings.warehouse_path) as db:
        results = run_identities(db.con, EXPECTATIONS / "identities", run_id="r", checked_at=books.settings.now())
    assert [result.says for result in results if result.severity == "error" and not result.is_ok] == []

    reopen_month(books.settings, month, by="Bob", why="the auditor asks for it")
    books.live(story.day_3())
    assert books.ask("select count(*) from finance.restatements") == [(0,)]
    assert sum(row[3] for row in of_month()) == sum(row[3] for row in before) - subtotal
    decisions = [(d.decision, d.decided_by, d.holds) for d in month_decisions(books.settings)]
    assert decisions == [("closed", "Ann", False), ("reopened", "Bob", True)]


def refused(books, month: str = "2026-05", note: str = NOTE, by: str = "Ann") -> str:
    with pytest.raises(PermanentError) as error:
        close_month(books.settings, month, by=by, note=note)
    assert month_decisions(books.settings) == []
    return str(error.value)


def test_what_keeps_a_month_open_is_said(books):
    """A month that is not over, open differences without a word about them, nobody's name, a word that is no month."""
    assert "over at the start of 2026-07-01 in America/Toronto" in refused(books, "2026-06")
    open_count = books.ask("select count(*) from finance.breaks where resolution is null")[0][0]
    said = refused(books, note=" ")
    assert "differences of it are open in finance.breaks" in said
    assert int(said.split("was not closed: ")[1].split()[0]) <= open_count
    assert "name who" in refused(books, by="")
    assert "is no month" in refused(books, "2026-13")


def test_a_file_that_is_stale_or_older_than_the_months_end_closes_nothing(books):
    """The last good numbers are not the month's; nor are those of a source that was last read while the month ran."""
    books.tamper("update finance.freshness set last_landed_at = '2026-06-01 03:59:00+00' where source = 'lago'")
    assert "lago was not read whole since the month was over" in refused(books)
    books.tamper("update finance.publication set published_at = '2026-06-01 03:59:00+00'")
    assert "before the month was over in America/Toronto" in refused(books)
    mark_stale(books.settings.published_path, "2 expectations block", books.settings.now())
    assert "is stale: 2 expectations block" in refused(books)


@pytest.mark.parametrize(
    ("keys", "count", "is_refused"),
    [
        pytest.param('["stripe|{may}|invoice"]', 1, True, id="an invoice of the month"),
        pytest.param('["stripe|{may}|invoice|3"]', 1, True, id="a line of an invoice of the month"),
        pytest.param('["stripe|{march}|invoice"]', 1, False, id="an invoice of another month"),
        pytest.param('["stripe|{march}|invoice"]', 2, True, id="more rows than are named"),
        pytest.param('["CAD"]', 1, True, id="a row of no invoice"),
        pytest.param("[]", 0, True, id="a promise that could not be checked"),
    ],
)
def test_a_broken_promise_keeps_its_month_open(books, keys, count, is_refused):
    """An error that is confined to another month is in nobody's way; one that may be of this month is."""
    rows = books.ask("select month, min(source_invoice_id) from finance.revenue_documents where source_system = 'stripe' and kind = 'invoice' group by 1")  # fmt: skip
    of = dict(rows)
    books.tamper(
        "insert into finance.quality by name select 's' as suite, 'fct_invoices' as model, 'a promise' as expectation, "
        "'error' as severity, false as is_ok, ? as unexpected_count, ? as failing_keys",
        [count, keys.format(may=of["2026-05"], march=of["2026-03"]) if "{" in keys else keys],
    )
    if is_refused:
        assert "fct_invoices: a promise" in refused(books)
    else:
        assert close_month(books.settings, "2026-05", by="Ann", note=NOTE).decision.holds


def test_a_resolved_difference_asks_for_no_note(books):
    """When every difference of the month is decided, the month closes without a word."""
    books.tamper("update finance.breaks set resolution = 'accepted'")
    assert close_month(books.settings, "2026-05", by="Ann", note="").open_breaks == ()

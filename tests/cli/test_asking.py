"""Questions to the published file: an answer, or a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from nexabooks.cli.asking import STATUS_QUESTIONS, published, show_query
from nexabooks.errors import PermanentError
from nexabooks.settings import Settings
from tasks.report import QUESTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A published file with one table."""
    settings = Settings(home=tmp_path, _env_file=None)
    settings.published_path.parent.mkdir()
    with duckdb.connect(str(settings.published_path)) as con:
        con.execute("create table words (word varchar); insert into words values ('one')")
    return settings


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param("selec 1", "syntax error", id="no SQL"),
        pytest.param("select * from nowhere", "nowhere does not exist", id="a table that is not there"),
        pytest.param("select word::integer from words", "Could not convert", id="a cast that fails"),
        pytest.param("create table more (n integer)", "read-only", id="a write"),
        pytest.param("", "There is no question", id="nothing"),
        pytest.param(" ;\n", "There is no question", id="nothing but signs"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_in_a_sentence(settings, sql, says):
    """One line in DuckDB's own words, without its picture of the line and without a stack trace."""
    with pytest.raises(PermanentError, match=says) as error:
        published(settings, sql)
    assert "\n" not in str(error.value)
    assert "LINE 1" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_question_with_its_semicolon_is_answered(settings):
    """As people write it."""
    assert published(settings, "select word from words;") == [{"word": "one"}]


@pytest.mark.parametrize(
    ("question", "sums"),
    [
        pytest.param(STATUS_QUESTIONS["ledger"], {"total_minor": 9000}, id="status"),
        pytest.param(QUESTIONS["ledger"], {"total_minor": 9000, "ledger_total_minor": 8990}, id="the report of a run"),
        pytest.param(
            re.search(r"```sql\n(select currency_code.*?from finance\.ledger_check.*?)```", PAGE, re.DOTALL)[1],
            {"at_the_source_minor": 9000, "in_odoo_minor": 8990},
            id="docs/questions.md",
        ),
    ],
)
def test_credit_notes_are_taken_off_what_the_ledger_holds(settings, question, sums):
    """Amounts are positive in both kinds: an invoice over 100.00 and a credit note over 10.00 are two entries over 90.00."""
    with duckdb.connect(str(settings.published_path)) as con:
        con.execute("create schema finance")
        con.execute(
            "create table finance.ledger_check as select * from (values ('invoice', 10000, 10000), ('credit_note', 1000, 1010)) "
            "as entries(kind, total_minor, ledger_total_minor), (values ('posted', 'CAD')) as state(ledger_state, currency_code)"
        )
    (row,) = published(settings, question)
    assert {name: row[name] for name in ("entry_count", *sums)} == {"entry_count": 2} | sums


TWICE = "select a.total_minor, b.total_minor, 'CAD' as currency_code, 7 as total_minor_2 from (values (1)) as a(total_minor), (values (2)) as b(total_minor)"


@pytest.mark.parametrize(
    ("format", "says"),
    [
        pytest.param(
            {},
            "     total     total  currency_code  total_minor_2\n  0.01 CAD  0.02 CAD  CAD                        7\n",
            id="for people",
        ),
        pytest.param(
            {"as_csv": True}, "total_minor,total_minor,currency_code,total_minor_2\r\n1,2,CAD,7\r\n", id="CSV"
        ),
        pytest.param(
            {"as_json": True},
            '[\n  {\n    "total_minor": 1,\n    "total_minor_3": 2,\n    "currency_code": "CAD",\n    "total_minor_2": 7\n  }\n]\n',
            id="JSON",
        ),
    ],
)
def test_two_columns_of_one_name_are_both_answered(settings, monkeypatch, capfdbinary, format, says):
    """An object holds a name once, so in JSON the repeat is numbered, with a number that no column has."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(settings.home))
    show_query(TWICE, **{"as_json": False, "as_csv": False} | format)
    assert capfdbinary.readouterr().out.decode() == says


def test_amounts_of_a_row_with_two_currencies_stay_in_minor_units(settings, monkeypatch, capsys):
    """Nobody knows which currency is whose."""
    monkeypatch.setenv("NEXABOOKS_HOME", str(settings.home))
    show_query("select 100 as paid_minor, 'CAD' as currency_code, 'USD' as currency_code", as_json=False, as_csv=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["paid_minor", "currency_code", "currency_code"],
        ["100", "CAD", "USD"],
    ]


def test_an_answer_without_rows_has_its_header_in_csv(settings, monkeypatch, capsys):
    monkeypatch.setenv("NEXABOOKS_HOME", str(settings.home))
    show_query("select word, 1 as n from words where false", as_json=False, as_csv=True)
    assert capsys.readouterr().out.splitlines() == ["word,n"]

"""Questions to the published file: an answer, or a sentence."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import duckdb
import orjson
import pytest

from nexabooks.cli.asking import REFRESH_EVERY, STATUS_QUESTIONS, published, show_query, show_status
from nexabooks.errors import PermanentError
from nexabooks.settings import Settings
from nexabooks.warehouse.project_yaml import read_yaml
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


FINANCE = """
    create schema finance;
    create table finance.publication as select 'refresh-9' as run_id, timestamptz '2026-06-02 06:00:00+00' as published_at,
        false as is_stale, null::timestamptz as stale_since, null::varchar as stale_reason;
    create table finance.runs (run_id varchar, flow varchar, day date, mode varchar, outcome varchar, started_at timestamptz,
        message varchar);
    create table finance.freshness (source varchar, stream varchar, last_landed_at timestamptz, last_attempt_at timestamptz,
        state varchar, says varchar);
    create table finance.ledger_check (kind varchar, ledger_state varchar, currency_code varchar, total_minor bigint);
    create table finance.breaks (break_key varchar, class varchar, says varchar, first_seen_on date, age_days bigint,
        resolution varchar);
"""


@pytest.fixture
def status(settings, monkeypatch, capsysbinary):
    """What `nexabooks status` says of a file of 06:00, asked at another time: to a person, and to a program."""
    with duckdb.connect(str(settings.published_path)) as con:
        con.execute(FINANCE)
        con.execute(
            "insert into finance.freshness values "
            "('lago', 'invoices', '2026-06-02 05:59:00+00', '2026-06-02 05:59:00+00', 'fresh', 'Read 1 minutes ago'), "
            "('stripe', 'invoices', '2026-06-02 05:59:00+00', '2026-06-02 05:59:00+00', 'broken', 'The newest read failed')"
        )
        con.execute(
            "insert into finance.runs select 'refresh-' || n, 'refresh', '2026-06-02', 'dry_run', "
            "if(n in (0, 3), 'failed', 'done'), timestamptz '2026-06-02 06:00:00+00' - to_minutes(cast(15 * (9 - n) as int)) "
            "- if(n = 0, interval 2 day, interval 0 day), '' from range(10) as t(n)"
        )
        con.execute(
            "insert into finance.runs values "
            "('close-1', 'daily_close', '2026-06-01', 'post', 'done', '2026-05-31 06:00:00+00', ''), "
            "('close-2', 'daily_close', '2026-06-02', 'post', 'done', '2026-06-01 06:00:00+00', '')"
        )

    def ask(moment: str) -> tuple[str, dict]:
        monkeypatch.setenv("NEXABOOKS_HOME", str(settings.home))
        monkeypatch.setenv("NEXABOOKS_CLOCK", moment)
        show_status(as_json=False)
        screen = " ".join(capsysbinary.readouterr().out.decode().split())
        show_status(as_json=True)
        return screen, orjson.loads(capsysbinary.readouterr().out)

    return ask


@pytest.mark.parametrize(
    ("moment", "says", "is_overdue", "states"),
    [
        pytest.param(
            "2026-06-02T06:01:00Z", "06:00 UTC, 1 minute ago, by refresh-9.", False, ["fresh", "broken"], id="now"
        ),
        pytest.param("2026-06-02T07:30:00Z", "06:00 UTC, 90 minutes ago,", True, ["fresh", "broken"], id="no refresh"),
        pytest.param("2026-06-14T06:00:00Z", "06:00 UTC, 12 days ago,", True, ["stale", "broken"], id="nobody runs"),
        pytest.param(
            "2026-06-01T06:00:00Z", "06:00 UTC, 0 minutes ago,", False, ["fresh", "broken"], id="a clock behind"
        ),
    ],
)
def test_status_holds_the_file_against_the_clock(status, moment, says, is_overdue, states):
    """A scheduler that is dead publishes nothing that would say so."""
    screen, told = status(moment)
    assert says in screen
    assert ("No run has published for" in screen) is is_overdue
    assert [row["state"] for row in told["freshness"]] == states


def test_status_shows_the_newest_run_of_each_flow_and_what_ended_badly_that_day(status):
    """Ten refreshes push the daily close out of no list; what failed two days before is over."""
    told = status("2026-06-02T06:01:00Z")[1]
    assert [row["run_id"] for row in told["runs"]] == ["refresh-9", "refresh-3", "close-2"]
    assert told["publication"][0]["age_minutes"] == 1


def test_a_refresh_is_missed_by_the_schedule_that_it_is_deployed_with():
    """`status` says that nobody runs the refreshes when several did not come; how often they come stands in prefect.yaml."""
    deployments = read_yaml(Path(__file__).parents[2] / "prefect.yaml")["deployments"]
    (refresh,) = (one for one in deployments if one["name"] == "refresh")
    minutes = int(REFRESH_EVERY / timedelta(minutes=1))
    assert [one["cron"] for one in refresh["schedules"]] == [f"*/{minutes} * * * *"]

"""Whatever stops a run between its build and its publishing leaves readers the last good file, and the file says so."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import tasks.build
import tasks.publish
from flows import refresh
from nexabooks.errors import BuildFailed, NexabooksError, QualityFailed, SettingsError
from nexabooks.warehouse import open_warehouse
from tasks.check import check_marts
from tasks.ingest import SourceRead
from tests.warehouse.projects import FILES, write_project


def raising(error):
    """A step that is stopped by `error`."""

    def step(*_, **__):
        raise error

    return step


@pytest.fixture
def refreshed(monkeypatch, tmp_path):
    """The refresh of a very small project that reads nothing and promises nothing; called, it runs and says what readers find."""
    home = tmp_path / "home"
    monkeypatch.setenv("NEXABOOKS_HOME", str(home))
    monkeypatch.setenv("NEXABOOKS_SOURCES", "ops")
    project = dict.fromkeys(FILES) | {
        name: FILES[name] for name in ("dbt_project.yml", "macros/generate_schema_name.sql")
    }
    project["models/marts/finance/invoices.sql"] = "select 340346 as total_minor\n"
    monkeypatch.setenv("NEXABOOKS_SQL_DIR", str(write_project(tmp_path / "sql", **project)))
    read = SourceRead(source="ops")
    monkeypatch.setattr(refresh, "ingest", lambda *_: read)
    monkeypatch.setattr(refresh, "check_marts", lambda run: [])
    monkeypatch.setattr(refresh, "remember_breaks", lambda run: read)
    monkeypatch.setattr(refresh, "finish", lambda run, reads: None)
    monkeypatch.setattr(
        tasks.publish, "run_checks", lambda *_, **__: SimpleNamespace(blocking=(), sentence=lambda: "It holds.")
    )

    def run(error=None):
        if error:
            with pytest.raises(error):
                refresh.refresh.fn()
        else:
            refresh.refresh.fn()
        with open_warehouse(home / "published" / "nexabooks.duckdb", read_only=True) as db:
            (found,) = db.rows(
                "select is_stale, stale_since is not null as is_dated, stale_reason as why from finance.publication"
            )
        return found

    assert run() == {"is_stale": False, "is_dated": False, "why": None}
    return run


def no_expectations(patch, tmp_path):
    """The folder of the promises is not where the settings say."""
    patch.setenv("NEXABOOKS_EXPECTATIONS_DIR", str(tmp_path / "nowhere"))
    patch.setattr("tasks.run.wrong_settings", lambda *_: [])  # it was there when the run began
    patch.setattr(refresh, "check_marts", check_marts)


def a_model_that_fails(patch, tmp_path):
    """A build that breaks off half way leaves a warehouse that is neither old nor new."""
    patch.setattr(tasks.build, "build_one", raising(BuildFailed("The model invoices failed.", record="invoices")))


def a_store_that_is_gone(patch, tmp_path):
    """After the check and before the publishing."""
    patch.setattr(refresh, "remember_breaks", raising(SettingsError("The ops store cannot be opened.")))


def a_new_file_that_breaks_a_promise(patch, tmp_path):
    """The check of the published file itself."""
    report = SimpleNamespace(blocking=(1,), sentence=lambda: "1 expectation blocks.")
    patch.setattr(tasks.publish, "run_checks", lambda *_, **__: report)


def an_unknown_error(patch, tmp_path):
    """Its words may quote anything, and stay out of what readers see."""
    patch.setattr(refresh, "check_marts", raising(ValueError("s3cret")))


def ctrl_c(patch, tmp_path):
    """A person stops it."""
    patch.setattr(refresh, "check_marts", raising(KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("trouble", "error", "words"),
    [
        (no_expectations, SettingsError, "nowhere"),
        (a_model_that_fails, BuildFailed, "The model invoices failed."),
        (a_store_that_is_gone, SettingsError, "The ops store cannot be opened."),
        (a_new_file_that_breaks_a_promise, QualityFailed, "1 expectation blocks."),
        (an_unknown_error, ValueError, "not known here: ValueError."),
        (ctrl_c, KeyboardInterrupt, "not known here: KeyboardInterrupt."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_stops_a_run_after_its_build_leaves_a_file_marked_stale(
    refreshed, monkeypatch, tmp_path, trouble, error, words
):
    """Readers are told since when and why; the next run that publishes takes the mark off."""
    with monkeypatch.context() as patch:
        trouble(patch, tmp_path)
        marked = refreshed(error)
    assert marked["is_stale"]
    assert marked["is_dated"]
    assert words in marked["why"]
    assert "s3cret" not in marked["why"]
    assert not refreshed()["is_stale"]


def test_a_blocking_promise_is_said_once_and_in_few_words(refreshed, monkeypatch):
    """The mark of the check stands: the error's longer sentence, with the way to its page, does not replace it."""
    monkeypatch.setattr(refresh, "check_marts", check_marts)
    monkeypatch.setattr("tasks.check.run_checks", lambda *_, **__: SimpleNamespace(results=(), parked_keys=()))
    monkeypatch.setattr("tasks.check.run_identities", lambda *_, **__: [SimpleNamespace(is_blocking=True, row=dict)])
    monkeypatch.setattr("tasks.check.record_quality", lambda *_, **__: None)
    monkeypatch.setattr("tasks.check.in_a_sentence", lambda *_: "quality: 1 blocks.")
    assert refreshed(QualityFailed)["why"] == "quality: 1 blocks."


@pytest.mark.parametrize("place", ["ingest", "finish"])
def test_what_stops_before_the_build_or_after_the_publishing_leaves_no_mark(refreshed, monkeypatch, place):
    """Before, no run has begun to make other numbers; after, readers have them."""
    monkeypatch.setattr(refresh, place, raising(NexabooksError("It stopped here.")))
    assert not refreshed(NexabooksError)["is_stale"]

"""A source run alone says what it read, or one sentence and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nexabooks.errors import AccessRefused, NexabooksError, Unreachable
from nexabooks.sources.alone import run_alone
from nexabooks.streams import Batch, Claim, Finished, Stream


@dataclass
class Fake:
    """A source of two streams, one of them a table as COPY writes it."""

    folder: Path
    missing: list[str] = field(default_factory=list)
    error: NexabooksError | None = None
    name = "fake"
    streams = (Stream("notes", ("id",), cursor="at", may_not_lose="a word"), Stream("tables", ("id",)))

    def missing_settings(self, settings) -> list[str]:
        return self.missing

    @contextmanager
    def open(self, settings) -> Iterator[Fake]:
        if self.error:
            raise self.error
        yield self

    def read(self, stream, state, *, full=False):
        assert full
        if stream.name == "tables":
            path = self.folder / "t.csv"
            path.write_text("".join(f"{n:032x},{row}\n" for n, row in enumerate(('"1","a"', '"2","b"'))))
            yield Batch("tables", csv_path=path, is_growing=True)
            yield Batch("tables", csv_path=path, row_count=2)
        else:
            yield Batch("notes", bodies=(b'{"data":[{"rate":1.0},{"rate":2.50}]}',), records_at="data", row_count=2)
            yield Batch("notes", bodies=(b'{"rate":3}',), row_count=1)
        yield Finished(stream.name, claims=(Claim(stream.name, 3, 120, "CAD", "2026-05"),), notes=("Mind the gap.",))


@pytest.fixture
def fake(tmp_path, monkeypatch) -> Fake:
    monkeypatch.chdir(tmp_path)  # no .env is read by chance
    return Fake(tmp_path)


def test_without_a_stream_the_streams_are_listed(fake, capsys):
    """Name, cursor, and what each may not lose; nothing is connected."""
    assert run_alone(fake, []) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["notes", "at", "a", "word"]


def test_counting_says_what_came_and_what_was_claimed(fake, capsys):
    """The records of every batch together, beside the source's claims and its notes."""
    assert run_alone(fake, ["--stream", "notes", "--count"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "claimed by source: notes CAD 2026-05 3 records, 120 in minor units",
        "Mind the gap.",
        "notes: 3 records",
    ]


SAID_AT_THE_END = ["claimed by source: tables CAD 2026-05 3 records, 120 in minor units", "Mind the gap."]


@pytest.mark.parametrize(
    ("stream", "most", "lines"),
    [("notes", 2, ['{"rate":1.0}', '{"rate":2.50}']), ("tables", 3, ['"1","a"', '"2","b"', *SAID_AT_THE_END])],
    ids=["JSON records", "rows of a table"],
)
def test_printing_shows_the_first_records_as_they_came(fake, capsys, stream, most, lines):
    """Not one byte is changed, and no more than asked for is shown."""
    assert run_alone(fake, ["--stream", stream, "--print", str(most)]) == 0
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("error", "code"),
    [(AccessRefused("The key is wrong."), 1), (Unreachable("No answer. Another attempt may succeed."), 75)],
)
def test_a_failure_is_one_sentence_and_an_exit_code(fake, capsys, error, code):
    """A scheduler reads the code, a person the sentence; there is no traceback."""
    fake.error = error
    assert run_alone(fake, ["--stream", "notes"]) == code
    assert capsys.readouterr().err == f"{error}\n"


def test_missing_settings_are_named_together_before_anything_is_read(fake, capsys):
    """All of them at once, with the exit code for settings."""
    fake.missing = ["NEXABOOKS_A", "NEXABOOKS_B"]
    assert run_alone(fake, ["--stream", "notes"]) == 2
    assert "set NEXABOOKS_A, NEXABOOKS_B" in capsys.readouterr().err


def test_an_unknown_stream_is_answered_with_those_there_are(fake, capsys):
    """A typo costs one line."""
    assert run_alone(fake, ["--stream", "note"]) == 2
    assert "it has notes, tables" in capsys.readouterr().err

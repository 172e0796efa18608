"""Questions to the published file: an answer, or a sentence."""

from __future__ import annotations

import duckdb
import pytest

from nexabooks.cli.asking import published
from nexabooks.errors import PermanentError
from nexabooks.settings import Settings


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

"""The error tree: each error is one sentence, and says by its class whether another attempt may help."""

from __future__ import annotations

import inspect

import pytest

from nexabooks import errors
from nexabooks.errors import EXIT_PERSON, EXIT_TRY_LATER, EXIT_USAGE, BuildFailed, NexabooksError, RateLimited

CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, NexabooksError)
]  # every class of the module


def test_the_tree_that_is_drawn_is_the_tree_that_is():
    """The drawing at the top of the file names every class."""
    drawn = {line.split("--")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "-- " in line}
    assert drawn == {kind.__name__ for kind in CLASSES} - {"NexabooksError"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_only_a_transient_error_may_be_tried_again_and_its_exit_code_says_so(kind):
    """A scheduler reads 75 as "later", 1 as "a person", 2 as "settings"."""
    error = kind("Stripe refused charges. Another attempt may succeed.")
    assert error.may_retry is isinstance(error, errors.TransientError)
    if error.may_retry or kind is errors.UnclearOutcome:
        assert error.exit_code == EXIT_TRY_LATER
    elif kind is errors.SettingsError:
        assert error.exit_code == EXIT_USAGE
    else:
        assert error.exit_code == EXIT_PERSON


def test_an_error_is_its_sentence():
    """With the record beside it, for whoever lists them."""
    error = RateLimited("Lago asked us to wait.", retry_after_s=3, source="lago", record="in_1")
    assert (str(error), error.sentence) == ("Lago asked us to wait.", "Lago asked us to wait.")
    assert (error.retry_after_s, error.source, error.record) == (3, "lago", "in_1")


def test_a_failed_build_carries_the_sql_that_failed():
    """Named, and not in the sentence."""
    error = BuildFailed("Model a failed.", record="a", compiled_sql="select 1")
    assert (error.record, error.compiled_sql, error.source) == ("a", "select 1", "sql")

"""Whole closes for less, where a test is about another part of them."""

from __future__ import annotations

import pytest

from nexabooks.quality.results import CheckReport


def without_expectations(patch: pytest.MonkeyPatch) -> None:
    """Closes do not hold the expectations against staging and marts, which takes half of their time. The sums
    (expectations/identities) and the expectations on the published file they do; tests/quality and the story hold them all."""
    patch.setattr("tasks.check.run_checks", lambda *_, scope, **__: CheckReport(scope, ()))

"""A pretend Odoo asked in one process, and what it refuses."""

from __future__ import annotations

import pytest

from nexabooks.sandbox.odoo.asking import Refused
from nexabooks.sandbox.odoo.practice import Practice


@pytest.fixture
def books():
    return Practice()


def refusal(books, model, method, **named):
    with pytest.raises(Refused) as refused:
        books.ask(model, method, **named)
    return refused.value

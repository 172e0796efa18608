"""Great Expectations, imported when it is first needed (over two seconds) and quietly.

Its own imports warn of what later Pythons will miss (`sre_constants` in 1.24.1); our users cannot do anything about that.
"""

from __future__ import annotations

import warnings
from types import ModuleType


def great_expectations() -> ModuleType:
    """The package, ready for use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations as gx
        import great_expectations.expectations
    return gx

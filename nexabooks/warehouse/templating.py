"""Jinja as dbt uses it: macros from files, `ref`, `source`, `var`, `config`, `this`, `target`, `return`.

Only what a dbt project of plain SQL needs is here; a name that is not known is refused, never rendered as nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import jinja2

from nexabooks.errors import BuildFailed
from nexabooks.warehouse.data_test_macros import BUILT_IN_TESTS

# dbt's `{% test name(...) %}` block is a macro called `test_name`.
_TEST_BLOCK = re.compile(r"{%(-?)\s*test\s+(\w+)\s*\(")
_TEST_END = re.compile(r"{%(-?)\s*endtest\s*(-?)%}")
_MACRO_NAME = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")
_NOT_GIVEN = object()


class Relation(str):
    """A table or view as SQL text, with its parts for macros that ask."""

    schema: str
    identifier: str

    def __new__(cls, schema: str, identifier: str) -> Relation:
        text = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, identifier) if part)
        self = super().__new__(cls, text)
        self.schema, self.identifier = schema, identifier
        return self

    @property
    def name(self) -> str:
        """The name without its schema, as dbt's relations call it."""
        return self.identifier


class MacroReturn(Exception):
    """How `{{ return(value) }}` leaves a macro with a value that is not text."""

    def __init__(self, value: Any) -> None:
        super().__init__("return outside a macro")
        self.value = value


class CompileError(ValueError):
    """What a template itself refuses: an unknown variable, an unknown reference, raise_compiler_error."""


@dataclass(frozen=True)
class Macro:
    """One macro of the project, compiled."""

    name: str
    template: jinja2.Template


class Templates:
    """The project's macros, and the rendering of one piece of SQL with them."""

    def __init__(self, macro_files: list[Path]) -> None:
        self.macros: dict[str, Macro] = {}
        self._add(BUILT_IN_TESTS)
        for path in macro_files:
            try:
                self._add(path.read_text(encoding="utf-8"))
            except jinja2.TemplateError as error:
                raise BuildFailed(f"The macro file {path.name} cannot be read: {error}.", record=path.stem) from None

    def _add(self, text: str) -> None:
        text = _TEST_END.sub(r"{%\1 endmacro \2%}", _TEST_BLOCK.sub(r"{%\1 macro test_\2(", text))
        template = _compiled(text)
        self.macros |= {name: Macro(name, template) for name in _MACRO_NAME.findall(text)}

    def render(self, text: str, context: Mapping[str, Any], *, record: str) -> str:
        """`text` rendered. Raises BuildFailed naming `record` when the template cannot be rendered."""
        try:
            return _compiled(text).render(self.scope(context))
        except (jinja2.TemplateError, CompileError, TypeError, ValueError) as error:
            raise BuildFailed(f"The template of {record} cannot be rendered: {error}.", record=record) from None

    def scope(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Everything a template may name: the basics, then `context`, then the macros (which `context` may override)."""
        names: dict[str, Any] = {**_basics(), **context}
        for macro in self.macros.values():
            if macro.name not in context:
                names[macro.name] = _caller(macro, names)
        names["adapter"] = SimpleNamespace(dispatch=lambda name, macro_namespace=None: _dispatch(names, name))
        return names


_ENVIRONMENT = jinja2.Environment(  # noqa: S701 (SQL, not HTML)
    extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined, keep_trailing_newline=False
)


@lru_cache(maxsize=2000)
def _compiled(text: str) -> jinja2.Template:
    """A template depends on its text alone, because names come when it is rendered.

    A model is rendered three times (configuration, references, SQL), and a close loads the project twice: compiling
    anew would take more than half of the second loading.
    """
    return _ENVIRONMENT.from_string(text)


def _caller(macro: Macro, names: dict[str, Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            # The module is made anew for each call, so that a macro sees the names of the model that calls it.
            return getattr(macro.template.make_module(names, shared=True), macro.name)(*args, **kwargs)
        except MacroReturn as returned:
            return returned.value

    return call


def _dispatch(names: dict[str, Any], name: str) -> Any:
    for prefix in ("duckdb__", "default__"):
        if prefix + name in names:
            return names[prefix + name]
    raise CompileError(f"no macro duckdb__{name} or default__{name}")


def _basics() -> dict[str, Any]:
    return {
        "return": _return,
        "log": lambda message, info=False: "",
        "exceptions": SimpleNamespace(raise_compiler_error=_raise_compiler_error, warn=lambda message: ""),
        "env_var": env_var,
        "tojson": lambda value, default=None, sort_keys=False: json.dumps(value, sort_keys=sort_keys),
        "fromjson": lambda text, default=None: json.loads(text),
        "zip": zip,
        "is_incremental": lambda: False,
        "execute": True,
        "target": target(),
    }


def target() -> SimpleNamespace:
    """dbt's `target`, as the parity check's profile also names it."""
    return SimpleNamespace(name="prod", schema="main", type="duckdb", threads=1, profile_name="nexabooks")


def _return(value: Any) -> NoReturn:
    raise MacroReturn(value)


def _raise_compiler_error(message: str) -> NoReturn:
    raise CompileError(message)


def env_var(name: str, default: str | None = None) -> str:
    """dbt's env_var: the environment's value, else `default`. A name that is unset and has no default is refused."""
    value = os.environ.get(name, default)
    if value is None:
        raise CompileError(f"the environment has no {name} and the template gives no default")
    return value


class Variables:
    """dbt's `var`: called with a name and perhaps a default."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def __call__(self, name: str, default: Any = _NOT_GIVEN) -> Any:
        if name in self.values:
            return self.values[name]
        if default is _NOT_GIVEN:
            raise CompileError(f"the variable {name!r} is not set in dbt_project.yml and has no default")
        return default

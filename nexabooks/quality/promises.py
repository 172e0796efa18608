"""Expectation files, read: one file a model, in the house's own words, as plain values.

    fct_payments:
      grain: one row per settled payment
      key: [payment_id]
      severity: error                       # the default of every promise below
      row_count: {min: 1}
      not_null: [currency_code]
      in_set: {currency_code: [CAD, USD]}
      between: {paid_minor: {min: 0}}
      holds:
        - says: what the customer paid is what we kept plus what the processor took
          where: amount_minor = net_minor + fee_minor
          severity: warn
          protects: the payment in Odoo's bank journal

docs/contracts/quality.md explains each word. A file that cannot be read is told by name and the others go on. A folder
that is missing or empty stops the run: nothing that was looked at would otherwise pass for everything that holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nexabooks.errors import SettingsError

# The one written in C, where PyYAML was built with it, takes a tenth of the time.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The folders of `expectations/` that each scope checks, in order. A folder's name is the schema's.
SCOPES: dict[str, tuple[str, ...]] = {
    "staging": ("staging",),
    "marts": ("intermediate", "marts", "outbound"),
    "published": ("finance",),
}
SEVERITIES = ("error", "warn")
INVOICE_KEY = ("source_system", "source_invoice_id", "kind")
_MODEL_WORDS = {"grain", "key", "severity", "row_count", "not_null", "in_set", "between", "holds"}
_HOLDS_WORDS = {"says", "where", "severity", "protects", "parks"}


@dataclass(frozen=True, slots=True)
class Promise:
    """One expectation. `sort`: key, row_count, not_null, in_set, between, holds; the fields it needs are filled."""

    sort: str
    says: str
    severity: str
    columns: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    least: Any = None
    most: Any = None
    where: str = ""
    protects: str = ""
    parks: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything that is promised of one model."""

    layer: str
    model: str
    grain: str
    key: tuple[str, ...]
    promises: tuple[Promise, ...]

    @property
    def columns(self) -> set[str]:
        """Every column that a promise names outright (not those inside a `where`)."""
        return {*self.key, *(column for promise in self.promises for column in promise.columns)}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that makes no suite, and why."""

    layer: str
    model: str
    says: str


def read_suites(expectations_dir: Path, layers: Sequence[str]) -> tuple[list[Suite], list[Unreadable]]:
    """The suites of `layers` in the order of their files, and the files that could not be read.

    Raises SettingsError when a layer has no folder there or no file in it.
    """
    suites: list[Suite] = []
    unreadable: list[Unreadable] = []
    for layer in layers:
        for path in files_in(expectations_dir / layer, "*.yml"):
            try:
                suites.append(_read_suite(path, layer))
            except (ValueError, yaml.YAMLError) as error:
                words = " ".join(str(error).split())
                says = f"expectations/{layer}/{path.name} cannot be used: {words}"
                unreadable.append(Unreadable(layer, path.stem, says))
    return suites, unreadable


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The files of `folder` that match `pattern`, by name. Raises SettingsError when there is none: a check that looks at
    nothing finds nothing wrong, so a mistyped folder would switch every promise off."""
    files = sorted(folder.glob(pattern)) if folder.is_dir() else []
    if not files:
        lacks = f"holds no {pattern}" if folder.is_dir() else "does not exist"
        raise SettingsError(
            f"{folder} {lacks}, so nothing would be checked. Run from the project's folder or set "
            "NEXABOOKS_EXPECTATIONS_DIR to the folder of the expectations; another attempt will not help."
        )
    return files


def _read_suite(path: Path, layer: str) -> Suite:
    """One file. Raises ValueError saying which word is missing, unknown or wrong."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (both are safe loaders)
    if not isinstance(document, dict) or list(document) != [path.stem]:
        raise ValueError(f"the file speaks of one model, {path.stem}, and its first word is that name")
    body = _mapping(document[path.stem], _MODEL_WORDS, path.stem)
    if not body.get("grain"):
        raise ValueError("the grain is missing; say in words what one row is")
    severity = _severity(body.get("severity", "error"))
    key = _names(body.get("key", []), "key")
    promises = [
        *_key(key, severity),
        *_row_count(body.get("row_count"), severity),
        *_not_null(key, _names(body.get("not_null", []), "not_null"), severity),
        *_in_set(body.get("in_set", {}), severity),
        *_between(body.get("between", {}), severity),
        *(_holds(entry, severity) for entry in body.get("holds", [])),
    ]
    if not promises:
        raise ValueError("it promises nothing; a model that nobody looked at has not passed")
    return Suite(layer, path.stem, str(body["grain"]), key, tuple(promises))


def _key(key: tuple[str, ...], severity: str) -> list[Promise]:
    return (
        [Promise("key", f"there is one row per {', '.join(key)}, and no part of it is null", severity, key)]
        if key
        else []
    )


def _row_count(edges: Any, severity: str) -> list[Promise]:
    if edges is None:
        return []
    least, most = _edges(edges, "row_count")
    return [Promise("row_count", f"the number of rows is {_range(least, most)}", severity, least=least, most=most)]


def _not_null(key: tuple[str, ...], columns: tuple[str, ...], severity: str) -> list[Promise]:
    wanted = tuple(
        column for column in dict.fromkeys(columns) if column not in key
    )  # the key's promise says it already
    if not wanted:
        return []
    # One promise for all of them: a check costs the same whether it looks at one column or at ten.
    where = " and ".join(f"{quoted(column)} is not null" for column in wanted)
    said = f"{' and '.join([', '.join(wanted[:-1]), wanted[-1]] if wanted[1:] else wanted)}"
    return [Promise("not_null", f"{said} {'are' if wanted[1:] else 'is'} never null", severity, wanted, where=where)]


def _in_set(sets: Any, severity: str) -> list[Promise]:
    promises = []
    for column, values in _mapping(sets, None, "in_set").items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"in_set of {column} is a list of the allowed values")
        said = ", ".join("''" if value == "" else str(value) for value in values)
        promises.append(Promise("in_set", f"{column} is one of {said}", severity, (column,), tuple(values)))
    return promises


def _between(ranges: Any, severity: str) -> list[Promise]:
    promises = []
    for column, edges in _mapping(ranges, None, "between").items():
        least, most = _edges(edges, f"between of {column}")
        said = f"{column} is {_range(least, most)}"
        promises.append(Promise("between", said, severity, (column,), least=least, most=most))
    return promises


def _holds(entry: Any, severity: str) -> Promise:
    words = _mapping(entry, _HOLDS_WORDS, "holds")
    for needed in ("says", "where"):
        if not isinstance(words.get(needed), str) or not words[needed].strip():
            raise ValueError(f"an entry of holds lacks its {needed}: {words}")
    if words.get("parks", "invoice") != "invoice":
        raise ValueError(f"parks can only be 'invoice', not {words['parks']!r}")
    return Promise(
        "holds",
        " ".join(words["says"].split()),
        _severity(words.get("severity", severity)),
        where=words["where"].strip(),
        protects=str(words.get("protects", "")),
        parks=str(words.get("parks", "")),
    )


def _mapping(value: Any, allowed: set[str] | None, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is a mapping, not {type(value).__name__}")
    unknown = set(map(str, value)) - allowed if allowed else set()
    if unknown:
        raise ValueError(
            f"{what} does not know {', '.join(sorted(unknown))}; it knows {', '.join(sorted(allowed or ()))}"
        )
    return value


def _names(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"{what} is a list of column names")
    return tuple(value)


def _severity(value: Any) -> str:
    if value not in SEVERITIES:
        raise ValueError(f"a severity is error or warn, not {value!r}")
    return str(value)


def _edges(value: Any, what: str) -> tuple[Any, Any]:
    edges = _mapping(value, {"min", "max"}, what)
    if any(isinstance(edge, float) for edge in edges.values()):
        raise ValueError(f"{what}: an edge is a whole number or text, never a float")
    if not edges:
        raise ValueError(f"{what} needs a min, a max or both")
    return edges.get("min"), edges.get("max")


def _range(least: Any, most: Any) -> str:
    if most is None:
        return f"at least {least}"
    if least is None:
        return f"at most {most}"
    return f"between {least} and {most}" if least != most else f"exactly {least}"


def quoted(column: str) -> str:
    """A column's name as SQL takes it whatever it contains."""
    return '"' + column.replace('"', '""') + '"'

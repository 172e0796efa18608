"""What a time log is on this server. A person says it once, in a small JSON file (docs/contracts/vtiger.md).

The cloud's module and field names for time logs are in no public document, and guessed names would silently read nothing
or the wrong unit. So: mapped, and checked against `describe`; or not mapped, and refused when there is something to map.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from nexabooks.errors import SettingsError, SourceContractBroken
from nexabooks.sources.vtiger.server import Module, Server

UNITS = ("seconds", "minutes", "hours")
FIELDS = ("related_field", "duration_field", "billable_field", "date_field", "contract_field")
MAY_BE_EMPTY = ("contract_field",)  # then a time log reaches its contract by its case
NAMES = ("module", "duration_unit", *FIELDS)
SETTING = "NEXABOOKS_VTIGER_TIMELOG_MAPPING"


@dataclass(frozen=True, slots=True)
class Timelogs:
    """The mapped module, and the mapping as it lands in raw."""

    module: Module
    mapping: dict[str, str]


def timelogs_of(server: Server, path: Path | None) -> Timelogs | None:
    """The time logs of this server, or None when it has no such module.

    Raises SettingsError for a mapping that cannot be used, SourceContractBroken for one that is missing while there is
    something to map, or that names what the server does not have.
    """
    if path is None:
        unmapped = next((n for n, label in server.labels.items() if _sounds_like_timelogs(n, label)), None)
        if unmapped is None:
            return None
        raise SourceContractBroken(
            f"vTiger has the module {unmapped} and nobody said what its fields mean. Write a mapping with "
            f"{', '.join(NAMES)} to a JSON file and set {SETTING} to it (docs/contracts/vtiger.md). Its fields are: "
            f"{', '.join(server.module(unmapped).fields)}.",
            source="vtiger",
            record=unmapped,
        )
    mapping = _read_mapping(path)
    if mapping["module"] not in server.labels:
        raise SourceContractBroken(
            f"{SETTING} names the module {mapping['module']}, which vTiger does not list for the API user. "
            f"It lists {', '.join(server.labels)}.",
            source="vtiger",
            record=mapping["module"],
        )
    module = server.module(mapping["module"])
    missing = [f"{name} = {mapping[name]}" for name in FIELDS if mapping[name] and mapping[name] not in module.fields]
    if missing:
        raise SourceContractBroken(
            f"{SETTING} names fields that {module.name} does not have: {', '.join(missing)}. "
            f"It has {', '.join(module.fields)}.",
            source="vtiger",
            record=module.name,
        )
    return Timelogs(module, mapping)


def _read_mapping(path: Path) -> dict[str, str]:
    """The mapping in the file `path`. Raises SettingsError naming everything that is wrong with it."""
    try:
        told: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{SETTING} cannot be read: {error.strerror} ({path}).", source="vtiger") from None
    except orjson.JSONDecodeError as error:
        raise SettingsError(f"{SETTING} is not JSON: {error} ({path}).", source="vtiger") from None
    if not isinstance(told, dict):
        raise SettingsError(f"{SETTING} must hold one JSON object ({path}).", source="vtiger")
    wrong = [f"{name} is missing" for name in NAMES if name not in told]
    wrong += [f"{name} is unknown" for name in told if name not in NAMES]
    wrong += [f"{name} must be a text" for name in NAMES if name in told and not isinstance(told[name], str)]
    wrong += [f"{name} is empty" for name in NAMES if told.get(name) == "" and name not in MAY_BE_EMPTY]
    unit = told.get("duration_unit")
    if unit and unit not in UNITS:
        wrong.append(f"duration_unit {unit!r} is none of {', '.join(UNITS)}")
    if wrong:
        raise SettingsError(f"{SETTING} cannot be used: {'; '.join(wrong)} ({path}).", source="vtiger")
    return {name: told[name] for name in NAMES}


def _sounds_like_timelogs(name: str, label: str) -> bool:
    return any(text.replace(" ", "").lower().startswith("timelog") for text in (name, label))

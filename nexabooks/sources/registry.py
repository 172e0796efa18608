"""The sources by name. A source is imported when it is first asked for: reading Lago loads no Stripe SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from nexabooks.errors import SettingsError
from nexabooks.streams import Source

NAMES = ("nexacloud", "stripe", "lago", "vtiger", "odoo", "ops")


class _Sources(Mapping[str, Source]):
    def __getitem__(self, name: str) -> Source:
        if name not in NAMES:
            raise SettingsError(f"There is no source {name!r}; there are {', '.join(NAMES)}.", source=name)
        return import_module(f"nexabooks.sources.{name}").SOURCE

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


SOURCES: Mapping[str, Source] = _Sources()

"""What this server has: its modules, their fields and id prefixes, and the queries to them. Asked once a session."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from nexabooks.clients.http import Answer
from nexabooks.errors import AccessRefused, SourceContractBroken
from nexabooks.sources.vtiger.api import VtigerApi
from nexabooks.sources.vtiger.streams import CASE_MODULES, CONTRACTS, NEEDED_FIELDS


@dataclass(frozen=True, slots=True)
class Module:
    """One module as `describe` tells it. `prefix`: the number before the x in its ids, different on every server."""

    name: str
    label: str
    prefix: str
    fields: tuple[str, ...]


class Server:
    """One vTiger server, seen through its metadata."""

    def __init__(self, api: VtigerApi) -> None:
        self.api = api
        self._described: dict[str, Module] = {}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Module name -> label, of the modules that the API user may see."""
        listed = self.api.result("listtypes", what="the list of modules")
        return {name: str(listed["information"].get(name, {}).get("label", name)) for name in listed.get("types") or []}

    @property
    def case_module(self) -> str:
        """Cases (cloud) or HelpDesk (self-hosted), whichever there is."""
        for name in CASE_MODULES:
            if name in self.labels:
                return name
        raise SourceContractBroken(
            "vTiger lists neither Cases nor HelpDesk for the API user. Give its profile the right to read them.",
            source="vtiger",
        )

    def module(self, name: str) -> Module:
        """A module and its fields. Raises AccessRefused when a field that nexabooks needs is not there."""
        if name not in self._described:
            self._described[name] = self._describe(name)
        return self._described[name]

    def _describe(self, name: str) -> Module:
        told = self.api.result("describe", {"elementType": name}, what=f"the description of {name}")
        try:
            fields = tuple(field["name"] for field in told["fields"])
            module = Module(name, str(told["label"]), str(told["idPrefix"]), fields)
        except (KeyError, TypeError):
            raise SourceContractBroken(
                f"vTiger described {name} without fields, label or idPrefix.", source="vtiger"
            ) from None
        missing = [field for field in NEEDED_FIELDS.get(name, ()) if field not in fields]
        if missing:
            raise AccessRefused(
                f"vTiger does not show the API user these fields of {name}: {', '.join(missing)}. "
                "Give its profile the right to read them; another attempt before will not help.",
                source="vtiger",
                record=name,
            )
        return module

    def ask(self, text: str, what: str) -> Answer:
        """One query of the module tables; the closing semicolon is put here, where it is needed."""
        return self.api.call("query", {"query": f"{text};"}, what=what)

    def ask_related(self, id: str, label: str, text: str, what: str) -> Answer:
        """One query among the records related to `id` by the relation `label`; here a semicolon would be refused."""
        params = {"id": id, "relatedLabel": label, "query": text}
        return self.api.call("query_related", params, what=f"{what} of contract {id}")

    def relation_label(self, target: str) -> str:
        """The label, which is not the name, under which contracts hold their records of module `target`."""
        told = self.api.result("relatedtypes", {"elementType": CONTRACTS}, what=f"the relations of {CONTRACTS}")
        for label, relation in told["information"].items():
            if relation["name"] == target:
                return str(label)
        raise SourceContractBroken(
            f"vTiger knows no relation from {CONTRACTS} to {target}; it knows {', '.join(told['information'])}.",
            source="vtiger",
        )

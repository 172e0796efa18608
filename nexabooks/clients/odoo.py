"""Odoo's external API behind one interface, whatever its version: JSON-2 from 19 on, XML-RPC for 17 and 18.

`OdooReader` refuses every method that is not known to read; only the ledger room opens an `OdooWriter`. Every call
carries `allowed_company_ids`: without it a user of two companies gets the taxes of both (facts: odoo "Company and
language context"). Reads are repeated after a transient error; writes never are: the ledger looks first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol, Self, overload

import requests

from nexabooks.clients.lost import is_page, lost
from nexabooks.clients.odoo_errors import AGAIN, NOT_AGAIN, SERIALIZATION, UNKNOWN_NAME, RowsRefused, no_answer
from nexabooks.clients.odoo_json2 import Json2, encode
from nexabooks.clients.odoo_versions import NEWEST, as_newer, as_older, older_method, older_name
from nexabooks.clients.odoo_xmlrpc import XmlRpc, parse_answer
from nexabooks.clients.retry import with_retries
from nexabooks.errors import PermanentError, SettingsError, SourceContractBroken, TransientError
from nexabooks.settings import Settings, refuse_wrong_settings, secret

OLDEST_VERSION = 17  # the oldest that the contract tests hold; what it has otherwise is in odoo_versions.py
READING_METHODS = frozenset(
    {
        "read",
        "search",
        "search_read",
        "search_count",
        "fields_get",
        "formatted_read_group",
        "web_search_read",
        "check_object_reference",
        "context_get",
        "has_access",
    }
)

Role = Literal["read", "write", "admin"]
Operation = Literal["read", "write", "create", "unlink"]
Domain = list[Any]
Record = dict[str, Any]


class Transport(Protocol):
    """How calls travel to one server: JSON-2 or XML-RPC. It makes one attempt; what repeats stands above it."""

    url: str
    timeout_s: float

    def send(self, model: str, method: str, arguments: dict[str, Any], *, is_write: bool) -> bytes:
        """The body of the answer as it came. Raises the errors of odoo_errors; `is_write`: no answer is an unclear outcome."""
        ...

    def parse(self, body: bytes, what: str, *, is_write: bool) -> Any:
        """That body as values, numbers with a point as Decimal; `what` names the call in an error."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class OdooReader:
    """Reading calls within one company. Amounts come back as Decimal, a many-to-one as [id, name], nothing as False."""

    def __init__(self, transport: Transport, company_id: int, *, major_version: int = 19, attempts: int = 5) -> None:
        self._transport, self.company_id, self.major_version = transport, company_id, major_version
        self._attempts = attempts

    def call(self, model: str, method: str, **arguments: Any) -> Any:
        """The answer of a reading method. Raises PermanentError for any other method, before anything is sent."""
        return self._read(model, method, arguments)[1]

    def _read(self, model: str, method: str, arguments: dict[str, Any]) -> tuple[bytes, Any]:
        """(the JSON as it came, or in the words of Odoo 19 where an older one sent it; the same parsed)."""
        if method not in READING_METHODS:
            raise PermanentError(f"The Odoo reader only reads; it refused {model}/{method}.", source="odoo")
        what = f"{model}/{method}"
        method, arguments = older_method(method, arguments, self.major_version)
        asked = self._in_company(as_older(model, arguments, self.major_version))

        def once() -> tuple[bytes, Any]:
            body = self._transport.send(model, method, asked, is_write=False)
            answer = self._transport.parse(body, what, is_write=False)  # a cut body is found here, and read again
            if self.major_version >= NEWEST:
                return body, answer
            newer = as_newer(model, answer, self.major_version)
            return encode(newer), newer

        return with_retries(once, attempts=self._attempts)

    def search_read(self, model: str, domain: Domain, fields: Sequence[str], **options: Any) -> list[Record]:
        """Records of `model` in `domain` with `fields`; `order`, `limit` as Odoo takes them."""
        return self.call(model, "search_read", domain=domain, fields=list(fields), **options)

    def search_count(self, model: str, domain: Domain) -> int:
        """How many records of `model` that the user may see meet `domain`; archived ones only where the domain names `active`."""
        return self.call(model, "search_count", domain=domain)

    def read(self, model: str, ids: Sequence[int], fields: Sequence[str]) -> list[Record]:
        """The records with `ids`, in that order; a missing one is left out, as Odoo does."""
        return self.call(model, "read", ids=list(ids), fields=list(fields)) if ids else []

    def pages(
        self, model: str, domain: Domain, fields: Sequence[str], *, size: int = 500
    ) -> Iterator[tuple[bytes, list[Record]]]:
        """Everything in `domain` by id, a page at a time: (the JSON, in the words of Odoo 19, the records in it).

        Keyset paging (id greater than the last one), so a record that appears meanwhile shifts no page.
        """
        last_id = 0
        while True:
            here = [["id", ">", last_id], *domain]
            asked = {"domain": here, "fields": list(fields), "order": "id", "limit": size}
            body, records = self._read(model, "search_read", asked)
            if not records:
                return
            if records[-1]["id"] <= last_id:
                raise SourceContractBroken(
                    f"Odoo answered {model} out of order after id {last_id}. {NOT_AGAIN}", source="odoo"
                )
            yield body, records
            if len(records) < size:
                return
            last_id = records[-1]["id"]

    def all_of(self, model: str, domain: Domain, fields: Sequence[str], *, size: int = 500) -> list[Record]:
        """Everything in `domain`, by id."""
        return [record for _, records in self.pages(model, domain, fields, size=size) for record in records]

    def ids_of_names(self, model: str, module: str, names: Iterable[str]) -> dict[str, int]:
        """The ids of the records of `model`, archived ones too, that carry the external ids `module`.`name`, by name.
        A name that Odoo does not know is left out.

        One call a name: `get_external_id` answers all at once, with numbers as keys, which XML-RPC cannot send, and a
        billing user may not search `ir.model.data` (docs/decisions/0016-external-ids-are-asked-one-by-one.md).
        """
        found = {}
        for name in dict.fromkeys(names):
            try:
                got = self.call(
                    "ir.model.data",
                    "check_object_reference",
                    module=module,
                    xml_id=name,
                    context={"active_test": False},  # an archived record is there too
                )
            except PermanentError as error:
                if UNKNOWN_NAME not in str(error):
                    raise
                continue
            if got[0] == model and got[1]:
                found[name] = int(got[1])
        return found

    def field_names(self, model: str) -> frozenset[str]:
        """The fields that this user sees on `model`."""
        return frozenset(self.call(model, "fields_get", attributes=["type"]))

    def name_of(self, model: str, field: str) -> str:
        """What this server calls `field`: for the setup, which makes fields."""
        return older_name(model, field, self.major_version)

    def can(self, model: str, operation: Operation) -> bool:
        """Whether this user may do `operation` on `model` in general."""
        return bool(self.call(model, "has_access", ids=[], operation=operation))

    def server_time(self) -> datetime | None:
        """The present by the server's own clock, to the second, or None when it does not say. Raises Unreachable."""
        got = _ask_version(self._transport.url, self._transport.timeout_s)
        said = got.headers.get("Date")
        return parsedate_to_datetime(said) if said else None

    def _in_company(self, arguments: dict[str, Any]) -> dict[str, Any]:
        context = {**arguments.get("context", {}), "allowed_company_ids": [self.company_id]}
        return {**arguments, "context": context}

    def close(self) -> None:
        """Give the connections back; the client is not used after it."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OdooWriter(OdooReader):
    """Reading and writing calls. A write is sent once; after UnclearOutcome the caller looks before acting again."""

    def write_call(self, model: str, method: str, **arguments: Any) -> Any:
        """One transaction at Odoo, all or nothing. Raises as Json2.send does."""
        what = f"{model}/{method}"
        asked = self._in_company(as_older(model, arguments, self.major_version))
        body = self._transport.send(model, method, asked, is_write=True)
        return self._transport.parse(body, what, is_write=True)

    def load(self, model: str, fields: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
        """Insert or update by external id, all or nothing: the ids of the records, in the order of their first rows.

        This is the one key that Odoo's database enforces and a billing user may use (facts: odoo "Idempotency keys
        compared"). Raises RowsRefused with Odoo's words for each bad row, TransientError for a conflict.
        """
        answer = self.write_call(model, "load", fields=list(fields), data=[list(row) for row in rows])
        if answer.get("ids"):
            return [int(i) for i in answer["ids"]]
        messages = tuple(_words(m) for m in answer.get("messages", ()))
        if messages and all(SERIALIZATION in m for m in messages):
            raise TransientError(
                f"Odoo refused {model}/load: another call changed the same record. {AGAIN}", source="odoo"
            )
        said = "; ".join(dict.fromkeys(messages))[:600] or "it gave no reason"
        raise RowsRefused(f"Odoo refused {model}/load: {said.rstrip('.')}. {NOT_AGAIN}", messages=messages)


def _words(message: Any) -> str:
    text = message.get("message", "") if isinstance(message, dict) else message
    return " ".join(str(text).split())


def id_of(value: Any) -> int | None:
    """The id in a many-to-one as Odoo answers it ([id, name] or False)."""
    return int(value[0]) if value else None


def text_of(value: Any) -> str:
    """A text field: Odoo answers False for an empty one."""
    return str(value) if value else ""


def _ask_version(url: str, timeout_s: float) -> requests.Response:
    try:
        return requests.get(f"{url}/web/version", timeout=(min(10, timeout_s), timeout_s), allow_redirects=False)
    except requests.exceptions.RequestException as error:
        raise lost(
            error, f"Odoo could not be asked for its version at {url}", setting="NEXABOOKS_ODOO_URL", source="odoo"
        ) from None


def server_version(url: str, *, timeout_s: float = 30) -> int:
    """The major version of the server at `url`, asked without a key. Raises Unreachable, SettingsError."""

    def once() -> int:
        try:
            got = _ask_version(url, timeout_s)
            if got.status_code == 200 and is_page(got.content):
                said = f"There is no Odoo at {url}: a web page came. Check host, port and path in NEXABOOKS_ODOO_URL."
                raise SettingsError(said, source="odoo")
            if got.status_code == 200:
                return int(got.json()["version_info"][0])
            if got.status_code >= 500:
                raise no_answer("its version", f"HTTP {got.status_code}", is_write=False)
            body = b"<?xml version='1.0'?><methodCall><methodName>version</methodName><params></params></methodCall>"
            got = requests.post(
                f"{url}/xmlrpc/2/common",
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=(min(10, timeout_s), timeout_s),
            )
            return int(parse_answer(got.content)["server_version_info"][0])
        except requests.exceptions.JSONDecodeError:
            raise no_answer("its version", "the answer was cut short", is_write=False) from None
        except requests.exceptions.RequestException as error:
            raise lost(
                error, f"Odoo could not be asked for its version at {url}", setting="NEXABOOKS_ODOO_URL", source="odoo"
            ) from None
        except (ValueError, KeyError, IndexError, TypeError):
            raise SettingsError(f"There is no Odoo at {url}. Check NEXABOOKS_ODOO_URL.", source="odoo") from None

    return with_retries(once)


@overload
def open_odoo(settings: Settings, role: Literal["read"] = "read") -> OdooReader: ...
@overload
def open_odoo(settings: Settings, role: Literal["write", "admin"]) -> OdooWriter: ...
def open_odoo(settings: Settings, role: Role = "read") -> OdooReader:
    """A client for the company of `settings`: an OdooReader for "read", an OdooWriter for "write" and "admin".

    "admin" uses the admin key, which only `nexabooks odoo setup --apply` needs. Raises SettingsError naming every
    missing setting, Unreachable when no server answers.
    """
    key_field = "odoo_admin_key" if role == "admin" else "odoo_api_key"
    missing = settings.missing("odoo_url", "odoo_database", key_field)
    if missing:
        raise SettingsError(f"Odoo cannot be asked: set {', '.join(missing)}.", source="odoo")
    refuse_wrong_settings(settings, "odoo")
    url, key, timeout_s = (
        settings.odoo_url.rstrip("/"),
        secret(getattr(settings, key_field)),
        settings.request_timeout_s,
    )
    major_version = server_version(url, timeout_s=timeout_s)
    if major_version < OLDEST_VERSION:
        raise SettingsError(
            f"Odoo {major_version} at {url} is too old: {OLDEST_VERSION} is the oldest that can be read and posted to.",
            source="odoo",
        )
    transport: Transport
    if major_version >= 19:
        transport = Json2(url, settings.odoo_database, key, timeout_s=timeout_s)
    else:
        login = (role == "admin" and settings.odoo_admin_login) or settings.odoo_login
        transport = XmlRpc(url, settings.odoo_database, login, key, timeout_s=timeout_s)
    kind = OdooReader if role == "read" else OdooWriter
    return kind(transport, settings.odoo_company_id, major_version=major_version)

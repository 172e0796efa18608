"""XML-RPC, the transport of Odoo 17 and 18: execute_kw at /xmlrpc/2/object, the API key in the place of the password.

Two traps (facts: odoo "XML-RPC calls"): a method that returns None answers a fault *after* its commit, so that fault
means done; and `create` answers a number for one record, a list for a list, so a list is always sent.
"""

from __future__ import annotations

import re
import xmlrpc.client
from decimal import Decimal
from typing import Any
from xml.parsers.expat import ExpatError

import requests

from nexabooks.clients.odoo_errors import LOCKED, SERIALIZATION, error_of, no_answer
from nexabooks.clients.odoo_json2 import decode, encode, lost_connection
from nexabooks.errors import NexabooksError, PermanentError, SettingsError

FAULT_NAMES = {3: "odoo.exceptions.AccessDenied", 4: "odoo.exceptions.AccessError", 2: "odoo.exceptions.UserError"}


BY_PLACE = {"create": "vals_list", "write": "vals"}
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
_NOT_IN_XML = dict.fromkeys(set(range(32)) - {9, 10, 13})


class _Writing(xmlrpc.client.Marshaller):
    """Writes a Decimal as a double with exactly its digits, refuses a float, and leaves out the control characters that
    XML has no form for (Odoo leaves them out of its own answers)."""

    # The library looks types up in this class dict.
    dispatch: dict[Any, Any] = dict(xmlrpc.client.Marshaller.dispatch)  # noqa: RUF012

    def _dump_decimal(self, value: Decimal, write: Any) -> None:
        write(f"<value><double>{value:f}</double></value>\n")

    def _refuse_float(self, value: float, write: Any) -> None:
        raise TypeError(f"{value!r} is a float; amounts go to Odoo as text or Decimal.")

    def _dump_text(self, value: str, write: Any) -> None:
        self.dump_unicode(value.translate(_NOT_IN_XML), write)

    dispatch[str] = _dump_text
    dispatch[Decimal] = _dump_decimal
    dispatch[float] = _refuse_float


class _Reading(xmlrpc.client.Unmarshaller):
    """Reads a double as a Decimal with exactly its digits."""

    dispatch: dict[Any, Any] = dict(xmlrpc.client.Unmarshaller.dispatch)  # noqa: RUF012

    def _end_double(self, data: str) -> None:
        self.append(Decimal(data.strip()))
        self._value = False

    dispatch["double"] = _end_double


def parse_answer(body: bytes) -> Any:
    """The value in an XML-RPC answer. Raises xmlrpc.client.Fault for a fault, ValueError when it is not one."""
    reader = _Reading(use_builtin_types=True)
    parser = xmlrpc.client.ExpatParser(reader)
    try:
        parser.feed(body)
        parser.close()
        return reader.close()[0]
    except xmlrpc.client.Fault:
        raise
    except (xmlrpc.client.Error, ExpatError, IndexError):
        raise ValueError("The answer is not XML-RPC.") from None


class XmlRpc:
    """One database of one server, one user and key. Answers come back as JSON, like those of JSON-2."""

    def __init__(self, url: str, database: str, login: str, key: str, *, timeout_s: float) -> None:
        if not login:
            raise SettingsError("Odoo before 19 is asked by XML-RPC, which needs a login: set NEXABOOKS_ODOO_LOGIN.")
        self.url, self.database, self.login, self.timeout_s = url.rstrip("/"), database, login, timeout_s
        self._key = key
        self._session = requests.Session()
        self._session.trust_env = False
        self._uid: int | None = None

    def send(self, model: str, method: str, arguments: dict[str, Any], *, is_write: bool) -> bytes:
        """As Json2.send."""
        arguments = dict(arguments)
        context = arguments.pop("context", {})
        positional: list[Any] = []
        if "ids" in arguments:
            positional.append(arguments.pop("ids"))
        # Before 19 a model may call them otherwise (`ResCompany.write(self, values)`), so values go by their place.
        if method in BY_PLACE and BY_PLACE[method] in arguments:
            positional.append(arguments.pop(BY_PLACE[method]))
        named = {**arguments, "context": context}
        what = f"{model}/{method}"
        params = (self.database, self._user_id(), self._key, model, method, positional, named)
        return encode(self._ask("object", "execute_kw", params, what=what, is_write=is_write))

    def parse(self, body: bytes, what: str, *, is_write: bool) -> Any:
        """As Json2.parse."""
        return decode(body)

    def close(self) -> None:
        """As Json2.close."""
        self._session.close()

    def _user_id(self) -> int:
        if self._uid is None:
            params: tuple[Any, ...] = (self.database, self.login, self._key, {})
            uid = self._ask("common", "authenticate", params, what="the login", is_write=False)
            if not uid:
                raise error_of("odoo.exceptions.AccessDenied", "Access Denied", what=f"the login of {self.login}")
            self._uid = int(uid)
        return self._uid

    def _ask(self, service: str, call: str, params: tuple[Any, ...], *, what: str, is_write: bool) -> Any:
        written = _Writing("utf-8").dumps(params)
        body = f"<?xml version='1.0'?>\n<methodCall>\n<methodName>{call}</methodName>\n{written}</methodCall>\n"
        try:
            got = self._session.post(
                f"{self.url}/xmlrpc/2/{service}",
                data=body.encode(),
                headers={"Content-Type": "text/xml"},
                timeout=(min(10, self.timeout_s), self.timeout_s),
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            raise lost_connection(error, what, is_write=is_write) from None
        if got.status_code >= 500:
            raise no_answer(what, f"HTTP {got.status_code}", is_write=is_write)
        if got.status_code != 200:
            raise PermanentError(
                f"Odoo refused {what}: HTTP {got.status_code}. Another attempt will not help.", source="odoo"
            )
        try:
            return parse_answer(got.content)
        except ValueError:
            raise no_answer(what, "the answer was cut short", is_write=is_write) from None
        except xmlrpc.client.Fault as fault:
            if "cannot marshal None" in str(fault.faultString):
                return None
            raise self._error_of_fault(fault, what) from None

    def _error_of_fault(self, fault: xmlrpc.client.Fault, what: str) -> NexabooksError:
        if fault.faultCode == 1 and _NO_DATABASE.search(str(fault.faultString)):
            return SettingsError(
                f"Odoo has no database {self.database!r} at this address ({what}). Check NEXABOOKS_ODOO_DATABASE.",
                source="odoo",
            )
        return _error_of_fault(fault, what)


def _error_of_fault(fault: xmlrpc.client.Fault, what: str) -> NexabooksError:
    """Fault 1 carries a traceback: the line after its last frame names the error, and only that line is shown."""
    words = str(fault.faultString).strip()
    if fault.faultCode == 2 and words.startswith(LOCKED):
        return error_of("odoo.exceptions.LockError", words, what=what)
    if fault.faultCode in FAULT_NAMES:
        return error_of(FAULT_NAMES[fault.faultCode], words, what=what)
    *_, last_frame = words.rsplit('\n  File "', 1)
    said = next((line for line in last_frame.splitlines()[1:] if line[:1].strip()), words.rsplit("\n", 1)[-1])
    if SERIALIZATION in words:
        return error_of("psycopg2.errors.SerializationFailure", "a conflict in its database", what=what)
    if said.startswith("psycopg2."):
        name, _, message = said.partition(":")
        return error_of(name, message, what=what)
    return error_of("builtins.Error", said, what=what)

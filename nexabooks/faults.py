"""What is wrong with the value of a setting, in words that follow its name; '' when nothing is. No value is repeated here
that may hold a secret: a password that is not percent-encoded ends up in any part of an address."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from nexabooks.errors import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import URL

MOST_S = 3600  # a socket refuses a timeout of some hundred years, and nobody means one of an hour
# What an address may name -> the driver that is really used; libpq's own two forms are meant like the third.
POSTGRES_DRIVERS = dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg2"), "postgresql+psycopg2")
STORE_DRIVERS = POSTGRES_DRIVERS | dict.fromkeys(("sqlite", "sqlite+pysqlite"), "sqlite")
# user:password@ at most once, as SQLAlchemy reads it, and no other "@" behind it.
_ONE_AT = re.compile(r"[^:]+://(?:[^:/]*(?::[^@]*)?@)?[^@]*", re.DOTALL)


def of_time_zone(name: str) -> str:
    """A zone of the IANA table that this machine has."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones, such as America
        return f"is {name!r}, which is no time zone; write one as America/Toronto"
    return ""


def of_currency(code: str) -> str:
    """Three capital letters; whether a source or Odoo knows the currency is not looked at."""
    if re.fullmatch("[A-Z]{3}", code):
        return ""
    return f"is {code!r}, which is no currency code; write three capital letters, such as CAD"


def of_web_address(text: str) -> str:
    """An http or https address with a host, which Python can turn into a name to look up."""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna").decode()  # refuses an empty part of a name, as in http://a..b
        usable = parts.scheme in ("http", "https") and host and parts.port != 0
    except ValueError:  # a bracket or a port that is none, a part that is empty or too long
        usable = False
    if not usable or not text.isprintable() or " " in text:
        return "is no address of the form https://host/path"
    if "@" in parts.netloc:
        return "carries a user name or a password, which would be shown; the key has a setting of its own"
    return ""


def of_key(value: SecretStr | str) -> str:
    """Keys travel in HTTP headers."""
    key = value.get_secret_value() if isinstance(value, SecretStr) else value
    is_plain = key.isascii() and key.isprintable() and " " not in key
    return "" if is_plain else "holds a blank or a character that is not ASCII, such as a curly quote; copy it again"


def of_rate(per_s: float) -> str:
    """Requests a second: more than none, and finite."""
    return "" if 0 < per_s < math.inf else "must be more than zero requests a second"


def of_timeout(timeout_s: float) -> str:
    """Seconds: more than none, and no more than the wires may wait."""
    return "" if 0 < timeout_s <= MOST_S else f"must be more than zero seconds, and at most {MOST_S}"


def of_postgres(value: SecretStr) -> str:
    """The address of a PostgreSQL database; no part of its password gets into the words."""
    return _of_database(value.get_secret_value(), POSTGRES_DRIVERS)


def of_store(text: str) -> str:
    """The ops store's address, and that the folder of a SQLite file can be made."""
    fault = _of_database(text, STORE_DRIVERS)
    if fault or not text.startswith("sqlite"):
        return fault
    return of_folder_to_write(Path(database_url("", text, STORE_DRIVERS).database or "").parent)


def of_folder_to_write(path: Path) -> str:
    """Of the folder, or of the nearest one above it that is there: it would be made below that. Nothing is written."""
    there = next((p for p in (path, *path.absolute().parents) if p.exists()), Path("/"))
    if not there.is_dir():
        return f"needs a folder where {there} is a file"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"needs to write in {there}, which is not allowed"


def of_sql(folder: Path) -> str:
    """A folder with the dbt project in it."""
    return "" if (folder / "dbt_project.yml").is_file() else f"is {folder}, which holds no dbt_project.yml{_FROM_HERE}"


def of_expectations(folder: Path) -> str:
    """A folder with at least one file of expectations below one of its layers."""
    return "" if any(folder.glob("*/*.yml")) else f"is {folder}, which holds no expectations (*/*.yml){_FROM_HERE}"


_FROM_HERE = "; run from the project's folder, or name the folder"


def database_url(name: str, text: str, drivers: dict[str, str]) -> URL:
    """The address of the database in the setting `name`, its driver named. Raises SettingsError."""
    from sqlalchemy.engine import make_url  # only now: a question to the published file needs none of it
    from sqlalchemy.exc import ArgumentError

    forms = "sqlite:///path or " if "sqlite" in drivers else ""
    form = f"Use {forms}postgresql://role:password@host:5432/database"
    try:
        url = make_url(text)
        if url.port is not None and not 0 < url.port < 65_536:
            raise ValueError("no port")
    except (ArgumentError, ValueError):  # ValueError: a port that is no number; it quotes what may be a password
        raise SettingsError(f"{name} cannot be used: it is no database URL. {form}; {_ENCODE}.") from None
    if url.drivername not in drivers:
        named = " or ".join(sorted(set(drivers.values())))
        raise SettingsError(f"{name} cannot be used: its driver is not {named}. {form}.")
    if drivers[url.drivername] == "sqlite":
        if not url.database or url.database == ":memory:":
            raise SettingsError(f"{name} names no file; what is in it must outlive the process, so give it a path.")
    elif not _ONE_AT.fullmatch(text):
        raise SettingsError(f'{name} cannot be used: there is an "@" too many in it. {form}; {_ENCODE}.')
    return url.set(drivername=drivers[url.drivername])


_ENCODE = "percent-encode the password (@ is %40, : is %3A, / is %2F)"


def _of_database(text: str, drivers: dict[str, str]) -> str:
    try:
        database_url("", text, drivers)
    except SettingsError as error:
        return str(error).strip().removesuffix(".")
    return ""

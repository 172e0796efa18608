"""vTiger's streams as data, and the fields that each may not be without (facts: vtiger "Modules and fields")."""

from __future__ import annotations

from nexabooks.streams import Stream

# References to other records: linking a ticket fills its account and contact, and deleting what one points to empties it.
# Neither touches modifiedtime; the periodic full reading brings it. What they are called on time logs, each server knows.
_OF_CASES = ("parent_id", "contact_id", "product_id", "asset_id", "servicecontract_id")
_OF_PEOPLE = ("account_id", "contact_id")

STREAMS = (
    # Closing a linked ticket rewrites used_units, progress and end_date and leaves modifiedtime as it was. So a
    # contract's modifiedtime tells nothing, and the contracts, which are few, are read whole.
    Stream("service_contracts", ("id",), may_not_lose="prepaid hours that a customer bought"),
    # Module Cases in the cloud, HelpDesk on a self-hosted server.
    Stream("cases", ("id",), cursor="modifiedtime", may_not_lose="work done under a contract", untold=_OF_CASES),
    # Module and field names differ between servers and are in no public document: a person maps them once.
    Stream("timelogs", ("id",), cursor="modifiedtime", may_not_lose="billable time"),
    Stream("timelog_mapping", ("module",), may_not_lose="what the fields of a time log mean on this server"),
    Stream("accounts", ("id",), cursor="modifiedtime", may_not_lose="whom a contract is for", untold=_OF_PEOPLE),
    Stream(
        "contacts",
        ("id",),
        cursor="modifiedtime",
        may_not_lose="the account of a contract made out to a person",
        untold=_OF_PEOPLE,
    ),
    # A relation has no time stamp, and unlinking leaves no trace: every link is read every time.
    Stream("links", ("contract_id", "case_id"), may_not_lose="which work counts against which contract"),
)

# The cloud's name first: a cloud server may list both.
CASE_MODULES = ("Cases", "HelpDesk")
CONTRACTS = "ServiceContracts"
MODULES = {"service_contracts": CONTRACTS, "accounts": "Accounts", "contacts": "Contacts"}

# A field that the API user's profile hides is missing from every record and not empty, so it is asked for beforehand.
NEEDED_FIELDS = {
    CONTRACTS: (
        "subject",
        "contract_no",
        "sc_related_to",
        "start_date",
        "due_date",
        "tracking_unit",
        "total_units",
        "used_units",
        "contract_status",
        "modifiedtime",
    ),
    "HelpDesk": ("ticket_no", "ticket_title", "parent_id", "ticketstatus", "hours", "days", "modifiedtime"),
    "Cases": ("case_no", "title", "parent_id", "servicecontract_id", "casestatus", "modifiedtime"),
    "Accounts": ("accountname", "modifiedtime"),
    "Contacts": ("lastname", "account_id", "modifiedtime"),
}

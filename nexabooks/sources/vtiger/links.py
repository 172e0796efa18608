"""Which case counts against which contract, every link, every time.

In the cloud a case names its contract (`servicecontract_id`). Self-hosted there is only the related list of the contract,
asked for by its label; `query_related` pages it, `retrieve_related` would silently stop at 100 (facts: vtiger "Related
records").
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import orjson

from nexabooks.sources.vtiger.pages import read_all
from nexabooks.sources.vtiger.server import Server
from nexabooks.sources.vtiger.streams import CONTRACTS
from nexabooks.streams import Batch, Claim, Finished

CONTRACT_FIELD = "servicecontract_id"
CONTRACTS_A_QUERY = 50


def read_links(server: Server) -> Iterator[Batch | Finished]:
    """Every pair of contract and case: `contract_id`, `case_id`, both as vTiger's ids."""
    contracts = server.module(CONTRACTS)
    contract_ids = read_all(server.ask, CONTRACTS, contracts.prefix, columns="id").ids
    cases = server.module(server.case_module)
    find = _by_field if CONTRACT_FIELD in cases.fields else _by_related_list
    link_count = 0
    for links in find(server, contract_ids):
        if links:
            link_count += len(links)
            body = orjson.dumps([{"contract_id": contract, "case_id": case} for contract, case in links])
            yield Batch("links", bodies=(body,), records_at="[]", row_count=len(links))
    yield Finished("links", is_complete=True, claims=(Claim("links", link_count),))


def _by_field(server: Server, contract_ids: tuple[str, ...]) -> Iterator[list[tuple[str, str]]]:
    """By the reference in the case. "Not empty" cannot be asked of a reference, so it is asked for contract by contract."""
    cases = server.module(server.case_module)
    left = iter(contract_ids)
    while chunk := list(islice(left, CONTRACTS_A_QUERY)):
        wanted = "','".join(chunk)
        where = f"{CONTRACT_FIELD} IN ('{wanted}')"
        found = read_all(server.ask, cases.name, cases.prefix, where=where, columns=CONTRACT_FIELD)
        # A contract that was just deleted still answers to its old id, and its cases then show "".
        yield [(row[CONTRACT_FIELD], row["id"]) for row in found.rows if row[CONTRACT_FIELD]]


def _by_related_list(server: Server, contract_ids: tuple[str, ...]) -> Iterator[list[tuple[str, str]]]:
    cases = server.module(server.case_module)
    label = server.relation_label(cases.name)
    for contract_id in contract_ids:
        ask = partial(server.ask_related, contract_id, label)
        found = read_all(ask, cases.name, cases.prefix, columns="id")
        yield [(contract_id, id) for id in found.ids]

"""The story's vTiger: services sold as contracts with prepaid hours, to some of the same companies and to one more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nexabooks.sandbox.making import utc
from nexabooks.sandbox.world import Account, Case, Contact, ServiceContract, Timelog

ACCOUNTS = (
    Account(
        "101",
        "Alder & Finch Bakery Inc.",
        "accounts@alderfinch.example",
        {"bill_city": "Toronto"},
        utc("2026-01-12T15:00:00"),
    ),
    Account(
        "102",
        "Dunlop Legal Services P.C.",
        "billing@dunloplegal.example",
        {"bill_city": "Hamilton"},
        utc("2026-01-12T15:00:00"),
    ),
    Account(
        "103",
        "Foundry Robotics Inc.",
        "AP@foundryrobotics.example",
        {"bill_city": "Waterloo"},
        utc("2026-02-02T10:20:30"),
    ),
    Account(
        "104",
        "Granite Ridge Outfitters",
        "office@graniteridge.example",
        {"bill_city": "Sudbury"},
        utc("2026-03-09T18:45:00"),
    ),
)
CONTACTS = (
    Contact("201", "Inès", "Finch", "ines@alderfinch.example", "101", utc("2026-01-12T15:01:00")),
    Contact("202", "Morag", "Dunlop", "m.dunlop@dunloplegal.example", "102", utc("2026-01-12T15:02:00")),
    Contact("203", "Wei", "Zhang", "ap@foundryrobotics.example", "103", utc("2026-02-02T10:21:00")),
    Contact("204", "Callum", "O'Rourke", "callum@graniteridge.example", "104", utc("2026-03-09T18:46:00")),
    Contact("205", "Marta", "Kowalczyk", "marta.kowalczyk@lingua.example", "", utc("2026-03-09T18:46:00")),
)
CONTRACTS = (
    ServiceContract(
        "301",
        "SERCON1",
        "Retainer 20 h, bakery",
        "101",
        date(2026, 1, 1),
        date(2026, 12, 31),
        Decimal("20.00"),
        Decimal("7.50"),
        modified_at=utc("2026-05-22T19:05:00"),
    ),
    ServiceContract(
        "302",
        "SERCON2",
        "Migration support, prepaid 10 h",
        "102",
        date(2026, 4, 1),
        date(2026, 9, 30),
        Decimal("10.00"),
        Decimal("10.25"),
        modified_at=utc("2026-05-28T20:00:00"),
    ),
    ServiceContract(
        "303",
        "SERCON3",
        "Robotics ERP support",
        "103",
        date(2025, 6, 1),
        date(2026, 5, 31),
        Decimal("40.00"),
        Decimal("38.00"),
        contract_status="Complete",
        modified_at=utc("2026-06-01T04:00:00"),
    ),
)
CASES = (
    Case(
        "401",
        "CC1",
        "Invoice template shows the wrong logo",
        "101",
        "301",
        "Closed",
        Decimal("1.50"),
        utc("2026-02-04T16:00:00"),
    ),
    Case(
        "402",
        "CC2",
        "Point of sale slow on Saturdays",
        "101",
        "301",
        "Closed",
        Decimal("4.00"),
        utc("2026-04-18T13:30:00"),
    ),
    Case("403", "CC3", "Loyalty card import", "101", "301", "In Progress", Decimal("2.00"), utc("2026-05-22T19:05:00")),
    Case("404", "CC4", "Trust account migration", "102", "302", "Closed", Decimal("8.25"), utc("2026-05-12T17:10:00")),
    Case("405", "CC5", "Training, two sessions", "102", "302", "Open", Decimal("2.00"), utc("2026-05-28T20:00:00")),
    Case("406", "CC6", "Bill of materials report", "103", "303", "Closed", Decimal("6.00"), utc("2026-05-28T20:00:00")),
    Case("407", "CC7", "Quote for a web shop", "104", "", "Open", Decimal("0.00"), utc("2026-05-29T14:00:00")),
)
TIMELOGS = (
    Timelog("501", "401", "301", date(2026, 2, 3), 90, True, utc("2026-02-03T21:00:00")),
    Timelog("502", "402", "301", date(2026, 4, 17), 180, True, utc("2026-04-17T21:00:00")),
    Timelog("503", "402", "301", date(2026, 4, 18), 60, True, utc("2026-04-18T13:30:00")),
    Timelog("504", "403", "301", date(2026, 5, 22), 120, True, utc("2026-05-22T19:05:00")),
    Timelog("505", "404", "302", date(2026, 5, 11), 255, True, utc("2026-05-11T21:00:00")),
    Timelog("506", "404", "302", date(2026, 5, 12), 240, True, utc("2026-05-12T17:10:00")),
    Timelog("507", "405", "302", date(2026, 5, 28), 120, True, utc("2026-05-28T20:00:00")),
    Timelog("508", "405", "302", date(2026, 5, 28), 20, False, utc("2026-05-28T20:00:00")),
    Timelog("509", "406", "303", date(2026, 5, 28), 360, True, utc("2026-05-28T20:00:00")),
)

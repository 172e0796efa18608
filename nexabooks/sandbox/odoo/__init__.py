"""A pretend Odoo 19 Community on loopback: JSON-2 and XML-RPC, drafts, taxes, posting, payments, matching.

    service.py                        the server; asking.py asks it without a socket, practice.py is a small set of books
    json2.py, xmlrpc.py               the transports
    dispatch.py                       one call, one transaction; access.py its rights, refusals.py its errors
    store.py, env.py, fields.py       rows, undo, unique indexes; records.py and model.py what every model can do
    domains.py, reading.py, loading.py    searching, nested reads and totals, load
    base_models.py, journals.py, taxes.py, technical.py, chart.py, countries.py    the database and its first day
    moves.py, move_lines.py           entries: line_input.py what was given, invoicing.py the figures, settlement.py what is open
    posting.py, sequences.py          checks, lock dates, numbers
    reconciling.py, payments.py, payment_register.py, reversals.py    money and credit notes

What the real Odoo does and this one does not is answered with status 501 and the name nexabooks.sandbox.NotPretended.
"""

from nexabooks.sandbox.odoo.service import OdooService

__all__ = ["OdooService"]

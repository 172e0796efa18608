"""A pretend Odoo 19 Community on loopback: JSON-2 and XML-RPC, drafts, taxes, posting, payments, matching.

    service.py     the server           json2.py, xmlrpc.py   the transports    dispatch.py   one call, one transaction
    store.py       tables and undo      fields.py, model.py   what every model can do    domains.py, reading.py, loading.py
    access.py      users and rights     refusals.py           every error by name
    base_models.py contacts, currencies journals.py, taxes.py, chart.py, countries.py, technical.py    the rest of a database
    moves.py       account.move         invoicing.py (figures)    posting.py, sequences.py (numbers)    reconciling.py
    payments.py, reversals.py           the wizards too

What the real Odoo does and this one does not is answered with status 501 and the name nexabooks.sandbox.NotPretended.
"""

from nexabooks.sandbox.odoo.service import OdooService

__all__ = ["OdooService"]

"""How the page of a plan looks: its template and its style sheet, in one piece because the page is one file."""

from __future__ import annotations

STYLE = """
:root { --ink: #1d2733; --soft: #5d6b7a; --line: #dde3ea; --back: #f6f8fa; --good: #14532d; --warn: #8a5a00; --bad: #a11b1b; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 1480px; margin: 0 auto; padding: 28px 24px 60px; }
h1 { margin: 0 0 4px; font-size: 24px; } h2 { margin: 34px 0 6px; font-size: 17px; }
p { margin: 4px 0 10px; } .soft { color: var(--soft); }
code { font: 12.5px ui-monospace, Menlo, Consolas, monospace; background: #eaeff4; padding: 1px 5px; border-radius: 4px; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 18px 0; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 10px 16px; min-width: 104px; }
.tile b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 12.5px; }
.tile.warn b { color: var(--warn); } .tile.bad b { color: var(--bad); } .tile.none b { color: #a9b4bf; }
.box { background: #fff8e6; border: 1px solid #ecd9a3; border-left: 5px solid #d9a514; border-radius: 8px; padding: 10px 16px; margin: 12px 0; }
.sheet { overflow-x: auto; background: #fff; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; } th, td { padding: 6px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-size: 12px; color: var(--soft); font-weight: 600; background: #fbfcfd; white-space: nowrap; } tr:last-child td { border-bottom: 0; }
td.money, th.money { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.why { min-width: 220px; } .below { color: var(--soft); } td.day, td.step, td.no { white-space: nowrap; }
tr.same td { border-bottom-color: var(--line); color: var(--soft); } tr.sum td { font-weight: 600; background: #fbfcfd; }
tr:has(+ tr.same) td { border-bottom: 0; } .id { min-width: 150px; white-space: normal; color: var(--soft); font-size: 12px; overflow-wrap: anywhere; }
.tag { font-size: 12px; padding: 1px 7px; border-radius: 9px; background: #e7eef6; white-space: nowrap; }
.tag.new { background: #dff3e4; color: var(--good); } .tag.gone { background: #fbe3e3; color: var(--bad); } .tag.changed { background: #fdf0d0; color: var(--warn); }
details > summary { cursor: pointer; margin: 6px 0; } ul { margin: 4px 0 10px; padding-left: 20px; }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } .sheet { border: 0; } tr { break-inside: avoid; } }
"""

TEMPLATE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plan {{ plan.hash[:14] }}, {{ plan.company_name }}</title><style>"""
    + STYLE
    + """</style></head><body><main>
{% macro who(row) %}<span title="{{ row.customer_id }}">{{ row.customer_name or row.customer_id }}</span>{% endmacro %}
{% macro more(count) %}{% if count > most_rows %}<p class="soft">{{ count - most_rows }} more rows are not shown: <code>nexabooks plan --json</code> has them all.</p>{% endif %}{% endmacro %}
<h1>Plan for {{ plan.company_name }}</h1>
<p class="soft">Made {{ made_at }} by run {{ plan.run_id }}. Mode: {{ mode_says }}.<br>Hash <code>{{ plan.hash }}</code></p>
<div class="tiles">
{% for label, figure, style in tiles %}<div class="tile {{ style }}"><b>{{ figure }}</b><span>{{ label }}</span></div>
{% endfor %}
</div>
{% if plan.trips %}
<h2>Brakes</h2>
{% for trip in plan.trips %}
<div class="box"><b>{{ trip.brake.replace("_", " ") }}</b>: {{ trip.says }}.
{% if trip.is_allowed %}<br>A person let it go: {{ trip.holds | length }} invoices and credit notes.
{% else %}<br>Held: {{ trip.holds | length }}. To let it go once: <code>nexabooks allow {{ trip.trip_key }} --by NAME --why WHY</code>, or approve this plan, which includes it.{% endif %}</div>
{% endfor %}
{% endif %}
<h2>What comes into the books</h2>
{% if plan.family_totals %}
<div class="sheet"><table><tr><th>Family</th><th>Account</th><th class="money">Lines</th><th class="money">Before tax</th></tr>
{% for total in plan.family_totals %}
<tr><td>{{ total.service_family }}</td><td>{{ total.account_code }}</td><td class="money">{{ total.line_count }}</td><td class="money">{{ total.net_minor | money(total.currency_code) }}</td></tr>
{% endfor %}
{% for total in plan.tax_totals %}
<tr><td colspan="3">Tax {{ total.tax_code }}</td><td class="money">{{ total.tax_minor | money(total.currency_code) }}</td></tr>
{% endfor %}
{% for code, minor in plan.reversed_minor.items() %}
<tr><td colspan="3">Entries reversed, with tax</td><td class="money">{{ -minor | money(code) }}</td></tr>
{% endfor %}
{% for code, total_minor in plan.totals_minor.items() %}
<tr class="sum"><td colspan="3">Total with tax</td><td class="money">{{ total_minor | money(code) }}</td></tr>
{% endfor %}
</table></div>
<p class="soft">Credit notes are counted against the invoices.</p>
{% else %}<p>No invoice or credit note is new.</p>{% endif %}
{% if plan.money_totals %}
<h2>Money in and out</h2>
<div class="sheet"><table><tr><th>Route</th><th>Direction</th><th class="money">Payments</th><th class="money">Amount</th></tr>
{% for total in plan.money_totals %}
<tr><td>{{ total.route }}</td><td>{{ "from customers" if total.direction == "inbound" else "to customers" }}</td><td class="money">{{ total.payment_count }}</td><td class="money">{{ total.amount_minor | money(total.currency_code) }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
<h2>What is different from the last plan</h2>
{% if changes is none %}<p>There is no earlier plan to compare with.</p>
{% elif not changes %}<p>Nothing.</p>
{% else %}
<div class="sheet"><table><tr><th></th><th>Invoice</th><th>Customer</th><th>Step was</th><th>Step now</th><th class="money">Total was</th><th class="money">Total now</th></tr>
{% for change in changes[:most_rows] %}
<tr><td><span class="tag {{ change.what }}">{{ change.what }}</span></td><td class="no">{{ change.invoice_number }}<div class="id">{{ change.record }}</div></td><td>{{ change.customer_name }}</td><td>{{ change.was }}</td><td>{{ change.now }}</td>
<td class="money">{{ change.was_minor | money(change.currency_code) }}</td><td class="money">{{ change.now_minor | money(change.currency_code) }}</td></tr>
{% endfor %}
</table></div>{{ more(changes | length) }}
{% endif %}
<h2>Step by step: what will be written</h2>
{% if writing %}
<div class="sheet"><table><tr><th>Invoice</th><th>Customer</th><th>Step</th><th>Date, due</th><th class="money">Before tax, tax</th><th class="money">Total</th><th>Accounts, taxes</th><th>Why</th></tr>
{% for row in writing[:most_rows] %}
{% if row.is_same %}<tr class="same"><td></td><td></td><td class="step">{{ step_says(row) }}</td><td colspan="4"></td><td class="why">{{ row.reason }}</td></tr>
{% elif row.kind == "partner" %}<tr><td></td><td>{{ who(row) }}</td><td class="step">{{ step_says(row) }}</td><td colspan="4" class="id">{{ row.customer_id }}</td><td class="why">{{ row.reason }}</td></tr>
{% else %}<tr><td class="no">{{ row.invoice_number }}<div class="id">{{ row.source_system }} {{ row.payment_id or row.source_invoice_id }}{% if row.kind == "credit_note" %} <span class="tag">credit note</span>{% endif %}</div></td><td>{{ who(row) }}</td><td class="step">{{ step_says(row) }}</td><td class="day">{{ row.dated_on or "" }}{% if row.due_on and row.due_on != row.dated_on %}<div class="below">{{ row.due_on }}</div>{% endif %}</td>
<td class="money">{% if row.verb in ("create", "update", "post") %}{{ row.subtotal_minor | money(row.currency_code) }}<div class="below">{{ row.tax_minor | money(row.currency_code) }}</div>{% endif %}</td><td class="money">{{ row.total_minor | money(row.currency_code) }}</td>
<td>{{ row.account_codes | join(", ") }}<div class="below">{{ row.tax_codes | join(", ") }}</div></td><td class="why">{{ row.reason }}{% if row.get("rate") %}<div class="id">Rate: {{ row.rate }}</div>{% endif %}</td></tr>
{% endif %}
{% endfor %}
</table></div>{{ more(writing | length) }}
{% else %}<p>Nothing is written.</p>{% endif %}
{% for part in waiting %}
<h2>{{ part.title }}: {{ part.rows | length }}</h2><p class="soft">{{ part.says }}</p>
{% if part.reasons %}<ul>{% for reason, count in part.reasons %}<li>{{ count }} times: {{ reason }}</li>{% endfor %}</ul>{% endif %}
<details{% if part.rows | length <= 50 %} open{% endif %}><summary>{{ part.rows | length }} rows</summary>
<div class="sheet"><table><tr><th>Invoice</th><th>Customer</th><th>Date</th>{% if part.verb == "correct" %}<th class="money">Posted</th><th class="money">Shall be</th>{% else %}<th class="money">Total</th>{% endif %}<th>Why</th></tr>
{% for row in part.rows[:most_rows] %}
<tr><td class="no">{{ row.invoice_number }}<div class="id">{{ row.source_system }} {{ row.payment_id or row.source_invoice_id }}{% if row.kind == "payment" %} <span class="tag">{{ step_says(row) }}</span>{% endif %}</div></td><td>{{ who(row) }}</td><td class="day">{{ row.dated_on or "" }}</td>{% if part.verb == "correct" %}<td class="money">{{ row.was_minor | money(row.currency_code) }}</td>{% endif %}<td class="money">{{ row.total_minor | money(row.currency_code) }}</td><td class="why">{{ row.reason }}</td></tr>
{% endfor %}
</table></div>{{ more(part.rows | length) }}</details>
{% endfor %}
<h2>Approving it</h2>
<p>{{ kept }} entries are as they should be and stay untouched.</p>
<p>To write exactly this: <code>nexabooks approve {{ plan.hash }} --by NAME --note WHY</code>, then
<code>nexabooks run post-approved --plan {{ plan.hash }}</code>. What has changed by then, at its source or in Odoo, is left out and said.</p>
</main></body></html>
"""
)

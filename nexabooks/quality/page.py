"""The page that people open: what failed first, what it means, the rows that did it; then all that was looked at.

One file, no script, nothing fetched from elsewhere: it can be mailed, kept with a month's papers, or served from a
folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, StrictUndefined

from nexabooks.quality.results import CheckResult, failed_first

# What each folder of results is for a reader, in the order of the road.
CHAPTERS = {
    "staging": "What the sources said, cleaned",
    "marts": "The figures, and what is handed to the ledger",
    "identities": "Sums that must agree over the whole road",
    "published": "The published file",
}


@dataclass(frozen=True, slots=True)
class Model:
    """One model's results and the way to its page among GX's Data Docs ('' when there is none)."""

    name: str
    docs: str
    results: tuple[CheckResult, ...]

    @property
    def holding(self) -> int:
        """How many of its expectations hold."""
        return sum(result.is_ok for result in self.results)


def render(
    chapters: Mapping[str, Sequence[CheckResult]], docs: Mapping[str, str], *, run_id: str, checked_at: datetime
) -> str:
    """The whole page. `chapters`: results by scope; `docs`: paths of Data Docs pages by "suite.model"."""
    everything = [result for results in chapters.values() for result in results]
    failed = [result for result in failed_first(everything) if not result.is_ok]
    return _TEMPLATE.render(
        run_id=run_id,
        checked_at=checked_at,
        verdict=_verdict(failed, len(everything)),
        is_blocked=any(result.is_blocking for result in failed),
        failed=failed,
        docs=docs,
        chapters=[
            (title, _by_model(chapters.get(scope), docs), scope in chapters) for scope, title in CHAPTERS.items()
        ],
    )


def _verdict(failed: Sequence[CheckResult], checked: int) -> str:
    if not failed:
        return f"All {checked} promises hold."
    blocking = sum(result.is_blocking for result in failed)
    parking = sum(bool(result.parks) and not result.is_blocking for result in failed)
    parts = [f"{checked - len(failed)} of {checked} promises hold."]
    if blocking:
        parts.append(f"{blocking} broken {_count(blocking)} nothing may be published or posted until mended.")
    if parking:
        parts.append(f"{parking} park single invoices; all others go on.")
    if len(failed) - blocking - parking:
        parts.append(f"{len(failed) - blocking - parking} to look at.")
    return " ".join(parts)


def _count(broken: int) -> str:
    return "promise blocks:" if broken == 1 else "promises block:"


def _by_model(results: Sequence[CheckResult] | None, docs: Mapping[str, str]) -> list[Model]:
    models: dict[str, list[CheckResult]] = {}
    for result in results or ():
        models.setdefault(f"{result.suite}.{result.model}", []).append(result)
    return [Model(name, docs.get(name, ""), tuple(failed_first(found))) for name, found in models.items()]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ "Blocked" if is_blocked else "Data quality" }} · nexabooks</title>
<style>
:root { color-scheme: light dark; --line: #8884; --quiet: #8881; --bad: #b3261e; --warn: #8a5a00; --good: #1b7f3b; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --warn: #ffca66; --good: #7fd99a; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { margin: 0 0 .2rem; font-size: 1.5rem; } h2 { margin: 2.2rem 0 .4rem; font-size: 1.15rem; }
.quiet { opacity: .7; font-size: .9rem; }
.bad { color: var(--bad); } .warn { color: var(--warn); } .good { color: var(--good); }
.verdict { border-left: .35rem solid; padding: .5rem 1rem; background: var(--quiet); }
article { border: 1px solid var(--line); border-radius: .4rem; padding: .7rem 1rem; margin: .8rem 0; }
article p { margin: .2rem 0; } article .promise { font-size: 1.05rem; }
.rows { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin-top: .4rem; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
details { border-bottom: 1px solid var(--line); padding: .25rem 0; } summary { cursor: pointer; }
ul { list-style: none; padding-left: 1.2rem; margin: .3rem 0; }
</style></head><body>
<h1>Data quality</h1>
<p class="quiet">Run {{ run_id }}, checked {{ checked_at.strftime("%Y-%m-%d %H:%M") }} UTC</p>
<p class="verdict {{ "bad" if is_blocked else ("warn" if failed else "good") }}">{{ verdict }}</p>
{% for result in failed %}
<article>
<p class="quiet"><span class="{{ "bad" if result.severity == "error" else "warn" }}">
{{- "blocks" if result.is_blocking else ("parks invoices" if result.parks else "warning") }}</span>
· {{ result.suite }} · {{ result.model }}
{%- set page = docs.get(result.suite ~ "." ~ result.model) %}
{% if page %} · <a href="{{ page }}">details</a>{% endif %}</p>
<p class="promise">{{ result.expectation }}</p>
<p>{{ result.says }}
{% if result.protects %} <span class="quiet">This protects {{ result.protects }}.</span>{% endif %}</p>
{% if result.rows %}<div class="rows"><table><tr>{% for name in result.rows[0] %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in result.rows %}<tr>{% for value in row.values() %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% if result.unexpected_count > result.rows | length %}<p class="quiet">The first {{ result.rows | length }} of {{
 result.unexpected_count }}.</p>{% endif %}{% endif %}
</article>
{% endfor %}
{% for title, models, was_checked in chapters %}
<h2>{{ title }}</h2>
{% if not was_checked %}<p class="quiet">Not checked in this run.</p>{% endif %}
{% for model in models %}
<details><summary>{{ model.name }}
<span class="{{ "good" if model.holding == model.results | length else "bad" }}">{{ model.holding }} of {{
 model.results | length }} hold</span></summary>
<ul>{% for result in model.results %}<li><span class="{{ "good" if result.is_ok else "bad" }}">{{
 "✓" if result.is_ok else "✗" }}</span> {{ result.expectation }}{% if result.severity == "warn" %}
 <span class="quiet">(warning)</span>{% endif %}</li>{% endfor %}</ul>
{% if model.docs %}<p><a href="{{ model.docs }}">Great Expectations' page</a></p>{% endif %}</details>
{% endfor %}{% endfor %}
</body></html>
"""

_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_PAGE)

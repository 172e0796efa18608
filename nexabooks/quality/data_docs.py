"""Great Expectations' own Data Docs of one scope, made to stand alone: readable without a network and without scripts.

GX's pages load their looks from eleven addresses of other companies. Somebody who opens a page about his revenue tells
none of them so here: every script, outside stylesheet and picture is taken out and one small stylesheet put in. The
overview is our own page (`page.py`), because GX's is drawn by those scripts.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexabooks.quality.gx_in_memory import Context

_TAKEN_OUT = re.compile(
    r"<script\b.*?</script>"
    r"|<style\b.*?</style>"
    r"|<link\b[^>]*>"
    r'|<img\b[^>]*src="https?:[^>]*>'
    r'|<a\b[^>]*href="https?:[^>]*>.*?</a>',
    re.DOTALL | re.IGNORECASE,
)
_LOOKS = """<style>
:root { color-scheme: light dark; --line: #8884; --bad: #b3261e; --good: #1b7f3b; --quiet: #8881; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7fd99a; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .4rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; }
ol.breadcrumb { list-style: none; padding: 0; } ol.breadcrumb li { display: inline; }
ol.breadcrumb li + li::before { content: " / "; }
h5, h6 { font-size: 1rem; margin: .8rem 0 .3rem; } li > hr, [data-toggle="collapse"] { display: none; }
.alert, .card-header { background: var(--quiet); padding: .3rem .6rem; margin-top: 1rem; }
.modal, .ge-walkthrough-modal, .navbar-brand, .sticky, button, footer, [hidden] { display: none; }
.fa-times::before, .fa-exclamation-triangle::before { content: "✗ "; color: var(--bad); font-style: normal; }
.fa-check-circle::before { content: "✓ "; color: var(--good); font-style: normal; }
.badge-secondary, code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
</style></head>"""


def build_data_docs(context: Context, directory: Path) -> dict[str, str]:
    """Write the Data Docs of everything `context` has checked into `directory` (made anew).

    The path of each suite's result page below `directory`, by the suite's name ("marts.fct_invoices").
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    from nexabooks.quality.gx_in_memory import write_pages

    write_pages(context, directory)
    pages = [path for path in directory.rglob("*.html") if path.parent != directory]
    for path in pages:
        path.write_text(_standing_alone(path.read_text(encoding="utf-8")), encoding="utf-8")
    (directory / "index.html").write_text(
        '<!doctype html><meta http-equiv="refresh" content="0; url=../index.html">'
        '<a href="../index.html">Overview</a>\n',
        encoding="utf-8",
    )
    return {
        _suite_of(path, directory): str(path.relative_to(directory)) for path in pages if "validations" in path.parts
    }


def _standing_alone(html: str) -> str:
    """A page of GX without anything that it would fetch from elsewhere or run."""
    return _TAKEN_OUT.sub("", html).replace("</head>", _LOOKS, 1)


def _suite_of(page: Path, directory: Path) -> str:
    layer, model = page.relative_to(directory / "validations").parts[:2]
    return f"{layer}.{model}"

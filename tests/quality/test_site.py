"""The site that people open: what failed first, and nothing fetched from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from nexabooks.quality import run_identities
from tests.quality.conftest import CHECKED_AT


class Fetches(HTMLParser):
    """Every address that a browser would fetch or run by opening a page, and every link."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif tag in ("script", "link", "iframe", "object", "embed") or values.get("src"):
            self.fetched.append(f"{tag} {values}")


@pytest.fixture
def site(promise, check, warehouse, tmp_path):
    """A site with a blocking, a parking, a warning and a kept promise, and an identity."""
    broken = {"where": "total_minor < 0"}
    promise(
        between={"total_minor": {"max": 20000}},
        holds=[
            {"says": "this only warns", "severity": "warn", **broken},
            {"says": "this <b>blocks</b> & hurts", "protects": "the payment in the bank journal", **broken},
            {"says": "this parks", "parks": "invoice", **broken},
        ],
    )
    report = check(site_dir=tmp_path / "site")
    identities = tmp_path / "identities"
    identities.mkdir()
    (identities / "a.sql").write_text("-- Staging is marts.\nselect 1 where false", encoding="utf-8")
    run_identities(warehouse, identities, run_id="run 1", checked_at=CHECKED_AT, site_dir=tmp_path / "site")
    return report.site_path


def test_every_page_opens_without_a_network(site):
    """No page fetches or runs anything, ours or Great Expectations'; every link leads to a page that is there."""
    pages = list(site.parent.rglob("*.html"))
    assert len(pages) >= 4  # ours, GX's result and suite pages, and the way back
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found = Fetches()
        found.feed(text)
        assert found.fetched == [], page
        assert not re.search(r"url\(|@import", text), page
        for link in found.links:
            target = link.split("#")[0].split("?")[0]
            assert "://" not in link, (page, link)
            assert not target or (page.parent / target).exists(), (page, link)


def test_what_blocks_comes_first_and_says_what_it_protects(site):
    """Then what parks, then what warns; a reader needs no scrolling for the worst."""
    text = site.read_text(encoding="utf-8")
    blocks, parks, warns = text.index("this &lt;b&gt;blocks"), text.index("this parks"), text.index("this only warns")
    assert blocks < parks < warns
    assert "This protects the payment in the bank journal." in text
    assert "2 broken promises block" in text
    assert "1 park single invoices" in text
    assert "22600" in text  # the amount on a failing row


def test_great_expectations_own_page_shows_what_it_observed(site):
    """Data Docs are there for who knows them, with our sentence and what GX observed."""
    (page,) = (site.parent / "marts" / "validations").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "this only warns" in text
    assert "22600" in text


def test_the_page_gathers_every_scope_of_its_run_and_none_of_another(site, check, promise):
    """Staging, marts, identities and the published file are checked at different moments of one run."""
    text = site.read_text(encoding="utf-8")
    assert "Staging is marts." in text
    assert text.count("Not checked in this run.") == 2
    promise("runs", "finance", key=["run_id"])
    check(site_dir=site.parent, run_id="run 2", scope="published")
    text = site.read_text(encoding="utf-8")
    assert "Staging is marts." not in text
    assert "There is no model finance.runs" in text


def test_a_new_run_leaves_no_page_of_the_old_one(site, check, promise, tmp_path):
    """A site shows one run; a removed model's page does not linger."""
    (tmp_path / "expectations" / "marts" / "fct_invoices.yml").unlink()
    promise("fct_payments")
    check(site_dir=site.parent, run_id="run 2")
    assert list((site.parent / "marts").rglob("*fct_invoices*")) == []


def test_only_the_way_back_is_written_with_strokes(site):
    """GX separates its list of expectations by rules of its own: a stroke before each of them would say nothing."""
    page = next(page for page in site.parent.rglob("*.html") if "expectations" in page.parts)
    strokes = re.findall(r"([^{}\n]*)\{ content: \" / \"", page.read_text(encoding="utf-8"))
    assert [selector.strip() for selector in strokes] == ["ol.breadcrumb li + li::before"]

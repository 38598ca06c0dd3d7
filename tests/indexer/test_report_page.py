"""The report as a page: it says what changed, needs nothing else, and nothing in the content can break it."""

from __future__ import annotations

import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from indexer.build import build_index
from indexer.labelled import LabelledQuestions
from indexer.report import PublicationRefusedError
from indexer.report_page import report_page
from tests.conftest import SmallSite

HOSTILE = "<script>alert(1)</script> \"quoted\" & 'single' {{ 7*7 }}"


@pytest.fixture
def page(site: SmallSite) -> str:
    """Of a second build that has something to say in every part."""
    site.write(
        "a.csv", 'question,answer\nWhat does it cost?,"Sixty pounds, students pay half"\nCan I park?,Behind it\n'
    )
    site.write("moves.md", "# Moves\n\nThese words move to another file.\n")
    site.write("goes.md", "# Goes\n\nGone tomorrow.\n")
    site.build()
    (site.content / "goes.md").unlink()
    (site.content / "moves.md").rename(site.content / "moved.md")
    # Here the question's own words are HTML, as in an article about HTML.
    quoted = HOSTILE.replace('"', '""')
    site.write("b.csv", f'question,answer\n"{quoted}?",One\n"{quoted}",Two\nCan I park?,No\nstudents half,x\n')
    site.write("bad.csv", "name,colour\nrose,red\n")
    site.write("c.md", "# C\n\n[x](#nowhere)\n\nwords\n")
    asked = LabelledQuestions({"q": "students half"}, {"q": {"a/what-does-it-cost": 1}}, {})
    return report_page(build_index(site.content, site.index, encoder=site.encoder, questions=asked))


def text(page: str) -> str:
    tree = LexborHTMLParser(page)
    assert tree.body is not None
    return " ".join(tree.body.text(deep=True, separator=" ").split())


def test_it_says_what_the_report_says(page: str) -> None:
    said = text(page)
    assert "Published: generation 000002" in said
    assert re.search(r"Skipped: 1 File Reason bad\.csv:1 ", said)
    assert re.search(r"Added: \d Passage ", said)
    assert "Removed: 1 Passage goes/goes" in said
    assert "Moved: 1 From To moves/moves moved/moves" in said
    assert "1 labelled questions and 6 questions of the 6 FAQ entries were asked." in said
    lost = "Newly wrong: the right passage came first before and does not now: 2 Question First before First now"
    assert f"{lost} students half a/what-does-it-cost b/students-half" in said
    assert "same question, different answers" in said
    assert "dead anchor c.md:3 leads to #nowhere" in said


def test_words_of_the_content_are_never_markup(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;quoted&#34; &amp; &#39;single&#39; {{ 7*7 }}" in page


def test_it_needs_nothing_else(page: str) -> None:
    tree = LexborHTMLParser(page)
    assert tree.css("[src], [href], script, link, iframe, object") == []
    assert "url(" not in page
    assert "@import" not in page


def test_it_can_be_read_by_everybody(page: str) -> None:
    tree = LexborHTMLParser(page)
    root = tree.css_first("html")
    assert root is not None
    assert root.attributes["lang"] == "en"
    assert tree.css_first("title") is not None
    assert len(tree.css("h1")) == len(tree.css("main")) == 1
    assert tree.css_first("meta[name=viewport]") is not None
    assert "prefers-color-scheme: dark" in page
    tables = tree.css("table")
    assert len(tables) == len(tree.css("table > caption")) >= 6
    for cell in tree.css("th"):
        assert cell.attributes["scope"] in ("col", "row")
    assert all(row.css_first("th") is not None for row in tree.css("tr"))


def test_a_refused_build_says_why(site: SmallSite) -> None:
    for name in "abc":
        site.write(f"{name}.md", f"# {name}\n\nwords of {name}\n")
    site.build()
    for name in "ab":
        (site.content / f"{name}.md").unlink()
    with pytest.raises(PublicationRefusedError) as refused:
        site.build()
    said = text(report_page(refused.value.report))
    assert "Refused; still generation 000001 2 of 3 passages would be gone" in said


def test_a_first_and_an_unchanged_build_have_little_to_say(site: SmallSite) -> None:
    site.write("a.csv", "question,answer\nWhy?,So.\n")
    first = text(report_page(site.build()))
    assert "Not compared with a previous generation: there is no previous generation." in first
    assert "Nothing was found." in first
    assert "Passages Added" not in first
    unchanged = text(report_page(site.build()))
    assert "Nothing changed; still generation 000001" in unchanged
    assert "Nothing changed, so no question was asked again." in unchanged

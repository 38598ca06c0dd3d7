"""What an author is told to mend, and what is left in peace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.content.corpus import read_corpus
from indexer.content.passages import Role
from indexer.documents import Document, Passage, PassageKind
from indexer.review.lint import Finding, FindingKind, lint_links, lint_passages
from indexer.store.index_store import IndexStore
from tests.conftest import ARTICLES
from tests.indexer.content.reading import read


def entry(key: str, question: str, answer: str = "An answer.") -> Passage:
    return Passage(
        passage_id=key, kind=PassageKind.FAQ, document_id="d", document_title="D", text=answer, question=question
    )


def paragraph(key: str, text: str) -> Passage:
    document = key.partition("/")[0]
    return Passage(passage_id=key, kind=PassageKind.PARAGRAPH, document_id=document, document_title="D", text=text)


def apart(count: int) -> FloatArray:
    """Embeddings that have nothing in common."""
    return np.eye(count, dtype=np.float32)


def at(cosine: float) -> FloatArray:
    return np.array([[1, 0], [cosine, (1 - cosine**2) ** 0.5]], dtype=np.float32)


def kinds(findings: list[Finding]) -> list[FindingKind]:
    return [finding.kind for finding in findings]


def test_a_question_asked_twice_with_the_same_answer() -> None:
    (found,) = lint_passages([entry("d/a", "Is it free?"), entry("d/b", "  is it FREE")], apart(2))
    assert (found.kind, found.places) == (FindingKind.SAME_QUESTION, ("d/a", "d/b"))
    assert "“Is it free?” is asked 2 times" in found.advice


def test_the_same_question_with_different_answers() -> None:
    entries = [
        entry("d/a", "Is it free?", "Yes."),
        entry("d/b", "Is it free?", "yes"),
        entry("d/c", "Is it free", "No."),
    ]
    (found,) = lint_passages(entries, apart(3))
    assert (found.kind, found.places) == (FindingKind.DIFFERENT_ANSWERS, ("d/a", "d/b", "d/c"))


@pytest.mark.parametrize(("cosine", "count"), [(0.951, 1), (0.949, 0)])
def test_nearly_the_same_question_begins_at_a_cosine_of_0_95(cosine: float, count: int) -> None:
    entries = [entry("d/a", "What does it cost?"), entry("d/b", "How much is it?")]
    assert len(lint_passages(entries, at(cosine))) == count


def test_questions_near_to_one_another_are_one_finding() -> None:
    entries = [entry(f"d/{n}", f"Question {n}?") for n in range(5)]
    same = np.repeat(apart(2), [3, 2], axis=0)
    assert [found.places for found in lint_passages(entries, same)] == [("d/0", "d/1", "d/2"), ("d/3", "d/4")]


def test_questions_without_words_are_not_the_same() -> None:
    assert lint_passages([entry("d/a", "?!"), entry("d/b", "?!")], apart(2)) == []


def test_an_entry_that_its_own_question_does_not_find_first() -> None:
    passages = [entry("d/a", "Why?"), entry("d/b", "How?"), paragraph("d/c", "words")]
    (found,) = lint_passages(passages, apart(2), {"d/a": "d/a", "d/b": "d/a"})
    assert (found.kind, found.places) == (FindingKind.NOT_FOUND_FIRST, ("d/b", "d/a"))
    assert "“How?” finds “Why?” first" in found.advice


def test_what_asks_the_same_is_told_once() -> None:
    passages = [entry("d/a", "Why?"), entry("d/b", "why")]
    assert kinds(lint_passages(passages, apart(2), {"d/b": "d/a"})) == [FindingKind.SAME_QUESTION]


def test_empty_and_very_long_answers() -> None:
    passages = [entry("d/a", "A?", ""), entry("d/b", "B?", "word " * 300), entry("d/c", "C?", "word " * 301)]
    found = lint_passages(passages, apart(3))
    assert [(f.kind, f.places) for f in found] == [
        (FindingKind.EMPTY_ANSWER, ("d/a",)),
        (FindingKind.LONG_ANSWER, ("d/c",)),
    ]


def test_a_paragraph_that_stands_in_two_documents() -> None:
    text = "Call this number by day or by night."
    passages = [paragraph("a/1", text), paragraph("b/1", text.upper()), paragraph("b/2", text)]
    (found,) = lint_passages(passages, apart(0))
    assert (found.kind, found.places) == (FindingKind.REPEATED_PARAGRAPH, ("a/1", "b/1", "b/2"))
    assert "in 2 documents" in found.advice
    assert lint_passages(passages[1:], apart(0)) == []  # twice, in one document
    assert lint_passages([paragraph("a/1", "See also"), paragraph("b/1", "See also")], apart(0)) == []


def linked(**texts: str) -> list[Finding]:
    """The findings in Markdown files, by name without suffix."""
    documents: list[Document] = [read(f"{name}.md", text) for name, text in texts.items()]
    return lint_links(documents, ["form.pdf", "broken.md"])


@pytest.mark.parametrize(
    "target",
    [
        "#who-pays", "#Who%20pays", "#named", "#whats-new", "#what-s-new", "#attribute", "#a", "#top", "#", "#/route",
        "b.md", "./b.md#price", "b.md?x=1#price", "form.pdf", "lost.pdf", "broken.md#any", "/b.md", "b.html#price",
        "https://example.org/x.md#y", "mailto:a@example.org", "../c.md", "{{ link }}#x",
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_is_left_in_peace(target: str) -> None:
    text = (
        f"# A\n\n## Who pays?\n\n[x](<{target}>)\n\n## What's new\n\n<p id=named>words</p>\n\nmore {{: #attribute}}\n"
    )
    assert linked(a=text, b="# B\n\n## Price\n\nwords\n") == []


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("#nowhere", FindingKind.DEAD_ANCHOR),
        ("b.md#nowhere", FindingKind.DEAD_ANCHOR),
        ("gone.md", FindingKind.DEAD_LINK),
        ("sub/b.md#price", FindingKind.DEAD_LINK),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_line(target: str, kind: FindingKind) -> None:
    text = f"---\ntitle: A\n---\n\n# A\n\nwords\nand [x]({target})\n"
    (found,) = linked(a=text, b="# B\n\n## Price\n\nwords\n")
    assert (found.kind, found.places) == (kind, ("a.md:8",))
    assert f"leads to {target.split('#')[0] or '#nowhere'}" in found.advice or "#nowhere in b.md" in found.advice


def test_links_of_pages_are_looked_at_too() -> None:
    page = '<h1>A</h1>\n<p id="x">words</p>\n<!-- <a href="#comment">c</a> -->\n<p><a class="y"\nhref="#z">z</a>'
    documents = [read("a/a.html", page + '<a href="#x">x</a> <a href="../b.html">b</a> <a href="c.html">c</a></p>')]
    assert [(f.kind, f.places) for f in lint_links(documents, ["b.html"])] == [
        (FindingKind.DEAD_ANCHOR, ("a/a.html:4",)),
        (FindingKind.DEAD_LINK, ("a/a.html:5",)),
    ]


def test_links_of_html_in_markdown_are_looked_at_too() -> None:
    text = (
        "# A\n\nwords [x](#one)\n\n<div>\n<!--\n<a href='#comment'>\n--> <a\n href='#two'>t</a>\n</div>\n\n"
        "and [r]\n\n[r]: #three\n"
    )
    assert [found.places for found in linked(a=text)] == [("a.md:3",), ("a.md:8",), ("a.md:12",)]


def test_links_in_code_are_no_links() -> None:
    assert linked(a="# A\n\nwords `[x](#no)`\n\n```\n[x](#no)\n```\n") == []


def test_a_format_whose_fragments_nobody_knows_is_left_in_peace() -> None:
    documents = [read("a.md", "# A\n\n[x](b.csv#any)\n"), read("b.csv", "question,answer\nWhy?,So.\n")]
    assert lint_links(documents, []) == []


def test_the_projects_own_articles_give_no_false_alarm(site_index: Path) -> None:
    generation = IndexStore(site_index).load()
    rows = np.flatnonzero(generation.rows["role"] == Role.QUESTION)
    assert len(rows) == generation.passages.kinds()["faq"] > 200
    assert lint_passages(list(generation.passages.all()), generation.vectors.vectors(rows)) == []
    assert lint_links(read_corpus(ARTICLES).documents, []) == []

"""What stays readable where a parser has to be held back, and what is refused, with its line and what to do."""

from __future__ import annotations

import re
import unicodedata

import pytest

from indexer.content import readers
from indexer.content.readers.prose.html_source import parse_html
from indexer.content.readers.prose.pairs import changed_pairs
from indexer.content.readers.prose.text import clean
from indexer.content.readers.prose.wording import ends_asking
from indexer.documents import Document, FaqEntry, Paragraph
from indexer.errors import ContentError
from tests.indexer.content.reading import read


def _words(document: Document) -> list[str]:
    return " ".join(
        block.text if isinstance(block, Paragraph) else f"{block.question} {block.answer}" for block in document.blocks
    ).split()


def _again(value: str) -> str:
    """Lines of YAML of which each names the one above nine times."""
    return "".join(f"c{n}: &c{n} {value.format(f'*c{n - 1},' * 9)}\n" for n in range(1, 12))


def test_aliases_are_for_answers_given_twice_not_for_bombs() -> None:
    entries = "".join(f"- question: Is {n} free?\n  answer: *free\n" for n in range(300))
    document = read("a.yml", f"- question: Is all of it free?\n  answer: &free Yes, it is.\n{entries}")

    assert len(document.blocks) == 301
    assert all(isinstance(block, FaqEntry) and block.answer == "Yes, it is." for block in document.blocks)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("c0: &c0 [b]\n" + _again("[{}]"), None, "too many aliases"),
        ("c0: &c0 {b: c}\n" + _again("{{<<: [{}]}}"), None, "too many aliases"),
        ("x: y\na: &a [b, *a]\n", 2, "an alias inside what it names"),
        ("x: y\nz: &z {<<: *z}\n", 2, "an alias inside what it names"),
        ("questions:\n- question: !!int\n  answer: b\n", None, "does not parse"),
        ("questions:\n- question: !!bool perhaps\n  answer: b\n", None, "does not parse"),
        ("questions:\n- question: !!timestamp today\n  answer: b\n", None, "does not parse"),
    ],
)  # fmt: skip
def test_yaml_that_is_refused(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(ContentError, match=reason) as refused:
        read("a.yml", text)
    assert line is None or refused.value.line == line


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, "1" + ":59" * 2000, "1." + "9" * 5000])
def test_a_number_of_thousands_of_digits_is_text(number: str) -> None:
    document = read("tea.md", f"---\ntitle: {number}\n---\nIs drunk hot.\n")

    assert document.title == f"{number[:500]}…"  # as long as a title may be


def test_toml_names_and_numbers_without_end() -> None:
    assert read("tea.md", f"+++\ntitle = 0x{'f' * 5000}\n+++\nIs drunk hot.\n").title == "Tea"
    assert read("tea.md", '+++\na."b.c".d = 1.5\ntitle = "Cups"\n+++\nIs drunk hot.\n').title == "Cups"
    with pytest.raises(ContentError, match="more than 40 parts") as refused:
        read("tea.md", f"+++\ntitle = 'Cups'\n{'a.' * 50}b = 1\n+++\nIs drunk hot.\n")
    assert refused.value.line == 3
    with pytest.raises(ContentError, match="TOML front matter does not parse"):
        read("tea.md", f"+++\ntitle = {'9' * 5000}\n+++\nIs drunk hot.\n")


def test_terms_share_their_definitions() -> None:
    page = read("faq.html", "<h1>FAQ</h1><dl><dt>Hot?<dt>Warm?<dd>Yes.<!-- a --><dd>Very.<dt>Cold?<dd>No.</dl>")

    assert [(block.question, block.answer) for block in page.blocks if isinstance(block, FaqEntry)] == [
        ("Hot?", "Yes.\n\nVery."), ("Warm?", "Yes.\n\nVery."), ("Cold?", "No."),
    ]  # fmt: skip


def test_many_terms_of_one_definition_are_one() -> None:
    terms = "".join(f"<dt>Is {n} hot?" for n in range(50))
    page = read("faq.html", f"<h1>FAQ</h1><dl>{terms}<dd>Yes.</dl>")

    assert len(page.blocks) == 1
    assert {"49", "Yes."} <= set(_words(page))


def test_a_schema_question_takes_nothing_from_its_answer() -> None:
    page = read(
        "tea.html",
        "<div itemtype=Question><div itemprop=acceptedAnswer><b itemprop=name>Inside?</b> Hot.</div>"
        "<h3 itemprop=name>Is it hot?</h3><div itemprop=suggestedAnswer>Or warm.</div></div>",
    )

    assert page.blocks == (FaqEntry(question="Is it hot?", answer="Inside? Hot.\n\nOr warm."),)


def test_formatting_that_is_never_closed_leaves_the_words() -> None:
    opened = "".join(f"<p><b id=a{n}>tea {n}" for n in range(2000))
    page = read("tea.html", opened + "<p>more" * 3000)

    words = _words(page)
    assert (words.count("tea"), words.count("more")) == (2000, 3000)


@pytest.mark.parametrize(
    "hidden",
    ["<!--</b>-->", "<img title='></b>'>", "<textarea></b></textarea>", "<table></b></table>", "<select></b></select>",
     "<object></b></object>", "<!doctype </b>", "<style></b></style>"],
)  # fmt: skip
def test_formatting_is_not_closed_by_what_the_parser_does_not_take_for_its_end(hidden: str) -> None:
    opened = "".join(f"<p><b id=a{n}>{hidden}" for n in range(2000))
    tree = parse_html(opened + "<p>" * 5000)

    assert len(tree.css("b")) < 100_000


def test_formatting_that_is_closed_stays() -> None:
    page = "<p><b>hot</b> <!-- </b> --> <i>tea</i><table><tr><td><b>cups</b></table>" * 2000
    tree = parse_html(page)

    assert len(tree.css("b")) == 4000
    assert len(tree.css("i")) == 2000


def test_a_tag_of_hundreds_of_attributes_keeps_its_text() -> None:
    attributes = " ".join(f"a{n}='b'" for n in range(60_000))

    assert _words(read("tea.html", f"<p {attributes}>Is drunk hot.</p><p id=b>Always.")) == [
        "Is",
        "drunk",
        "hot.",
        "Always.",
    ]


@pytest.mark.parametrize("tag", ["x", "a-b", "div", "svg", "object", "ul"])
def test_elements_nested_thousands_deep_are_refused(tag: str) -> None:
    with pytest.raises(ContentError, match="nested too deeply"):
        read("tea.html", f"<{tag}>" * 50_000)


@pytest.mark.parametrize(
    ("title", "own"),
    [
        ("Cups - Tea - Town library", "Cups"),
        ("Cups - Tea | Town library", "Cups - Tea"),
        ("Cups | Tea - Town library", "Cups"),
        ("Cups|Tea - Town library", "Cups|Tea"),
        ("Tea-cups", "Tea-cups"),
        ("Cups |", "Cups |"),
    ],
)
def test_a_page_title_without_the_name_of_its_site(title: str, own: str) -> None:
    assert read("a.html", f"<title>{title}</title><p>Is drunk hot.").title == own


def test_a_restructured_text_paragraph_beyond_measure_keeps_its_words() -> None:
    text = "*hot ``tea` |cup _`saucer ht-tp: " * 2000

    assert [word.strip("*`|_") for word in _words(read("tea.rst", text))] == [
        word.strip("*`|_") for word in text.split()
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (".. csv-table::\n\n   " + "," * 2000 + "\n" + "   a\n" * 500, "lacks 10"),
        (".. |a0| replace:: tea\n" + "".join(f".. |a{n}| replace:: |a{n - 1}| |a{n - 1}|\n" for n in range(1, 21))
         + "\n|a20|\n", "substitutions for far more"),
        (".. |a| replace:: " + "tea " * 2000 + "\n\n" + "|a| " * 2000, "substitutions for far more"),
        ("* a\n\nb\n\n" * 20_000, "paragraphs, lists, rows and directives"),
        (".. _a:\n" * 2000 + "\nTea.\n", "targets in a row"),
        ("+" + "-+" * 3000 + "\n|" + "a|" * 3000 + "\n+" + "-+" * 3000 + "\n", "too many cells"),
    ],
)  # fmt: skip
def test_restructured_text_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        read("tea.rst", text)


def test_substitutions_and_tables_that_pages_have_are_read() -> None:
    text = (
        ".. |tea| replace:: green |leaf|\n.. |leaf| replace:: leaves\n\nWe drink |tea|.\n\n"
        ".. csv-table::\n   :header: Cup, Price\n\n   small, 2\n   large\n\n----\n\nAlways hot."
    )

    assert [block.text for block in read("tea.rst", text).blocks if isinstance(block, Paragraph)] == [
        "We drink green leaves.\nCup: small; Price: 2\nCup: large", "Always hot.",
    ]  # fmt: skip


def test_a_reference_to_a_long_address_is_its_words() -> None:
    document = read("tea.md", "[cup]: /" + "u" * 50_000 + "\n\n" + "A [cup]. " * 2000)

    assert [word.strip("[].") for word in _words(document)] == ["A", "cup"] * 2000
    assert 0 < len(document.links) < 10, "a page of links must not become larger than it is by much"


def test_the_table_cell_of_thousands_of_escaped_bars_is_read() -> None:
    document = read("tea.md", "| Cup | Price |\n|-|-|\n| a | " + "\\| " * 2000 + "b |\n")

    assert _words(document) == ["Cup:", "a;", "Price:", *["|"] * 2000, "b"]


def test_a_long_heading_of_a_column_does_not_stand_in_every_row() -> None:
    rows = "".join(f"<tr><td>{n}<td>hot" for n in range(50))
    document = read("tea.html", f"<table><tr><th>{'word ' * 1000}<th>State{rows}</table>")

    assert _words(document)[:4] == ["0;", "State:", "hot", "1;"]


def test_accents_by_the_thousand_are_no_letter() -> None:
    assert clean("a" + "\u0323\u0301" * 5000 + "b") == unicodedata.normalize("NFC", "a" + "\u0323\u0301" * 15) + "b"
    assert clean("…" * 100 + "\u2500" * 100) == "…" * 100 + "\u2500" * 100
    assert clean("e\u0301") == "é"


def test_a_pair_is_looked_for_once() -> None:
    opening, closing = re.compile("<"), re.compile(">")
    assert changed_pairs("a<b>c<d", opening, closing, lambda opened, inner: inner.upper()) == "aBc<d"
    assert changed_pairs("<a<b>", opening, closing, lambda opened, inner: None if "<" in inner else "") == "<a"


@pytest.mark.parametrize(
    ("line", "asking"),
    [("Is it?", True), ("Is it? ” ", True), ("Is it? .” !", False), ("Is it ?*_", True), ("?", True), ("", False)],
)
def test_what_may_stand_behind_a_question_mark(line: str, asking: bool) -> None:
    assert ends_asking(line) is asking


@pytest.mark.parametrize("charset", ["uu", "zlib_codec", "idna", "punycode", "undefined", "rot13", "a" * 5000, "mbcs"])
def test_a_charset_that_is_none_of_files(charset: str) -> None:
    with pytest.raises(ContentError, match="is not UTF-8: byte 0xe9"):
        readers.read("tea.html", f'<meta charset="{charset}"><p>caf'.encode() + b"\xe9 is hot")


@pytest.mark.parametrize(
    ("charset", "letter"), [("KOI8-R", "И"), ("windows-1251", "й"), ("Latin1", "é"), ("MS936", "")]
)
def test_a_charset_under_any_of_its_names(charset: str, letter: str) -> None:
    page = f'<meta charset="{charset}"><p>caf'.encode() + (b"\xe9" if letter else b"\xb2\xe8") + b" is hot"

    assert _words(readers.read("tea.html", page))[0] == f"caf{letter or '茶'}"

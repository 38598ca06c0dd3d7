"""What on a page is an entry and what is a paragraph."""

from __future__ import annotations

import pytest

from indexer.documents import Document, FaqEntry, Paragraph
from tests.indexer.content.reading import read


def entries(document: Document) -> list[tuple[str, str]]:
    return [(block.question, block.answer) for block in document.blocks if isinstance(block, FaqEntry)]


def paragraphs(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.heading_path, block.text) for block in document.blocks if isinstance(block, Paragraph)]


def test_an_article_yields_entries_only_from_its_faq_section() -> None:
    text = """# Sleep

Rest matters.

## Why do we sleep?

Nobody knows.

Really nobody.

## FAQ

### How long?

Eight hours.

#### A sub-heading

Or nine.

### Naps

Short ones.

## After

The end.
"""
    document = read("sleep.md", text)

    assert document.title == "Sleep"
    assert entries(document) == [("How long?", "Eight hours.\n\nA sub-heading\nOr nine."), ("Naps", "Short ones.")]
    assert paragraphs(document) == [
        ((), "Rest matters."),
        (("Why do we sleep?",), "Nobody knows."),
        (("Why do we sleep?",), "Really nobody."),
        (("After",), "The end."),
    ]
    assert [block.anchor for block in document.blocks if isinstance(block, FaqEntry)] == ["how-long", "naps"]


def test_groups_of_questions_become_the_heading_path() -> None:
    text = "# FAQ\n\n## Money\n\n### What does it cost?\n\nForty.\n\n## Time\n\n### How long is it?\n\nAn hour.\n"
    document = read("help.md", text)

    assert [(block.heading_path, block.question) for block in document.blocks if isinstance(block, FaqEntry)] == [
        (("Money",), "What does it cost?"),
        (("Time",), "How long is it?"),
    ]


def test_most_headings_asking_make_a_faq_page() -> None:
    text = "# Help\n\n## Can I come late?\n\nYes.\n\n## Is it private?\n\nYes.\n\n"
    text += "## Do you write notes?\n\nFew.\n\n## Note\n\nBye.\n"
    document = read("help.md", text)

    assert [question for question, _ in entries(document)] == [
        "Can I come late?",
        "Is it private?",
        "Do you write notes?",
    ]
    assert paragraphs(document) == [(("Note",), "Bye.")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q-and-a.md", "# FAQ\n\nQ: Is it free?\nA: Yes.\n\nQ: Is it far?\n\nA: No.\n"),
        ("bold-marks.md", "# FAQ\n\n**Q. Is it free?**\n\nA. Yes.\n\n**Q. Is it far?**\n\nA. No.\n"),
        ("heading-marks.md", "# FAQ\n\n### Q: Is it free?\n\nA: Yes.\n\n### Q: Is it far?\n\nA: No.\n"),
        ("bold.md", "# FAQ\n\n**Is it free?**\nYes.\n\n**Is it far?**\n\nNo.\n"),
        ("numbered.md", "# FAQ\n\n1. **Is it free?**\n\n   Yes.\n\n2. **Is it far?**\n\n   No.\n"),
        ("bullets.md", "# FAQ\n\n- **Is it free?** Yes.\n- **Is it far?** No.\n"),
        ("terms.md", "# FAQ\n\nIs it free?\n: Yes.\n\nIs it far?\n: No.\n"),
        ("details.md", "# FAQ\n\n<details><summary>Is it free?</summary>\n\nYes.\n\n</details>\n"
         "<details markdown='1'>\n<summary>Is it far?</summary>\n  No.\n</details>\n"),
        ("table.md", "# FAQ\n\n| Question | Answer |\n|---|---|\n| Is it free? | Yes. |\n| Is it far? | No. |\n"),
        ("mkdocs.md", '# FAQ\n\n??? question "Is it free?"\n    Yes.\n\n??? question "Is it far?"\n    No.\n'),
        ("accordion.mdx", '# FAQ\n\n<Accordion title="Is it free?">\n  Yes.\n</Accordion>\n'
         '<Accordion title="Is it far?">\n  No.\n</Accordion>\n'),
        ("dropdown.rst", "FAQ\n===\n\n.. dropdown:: Is it free?\n\n   Yes.\n\n.. dropdown:: Is it far?\n\n   No.\n"),
        ("terms.html", "<h1>FAQ</h1><dl><dt>Q: Is it free?<dd>Yes.<dt>Q: Is it far?<dd>No.</dl>"),
        ("buttons.html", "<h1>FAQ</h1><button aria-expanded=false>Is it free?</button><div>Yes.</div>"
         "<button aria-expanded=false>Is it far?</button><div>No.</div>"),
        ("classes.html", "<h1>FAQ</h1><div class=faq-question>Is it free?</div><div>Yes.</div>"
         "<div class=faq-question>Is it far?</div><div>No.</div>"),
        ("plain.txt", "FAQ\n\n1. Is it free?\n   Yes.\n2. Is it far?\n   No.\n"),
        ("plain-marks.txt", "FAQ\n\nQ: Is it free?\nA: Yes.\nQ: Is it far?\nA: No.\n"),
    ],
)  # fmt: skip
def test_every_way_to_write_a_question(name: str, text: str) -> None:
    assert entries(read(name, text)) == [("Is it free?", "Yes."), ("Is it far?", "No.")]


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Preguntas frecuentes", "¿Es gratis?"),
        ("Foire aux questions", "Est-ce gratuit ?"),
        ("Häufige Fragen", "Ist es kostenlos?"),
        ("常见问题", "如何安装"),
        ("よくある質問", "料金はいくらですか？"),
    ],
)
def test_faq_titles_in_other_languages(title: str, question: str) -> None:
    assert entries(read("x.md", f"# {title}\n\n## {question}\n\nOne.\n\n## B\n\nTwo.\n")) == [
        (question, "One."),
        ("B", "Two."),
    ]


def test_one_question_a_file_in_a_faq_folder() -> None:
    document = read("faq/late.md", "---\ntitle: May I come late\n---\n\nYou may.\n\n- five minutes\n")
    assert entries(document) == [("May I come late", "You may.\n- five minutes")]


def test_a_list_belongs_to_the_paragraph_above_it() -> None:
    document = read("a.md", "Bring:\n\n1. a pen\n2. paper\n   - lined\n\nThen begin.\n")
    assert paragraphs(document) == [((), "Bring:\n1. a pen\n2. paper\n   - lined"), ((), "Then begin.")]


def test_tables_are_lines_with_their_headers() -> None:
    document = read("a.md", "| Plan | Price |\n|---|---|\n| Single | 40 |\n| Couple | 60 |\n")
    assert paragraphs(document) == [((), "Plan: Single; Price: 40\nPlan: Couple; Price: 60")]


def test_indexes_of_links_and_unresolved_templates_say_nothing() -> None:
    assert read("faq.md", "# FAQ\n\n## Contents\n\n- [Is it?](a.md)\n- [Was it?](b.md#x)\n").blocks == ()
    assert read("faq.html", "<h3>{% t a %}</h3><p>{% t b %}</p><p>{{ c }}</p>").blocks == ()


def test_details_in_an_article_are_a_section() -> None:
    document = read("a.md", "# A\n\n<details><summary>Backup</summary>\n\nText.\n\n</details>\n")
    assert paragraphs(document) == [(("Backup",), "Text.")]


def test_an_answer_behind_show_answer_is_the_answer() -> None:
    text = "# FAQ\n\n## What is 1 + 1?\n\nThink.\n\n<details><summary><b>Answer</b></summary>\n\nTwo.\n\n</details>\n"
    assert entries(read("a.md", text)) == [("What is 1 + 1?", "Think.\n\nTwo.")]


def test_two_questions_in_one_term_are_one_entry_with_an_alternate() -> None:
    document = read("a.html", "<h1>FAQ</h1><dl id=x><dt>Q: Is it?<br>Q: Was it?<dd>Yes.</dl>")
    (entry,) = document.blocks
    assert entry == FaqEntry(question="Is it?", alternates=("Was it?",), answer="Yes.", anchor="x")


@pytest.mark.parametrize("between", ["\n\n", "\n"], ids=["a line of its own", "the paragraph's first line"])
def test_what_is_also_asked_belongs_to_the_paragraph_or_entry_below(between: str) -> None:
    text = (
        f"# Sleep\n\nAlso asked: up all night | why rest?{between}Rest matters.\n\nNothing asked here.\n\n"
        f"## Naps\n\nalso asked: nap after lunch?{between}- Short ones.\n- Early ones.\n\n"
        f"## FAQ\n\n### How long?\n\nAlso asked: hours needed{between}Eight hours.\n\nOr nine.\n"
    )
    assert [(type(block), block.alternates) for block in read("sleep.md", text).blocks] == [
        (Paragraph, ("up all night", "why rest?")),
        (Paragraph, ()),
        (Paragraph, ("nap after lunch?",)),
        (FaqEntry, ("hours needed",)),
    ]
    assert paragraphs(read("sleep.md", text)) == [
        ((), "Rest matters."),
        ((), "Nothing asked here."),
        (("Naps",), "- Short ones.\n- Early ones."),
    ]
    assert entries(read("sleep.md", text)) == [("How long?", "Eight hours.\n\nOr nine.")]


def test_what_is_also_asked_above_no_paragraph_is_nobodys() -> None:
    document = read("sleep.md", "# Sleep\n\nRest matters.\n\nAlso asked: up all night\n\n## Naps\n\nShort ones.\n")
    assert [block.alternates for block in document.blocks] == [(), ()]
    assert paragraphs(document) == [((), "Rest matters."), (("Naps",), "Short ones.")]


def test_what_components_indent_in_mdx_is_no_code() -> None:
    text = (
        "# Tea\n\n<Tabs>\n    <Tab>\n\n        Pour it hot.\n\n        - small cups\n"
        "          - thin ones\n        - pots\n\n"
        "        ```sh\n        boil --water\n        ```\n\n        Then wait.\n    </Tab>\n</Tabs>\n"
    )

    assert [words for _, words in paragraphs(read("tea.mdx", text))] == [
        "Pour it hot.\n- small cups\n  - thin ones\n- pots\n\nboil --water", "Then wait.",
    ]  # fmt: skip


def test_a_line_that_begins_with_a_colon_defines_only_with_a_space_behind_it() -> None:
    text = "# Tea\n\nOutput\n\n:tada: and more\n\nCup\n: holds tea\n"

    assert [words for _, words in paragraphs(read("tea.md", text))] == ["Output", ":tada: and more", "Cup: holds tea"]


def test_a_footnote_is_read_without_its_number() -> None:
    text = "# Tea\n\nTea is hot.[^1]\n\n[^1]: Most of it.\n"

    assert [words for _, words in paragraphs(read("tea.md", text))] == ["Tea is hot.", "Most of it."]

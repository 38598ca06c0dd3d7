"""What is particular to each prose format."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.content.readers.prose.text import clean
from indexer.documents import FaqEntry, Paragraph
from indexer.errors import ContentError
from tests.indexer.content.reading import read

SAMPLE = """Why Evenings Are Hard
By evening both of you are tired, and tired people hear criticism first.
Moving the Talk
Choose a time when neither of you is hungry, and say how long it will take.
FAQ
1. What if we only meet at night?
Keep it to ten minutes and one subject.
2. Should we write things down?
Yes, one line each is enough.
"""


def test_plain_text_without_any_marks() -> None:
    document = read("couples/talking-at_night.txt", SAMPLE)

    assert document.title == "Talking at night"
    assert document.document_id == "couples/talking-at-night"
    assert document.blocks == (
        Paragraph(
            text="By evening both of you are tired, and tired people hear criticism first.",
            heading_path=("Why Evenings Are Hard",),
        ),
        Paragraph(
            text="Choose a time when neither of you is hungry, and say how long it will take.",
            heading_path=("Moving the Talk",),
        ),
        FaqEntry(
            question="What if we only meet at night?",
            answer="Keep it to ten minutes and one subject.",
            heading_path=("FAQ",),
        ),
        FaqEntry(
            question="Should we write things down?", answer="Yes, one line each is enough.", heading_path=("FAQ",)
        ),
    )


def test_wrapped_plain_text_with_its_table_of_contents() -> None:
    text = """
                Frequently Asked Questions about tea

Contents

 1. Is it hot?
 2. I spilt it.
 3. What sort
    is it?

 1. Is it hot?

    Yes, it is poured as soon as the
    kettle has boiled.

 2. I spilt it.

    Use a cloth.

 3. What sort
    is it?

    Green.
"""
    document = read("FAQ", text)

    assert document.title == "Frequently Asked Questions about tea"
    assert [(block.question, block.answer) for block in document.blocks if isinstance(block, FaqEntry)] == [
        ("Is it hot?", "Yes, it is poured as soon as the kettle has boiled."),
        ("I spilt it.", "Use a cloth."),
        ("What sort is it?", "Green."),
    ]


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: clean(text).strip()))
def test_plain_text_loses_no_word(text: str) -> None:
    document = read("a.txt", clean(text))
    found = " ".join(
        [document.title]
        + [" ".join(block.heading_path) for block in document.blocks]
        + [block.text for block in document.blocks if isinstance(block, Paragraph)]
        + [f"{block.question} {block.answer}" for block in document.blocks if isinstance(block, FaqEntry)]
    )
    words = [word for word in re.findall(r"[^\W\d_]{3,}", clean(text)) if word.isascii()]
    assert [word for word in words if word not in found] == []


@pytest.mark.parametrize("name", ["a.md", "a.mdx", "a.html", "a.txt", "a.rst", "a.pod", "a.csv", "a.json", "a.yml"])
@settings(deadline=None)
@given(text=st.text(st.sampled_from("ab?\n #*-_`[]()<>{}%:|=&;\"'.1!>/\\")))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    with contextlib.suppress(ContentError):
        assert read(name, clean(text)).path == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", "<div>" * 50_000 + "x"),
        ("a.html", "<ul><li>" * 1_500 + "x"),
        ("a.json", '{"a":' * 50_000),
        ("a.md", "<details><summary>a</summary>" * 3_000),
        ("a.yml", "[" * 3_000),
    ],
)
def test_deep_nesting_is_refused(name: str, text: str) -> None:
    with pytest.raises(ContentError, match=r"nested too deeply|does not parse"):
        read(name, text)


def test_markdown_front_matter() -> None:
    text = "---\ntitle: Sleep &amp; rest\nurl: /sleep\ntags: [Sleep, Mood]\nlang: en_GB\n"
    text += "lastmod: 2026-03-01 10:00:00\n---\n\nText.\n"
    document = read("a.md", text)
    assert (document.title, document.url, document.tags, document.lang, document.updated) == (
        "Sleep & rest", "/sleep", ("sleep", "mood"), "en", "2026-03-01",
    )  # fmt: skip
    toml = read("a.md", '+++\ntitle = "Sleep"\ndate = 2026-03-01\n+++\nText.\n')
    assert (toml.title, toml.updated) == ("Sleep", "2026-03-01")


def test_front_matter_that_does_not_parse_names_its_line() -> None:
    with pytest.raises(ContentError) as caught:
        read("a.md", "---\ntags: [a]\ntitle: a: b\n---\ntext")
    assert caught.value.line == 3


def test_marks_of_site_generators_do_not_leak() -> None:
    text = """# Site

* TOC
{:toc}

{{< box >}}
Hugo {{% em %}}text{{% /em %}} and `{{< kept >}}`.
{{< /box >}}

{% include a.html %}
Jekyll {{ site.name }} text.
{: .class}

:::tip
Docusaurus text.
:::

!!! note
    MkDocs text.

> [!WARNING]
> GitHub text.

See {ref}`MyST text <target>`.

```{contents}
:local:
```
"""
    assert [block.text for block in read("a.md", text).blocks if isinstance(block, Paragraph)] == [
        "Hugo text and {{< kept >}}.",
        "Jekyll text.",
        "Docusaurus text.",
        "MkDocs text.",
        "GitHub text.",
        "See MyST text.",
    ]


def test_explicit_anchors() -> None:
    text = '# FAQ\n\n## Is it? {#one}\n\nYes.\n\n## <a name="two"></a>Was it?\n\nNo.\n\n## Will it?\n\nMaybe.\n'
    assert [block.anchor for block in read("a.md", text).blocks] == ["one", "two", "will-it"]
    assert read("a.rst", "FAQ\n===\n\n.. _one:\n\nIs it?\n------\n\nYes.\n").blocks[0].anchor == "one"
    assert read("a.html", "<h1>FAQ</h1><h2 id=one>Is it?</h2><p>Yes.").blocks[0].anchor == "one"


def test_html_without_its_furniture() -> None:
    text = """<!doctype html><html lang=de><title>Hilfe | Praxis</title><link rel=canonical href=/hilfe>
<header>Logo</header><nav><a href=/>Start</a></nav><div class=sidebar>Werbung</div><script>x()</script>
<p>Eins<br><br>Zwei <img alt=""> <a href=/x>drei</a>.<footer>Impressum</footer>"""
    document = read("a.html", text)
    assert (document.title, document.url, document.lang) == ("Hilfe", "/hilfe", "de")
    assert document.blocks == (Paragraph(text="Eins"), Paragraph(text="Zwei drei."))


def test_schema_org_in_html_is_not_read_twice() -> None:
    text = """<h1>Tea</h1><div itemscope itemtype="https://schema.org/Question"><h3 itemprop=name>Hot?</h3>
<div itemprop=acceptedAnswer itemscope><p itemprop=text>Yes.</p></div></div><script type="application/ld+json">
{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Hot?", "acceptedAnswer": {"text": "Yes."}},
{"@type": "Question", "name": "Green?", "acceptedAnswer": {"text": "<b>No</b>."}}]}</script>"""
    assert read("a.html", text).blocks == (
        FaqEntry(question="Hot?", answer="Yes."),
        FaqEntry(question="Green?", answer="No."),
    )


def test_rst_reads_what_it_does_not_know_and_no_files() -> None:
    text = """Guide
=====

See :doc:`the start <start>`, :class:`~a.b.C` and |name|.

.. unknown:: argument

   Its text.

.. include:: /etc/passwd

.. raw:: html

   <b>raw</b>
"""
    assert [block.text for block in read("a.rst", text).blocks if isinstance(block, Paragraph)] == [
        "See the start, C and name.",
        "Its text.",
    ]


def test_pod() -> None:
    text = "=head1 NAME\n\nteafaq - Questions about Tea\n\n=head2 Is it B<hot>?\n\nSee C<< a < b >> and L<tea|http://t>.\n\n"
    text += "=over\n\n=item * one\n\n=item * two\n\n=back\n\n=cut\n\ncode\n"
    document = read("teafaq.pod", text)
    assert document.title == "Questions about Tea"
    assert document.blocks[-1] == FaqEntry(
        question="Is it hot?", answer="See a < b and tea.\n- one\n- two", heading_path=("NAME",), anchor="is-it-hot"
    )

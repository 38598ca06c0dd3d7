"""Markdown (.md, .markdown, .mdx), rendered to HTML and read as such."""

from __future__ import annotations

import re
from dataclasses import replace

import pyromark

from indexer.content.readers.markdown_dialects import plain_markdown
from indexer.content.readers.prose.front_matter import split_front_matter
from indexer.content.readers.prose.html_blocks import page_blocks
from indexer.content.readers.prose.html_source import parse_html
from indexer.content.readers.prose.links import anchors_of, html_links, is_here
from indexer.content.readers.prose.metadata import metadata_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.prose.text import clean
from indexer.content.readers.reader import TextReader
from indexer.documents import Document, Link

# As Markdown is read: as far as all that render it agree.
_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_DEFINITION_LIST
)
# Markdown takes the next line for a part of this one.
_ALSO_ASKED_LINE = re.compile(r"^([ \t]*also asked:[^\n]*\n)(?=[^\n]*\S)", re.IGNORECASE | re.MULTILINE)


def read(path: str, text: str) -> Document:
    """Read a Markdown page.

    Raises:
        ContentError: its front matter does not parse.
    """
    fields, body = split_front_matter(path, text)
    is_mdx = path.lower().endswith(".mdx")
    tree = parse_html(render(body, mdx=is_mdx))
    blocks, _ = page_blocks(tree)
    document = page_document(path, blocks, metadata_of(fields))
    links = markdown_links(body, first_line=1 + text[: len(text) - len(body)].count("\n"))
    return replace(document, links=tuple(links), anchors=anchors_of(tree, document.title, body))


READER = TextReader(read)


def render(text: str, *, mdx: bool = False) -> str:
    """Markdown as HTML, the marks of site generators taken out.

    Args:
        text: without front matter.
        mdx: indentation is not code, as in MDX.
    """
    return pyromark.html(_ALSO_ASKED_LINE.sub(r"\1\n", plain_markdown(text, mdx=mdx)), options=_OPTIONS)


def markdown_links(text: str, *, first_line: int = 1) -> list[Link]:
    r"""The links of Markdown that do not leave the site, HTML ones among them.

    Args:
        text: as its author wrote it, without front matter.
        first_line: of the text in its file.

    >>> markdown_links("See [fees][1],\n<a href='#map'>the map</a>.\n\n[1]: fees.md")
    [Link(target='fees.md', line=1), Link(target='#map', line=2)]
    """
    links: list[Link] = []
    if not any(mark in text for mark in ("](", "]:")) and "<a" not in text.lower():
        return links
    raw = text.encode()
    line, counted, opened = first_line, 0, first_line
    block: list[str] = []
    for event, place in pyromark.events_with_range(text, options=_OPTIONS):
        if place["start"] > counted:
            line += raw.count(b"\n", counted, place["start"])
            counted = place["start"]
        match event:
            case {"Start": {"Link": {"dest_url": href}}}:
                if is_here(target := clean(href).strip()):
                    links.append(Link(target, line))
            case {"InlineHtml": str(html)}:
                links += html_links(html, first_line=line)
            case {"Start": "HtmlBlock"}:
                block, opened = [], line
            case {"Html": str(html)}:  # one of its lines
                block.append(html)
            case {"End": "HtmlBlock"}:
                links += html_links("".join(block), first_line=opened)
    return links

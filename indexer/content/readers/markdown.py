"""Markdown (.md, .markdown, .mdx), rendered to HTML and read as such."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from indexer.content.readers.markdown_dialects import plain_markdown
from indexer.content.readers.prose.front_matter import split_front_matter
from indexer.content.readers.prose.html_blocks import blocks_of
from indexer.content.readers.prose.links import anchors_of, markdown_links
from indexer.content.readers.prose.metadata import metadata_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.reader import TextReader
from indexer.documents import Document

# Markdown takes the next line for a part of this one.
_ALSO_ASKED_LINE = re.compile(r"^([ \t]*also asked:[^\n]*\n)(?=[^\n]*\S)", re.IGNORECASE | re.MULTILINE)


def read(path: str, text: str) -> Document:
    """Read a Markdown page.

    Raises:
        ContentError: its front matter does not parse.
    """
    fields, body = split_front_matter(path, text)
    is_mdx = path.lower().endswith(".mdx")
    html = render(body, mdx=is_mdx)
    blocks, _ = blocks_of(html)
    document = page_document(path, blocks, metadata_of(fields))
    links = markdown_links(body, _parser(is_mdx), first_line=1 + text[: len(text) - len(body)].count("\n"))
    return replace(document, links=tuple(links), anchors=anchors_of(html, document.title, body))


READER = TextReader(read)


def render(text: str, *, mdx: bool = False) -> str:
    """Markdown as HTML, the marks of site generators taken out.

    Args:
        text: without front matter.
        mdx: indentation is not code, as in MDX.
    """
    return str(_parser(mdx).render(_ALSO_ASKED_LINE.sub(r"\1\n", plain_markdown(text, mdx=mdx))))


@cache
def _parser(mdx: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(deflist_plugin).use(footnote_plugin)
    return parser.disable("code") if mdx else parser

"""Markdown (.md, .markdown, .mdx), rendered to HTML and read as such."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from indexer.content.readers.markdown_dialects import plain_markdown
from indexer.content.readers.prose.front_matter import split_front_matter
from indexer.content.readers.prose.html_blocks import page_blocks
from indexer.content.readers.prose.html_source import parse_html
from indexer.content.readers.prose.links import anchors_of, markdown_links
from indexer.content.readers.prose.metadata import metadata_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.reader import TextReader
from indexer.documents import Document

_ADDRESS_LENGTH = 2000
_ESCAPED_BAR, _MOST_BARS = "\\|", 1000
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
    links = markdown_links(body, _parser(is_mdx), first_line=1 + text[: len(text) - len(body)].count("\n"))
    return replace(document, links=tuple(links), anchors=anchors_of(tree, document.title, body))


READER = TextReader(read)


def render(text: str, *, mdx: bool = False) -> str:
    """Markdown as HTML, the marks of site generators taken out.

    Args:
        text: without front matter.
        mdx: indentation is not code, as in MDX.
    """
    return str(_parser(mdx).render(_ALSO_ASKED_LINE.sub(r"\1\n", plain_markdown(text, mdx=mdx))))


def _plain_bars(state: StateCore) -> None:
    """Write bars another way in lines of thousands of escaped ones: for each the parser copies the cell so far."""
    if state.src.count(_ESCAPED_BAR) > _MOST_BARS:
        lines = state.src.split("\n")
        state.src = "\n".join(
            line.replace(_ESCAPED_BAR, "&#124;") if line.count(_ESCAPED_BAR) > _MOST_BARS else line for line in lines
        )


def _short_addresses(state: StateCore) -> None:
    """Shorten what stands once in a file and again in every link that names it."""
    for token in state.tokens:
        for part in token.children or ():
            for name in ("href", "src", "title"):
                if name in part.attrs:
                    part.attrs[name] = str(part.attrs[name])[:_ADDRESS_LENGTH]


@cache
def _parser(mdx: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(deflist_plugin).use(footnote_plugin)
    parser.core.ruler.before("block", "plain_bars", _plain_bars)
    parser.core.ruler.push("short_addresses", _short_addresses)
    return parser.disable("code") if mdx else parser

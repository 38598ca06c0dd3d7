"""HTML pages (.html, .htm)."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.front_matter import split_front_matter
from indexer.content.readers.prose.html_blocks import page_blocks
from indexer.content.readers.prose.html_source import parse_html
from indexer.content.readers.prose.links import anchors_of, html_links
from indexer.content.readers.prose.metadata import Metadata, iso_date, lang_of, metadata_of, tags_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.prose.pairs import changed_pairs
from indexer.content.readers.prose.text import one_line
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.json_ld import faq_questions
from indexer.documents import Document, FaqEntry

_SITE_NAME = re.compile(r"(?<!\s)\s++[|·•—–-](?=\s)")
_BARS = "|·•—–"
_SITE_NAME_WORDS = 4
_LITERAL_TAG = re.compile(r"(<(?P<end>/?)(?:pre|code|script)\b[^<>]{0,500}>)", re.IGNORECASE)
_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}")
_COMMENT_END = re.compile(r"\{%-?\s*endcomment\s*-?%\}")
_TEMPLATE = re.compile(r"\{%.{0,400}?%\}|\{\{.{0,400}?\}\}", re.DOTALL)


def read(path: str, text: str) -> Document:
    """Read an HTML page, with front matter in front of it or not.

    Raises:
        ContentError: its front matter does not parse.
    """
    fields, source = split_front_matter(path, text)
    body = source
    if "{%" in body or "{{" in body:
        body = _without_templates(body)
    tree = parse_html(body)
    blocks, page_title = page_blocks(tree)
    blocks = _without_site_name(blocks)
    metadata = _with_page_fields(metadata_of(fields), tree)
    document = page_document(path, blocks, metadata, page_title=_own_title(page_title), extra=_json_ld_entries(tree))
    links = html_links(source, first_line=1 + text[: len(text) - len(source)].count("\n"))
    return replace(document, links=tuple(links), anchors=anchors_of(tree, document.title))


READER = TextReader(read)


def _own_title(title: str) -> str:
    """A page's title without the site's name behind the last bar or dash, as in "Opening hours | Town library"."""
    bar = max(map(title.rfind, _BARS))
    found = _SITE_NAME.search(title, len(title[: max(0, bar)].rstrip()))
    return (title[: found.start()] if found else title) or title


def _without_templates(body: str) -> str:
    """Without template tags, except in code and scripts."""
    if "endcomment" in body:
        body = changed_pairs(body, _COMMENT, _COMMENT_END, lambda opened, inner: "")
    parts: list[str] = []
    depth = place = 0
    for found in _LITERAL_TAG.finditer(body):
        between = body[place : found.start()]
        parts.append(between if depth else _TEMPLATE.sub("", between))
        parts.append(found[0])
        depth = max(0, depth + (-1 if found["end"] else 1))
        place = found.end()
    parts.append(body[place:] if depth else _TEMPLATE.sub("", body[place:]))
    return "".join(parts)


def _with_page_fields(metadata: Metadata, tree: LexborHTMLParser) -> Metadata:
    """Front matter first, then what the page's head says."""
    root = tree.css_first("html")
    lang = (root.attributes.get("lang") or root.attributes.get("xml:lang")) if root is not None else ""
    canonical = tree.css_first("link[rel=canonical]")
    return Metadata(
        title=metadata.title,
        names=metadata.names,
        url=metadata.url or (one_line(canonical.attributes.get("href") or "") if canonical is not None else ""),
        tags=metadata.tags or tags_of(_meta(tree, "keywords")),
        lang=metadata.lang or lang_of(lang or _meta(tree, "language")),
        updated=metadata.updated or iso_date(_meta(tree, "article:modified_time") or _meta(tree, "last-modified")),
    )


def _without_site_name(blocks: list[Block]) -> list[Block]:
    """Without the words of logos and links in front of the top heading."""
    top = next((place for place, block in enumerate(blocks) if block.kind is BlockKind.HEADING and block.level == 1), 0)
    return [block for place, block in enumerate(blocks) if place >= top or len(block.text.split()) > _SITE_NAME_WORDS]


def _meta(tree: LexborHTMLParser, name: str) -> str:
    for node in tree.css("meta"):
        attributes = node.attributes
        if name in (str(attributes.get("name") or "").lower(), attributes.get("property")):
            content = attributes.get("content") or ""
            return "" if "{" in content else content
    return ""


def _json_ld_entries(tree: LexborHTMLParser) -> list[FaqEntry]:
    entries = []
    for script in tree.css('script[type="application/ld+json"]'):
        value: object = None
        # Broken JSON-LD on a page is the page's business: its visible text is still read.
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(script.text(deep=True))
        for fields in faq_questions(value):
            question, answer = one_line(str(fields["question"])), str(fields["answer"])
            if question and answer:
                entries.append(FaqEntry(question=question, answer=answer))
    return entries

"""The links of a page with their lines, and the fragments that lead into it."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from indexer.content.readers.prose.text import clean
from indexer.documents import Link, slug

_ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
# Read by these and not by the parser of pages, which does not tell lines.
_TAG = re.compile(r"<!--|<(?P<raw>script|style|textarea)\b|<a\s(?P<fields>[^<>]{1,4000})>", re.IGNORECASE)
_HREF = re.compile(
    r"(?:^|\s)href\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"']+))", re.IGNORECASE
)
# {#name} and {: #name} give what stands before them a fragment; renderers differ in where they allow it.
_ATTRIBUTE_ID = re.compile(r"\{[^{}\n]{0,100}?#([\w.:-]{1,200}+)[^{}\n]{0,200}+\}")


def html_links(text: str, *, first_line: int = 1) -> list[Link]:
    r"""The links of HTML that do not leave the site.

    >>> html_links('<p>See\n<a href="#fees">fees</a>, <a href="https://example.org">others</a>.')
    [Link(target='#fees', line=2)]
    """
    links = []
    place = counted = 0
    line = first_line
    while found := _TAG.search(text, place):
        place = found.end()
        if found["fields"] is None:
            raw = found["raw"]
            end = re.compile(f"</{raw}" if raw else "-->", re.IGNORECASE).search(text, place)
            if end is None:
                break
            place = end.end()
        elif href := _HREF.search(found["fields"]):
            target = clean(unescape(href["double"] or href["single"] or href["bare"] or "")).strip()
            line += text.count("\n", counted, found.start())
            counted = found.start()
            if is_here(target):
                links.append(Link(target, line))
    return links


def anchors_of(tree: LexborHTMLParser, title: str, source: str = "") -> tuple[str, ...]:
    """Every fragment that may lead into a page: ids, names, and the slugs site generators make of headings.

    Args:
        tree: of the page.
        title: of the page, where a generator makes a heading of it.
        source: what the page was rendered from, for ids that its rendering here drops.
    """
    found = {clean(node.attributes.get(name) or "") for name in ("id", "name") for node in tree.css(f"[{name}]")}
    found.update(_ATTRIBUTE_ID.findall(source))
    taken: Counter[str] = Counter()
    for words in (title, *(node.text(deep=True) for node in tree.css("h1, h2, h3, h4, h5, h6"))):
        base = slug(words)
        found.update((base, f"{base}-{taken[base]}"))
        taken[base] += 1
    return tuple(sorted(found - {""}))


def is_here(target: str) -> bool:
    """Whether a link stays on the site, as far as its address tells."""
    return bool(target) and not _ELSEWHERE.match(target) and "{" not in target

"""What an HTML element says about itself: its fragment, its level, whether it is a question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from indexer.content.readers.prose.text import clean

_QUESTION_NAME = re.compile(
    r"(?:^|[-_])question(?:[-_]?(?:text|title|heading|header|label))?$|^(?:faq|qa)[-_]*(?:q|title|header|heading|trigger|toggle|button)$"
    r"|(?:accordion|collapsible|collapse|toggle)\w*?[-_]*(?:title|header|heading|button|trigger|label|toggle|link)$",
    re.IGNORECASE,
)
_QUESTION_LINE_LENGTH = 400
# No site's names are longer, and the pattern would look through longer ones from every place in them.
_NAME_LENGTH = 100


def children_of(node: LexborNode) -> Iterator[LexborNode]:
    """The elements and texts directly inside an element."""
    child = node.child
    while child is not None:
        yield child
        child = child.next


def own_anchor(node: LexborNode) -> str:
    """The fragment that leads to an element, "" if none."""
    attributes = node.attributes
    anchor = (attributes.get("id") or (attributes.get("name") if node.tag == "a" else "") or "").strip()
    return "" if "{" in anchor or " " in anchor else clean(anchor)


def inner_anchor(node: LexborNode) -> str:
    """The first fragment on a link or a span inside an element, "" if none."""
    return next((anchor for part in node.css("a, span") if (anchor := own_anchor(part))), "")


def aria_level(attributes: dict[str, str | None]) -> int:
    """The level of an element whose role is heading."""
    level = attributes.get("aria-level") or "2"
    return int(level) if level in ("1", "2", "3", "4", "5", "6") else 2


def is_local(href: str) -> bool:
    """Whether a link leads to the page itself or to its own site."""
    return not re.match(r"(?:[a-z][a-z0-9+.-]*:|//)", href.strip(), re.IGNORECASE)


def is_question_item(attributes: dict[str, str | None]) -> bool:
    """Whether an element is a schema.org Question, as microdata or RDFa."""
    kind = attributes.get("itemtype") or attributes.get("typeof") or ""
    return kind.rstrip("/").rpartition("/")[2].rpartition(":")[2] == "Question"


def question_parts(question: LexborNode) -> tuple[LexborNode | None, list[LexborNode]]:
    """The name of a schema.org Question and its answers; what stands in its answers is not looked at."""
    name: LexborNode | None = None
    answers: list[LexborNode] = []
    waiting = [*children_of(question)][::-1]
    while waiting:
        part = waiting.pop()
        attributes = part.attributes
        said = (attributes.get("itemprop"), attributes.get("property"))
        if name is None and "name" in said:
            name = part
        if "acceptedAnswer" in said or said[0] == "suggestedAnswer":
            answers.append(part)
        if "acceptedAnswer" not in said:
            waiting += [*children_of(part)][::-1]
    return name, answers


def names_question(node: LexborNode) -> bool:
    """Whether its class says it is the visible line of a question, and it holds no more than that line."""
    if node.tag in ("section", "article", "body", "main", "ul", "ol", "form"):
        return False
    names = (node.attributes.get("class") or "").split()
    if not any(len(name) <= _NAME_LENGTH and _QUESTION_NAME.search(name) for name in names):
        return False
    blocks = "h1, h2, h3, h4, h5, h6, ul, ol, dl, details, table, p + p" + ("" if node.tag == "tr" else ", pre")
    return node.css_first(blocks) is None and (0 < len(node.text(deep=True)) <= _QUESTION_LINE_LENGTH)

"""HTML -> blocks. Markdown and reStructuredText come this way too, rendered to HTML first."""

from __future__ import annotations

from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexer.content.readers.prose.blocks import Block, BlockKind, joined_text
from indexer.content.readers.prose.boilerplate import is_boilerplate, names_of
from indexer.content.readers.prose.html_elements import (
    aria_level,
    children_of,
    inner_anchor,
    is_local,
    is_question_item,
    names_question,
    own_anchor,
    question_parts,
)
from indexer.content.readers.prose.html_lists import list_block
from indexer.content.readers.prose.html_source import parse_html
from indexer.content.readers.prose.html_tables import is_layout_table, table_block
from indexer.content.readers.prose.inline import Runs, visible_text
from indexer.content.readers.prose.text import clean
from indexer.content.readers.prose.wording import asks

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "ol",
    "p", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_ANCHORED = frozenset(["a", "span", "section", "div", "p", "article", "target"])
_BOLD = frozenset(["b", "strong"])
# So many terms may share what is said of them; more are one, or each would repeat it.
_MOST_TERMS = 20


def blocks_of(html: str) -> tuple[list[Block], str]:
    """The content of a page as blocks, and the text of its ``<title>``.

    >>> blocks_of("<title>Help</title><h2 id=a>Why?</h2><p>Because.")[0][0].anchor
    'a'
    """
    return page_blocks(parse_html(html))


def page_blocks(tree: LexborHTMLParser) -> tuple[list[Block], str]:
    """The same of a page that is parsed already."""
    title = tree.css_first("head > title")
    mains = tree.css("main, [role=main]")
    root = mains[0] if len(mains) == 1 else tree.body
    flow = _Flow()
    if root is not None:
        if root.tag != "body" and root.css_first("h1") is None and (top := tree.css_first("h1")) is not None:
            flow.visit(top)
        flow.visit_children(root)
    flow.flush()
    return flow.blocks, visible_text(title.text(deep=True)) if title is not None else ""


class _Flow:
    """Collects the blocks of one container in reading order."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.runs = Runs()

    def flush(self) -> None:
        self.blocks.extend(self.runs.take())

    def visit_children(self, node: LexborNode, *, bold: bool = False, local: bool | None = None) -> None:
        for child in children_of(node):
            self.visit(child, bold=bold, local=local)

    def visit(self, node: LexborNode, *, bold: bool = False, local: bool | None = None) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self.runs.add(node.text_content or "", bold=bold, local=local)
            return
        attributes = node.attributes
        if is_boilerplate(node, tag, attributes):
            return
        if attributes and is_question_item(attributes):
            self._question(node)
        elif tag in _HEADINGS or attributes.get("role") == "heading":
            self._heading(node, _HEADINGS.get(tag) or aria_level(attributes))
        elif tag == "br":
            self.runs.add_break()
        elif tag == "img":
            self.runs.add_image(attributes.get("alt") or "", local=local)
        elif tag in ("ul", "ol", "menu"):
            self._list(node, ordered=tag == "ol")
        elif tag == "dl":
            self._terms(node)
        elif tag == "details":
            self._details(node)
        elif tag == "pre" or (attributes and "prettyprint" in names_of(attributes)):
            self._code(node)
        elif tag == "table" and not is_layout_table(node):
            self.flush()
            block = table_block(node, lambda cell: joined_text(inner_blocks(cell)))
            if block is not None:
                self.blocks.append(block)
        elif tag in ("button", "label"):
            self._control(node)
        else:
            self._plain(node, tag, attributes, bold=bold, local=local)

    def _plain(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], *, bold: bool, local: bool | None
    ) -> None:
        if attributes and names_question(node):
            self._named_question(node)
            return
        block = tag in _BLOCKS
        if block:
            self.flush()
        if (
            attributes
            and (anchor := own_anchor(node))
            and (tag in ("a", "span", "section", "div", "p", "article", "target"))
        ):
            self.runs.anchor = anchor
        if tag == "a" and (href := attributes.get("href")):
            local = is_local(href)
        bold = bold or tag in _BOLD
        self.visit_children(node, bold=bold, local=local)
        if block:
            self.flush()

    def _named_question(self, node: LexborNode) -> None:
        self.flush()
        text = " ".join(" ".join(block.text.split()) for block in inner_blocks(node))
        if text:
            anchor = own_anchor(node) or inner_anchor(node)
            self.blocks.append(Block(kind=BlockKind.TEXT, text=text, lead=text, anchor=anchor))

    def _heading(self, node: LexborNode, level: int) -> None:
        self.flush()
        anchor = own_anchor(node) or inner_anchor(node) or self.runs.anchor
        self.runs.anchor = ""
        text = " ".join(" ".join(block.text.split()) for block in inner_blocks(node))
        if text:
            self.blocks.append(Block(kind=BlockKind.HEADING, text=text, level=level, anchor=anchor))

    def _question(self, node: LexborNode) -> None:
        self.flush()
        name, answers = question_parts(node)
        if name is None or not answers:
            self.visit_children(node)
            return
        question = " ".join(block.text for block in inner_blocks(name))
        inner = tuple(block for answer in answers for block in inner_blocks(answer))
        if question:
            anchor = own_anchor(node) or inner_anchor(name) or own_anchor(name)
            self.blocks.append(Block(kind=BlockKind.QUESTION, text=question, anchor=anchor, inner=inner))

    def _list(self, node: LexborNode, *, ordered: bool) -> None:
        self.flush()
        items = [inner for child in children_of(node) if child.tag == "li" and (inner := inner_blocks(child))]
        loose = _Flow()
        for child in children_of(node):
            if child.tag != "li":
                loose.visit(child)
        loose.flush()
        self.blocks.extend(loose.blocks)
        structured = (BlockKind.HEADING, BlockKind.DETAILS, BlockKind.TERM, BlockKind.QUESTION)
        if any(block.kind in structured for item in items for block in item):
            self.blocks.extend(block for item in items for block in item)
        elif items:
            start = node.attributes.get("start") or "1"
            first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
            self.blocks.append(list_block(items, first if ordered else None))

    def _terms(self, node: LexborNode) -> None:
        self.flush()
        anchor = own_anchor(node)
        terms: list[Block] = []
        definition: list[Block] | None = None
        parts = [
            part for child in children_of(node) for part in (children_of(child) if child.tag == "div" else (child,))
        ]
        for part in parts:
            if part.tag == "dt":
                if definition is not None:
                    self.blocks.extend(_defined(terms, definition))
                    terms, definition = [], None
                text = "\n".join(block.text for block in inner_blocks(part))
                if text:
                    anchor = own_anchor(part) or inner_anchor(part) or anchor
                    terms.append(Block(kind=BlockKind.TERM, text=text, anchor=anchor))
                    anchor = ""
            elif part.tag == "dd" and terms:
                definition = definition or []
                definition += inner_blocks(part)
            elif part.tag == "dd":
                self.blocks.extend(inner_blocks(part))
            elif part.tag != "-text":
                before = len(self.blocks)
                self.visit(part)
                if definition is not None and len(self.blocks) > before:
                    self.blocks[before:before] = _defined(terms, definition)
                    terms, definition = [], None
        self.blocks.extend(_defined(terms, definition or []))

    def _details(self, node: LexborNode) -> None:
        self.flush()
        summary = next((child for child in children_of(node) if child.tag == "summary"), None)
        flow = _Flow()
        for child in children_of(node):
            if child.tag != "summary":
                flow.visit(child)
        flow.flush()
        text = " ".join(block.text for block in inner_blocks(summary)) if summary is not None else ""
        anchor = own_anchor(node) or (own_anchor(summary) or inner_anchor(summary) if summary is not None else "")
        anchor = anchor or self.runs.anchor
        self.runs.anchor = ""
        inner = flow.blocks
        if text:
            self.blocks.append(
                Block(kind=BlockKind.DETAILS, text=" ".join(text.split()), anchor=anchor, inner=tuple(inner))
            )
        else:
            self.blocks.extend(inner)

    def _code(self, node: LexborNode) -> None:
        self.flush()
        text = clean(node.text(deep=True)).strip("\n").rstrip()
        if text.strip():
            self.blocks.append(Block(kind=BlockKind.CODE, text=text))

    def _control(self, node: LexborNode) -> None:
        """A button or label is content only where it opens a question."""
        attributes = node.attributes
        text = visible_text(node.text(deep=True))
        opens = "aria-expanded" in attributes or "aria-controls" in attributes or names_question(node)
        if text and (asks(text) or (opens and len(text.split()) > 2)):
            self.flush()
            self.visit_children(node, bold=True)
            self.flush()


def inner_blocks(node: LexborNode) -> list[Block]:
    """The blocks inside one element."""
    flow = _Flow()
    flow.visit_children(node)
    flow.flush()
    return flow.blocks


def _defined(terms: list[Block], definition: list[Block]) -> list[Block]:
    """Terms that stand together, each with all that is said of them."""
    if len(terms) > _MOST_TERMS:
        terms = [replace(terms[0], text="\n".join(term.text for term in terms))]
    inner = tuple(definition)
    return [replace(term, inner=inner) for term in terms]

"""A tree of docutils as the HTML that pages are read from, written without opening a file."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.writers import html5_polyglot

# What is no image: a page's reader takes no words from it.
_FILMS = (".mp4", ".webm", ".ogv", ".swf")
_VALUE_LENGTH = 2000
_MOST_CLASSES = 100
_PARTS = ("body_prefix", "body_pre_docinfo", "docinfo", "body", "body_suffix")


class _Translator(html5_polyglot.HTMLTranslator):
    def visit_image(self, node: nodes.image) -> None:
        """Write what an image shows and leave the file it is in alone: docutils would open it for some options."""
        address = str(node["uri"])
        if not address.lower().endswith(_FILMS):
            self.body.append(self.emptytag(node, "img", "", alt=node.get("alt", address)))

    def starttag(self, node: nodes.Element, *args: Any, **attributes: Any) -> str:
        """A tag with at most so many classes, among which docutils looks for each."""
        if isinstance(node, nodes.Element) and len(node["classes"]) > _MOST_CLASSES:
            node["classes"] = node["classes"][:_MOST_CLASSES]
        return str(super().starttag(node, *args, **attributes))

    def attval(self, text: str, *whitespace: re.Pattern[str]) -> str:
        """The value of an attribute; a long one would stand in every link that names it."""
        return str(super().attval(text[:_VALUE_LENGTH], *whitespace))


class HtmlWriter(html5_polyglot.Writer):
    """Writes the words of a page; docutils' own reads a template and style sheets first."""

    def __init__(self) -> None:
        super().__init__()
        self.translator_class = _Translator

    def apply_template(self) -> str:
        """The page without a head."""
        return "".join("".join(getattr(self, part)) for part in _PARTS)

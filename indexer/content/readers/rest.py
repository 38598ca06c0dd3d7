"""reStructuredText (.rst), rendered to HTML by docutils and read as such."""

from __future__ import annotations

from importlib import import_module

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree
from docutils.parsers.rst import Parser
from docutils.transforms import Transform

from indexer.content.readers.prose.html_blocks import blocks_of
from indexer.content.readers.prose.metadata import metadata_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.reader import TextReader
from indexer.content.readers.rest_extensions import register_unknown
from indexer.content.readers.rest_html import HtmlWriter
from indexer.content.readers.rest_inline import TextInliner
from indexer.content.readers.rest_limits import BoundedSubstitutions, Budget, TooMuchError, refuse_beyond_docutils
from indexer.documents import Document
from indexer.errors import ContentError

# What docutils else loads, and opens files for, in the midst of the first text that needs it.
for _part in (
    "languages.en", "parsers.rst.languages.en", "parsers.rst.directives.admonitions", "parsers.rst.directives.body",
    "parsers.rst.directives.html", "parsers.rst.directives.images", "parsers.rst.directives.misc",
    "parsers.rst.directives.parts", "parsers.rst.directives.references", "readers.standalone", "transforms.parts",
    "writers.null",
):  # fmt: skip
    import_module(f"docutils.{_part}")

_LONGEST_LINE = 1_000_000
_SETTINGS: dict[str, object] = {
    "report_level": 5,
    "halt_level": 6,
    "warning_stream": None,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "docinfo_xform": True,
    "initial_header_level": 1,
    "smart_quotes": False,
    "syntax_highlight": "none",
    "image_loading": "link",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "math_output": "LaTeX",
    "section_self_link": False,
    "toc_backlinks": False,
    "line_length_limit": _LONGEST_LINE,
    "_disable_config": True,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
}


def read(path: str, text: str) -> Document:
    """Read a reStructuredText page; unknown directives and roles count as their text.

    Raises:
        ContentError: docutils cannot read it.
    """
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        raise ContentError(path, f"has a line of more than {_LONGEST_LINE} characters; break it")
    refuse_beyond_docutils(path, text)
    html, fields = render(path, text)
    blocks, _ = blocks_of(html)
    return page_document(path, blocks, metadata_of(fields))


READER = TextReader(read)


class _Parser(Parser):
    def get_transforms(self) -> list[type[Transform]]:
        """Those of docutils, and ours before them."""
        return [*super().get_transforms(), BoundedSubstitutions]


def render(path: str, text: str) -> tuple[str, dict[str, object]]:
    """The page as HTML, and the fields at its top.

    Raises:
        ContentError: docutils cannot read it.
    """
    register_unknown(text)
    try:
        parser = _Parser(inliner=TextInliner(Budget(len(text))))
        settings = {**_SETTINGS, "source_length": len(text)}
        tree = publish_doctree(text, parser=parser, settings_overrides=settings)
        fields = _take_fields(tree)
        _take_errors(tree)
        html = publish_from_doctree(tree, writer=HtmlWriter(), settings_overrides=_SETTINGS)
    except RecursionError:
        raise
    except TooMuchError as error:
        raise ContentError(path, str(error)) from error
    except Exception as error:  # docutils raises whatever a directive raises
        raise ContentError(path, f"is not valid reStructuredText: {error}") from error
    return str(html), fields


def _take_fields(tree: nodes.document) -> dict[str, object]:
    """Take the field list at the top out of the page."""
    fields: dict[str, object] = {}
    for info in [*tree.findall(nodes.docinfo), *(node for node in tree.children if isinstance(node, nodes.field_list))]:
        for field in info.children:
            if isinstance(field, nodes.field):
                fields[field[0].astext()] = field[1].astext()
            elif isinstance(field, nodes.Element):
                fields[field.tagname] = field.astext()
        if info.parent is not None:
            info.parent.remove(info)
    return fields


def _take_errors(tree: nodes.document) -> None:
    """Take out what docutils has to complain about; words it could not resolve stay as words."""
    dropped = (nodes.system_message, nodes.comment, nodes.substitution_definition, nodes.meta)
    for parent in [tree, *tree.findall(nodes.Element)]:
        if any(isinstance(child, (*dropped, nodes.problematic)) for child in parent.children):
            parent[:] = [_plain(child) for child in parent.children if not isinstance(child, dropped)]


def _plain(node: nodes.Node) -> nodes.Node:
    return nodes.Text(node.astext().strip("`_|*:")) if isinstance(node, nodes.problematic) else node

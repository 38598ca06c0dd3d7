"""reStructuredText (.rst), rendered to HTML by docutils and read as such."""

from __future__ import annotations

from docutils import nodes
from docutils.core import publish_doctree, publish_from_doctree

from indexer.content.readers.prose.html_blocks import blocks_of
from indexer.content.readers.prose.metadata import metadata_of
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.reader import TextReader
from indexer.content.readers.rest_extensions import register_unknown
from indexer.content.readers.rest_library import HtmlWriter
from indexer.documents import Document
from indexer.errors import ContentError

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
    html, fields = render(path, text)
    blocks, _ = blocks_of(html)
    return page_document(path, blocks, metadata_of(fields))


READER = TextReader(read)


def render(path: str, text: str) -> tuple[str, dict[str, object]]:
    """The page as HTML, and the fields at its top.

    Raises:
        ContentError: docutils cannot read it.
    """
    register_unknown(text)
    try:
        tree = publish_doctree(text, settings_overrides=_SETTINGS)
        fields = _take_fields(tree)
        _take_errors(tree)
        html = publish_from_doctree(tree, writer=HtmlWriter(), settings_overrides=_SETTINGS)
    except RecursionError:
        raise
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
    for message in list(tree.findall(nodes.system_message)):
        if message.parent is not None:
            message.parent.remove(message)
    for problem in list(tree.findall(nodes.problematic)):
        words = problem.astext().strip("`_|*:")
        problem.parent.replace(problem, nodes.Text(words))
    for node in list(
        tree.findall(lambda part: isinstance(part, nodes.comment | nodes.substitution_definition | nodes.meta))
    ):
        node.parent.remove(node)

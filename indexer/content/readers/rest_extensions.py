"""Makes docutils read the directives and roles of Sphinx and other extensions as their text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Directive, Parser, directives, languages, roles
from docutils.utils import new_document

from indexer.content.readers.rest_limits import BoundedTable

_DIRECTIVE = re.compile(
    r"^[ \t]*(?:\.\.[ \t]+)(?:\|[^|]+\|[ \t]+)?([A-Za-z][\w:.+-]*?)[ \t]?::(?:[ \t]|$)", re.MULTILINE
)
# A role in front of its text, with the word it stands at the end of, and one behind its text.
_ROLE_IN_FRONT = re.compile(r"(?<![\w:.+-])([\w:.+-]++)`")
_NAME_IN_FRONT = re.compile(r"(?<!:):([A-Za-z][\w:.+-]*):$")
_ROLE_BEHIND = re.compile(r"`:([A-Za-z][\w:.+-]*):(?!`)")
_NAME_LENGTH = 200
_TARGET = re.compile(r"(?<!\s)\s*+<[^<>]*>$")

_DROPPED = frozenset({
    "toctree", "contents", "sectnum", "index", "currentmodule", "module", "highlight", "literalinclude", "include",
    "raw", "only-raw", "meta", "tabularcolumns", "automodule", "autoclass", "autofunction", "automethod", "autosummary",
    "cssclass", "rst-class", "role", "default-role", "figure-md", "graphviz", "uml", "mermaid", "plot", "sectionauthor",
    "codeauthor", "moduleauthor", "tags", "feed-entry", "spelling",
})  # fmt: skip
_CODE = frozenset({
    "code-block", "sourcecode", "code", "parsed-literal", "prompt", "ipython", "command-output", "testcode", "doctest",
    "console",
})  # fmt: skip
_FOLDED = frozenset(["dropdown", "collapse", "toggle", "details", "faq", "question", "accordion", "collapsible"])
_LINE_TEXT = frozenset(["versionadded", "versionchanged", "deprecated", "versionremoved", "centered", "rubric"])
_registered_roles: set[str] = set()


class _TextDirective(Directive):
    """An unknown directive: its content is text of the page, its options and argument are not."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        """Read the content as if it stood on the page."""
        name = self.name.rpartition(":")[2].lower()
        if name in _DROPPED:
            return []
        body = nodes.container()
        content = _without_options(self.content)
        if len(content):
            self.state.nested_parse(content, self.content_offset, body)
        argument = self.arguments[0] if self.arguments else ""
        if name in _FOLDED and argument:
            return [_term(argument, body)]
        if argument and name in _LINE_TEXT:
            parts = argument.split(maxsplit=1)
            words = (parts[1] if len(parts) > 1 else "") if name.startswith(("version", "deprecated")) else argument
            if words:
                body.insert(0, nodes.paragraph("", words))
        return list(body.children)


class _CodeDirective(Directive):
    """Code, whatever options its site gives it."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        """Keep the code as it is."""
        code = "\n".join(_without_options(self.content))
        return [nodes.literal_block(code, code)] if code.strip() else []


def _without_options(content: Any) -> Any:
    """Content behind its ``:name: value`` lines, which stand in it because no option is declared."""
    start = 0
    while start < len(content) and re.match(r"\s*:[\w-]+:(?:\s|$)", content[start]):
        start += 1
    return content[start:]


def _term(question: str, body: nodes.Element) -> nodes.definition_list:
    definition = nodes.definition("", *body.children)
    return nodes.definition_list("", nodes.definition_list_item("", nodes.term("", question), definition))


def _text_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[Any], list[Any]]:
    """An unknown role: its words, without its target."""
    words = _TARGET.sub("", text.replace("\x00", "")) or text
    if words.startswith("~"):
        words = words[1:].rpartition(".")[2]
    return [nodes.inline(rawtext, words.lstrip("!"))], []


@cache
def _register_ours() -> None:
    """Ours in the place of docutils' own, wherever on a page they stand."""
    directives.register_directive("csv-table", BoundedTable)
    for name in _DROPPED:
        directives.register_directive(name, _TextDirective)


def register_unknown(text: str) -> None:
    """Make known to docutils the names that a text uses and docutils does not know.

    docutils keeps its names in one table for the process, so each is added once and means the same in every file.
    """
    _register_ours()
    for name in set(_DIRECTIVE.findall(text)):
        lowered = name.lower()
        base = lowered.rpartition(":")[2]
        if base in _CODE:
            directives.register_directive(lowered, _CodeDirective)
        elif base in _DROPPED or not _is_known_directive(lowered):
            directives.register_directive(lowered, _TextDirective)
    for name in _role_names(text):
        if name.lower() not in _registered_roles and not _is_known_role(name.lower()):
            _registered_roles.add(name.lower())
            roles.register_local_role(name.lower(), _text_role)


def _role_names(text: str) -> set[str]:
    in_front = (_NAME_IN_FRONT.search(word[-_NAME_LENGTH:]) for word in _ROLE_IN_FRONT.findall(text))
    return {*_ROLE_BEHIND.findall(text), *(found[1] for found in in_front if found)}


def _is_known_directive(name: str) -> bool:
    found, _ = directives.directive(name, _english(), _blank_document())
    return found is not None


def _is_known_role(name: str) -> bool:
    found, _ = roles.role(name, _english(), 1, _blank_document().reporter)
    return found is not None


def _english() -> Any:
    return languages.get_language("en")


@cache
def _blank_document() -> nodes.document:
    settings = get_default_settings(Parser)
    settings.report_level = 5
    settings.warning_stream = False
    return new_document("", settings)

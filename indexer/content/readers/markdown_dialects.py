"""Takes the marks of site generators out of Markdown: Jekyll, Hugo, kramdown, Docusaurus, MkDocs, MyST, MDX, GitHub."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from indexer.content.readers.markdown_tags import folded, spaced_details, without_components, without_tags

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_ADMONITION = re.compile(r"(?P<indent>[ \t]*+)(?P<mark>!!!|\?\?\?\+?|===\+?!?)[ \t]++(?P<rest>.*)")
_ADMONITION_TITLE = re.compile(r"[\w -]*+[ \t]*+(?:[\"“](?P<title>.*)[\"”])?")
# Colons, a kind, a title and attributes; the kind is tried first, as in "::: {note}".
_COLONS = r"^[ \t]*+:{3,}+[ \t]*+"
_COLON_TITLE = (
    r"[ \t]*+(?:\[(?P<bracket>[^\]]*+)\](?:\{[^}]*+\})?+[ \t]*+$|(?P<title>[^{}\n]*+)(?:\{[^}]*+\})?+[ \t]*+$)"
)
_COLON_FENCE = re.compile(rf"{_COLONS}\{{?(?P<kind>[\w-]++)\}}?+{_COLON_TITLE}")
_COLONS_ALONE = re.compile(rf"{_COLONS}(?P<kind>){_COLON_TITLE}")
_HEADING = re.compile(r"(?P<marks>#{1,6})[ \t]")
_HEADING_ID = re.compile(
    r"(?:\{:?\s*#(?P<id>[\w.:-]++)[^}]*+\}|\{/\*\s*#(?P<mdx>[\w.:-]++)\s*\*/\}|<!--\s*#(?P<comment>[\w.:-]++)\s*-->)$"
)
_HEADING_ATTRIBUTES = re.compile(r"\{[.:][^}]*+\}$")
_MYST_TARGET = re.compile(r"^\(([\w.:/-]+)\)=[ \t]*$")
_ATTRIBUTE_LINE = re.compile(r"^[ \t>]*\{:.*\}[ \t]*$")
_DROPPED_LINE = re.compile(
    r"^[ \t]*(?:\[\[_?toc_?\]\]|\[toc\]|\$\{toc\}|@\[toc\].*"
    r"|<!--\s*/?toc\s*-->|\{\{\s*toc\s*\}\}|\[\[TOC\]\]|__TOC__)[ \t]*$",
    re.IGNORECASE,
)
_MDX_LINE = re.compile(r"^(?:import\s+(?:[\w*{\"'].*)|export\s+(?:const|let|var|default|function|\*|\{).*)$")
_ALERT = re.compile(r"^([ \t]*>[ \t]*)\[!\w+\][-+]?[ \t]*(.*)$")
_LIST_LINE = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+")
# No definition, which has a space behind its colon.
_TIGHT_COLON = re.compile(r"^([ \t>]*+)(?=:[^\s:])")
_TIGHT_HEADING = re.compile(r"^(#{1,6})(?=[^\s#\d!/{])(?=.*[?？])")
_DEEPEST = 20
_DROPPED_DIRECTIVES = frozenset(
    ["contents", "toctree", "tableofcontents", "include", "index", "raw", "eval-rst", "figure", "image"]
)
_PROSE_DIRECTIVES = frozenset(
    [
        "note",
        "tip",
        "warning",
        "important",
        "caution",
        "danger",
        "hint",
        "attention",
        "error",
        "seealso",
        "admonition",
        "info",
        "versionadded",
        "versionchanged",
        "deprecated",
        "dropdown",
        "tab-item",
        "tab-set",
        "grid",
        "card",
        "toggle",
        "topic",
        "sidebar",
        "margin",
    ]
)


def plain_markdown(text: str, *, mdx: bool = False) -> str:
    r"""Markdown in which only CommonMark, tables and HTML are left.

    >>> plain_markdown("## What is {{ site.name }} for? {#what}\n")
    '<h2 id="what">\n\nWhat is  for?\n\n</h2>\n\n'
    """
    if mdx or "/>" in text or "</" in text:
        text = _outside_code(text, without_components if mdx else lambda part: part)
    text = _outside_code(text, lambda part: without_tags(spaced_details(part)))
    lines = _lines(text.split("\n"), mdx=mdx)
    return "\n".join(_outdented(lines) if mdx else lines)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to everything but fenced code."""
    parts: list[str] = []
    plain: list[str] = []
    code: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            code.append(line)
            if found and found["fence"].startswith(fence) and not found["info"].strip():
                parts.append("\n".join(code))
                code, fence = [], ""
        elif found and "`" not in found["info"]:
            if plain:
                parts.append(change("\n".join(plain)))
            plain, code, fence = [], [line], found["fence"]
        else:
            plain.append(line)
    if plain:
        parts.append(change("\n".join(plain)))
    if code:
        parts.append("\n".join(code))
    return "\n".join(parts)


def _lines(lines: list[str], *, mdx: bool, depth: int = 0) -> Iterator[str]:
    """Line by line: fenced directives, admonitions, heading fragments, markers on lines of their own."""
    place = 0
    anchor = ""
    while place < len(lines):
        line = lines[place]
        place += 1
        if not line:
            yield line
        elif found := _FENCE.match(line):
            end = _fence_end(lines, place, found["fence"])
            yield from _fenced(found, lines[place - 1 : end], mdx=mdx, depth=depth + 1)
            place = end
        elif depth < _DEEPEST and (admonition := _admonition_of(line)):
            end = _indented_end(lines, place, admonition.indent)
            if end > place:
                body = textwrap.dedent("\n".join(lines[place:end])).split("\n")
                yield from _admonition(admonition, body, mdx=mdx, depth=depth + 1)
                place = end
            else:
                yield line
        elif found := _MYST_TARGET.match(line):
            anchor = found[1]
        elif mdx and _MDX_LINE.match(line):
            while place < len(lines) and lines[place].strip():
                place += 1
        elif _LIST_LINE.match(line) and place < len(lines) and re.match(r"^[ \t]*\{:\s*toc\b.*\}", lines[place]):
            place += 1
        elif _ATTRIBUTE_LINE.match(line) or _DROPPED_LINE.match(line):
            yield ""
        elif line.lstrip().startswith(":::") and (found := _COLON_FENCE.match(line) or _COLONS_ALONE.match(line)):
            title = (found["bracket"] or found["title"] or "").strip()
            yield from ("", f"{title}" if title and found["kind"] not in _DROPPED_DIRECTIVES else "", "")
        else:
            yield from _plain_line(line, anchor)
            anchor = "" if line.strip() else anchor


def _outdented(lines: Iterable[str]) -> Iterator[str]:
    """Without the indentation that components leave: in MDX it makes no code, but lists and fences keep their own."""
    base: int | None = None
    fence: re.Match[str] | None = None
    for line in lines:
        words = line.lstrip(" \t")
        indent = len(line) - len(words)
        if fence is not None:
            yield line[min(indent, len(fence["indent"])) :]
            fence = None if words.startswith(fence["fence"]) else fence
        elif base is None or (words and indent <= base):
            base = indent if _LIST_LINE.match(words) else None
            fence = _FENCE.match(line)
            yield words
        else:
            yield line[min(indent, base) :]


def _plain_line(line: str, anchor: str) -> Iterator[str]:
    if (heading := _HEADING.match(line)) and (found := _marker(line, heading.end(), _HEADING_ID)):
        words = line[heading.end() : found.start()].rstrip(" \t").rstrip("#").strip()
        level = len(heading["marks"])
        name = html.escape(found["id"] or found["mdx"] or found["comment"])
        yield from (f'<h{level} id="{name}">', "", words, "", f"</h{level}>", "")
        return
    if heading and (found := _marker(line, heading.end(), _HEADING_ATTRIBUTES)):
        line = heading[0] + line[heading.end() : found.start()].rstrip(" \t")
    if found := _ALERT.match(line):
        line = found[1] + found[2]
    if anchor and line.strip():
        yield f'<span id="{html.escape(anchor)}"></span>'
        yield ""
    yield _TIGHT_HEADING.sub(r"\1 ", _TIGHT_COLON.sub(r"\1\\", line))


def _marker(line: str, start: int, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """What a heading ends with, in braces or in a comment, that fits a pattern."""
    end = len(line.rstrip(" \t"))
    if not line.endswith(("}", "-->"), start, end):
        return None
    # It holds no brace but its last, and no comment but itself: what stands further left need not be tried.
    start = max(start, line.rfind("}", start, end - 1) + 1)
    if line.endswith("-->", start, end):
        start = max(start, line.rfind("<!--", start, end))
    return pattern.search(line, start, end)


def _fence_end(lines: list[str], place: int, fence: str) -> int:
    closing = re.compile(rf"^[ \t>]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    return next((end + 1 for end in range(place, len(lines)) if closing.match(lines[end])), len(lines))


def _fenced(opening: re.Match[str], lines: list[str], *, mdx: bool, depth: int) -> Iterator[str]:
    """MyST directives are fenced: their content is Markdown, other fenced text is code."""
    found = re.match(r"\{(?P<name>[\w:-]+)\}\s*(?P<title>.*)$", opening["info"].strip())
    if (
        found is None
        or depth > _DEEPEST
        or found["name"].rpartition(":")[2] not in _DROPPED_DIRECTIVES | _PROSE_DIRECTIVES
    ):
        yield from lines
        return
    if found["name"].rpartition(":")[2] in _DROPPED_DIRECTIVES:
        return
    body = [line for line in lines[1:-1] if not re.match(r"^\s*:[\w-]+:", line)]
    if found["name"] in ("dropdown", "toggle") and found["title"]:
        yield from folded(found["title"], "\n".join(_lines(body, mdx=mdx, depth=depth))).split("\n")
    else:
        yield from ("", found["title"], "", *_lines(body, mdx=mdx, depth=depth), "")


def _indented_end(lines: list[str], place: int, indent: int) -> int:
    end = last = place
    while end < len(lines):
        line = lines[end].expandtabs(4)
        if line.strip() and len(line) - len(line.lstrip()) < indent + 2:
            break
        end += 1
        last = end if line.strip() else last
    return last


@dataclass(frozen=True, slots=True)
class _Admonition:
    """The line above an indented box: how far it stands in, its title, and whether the box opens under it."""

    indent: int
    title: str
    opens: bool


def _admonition_of(line: str) -> _Admonition | None:
    found = _ADMONITION.fullmatch(line)
    words = _ADMONITION_TITLE.fullmatch(found["rest"].strip(" \t")) if found else None
    if found is None or words is None:
        return None
    title = words["title"] or ""
    return _Admonition(len(found["indent"].expandtabs(4)), title, opens=bool(title) and found["mark"].startswith("?"))


def _admonition(box: _Admonition, body: list[str], *, mdx: bool, depth: int) -> Iterator[str]:
    inner = "\n".join(_lines(body, mdx=mdx, depth=depth))
    if box.opens:
        yield from folded(box.title, inner).split("\n")
    else:
        yield from ("", box.title, "", *inner.split("\n"), "")

"""Takes the marks of site generators out of Markdown: Jekyll, Hugo, kramdown, Docusaurus, MkDocs, MyST, MDX, GitHub."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_CODE_SPAN = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).){1,1000}?(?<!`)(?P=ticks)(?!`))"
_INLINE = re.compile(
    _CODE_SPAN + r"""|\{\{.{0,400}?\}\}|\{%.{0,400}?%\}|(?<=\S)\{:[^}\n]*\}"""
    r"""|\{/\*.{0,400}?\*/\}|\[\^[^\]\n]+\](?!:)""",
    re.DOTALL,
)
_COMMENT_TAG = re.compile(r"\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}", re.DOTALL)
_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\b[^%]*%\}[ \t]*\n?(.*?)\n?[ \t]*\{%-?\s*endhighlight\s*-?%\}", re.DOTALL)
_HUGO_HIGHLIGHT = re.compile(
    r"\{\{<\s*highlight\b[^>]*>\}\}[ \t]*\n?(.*?)\n?[ \t]*\{\{<\s*/\s*highlight\s*>\}\}", re.DOTALL
)
_HUGO_DETAILS = re.compile(
    r"\{\{[<%]\s*(?:details|expand|accordion(?:-item)?|faq(?:-item)?|collapse|spoiler)\s+"
    r"(?:[^>%]*?(?:title|question|summary|header)=)?[\"“](?P<title>[^\"”]+)[\"”][^>%]*[>%]\}\}"
    r"(?P<body>.*?)\{\{[<%]\s*/\s*\w[\w-]*\s*[>%]\}\}",
    re.DOTALL,
)
_HUGO_END = re.compile(r"\{\{[<%]\s{0,9}/")
_ROLE = re.compile(r"\{[A-Za-z][\w:+-]*\}`(?P<text>[^`\n]+)`")
_ROLE_TARGET = re.compile(r"\s*<[^<>]+>$")
_JSX_TITLED = re.compile(
    r"^[ \t]*<(?P<name>(?:\w+\.)?\w*(?:Accordion|Faq|FAQ|Collaps|Details|Expand|Toggle|Disclosure|Question)"
    r"\w*)\b[^<>]*?"
    r"\b(?:title|question|summary|header|label|heading)=(?:\{\s*)?(?P<quote>[\"'`])(?P<title>.{0,500}?)(?P=quote)[^<>]{0,500}?>"
    r"[ \t]*(?P<body>.{0,50000}?)[ \t]*</(?P=name)>",
    re.DOTALL | re.MULTILINE,
)
_JSX_TAG = re.compile(
    r"</?[A-Z][\w.]*(?:\s+[\w:-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}))?)*\s*/?>|<>|</>"
)
_DETAILS = re.compile(
    r"(?P<open><details\b[^>]{0,200}>)\s*(?P<summary><summary\b[^>]{0,200}>.{0,2000}?</summary>)?"
    r"(?P<body>(?:(?!<details\b).){0,50000}?)(?P<close></details>)",
    re.DOTALL | re.IGNORECASE,
)
_MARKDOWN_TAG = re.compile(
    r"^[ \t]*(<(?:div|section|article|aside|figure|dd)\b[^>]*?)\s+markdown(?:=[\"']?\w+[\"']?)?([^>]*>)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSING_TAG = re.compile(r"^[ \t]*(</(?:div|section|article|aside|figure|dd)>)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ADMONITION = re.compile(
    r"^(?P<indent>[ \t]*)(?P<mark>!!!|\?\?\?\+?|===\+?!?)[ \t]+(?P<kind>[\w -]*?)[ \t]*"
    r"(?:[\"“](?P<title>.*?)[\"”])?[ \t]*$"
)
_COLON_FENCE = re.compile(
    r"^[ \t]*:{3,}[ \t]*(?:\{?(?P<kind>[\w-]+)\}?)?[ \t]*"
    r"(?:\[(?P<bracket>[^\]]*)\]|(?P<title>[^{}\n]*))?(?:\{[^}]*\})?[ \t]*$"
)
_HEADING_ID = re.compile(
    r"^(?P<heading>#{1,6}[ \t].*?)[ \t]*#*[ \t]*(?:\{:?\s*#(?P<id>[\w.:-]+)[^}]*\}"
    r"|\{/\*\s*#(?P<mdx>[\w.:-]+)\s*\*/\}|<!--\s*#(?P<comment>[\w.:-]+)\s*-->)[ \t]*$"
)
_HEADING_ATTRIBUTES = re.compile(r"^(#{1,6}[ \t].*?)[ \t]*\{[.:][^}]*\}[ \t]*$")
_MYST_TARGET = re.compile(r"^\(([\w.:/-]+)\)=[ \t]*$")
_ATTRIBUTE_LINE = re.compile(r"^[ \t>]*\{:.*\}[ \t]*$")
_DROPPED_LINE = re.compile(
    r"^[ \t]*(?:\[\[_?toc_?\]\]|\[toc\]|\$\{toc\}|@\[toc\].*"
    r"|<!--\s*/?toc\s*-->|\{\{\s*toc\s*\}\}|\[\[TOC\]\]|__TOC__)[ \t]*$",
    re.IGNORECASE,
)
_MDX_LINE = re.compile(r"^(?:import\s+(?:[\w*{\"'].*)|export\s+(?:const|let|var|default|function|\*|\{).*)$")
_ALERT = re.compile(r"^([ \t]*>[ \t]*)\[!\w+\][-+]?[ \t]*(.*)$")
_WIKI_LINK = re.compile(r"(?<!!)\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]+))?\]\](?!\()")
_LIST_LINE = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+")
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
        text = _outside_code(text, _jsx if mdx else lambda part: part)
    text = _outside_code(text, lambda part: _without_tags(_details(part)))
    return "\n".join(_lines(text.split("\n"), mdx=mdx))


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


def _jsx(text: str) -> str:
    if "</" in text:
        text = _JSX_TITLED.sub(lambda found: _folded(found["title"], found["body"]), text)
    return _JSX_TAG.sub("", text)


def _folded(title: str, body: str) -> str:
    body = textwrap.dedent(body.strip("\n"))
    return f"\n\n<details>\n<summary>\n\n{title}\n\n</summary>\n\n{body.strip()}\n\n</details>\n\n"


def _details(text: str) -> str:
    """Blank lines inside details and ``markdown="1"`` elements, so that what is in them is read as Markdown."""
    if "<details" in text.lower():
        text = _DETAILS.sub(_spaced_details, text)
    if "markdown" in text:
        text, count = _MARKDOWN_TAG.subn(r"\n\1\2\n", text)
        text = _CLOSING_TAG.sub(r"\n\1\n", text) if count else text
    return text


def _spaced_details(found: re.Match[str]) -> str:
    body = textwrap.dedent(found["body"].strip("\n"))
    first, line_end, rest = body.partition("\n")
    # "<summary>..</summary> text" puts the first line behind the summary: the others set the indentation.
    body = first.strip() + line_end + textwrap.dedent(rest) if first[:1].isspace() or not line_end else body
    return f"{found['open']}\n{(found['summary'] or '').strip()}\n\n{body}\n\n{found['close']}\n"


def _without_tags(text: str) -> str:
    """Without template tags, comments and roles, code spans untouched."""
    # Each of these looks far ahead for its end, so they run only where an end exists.
    if "endcomment" in text:
        text = _COMMENT_TAG.sub("", text)
    if "endhighlight" in text:
        text = _HIGHLIGHT.sub(r"\n```\n\1\n```\n", text)
    if _HUGO_END.search(text):
        text = _HUGO_HIGHLIGHT.sub(r"\n```\n\1\n```\n", text)
        text = _HUGO_DETAILS.sub(lambda found: _folded(found["title"], found["body"]), text)
    text = _ROLE.sub(lambda found: _ROLE_TARGET.sub("", found["text"]).lstrip("~!"), text)
    text = _WIKI_LINK.sub(lambda found: found[2] or found[1], text)
    return _INLINE.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    if found["code"]:
        return found["code"]
    if found[0].startswith("[^"):
        return found[0]
    # Hugo and Jekyll markers that name a heading's fragment are read later, with the heading.
    return found[0] if re.match(r"\{:?\s*#|\{/\*\s*#|\{:", found[0]) else ""


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
        elif depth < _DEEPEST and (found := _ADMONITION.match(line)):
            end = _indented_end(lines, place, len(found["indent"].expandtabs(4)))
            if end > place:
                body = textwrap.dedent("\n".join(lines[place:end])).split("\n")
                yield from _admonition(found, body, mdx=mdx, depth=depth + 1)
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
        elif line.lstrip().startswith(":::") and (found := _COLON_FENCE.match(line)):
            title = (found["bracket"] or found["title"] or "").strip()
            yield from ("", f"{title}" if title and found["kind"] not in _DROPPED_DIRECTIVES else "", "")
        else:
            yield from _plain_line(line, anchor)
            anchor = "" if line.strip() else anchor


def _plain_line(line: str, anchor: str) -> Iterator[str]:
    if found := _HEADING_ID.match(line):
        marks, _, words = found["heading"].partition(" ")
        level = len(marks)
        name = html.escape(found["id"] or found["mdx"] or found["comment"])
        yield from (f'<h{level} id="{name}">', "", words.strip(), "", f"</h{level}>", "")
        return
    if found := _HEADING_ATTRIBUTES.match(line):
        line = found[1]
    if found := _ALERT.match(line):
        line = found[1] + found[2]
    if anchor and line.strip():
        yield f'<span id="{html.escape(anchor)}"></span>'
        yield ""
    yield _TIGHT_HEADING.sub(r"\1 ", line)


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
        yield from _folded(found["title"], "\n".join(_lines(body, mdx=mdx, depth=depth))).split("\n")
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


def _admonition(found: re.Match[str], body: list[str], *, mdx: bool, depth: int) -> Iterator[str]:
    inner = "\n".join(_lines(body, mdx=mdx, depth=depth))
    title = found["title"] or ""
    if found["mark"].startswith("?") and title:
        yield from _folded(title, inner).split("\n")
    else:
        yield from ("", title, "", *inner.split("\n"), "")

"""Takes out of Markdown what stands in its text: the tags of templates, the components of MDX, roles, ``<details>``."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from indexer.content.readers.prose.pairs import changed_pairs

_CODE_SPAN = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).){1,1000}?(?<!`)(?P=ticks)(?!`))"
_INLINE = re.compile(
    _CODE_SPAN + r"""|\{\{.{0,400}?\}\}|\{%.{0,400}?%\}|(?<=\S)\{:[^}\n]{0,400}+\}"""
    r"""|\{/\*.{0,400}?\*/\}|\[\^[^\]\n]{1,400}+\](?!:)""",
    re.DOTALL,
)
_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}")
_COMMENT_END = re.compile(r"\{%-?\s*endcomment\s*-?%\}")
_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\b[^%]*%\}[ \t]*\n?")
_HIGHLIGHT_END = re.compile(r"\{%-?\s*endhighlight\s*-?%\}")
_HUGO_HIGHLIGHT = re.compile(r"\{\{<\s*highlight\b[^>]{0,1000}+>\}\}[ \t]*\n?")
_HUGO_HIGHLIGHT_END = re.compile(r"\{\{<\s*/\s*highlight\s*>\}\}")
_HUGO_DETAILS = re.compile(
    r"\{\{[<%]\s*(?:details|expand|accordion(?:-item)?|faq(?:-item)?|collapse|spoiler)\s++"
    r"(?P<fields>(?:[^>%\"“”{]++|[\"“][^\"”]*+[\"”])*+)[>%]\}\}"
)
_HUGO_TITLE = re.compile(r"(?:(?:title|question|summary|header)=|\A)[\"“](?P<title>[^\"”]+)[\"”]")
_HUGO_END = re.compile(r"\{\{[<%]\s*/\s*\w[\w-]*\s*[>%]\}\}")
_ROLE = re.compile(r"\{[A-Za-z][\w:+-]*\}`(?P<text>[^`\n]+)`")
_ROLE_TARGET = re.compile(r"(?<!\s)\s*+<[^<>]+>$")
_JSX_NAME = re.compile(r"^[ \t]*<(?P<name>(?:\w++\.)?+\w++)", re.MULTILINE)
_JSX_TITLED = re.compile("Accordion|Faq|FAQ|Collaps|Details|Expand|Toggle|Disclosure|Question")
_JSX_TITLE = re.compile(r"\b(?:title|question|summary|header|label|heading)=(?:\{\s*)?(?P<quote>[\"'`])")
_ANGLE = re.compile("[<>]")
_TITLE_LENGTH = 500
_BODY_LENGTH = 50_000
_JSX_TAG = re.compile(
    r"</?[A-Z][\w.]*+(?:\s++[\w:-]++(?:=(?:\"[^\"]*+\"|'[^']*+'|\{[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+\}))?+)*+\s*+/?>|<>|</>"
)
_DETAILS_TAG = re.compile(r"<details\b(?P<fields>[^>]{0,200}+>)?+|</details>", re.IGNORECASE)
_SUMMARY = re.compile(r"\s*(?P<summary><summary\b[^>]{0,200}>.{0,2000}?</summary>)?", re.DOTALL | re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"^[ \t]*(?P<tag><(?:div|section|article|aside|figure|dd)\b[^>]{0,1000}+>)[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_MARKDOWN_ATTRIBUTE = re.compile(r"(?<!\s)\s++markdown(?:=[\"']?\w+[\"']?)?", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"^[ \t]*(</(?:div|section|article|aside|figure|dd)>)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_WIKI_LINK = re.compile(r"(?<!!)\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]+))?\]\](?!\()")


def without_components(text: str) -> str:
    """Without the components of MDX; those with a title become ``<details>``."""
    return _JSX_TAG.sub("", "".join(_titled_as_details(text)) if "</" in text else text)


def without_tags(text: str) -> str:
    """Without the tags of templates, comments and roles, code spans untouched."""
    if "endcomment" in text:
        text = changed_pairs(text, _COMMENT, _COMMENT_END, lambda opened, inner: "")
    if "endhighlight" in text:
        text = changed_pairs(text, _HIGHLIGHT, _HIGHLIGHT_END, lambda opened, inner: _fenced(inner))
    if "{{<" in text or "{{%" in text:
        text = changed_pairs(text, _HUGO_HIGHLIGHT, _HUGO_HIGHLIGHT_END, lambda opened, inner: _fenced(inner))
        text = changed_pairs(text, _HUGO_DETAILS, _HUGO_END, _hugo_details)
    text = _ROLE.sub(lambda found: _ROLE_TARGET.sub("", found["text"]).lstrip("~!"), text)
    text = _WIKI_LINK.sub(lambda found: found[2] or found[1], text)
    return _INLINE.sub(_kept, text) if any(mark in text for mark in ("`", "{", "[^")) else text


def folded(title: str, body: str) -> str:
    """Markdown for what opens under a title."""
    body = textwrap.dedent(body.strip("\n"))
    return f"\n\n<details>\n<summary>\n\n{title}\n\n</summary>\n\n{body.strip()}\n\n</details>\n\n"


def spaced_details(text: str) -> str:
    """Blank lines inside details and ``markdown="1"`` elements, so that what is in them is read as Markdown."""
    if "<details" in text.lower():
        text = "".join(_details(text))
    if "markdown" in text:
        spaced = _BLOCK_TAG.sub(_without_markdown_attribute, text)
        text = _CLOSING_TAG.sub(r"\n\1\n", spaced) if spaced != text else text
    return text


def _titled_as_details(text: str) -> Iterator[str]:
    place = kept = 0
    while found := _JSX_NAME.search(text, place):
        place = found.end()
        if not _JSX_TITLED.search(found["name"]):
            continue
        title, start = _jsx_title(text, found.end())
        closing = f"</{found['name']}>"
        end = text.find(closing, start, start + _BODY_LENGTH + len(closing)) if start else -1
        if end >= 0:
            yield text[kept : found.start()]
            yield folded(title, text[start:end].strip(" \t"))
            place = kept = end + len(closing)
    yield text[kept:]


def _jsx_title(text: str, place: int) -> tuple[str, int]:
    """The title among the attributes that start at a place, and the place behind their tag; 0 where there is none."""
    angle = _ANGLE.search(text, place)
    for found in _JSX_TITLE.finditer(text, place, angle.start()) if angle else ():
        start = found.end()
        end = text.find(found["quote"], start, start + _TITLE_LENGTH + 1)
        closing = _ANGLE.search(text, end + 1, end + _TITLE_LENGTH + 2) if end >= 0 else None
        return (text[start:end], closing.end()) if closing and closing[0] == ">" else ("", 0)
    return "", 0


def _details(text: str) -> Iterator[str]:
    opened: re.Match[str] | None = None
    kept = 0
    for found in _DETAILS_TAG.finditer(text):
        if found[0][1] != "/":
            opened = found if found["fields"] else None
        elif opened is not None:
            if found.start() - opened.end() <= _BODY_LENGTH:
                yield text[kept : opened.start()]
                yield _spaced(opened[0], text[opened.end() : found.start()], found[0])
                kept = found.end()
            opened = None
    yield text[kept:]


def _spaced(opening: str, inner: str, closing: str) -> str:
    summary = _SUMMARY.match(inner)
    body = textwrap.dedent(inner[summary.end() if summary else 0 :].strip("\n"))
    first, line_end, rest = body.partition("\n")
    # "<summary>..</summary> text" puts the first line behind the summary: the others set the indentation.
    body = first.strip() + line_end + textwrap.dedent(rest) if first[:1].isspace() or not line_end else body
    return f"{opening}\n{((summary and summary['summary']) or '').strip()}\n\n{body}\n\n{closing}\n"


def _without_markdown_attribute(found: re.Match[str]) -> str:
    tag, count = _MARKDOWN_ATTRIBUTE.subn("", found["tag"], count=1)
    return f"\n{tag}\n" if count else found[0]


def _fenced(code: str) -> str:
    code = code.rstrip(" \t").removesuffix("\n")
    return f"\n```\n{code}\n```\n"


def _hugo_details(opened: re.Match[str], body: str) -> str | None:
    title = _HUGO_TITLE.search(opened["fields"])
    return folded(title["title"], body) if title else None


def _kept(found: re.Match[str]) -> str:
    if found["code"]:
        return found["code"]
    if found[0].startswith("[^"):
        return found[0]
    # Hugo and Jekyll markers that name a heading's fragment are read later, with the heading.
    return found[0] if re.match(r"\{:?\s*#|\{/\*\s*#|\{:", found[0]) else ""

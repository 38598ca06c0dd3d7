"""Perl's documentation format (.pod), turned into HTML and read as such."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from indexer.content.readers.prose.html_blocks import blocks_of
from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.prose.pairs import changed_pairs
from indexer.content.readers.reader import TextReader
from indexer.documents import Document

_COMMAND = re.compile(r"=([a-zA-Z]\w*)[ \t]*(.*)\Z", re.DOTALL)
_CODE = re.compile(r"([A-Z])<(?!<)((?:[^<>]|(?<=[-=])>)*)>")
_WIDE_CODE = re.compile(r"([A-Z])<<+\s")
_WIDE_END = re.compile(r"\s>>+")
_NAME = re.compile(r"^=head1\s++NAME[^\S\n]*+\n\s*+(?P<name>\S[^\n]*)", re.MULTILINE)
_ENTITIES = {"lt": "&lt;", "gt": "&gt;", "verbar": "|", "sol": "/"}
_BULLET = re.compile(r"^(?:\*|\d+[.)]?)(?:\s+|$)")


def read(path: str, text: str) -> Document:
    """Read a POD page."""
    blocks, _ = blocks_of("\n".join(_html(text)))
    name = _NAME.search(text)
    title = name["name"].rpartition(" - ")[2] or name["name"] if name else ""
    return page_document(path, blocks, Metadata(title=_plain(title)))


READER = TextReader(read)


def _plain(text: str) -> str:
    blocks, _ = blocks_of(_inline(text))
    return " ".join(block.text for block in blocks)


def _html(text: str) -> Iterator[str]:
    in_pod = not re.search(r"^=(?:pod|head\d|encoding|begin|over)\b", text, re.MULTILINE) or text.lstrip().startswith(
        "="
    )
    open_lists: list[str] = []
    skipping = ""
    for paragraph in re.split(r"\n[ \t]*\n", text):
        found = _COMMAND.match(paragraph.strip("\n"))
        if found is None:
            if in_pod and not skipping and paragraph.strip():
                yield _paragraph(paragraph)
            continue
        command, rest = found[1], found[2]
        if skipping:
            skipping = "" if command == "end" else skipping
        elif command == "cut":
            in_pod = False
            continue
        elif command == "begin" and not rest.strip().startswith((":", "text")):
            skipping = rest
        elif command.startswith("head") and command[4:].isdigit():
            level = min(6, int(command[4:]))
            yield f"<h{level}>{_inline(rest)}</h{level}>"
        elif command == "over":
            open_lists.append("")
        elif command == "item":
            yield from _item(rest, open_lists)
        elif command == "back":
            yield _closed(open_lists.pop()) if open_lists else ""
        in_pod = True
    for kind in reversed(open_lists):
        yield _closed(kind)


def _item(rest: str, open_lists: list[str]) -> Iterator[str]:
    if not open_lists:
        open_lists.append("")
    bullet = _BULLET.match(rest)
    if not open_lists[-1]:
        open_lists[-1] = "dl" if bullet is None else "ol" if rest[:1].isdigit() else "ul"
        yield f"<{open_lists[-1]}>"
    if open_lists[-1] == "dl":
        yield f"<dt>{_inline(rest)}</dt><dd>"
    else:
        yield f"<li><p>{_inline(_BULLET.sub('', rest))}</p>"


def _closed(kind: str) -> str:
    return f"</{kind}>" if kind else ""


def _paragraph(paragraph: str) -> str:
    if paragraph.strip("\n")[:1] in (" ", "\t"):
        return f"<pre>{html.escape(paragraph.strip(chr(10)), quote=False)}</pre>"
    return f"<p>{_inline(paragraph)}</p>"


def _inline(text: str) -> str:
    """Formatting codes, the innermost first, as HTML."""
    text = text.replace("&", "&amp;")
    for _ in range(10):
        changed = changed_pairs(text, _WIDE_CODE, _WIDE_END, lambda opened, inner: _code(opened[1], inner))
        changed = _CODE.sub(lambda found: _code(found[1], found[2]), changed)
        if changed == text:
            break
        text = changed
    return re.sub(r"<(?!/?(?:b|code|a|i)\b[^<>]*>)", "&lt;", text)


def _code(kind: str, inner: str) -> str:
    escaped = inner.replace("<", "&lt;").replace(">", "&gt;") if kind == "C" else inner
    if kind in "XZ":
        return ""
    if kind == "E":
        return _ENTITIES.get(inner) or (f"&#{inner};" if inner.isdigit() else f"&{inner};")
    if kind == "L":
        words, bar, _ = inner.partition("|")
        return (
            words
            if bar
            else words.replace("/", " ").replace('"', "").strip()
            if not words.startswith("http")
            else words
        )
    return f"<b>{escaped}</b>" if kind == "B" else escaped

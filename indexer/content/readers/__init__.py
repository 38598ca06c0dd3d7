"""Readers: one file a content format, text in, Document out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from indexer.content.readers import (
    csv_table,
    html_page,
    json_lines,
    json_table,
    markdown,
    plain_text,
    pod,
    rest,
    yaml_faq,
)
from indexer.documents import Document
from indexer.errors import ContentError

Reader = Callable[[str, str], Document]

READERS: dict[str, Reader] = {
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".mdx": markdown.read,
    ".html": html_page.read,
    ".htm": html_page.read,
    ".txt": plain_text.read,
    ".rst": rest.read,
    ".pod": pod.read,
    ".yml": yaml_faq.read,
    ".yaml": yaml_faq.read,
    ".csv": csv_table.read,
    ".tsv": csv_table.read,
    ".json": json_table.read,
    ".jsonl": json_lines.read,
}

_HTML_START = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|h1|div|p)\b", re.IGNORECASE | re.DOTALL
)
_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")
_TAGS = re.compile(r"</(?:h[1-6]|p|ul|ol|dl|div|a)>", re.IGNORECASE)


def read(path: str, text: str) -> Document:
    """Read one content file.

    Args:
        path: relative to the content folder, in POSIX form; its suffix names the format.
        text: of the file, as `indexer.content.readers.prose.text.clean` leaves it.

    Raises:
        ContentError: the format is unknown, or the text is not in it.
    """
    reader = reader_of(path, text)
    if reader is None:
        known = " ".join(READERS)
        raise ContentError(path, f'unknown format "{suffix_of(path)}"; known are {known} and text without a suffix')
    try:
        return reader(path, text)
    except RecursionError as error:
        raise ContentError(path, "is nested too deeply to be read; flatten its lists or elements") from error


def suffix_of(path: str) -> str:
    """The suffix in lower case, "" for none; what stands behind a dot inside a name, as in "example.org_faq", is none.

    >>> suffix_of("help/FAQ.MD"), suffix_of("example.org_faq"), suffix_of("FAQ")
    ('.md', '', '')
    """
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def reader_of(path: str, text: str) -> Reader | None:
    """The reader for a file by its suffix, or by its text if it has none; None for an unknown format."""
    suffix = suffix_of(path)
    if suffix:
        return READERS.get(suffix)
    return html_page.read if is_html(text) else plain_text.read


def is_html(text: str) -> bool:
    """Whether a text without a suffix is HTML."""
    start = text[:4096]
    return bool(_HTML_START.match(start)) or len(_TAGS.findall(start)) > 5

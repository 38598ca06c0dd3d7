"""Readers: one file a content format, a file's text or bytes in, Document out.

Each declares as `READER` which of both it takes, and is imported when the first file of its format is read.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import PurePosixPath

from indexer.content.readers.decoding import decode, load_encodings
from indexer.content.readers.reader import Reader
from indexer.documents import Document
from indexer.errors import ContentError

# By suffix the module that reads it.
READERS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".html": "html_page",
    ".htm": "html_page",
    ".txt": "plain_text",
    ".rst": "rest",
    ".pod": "pod",
    ".yml": "yaml_faq",
    ".yaml": "yaml_faq",
    ".csv": "csv_table",
    ".tsv": "csv_table",
    ".json": "json_table",
    ".jsonl": "json_lines",
}

_HTML_START = re.compile(
    r"\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body|title|h1|div|p)\b",
    re.IGNORECASE | re.DOTALL,
)
_SUFFIX = re.compile(r"\.[a-z0-9]{1,10}")
_TAGS = re.compile(r"</(?:h[1-6]|p|ul|ol|dl|div|a)>", re.IGNORECASE)


def read(path: str, raw: bytes) -> Document:
    """Read one content file.

    Args:
        path: relative to the content folder, in POSIX form; its suffix names the format.
        raw: what is in the file. Without a suffix it is HTML or plain text, whichever it looks like.

    Raises:
        ContentError: the format is unknown, or the file is not in it.
    """
    check_format(path)
    suffix = suffix_of(path)
    name = READERS[suffix] if suffix else "html_page" if is_html(decode(path, raw)) else "plain_text"
    try:
        return reader_of(name).document(path, raw)
    except RecursionError as error:
        raise ContentError(path, "is nested too deeply to be read; flatten its lists or elements") from error


def check_format(path: str) -> None:
    """Refuse a file that no reader is for, by its name.

    Raises:
        ContentError: the format is unknown.
    """
    suffix = suffix_of(path)
    if suffix and suffix not in READERS:
        known = " ".join(READERS)
        raise ContentError(path, f'unknown format "{suffix}"; known are {known} and text without a suffix')


def load(path: str, raw: bytes) -> None:
    """Import all that reading this file may need, so that nothing has to be opened while it is read."""
    suffix = suffix_of(path)
    for name in [READERS[suffix]] if suffix else ["html_page", "plain_text"]:
        reader_of(name)
    try:
        raw.decode()
    except UnicodeDecodeError:
        load_encodings()


def suffix_of(path: str) -> str:
    """The suffix in lower case, "" for none; what stands behind a dot inside a name, as in "example.org_faq", is none.

    >>> suffix_of("help/FAQ.MD"), suffix_of("example.org_faq"), suffix_of("FAQ")
    ('.md', '', '')
    """
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def reader_of(name: str) -> Reader:
    """The reader of one of the modules in READERS; the first call imports it."""
    reader: Reader = import_module(f"{__name__}.{name}").READER
    return reader


def is_html(text: str) -> bool:
    """Whether a text without a suffix is HTML."""
    start = text[:4096]
    return bool(_HTML_START.match(start)) or len(_TAGS.findall(start)) > 5

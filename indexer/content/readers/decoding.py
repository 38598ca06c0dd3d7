"""The bytes of a file as the text that readers of text get."""

from __future__ import annotations

import codecs
import encodings
import encodings.utf_8_sig  # nothing can be imported while a file is read
import pkgutil
import re
from contextlib import suppress
from functools import cache

from indexer.content.readers.prose.text import clean
from indexer.errors import ContentError

_SNIFFED = 4096
_DECLARED = re.compile(
    rb"charset\s*=\s*[\"']?\s*([\w.:-]+)|^=encoding\s+([\w.:-]+)|coding[:=]\s*([\w.-]+)", re.IGNORECASE | re.MULTILINE
)
# What an encoding has to leave as it is: the declaration itself was read as ASCII. It keeps out codecs that are no
# encoding of files, such as "punycode" and "unicode_escape".
_ASCII = rb'<a href="/x#y">+A-0.xn--mnchen-3ya.9 \x41</a>'
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(path: str, raw: bytes) -> str:
    """Bytes of a content file as clean text.

    Args:
        path: named in the error.
        raw: UTF-8, or another encoding if the file declares it.

    Raises:
        ContentError: the file is empty, binary or not in the encoding it should be in; with the line of the first bad
            byte.
    """
    if raw.startswith(_UTF16):
        raise ContentError(path, "is UTF-16; save it as UTF-8")
    if (place := raw.find(b"\x00")) >= 0:
        raise ContentError(
            path, "is binary: it contains a zero byte; only text can be searched", line=_line(raw, place)
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = _decode_declared(path, raw, error)
    text = clean(text)
    if not text.strip():
        raise ContentError(path, "is empty; write something into it or remove it")
    return text


@cache
def load_encodings() -> None:
    """Import every encoding that Python knows, as a file may declare any of them."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with suppress(LookupError, ImportError):  # those of another system
            codecs.lookup(module.name)


def _decode_declared(path: str, raw: bytes, bad: UnicodeDecodeError) -> str:
    """The text in the encoding that the file declares, as it is not UTF-8."""
    encoding = _declared_encoding(raw)
    if encoding is None:
        reason = f"is not UTF-8: byte 0x{raw[bad.start]:02x}; save it as UTF-8"
        raise ContentError(path, reason, line=_line(raw, bad.start)) from bad
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"is not {encoding}, which it declares; save it as UTF-8"
        raise ContentError(path, reason, line=_line(raw, error.start)) from error


def _declared_encoding(raw: bytes) -> str | None:
    found = _DECLARED.search(raw[:_SNIFFED])
    if found is None:
        return None
    name = next(group for group in found.groups() if group).decode("ascii", "replace")
    try:
        encoding = codecs.lookup(name).name
        if _ASCII.decode(encoding) != _ASCII.decode("ascii"):
            return None
    except (LookupError, UnicodeError):  # decoding raises LookupError for a codec of no text, such as "uu"
        return None
    # Browsers read Latin-1 and ASCII as Windows-1252, and pages that say so mean it.
    if encoding in ("iso8859-1", "ascii"):
        return "cp1252"
    return None if encoding.startswith(("utf-8", "utf_8")) else encoding


def _line(raw: bytes, place: int) -> int:
    return raw.count(b"\n", 0, place) + 1

"""The bytes of a file as the text that readers of text get."""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import re
from encodings.aliases import aliases
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
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text = _decode_declared(path, raw, error)
    text = clean(text)
    if not text.strip():
        raise ContentError(path, "is empty; write something into it or remove it")
    return text


@cache
def load_encodings() -> frozenset[str]:
    """Load every encoding a file may be in, so that `decode` opens nothing later; the names of their modules."""
    return frozenset(module.name for module in pkgutil.iter_modules(encodings.__path__) if _is_of_files(module.name))


def _is_of_files(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)  # decoding alone does not load those that Python has built in
        return _ASCII.decode(encoding) == _ASCII.decode("ascii")
    except (LookupError, ValueError):  # LookupError for a codec of no text, such as "uu"
        return False


def _decode_declared(path: str, raw: bytes, bad: UnicodeDecodeError) -> str:
    """The text in the encoding that the file declares, as it is not UTF-8."""
    encoding = _declared_encoding(raw)
    if encoding is None:
        reason = f"is not UTF-8: byte 0x{raw[bad.start]:02x}; save it as UTF-8"
        raise ContentError(path, reason, line=_line(raw, bad.start)) from bad
    try:
        return raw.decode(encoding)
    except (ValueError, LookupError) as error:  # a codec may raise either, besides the error made for it
        reason = f"is not {encoding}, which it declares; save it as UTF-8"
        line = _line(raw, error.start) if isinstance(error, UnicodeDecodeError) else None
        raise ContentError(path, reason, line=line) from error


def _declared_encoding(raw: bytes) -> str | None:
    found = _DECLARED.search(raw[:_SNIFFED])
    if found is None:
        return None
    declared = next(group for group in found.groups() if group).decode("ascii", "replace")
    name = encodings.normalize_encoding(declared.lower())
    name = aliases.get(name) or aliases.get(name.replace(".", "_")) or name
    if name not in load_encodings():
        return None
    encoding = codecs.lookup(name).name
    # Browsers read Latin-1 and ASCII as Windows-1252, and pages that say so mean it.
    if encoding in ("iso8859-1", "ascii"):
        return "cp1252"
    return None if encoding.startswith(("utf-8", "utf_8")) else encoding


def _line(raw: bytes, place: int) -> int:
    return raw.count(b"\n", 0, place) + 1

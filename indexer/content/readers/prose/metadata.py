"""Front matter and other fields about a document, in the forms people write them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePosixPath

from indexer.content.readers.prose.pairs import changed_pairs
from indexer.content.readers.prose.text import one_line

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})$")
_UPDATED = (
    "updated",
    "last_updated",
    "lastupdated",
    "lastmod",
    "last_modified_at",
    "modified",
    "last_review_date",
    "ms.date",
    "date",
)
_NAMES = (
    "linktitle",
    "link_title",
    "sidebar_label",
    "sidebartitle",
    "navtitle",
    "nav_title",
    "layout",
    "type",
    "ms.topic",
    "slug",
)
_TEMPLATE_TAGS = ((re.compile(r"\{\{"), re.compile(r"\}\}")), (re.compile(r"\{%"), re.compile(r"%\}")))
_LANG = re.compile(r"[A-Za-z]{2}(?![A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a document says about itself; "" and () where it says nothing.

    Attributes:
        names: what else it calls itself, as in navigation, and the kind of page it says it is.
    """

    title: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    updated: str = ""
    names: tuple[str, ...] = ()


def metadata_of(fields: Mapping[str, object]) -> Metadata:
    """Read the fields a document uses about itself, under any of their usual names.

    >>> metadata_of({"title": "Sleep", "tags": "Sleep, stress", "lang": "en-GB", "date": "2026-03-01 09:00"}).tags
    ('sleep', 'stress')
    """
    named = {str(key).lower(): value for key, value in fields.items()}
    updated = next((day for key in _UPDATED if (day := iso_date(named.get(key)))), "")
    return Metadata(
        title=plain_title(line_of(named.get("title"))),
        url=line_of(named.get("url") or named.get("canonical_url")),
        tags=tags_of(named.get("tags") or named.get("tag") or ()),
        lang=lang_of(named.get("lang") or named.get("language") or named.get("locale")),
        updated=updated,
        names=tuple(name for key in _NAMES if (name := line_of(named.get(key)))),
    )


def line_of(value: object) -> str:
    """A plain value on one line; "" for anything that is not text or a number, or a number of thousands of digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        return one_line(str(value))
    except ValueError:  # Python writes out no number of thousands of digits, which TOML may give in hexadecimal
        return ""


def plain_title(title: str) -> str:
    """A title without markup and template tags.

    >>> plain_title("FAQ &middot; `brew`  {{ site.name }}")
    'FAQ · brew'
    """
    for opening, closing in _TEMPLATE_TAGS:
        title = changed_pairs(title, opening, closing, lambda opened, inner: "")
    return one_line(html.unescape(re.sub(r"<[^<>]*>|[`*]", "", title)))


def tags_of(value: object) -> tuple[str, ...]:
    """Tags from a list or from text with ``,``, ``;`` or ``|`` between them, lower-case, each once."""
    parts = re.split(r"[,;|\n]", value) if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    return tuple(dict.fromkeys(tag for part in parts if (tag := line_of(part).lower())))


def lang_of(value: object) -> str:
    """ISO 639-1 code from "en", "en-GB" or "en_US"; "" if it is none."""
    found = _LANG.match(line_of(value))
    return found.group().lower() if found else ""


def iso_date(value: object) -> str:
    """ISO 8601 date from a date, a time stamp or ``MM/DD/YYYY``; "" if it is none.

    >>> iso_date("2024-02-30"), iso_date("07/16/2024")
    ('', '2024-07-16')
    """
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = line_of(value)
    if found := _US_DATE.match(text):
        text = f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}"
    if found := _ISO_DATE.match(text):
        try:
            return date.fromisoformat(found.group()).isoformat()
        except ValueError:
            return ""
    return ""


def title_from_path(path: str) -> str:
    """The file name in words.

    >>> title_from_path("couples/partner-refuses_therapy.txt")
    'Partner refuses therapy'
    """
    name = PurePosixPath(path).name
    stem = name.rpartition(".")[0] or name
    words = " ".join(re.split(r"[\s_-]+", stem)).strip() or stem
    return words[:1].upper() + words[1:]

"""JSON files written wrongly, their hashes made right again: refused by name or answered from, no other error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.files import hash_files, read_signed, sign
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from tests.conftest import SmallSite
from tests.proofs.effort import effort
from tests.proofs.written import RUBBISH, Written, answers

# Of many fields or elements only these are changed, unless this is a full proof.
_SOME = effort(2, 1_000)
DELETED, HUGE = object(), "a number of 5,000 digits"
WRONG: tuple[Any, ...] = (
    DELETED, None, "x", "", -1, 2**40, HUGE, 0.5, float("nan"), float("inf"), True, [], {}, ["x"], {"x": 1},
    [[[]]],
)  # fmt: skip


def some(values: list[Any]) -> list[Any]:
    return values if len(values) <= 2 * _SOME else [*values[:_SOME], *values[-_SOME:]]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every field and element, outermost first."""
    children = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, child in children if len(children) <= 15 and at in ((), ("files",)) else some(children):
        yield (*at, key)
        yield from places(child, (*at, key))


def changed(value: Any, place: tuple[str | int, ...], to: Any) -> Any:
    whole = json.loads(json.dumps(value))
    inner = whole
    for key in place[:-1]:
        inner = inner[key]
    if to is DELETED:
        del inner[place[-1]]
    else:
        inner[place[-1]] = to
    return whole


def with_more(value: Any) -> Any:
    """The same with one unknown field in the outermost object."""
    return {**value, "added by a later version": [{"x": 1.5}]} if isinstance(value, dict) else value


def dumped(value: Any, *, signed: bool) -> bytes:
    text = json.dumps(value).replace(json.dumps(HUGE), "9" * 5_000)
    return sign(text) if signed else text.encode()


JSON_FILES = (
    "manifest.json", "confidence.json", "settings.json", "documents.json", "lexicon/lexicon.json",
    "lexicon/terms/vocabulary.json", "lexicon/grams/vocabulary.json",
)  # fmt: skip
# Where a field may be anything that is of its type, or may be missing.
FREE: dict[str, set[str] | None] = {
    "manifest.json": {"published_at", "model", "content_hash", "code_fingerprint", "recall", "fingerprint", "stale"},
    "confidence.json": {"level", "slope", "intercept", "questions", "high", "told_high", "wrong"},
    "settings.json": {"high", "partial"},
    "documents.json": None,
    "lexicon/lexicon.json": {"stop_words", "counts"},
    "lexicon/terms/vocabulary.json": None,
    "lexicon/grams/vocabulary.json": None,
}


@pytest.mark.parametrize("name", JSON_FILES)
def test_every_field_of_json_files(copied: SmallSite, right: list[object], name: str) -> None:
    written = Written(copied, name, right)
    signed = name == "manifest.json"
    value = json.loads(read_signed(written.path) if signed else written.content)
    for place in places(value):
        for wrong in WRONG:
            outcome = written.try_it(dumped(changed(value, place, wrong), signed=signed), (place, wrong))
            free = FREE[name]
            if len(place) == 1 and free is not None and place[0] not in free:
                assert outcome == "refused", (place, wrong)
    print(name, written.outcomes)
    assert written.outcomes["refused"] > 10


@pytest.mark.parametrize("name", ["manifest.json", "confidence.json", "settings.json", "lexicon/lexicon.json"])
def test_a_field_that_this_version_does_not_know_is_ignored(copied: SmallSite, right: list[object], name: str) -> None:
    written = Written(copied, name, right)
    signed = name == "manifest.json"
    value = json.loads(read_signed(written.path) if signed else written.content)
    seen = []

    def write(path: Path) -> None:
        path.write_bytes(dumped(with_more(value), signed=signed))
        seen.append(path.read_bytes() != written.content)

    assert written.try_it(write, "more") == "served"
    assert seen == [True]
    write(written.path)
    if not signed:
        manifest = Layout(written.folder).manifest
        found = {name: value for name, value in hash_files(written.folder).items() if name != manifest.name}
        manifest.write_bytes(replace(Manifest.read(manifest), files=found).to_bytes())
    assert answers(copied) == right


def test_every_file_replaced_by_rubbish(copied: SmallSite, right: list[object]) -> None:
    folder = copied.index / "generations" / "000001"
    for name in hash_files(folder):
        written = Written(copied, name, right)
        for content in RUBBISH:
            outcome = written.try_it(content, (name, content[:20]))
            # What a site sets, and what is read of files, may be nothing.
            assert outcome == "refused" or (name, content) in {("settings.json", b"{}"), ("documents.json", b"{}")}
        for length in (len(written.content) // 2, len(written.content) - 1):
            assert written.try_it(written.content[:length], (name, length)) == "refused"

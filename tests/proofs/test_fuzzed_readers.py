"""Whatever is in a file, it is read or refused by name, within seconds and within memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.content.readers import READERS
from tests.indexer.content.hostile import GENERATORS
from tests.indexer.content.hostile.process import ReadingProcess
from tests.proofs.effort import effort

_LONGEST = 100_000
# On a quiet machine nothing takes more than a few seconds; 20 are for a busy one.
_SECONDS = effort(20, 5)
# What parsers treat in ways of their own.
_PARTS = st.sampled_from([
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", "\u202e\u0301".encode(), b"\n\n", b"\n---\n", b"\n+++\n",
    b"\n```\n", b"<!--", b"]]>", b"{{", b"%}", b"\n.. ", b"::\n\n", b"\n=", b"\n  ", b"!!int ", b"!!float ",
    b"!!bool a", b"!!binary a", b"!!timestamp a", b"!!set {a}", b"&a ", b"*a ", b"<<: *a\n", b"%YAML 9.9\n",
    b"9" * 5000, b"0x" + b"f" * 5000, b"charset=utf-7 ", b"=encoding big5\n", b"\\ud800", b'"', b"'", b",", b"\t",
    b"\r", b"\x1b",
])  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A hostile file, cut, doubled, mixed with another, and under any suffix."""
    names = st.sampled_from(sorted(GENERATORS))
    size = st.sampled_from([100, 1_000, 5_000] + effort(0, 1) * [20_000, _LONGEST])
    name, raw = GENERATORS[draw(names)](draw(size))
    if draw(st.booleans()):
        _, other = GENERATORS[draw(names)](draw(size))
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + other + raw[place:]
    for _ in range(draw(st.integers(0, 4))):
        first, last = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
        change = draw(st.sampled_from(["cut", "double", "put in", "flip"]))
        between = raw[first:last]
        if change == "double":
            between *= 2
        elif change == "put in":
            between += draw(_PARTS)
        elif change == "flip":
            between = bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in between[:1]) + between[1:]
        raw = raw[:first] + (b"" if change == "cut" else between) + raw[last:]
    suffix = draw(st.sampled_from(["", "", "", *READERS, "none"]))
    return name if not suffix else f"file{suffix.replace('none', '')}", raw[:_LONGEST]


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    with ReadingProcess(seconds=60, megabytes=512) as process:
        yield process


def test_the_process_tells_of_failures(process: ReadingProcess) -> None:
    assert process.read("a.md", b"# Tea\n\nIs drunk hot.\n").failed == ""
    assert "unknown format" in process.read("a.exe", b"a").refused


@settings(max_examples=effort(200, 100_000), suppress_health_check=list(HealthCheck))
@given(file=files())
def test_any_file_is_read_or_refused_by_name(process: ReadingProcess, file: tuple[str, bytes]) -> None:
    outcome = process.read(*file)

    assert outcome.failed == ""
    assert outcome.seconds < _SECONDS

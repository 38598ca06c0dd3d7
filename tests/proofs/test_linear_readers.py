"""Twice the file, twice the time: no reader takes the square of anything, up to a megabyte.

By default a dozen kinds of file, up to 64 KB; at full length every kind of `GENERATORS`, and a table of all (`-rP`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from tests.indexer.content.hostile import GENERATORS
from tests.indexer.content.hostile.process import ReadingProcess

_FULL = bool(os.environ.get("FAQ_PROOF"))
_SIZES = (250_000, 500_000, 1_000_000) if _FULL else (8_000, 64_000)
# What is over in less says nothing about how it grows.
_FLOOR = 0.5 if _FULL else 0.1
# One is time that grows with the size, two with its square. Between two sizes, on a busy machine, one may look more.
_MOST = 1.2 if _FULL else 1.6
_TRIES = 3
_SOME = (
    "md colons, a word, spaces, a brace", "md exclamation marks then spaces", "md heading, hash signs, letters",
    "md liquid comments", "md reference bomb", "mdx quotes", "html terms by definitions",
    "html bold ids by paragraphs", "html title dashes", "rst hyphens", "rst substitutions", "rst csv-table",
    "pod name and newlines", "yml merges", "md toml dotted keys", "txt question, spaces, a letter",
)  # fmt: skip


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The power of the size that the time grows with: the slope of the line through their logarithms."""
    across = [math.log(size) for size in sizes]
    up = [math.log(max(second, _FLOOR)) for second in seconds]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    return sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / sum(
        (x - middle) ** 2 for x in across
    )


def test_an_exponent_is_that_of_the_growth() -> None:
    assert round(exponent((1000, 2000, 4000), (1, 2, 4)), 3) == 1
    assert round(exponent((1000, 2000, 4000), (1, 4, 16)), 3) == 2
    assert exponent((1000, 2000, 4000), (0.001, 0.01, 0.02)) == 0


def test_no_reader_takes_the_square_of_anything() -> None:
    grown: dict[str, float] = {}
    failed: dict[str, str] = {}
    # Memory is held for files of 100 KB, by test_fuzzed_readers.py; ten times as much for ten times the size.
    with ReadingProcess(seconds=600, megabytes=5120) as process:
        for name in GENERATORS if _FULL else _SOME:
            best = [math.inf] * len(_SIZES)
            for _ in range(_TRIES):
                for place, size in enumerate(_SIZES):
                    outcome = process.read(*GENERATORS[name](size))
                    best[place] = min(best[place], outcome.seconds)
                    if outcome.failed:
                        failed[name] = outcome.failed
                grown[name] = exponent(_SIZES, best)
                if grown[name] <= _MOST:
                    break
            figures = " ".join(f"{seconds:9.3f} s" for seconds in best)
            print(f"{name:45} {figures}  exponent {grown[name]:5.2f}", flush=True)

    assert not failed
    assert {name: power for name, power in grown.items() if power > _MOST} == {}

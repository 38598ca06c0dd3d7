"""The numbers of generations, which are the names of their folders: six digits, and more from the millionth on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexer.errors import IndexDamagedError, IndexStoreError, naming
from indexer.generation.manifest import GENERATION_NAME


def numbers_in(folder: Path) -> list[str]:
    """All generations in a folder, the newest first; none where there is no such folder.

    Raises:
        IndexDamagedError: the folder cannot be read.
    """
    return sorted(filter(GENERATION_NAME.match, names_in(folder)), key=int, reverse=True)


def names_in(folder: Path) -> list[str]:
    """All names in a folder; none where there is no such folder; raises as `numbers_in`."""
    with naming(folder, IndexDamagedError, "it must be a folder that may be read"):
        try:
            return [entry.name for entry in folder.iterdir()]
        except FileNotFoundError:
            return []


def stand_ins(numbers: Iterable[str], published: str) -> list[str]:
    """The generations that may stand in for the published one, the likeliest first.

    Those older than it come first: a site that was rolled back must not jump forward by itself.

    >>> stand_ins(["000009", "000003", "000002", "000001"], "000003")
    ['000002', '000001', '000009']

    Args:
        numbers: of generations.
        published: the number of the published one, "" if that is lost.
    """
    others = [name for name in numbers if name != published]
    return sorted(others, key=lambda name: (not published or int(name) < int(published), int(name)), reverse=True)


def next_number(taken: Iterable[str]) -> str:
    """The number above all that are taken.

    >>> next_number([]), next_number(["000002", "000001"]), next_number(["999999"])
    ('000001', '000003', '1000000')

    Raises:
        IndexStoreError: there is none.
    """
    number = f"{max(map(int, taken), default=0) + 1:06}"
    if not GENERATION_NAME.match(number):
        raise IndexStoreError(f"after generation {int(number) - 1:,} none can be counted; build into a new folder")
    return number

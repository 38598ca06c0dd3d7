"""Which generation is published: one small file that is swapped whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from indexer.errors import IndexDamagedError, IndexMissingError, IndexStoreError, naming
from indexer.files import read_regular, read_signed, replace_file, sign
from indexer.generation.manifest import GENERATION_NAME


class Pointer:
    """The file `current` of an index folder.

    Args:
        folder: the index folder; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "current"

    def read(self) -> str:
        """The name of the published generation.

        Raises:
            IndexMissingError: nothing has been published.
            IndexDamagedError: the file cannot be read, or names no generation.
        """
        with naming(self._path, IndexDamagedError, "roll back or rebuild the index"):
            try:
                # Without its own hash it is as it once was, or as a person writes it.
                plain = read_regular(self._path).removesuffix(b"\n").decode("ascii", "replace")
                name = plain if GENERATION_NAME.match(plain) else read_signed(self._path)
            except FileNotFoundError:
                if os.path.lexists(self._path):  # a link that leads nowhere
                    raise
                raise IndexMissingError(
                    f"no index in {self._folder}; build one: faq index CONTENT --index {self._folder}"
                ) from None
        if not GENERATION_NAME.match(name):
            raise IndexDamagedError(f"{self._path} does not name a generation; rebuild the index")
        return name

    def read_or_none(self) -> str:
        """The same, "" where it cannot be read."""
        with suppress(IndexStoreError):
            return self.read()
        return ""

    def swap(self, name: str) -> None:
        """Publish another generation in one atomic step.

        Raises:
            OSError: as the system reports it.
        """
        replace_file(self._path, sign(name))  # signed, else one flipped bit could name another generation

"""Which generation is published: one small file that is swapped whole."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from indexer.errors import IndexDamagedError, IndexMissingError, IndexStoreError
from indexer.files import read_signed, replace_file, sign

GENERATION_NAME: Final = re.compile(r"[0-9]{6}\Z")
# As it was before it carried its own hash, or as a person writes it.
_PLAIN = re.compile(rb"[0-9]{6}\n?\Z")


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
        try:
            content = self._path.read_bytes()
            name = content.decode().strip() if _PLAIN.match(content) else read_signed(self._path)
        except FileNotFoundError:
            raise IndexMissingError(
                f"no index in {self._folder}; build one: faq index CONTENT --index {self._folder}"
            ) from None
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"{self._path} cannot be read ({error}); rebuild the index") from error
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

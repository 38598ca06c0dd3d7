"""All generations of one index folder: publish, current, lock, prune.

::

    DIR/current              the published generation's number
    DIR/generations/000007/  one generation
    DIR/models/c006c948…/    the exported model the generations were built with
    DIR/lock                 held by the one process that rebuilds
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.errors import IndexDamagedError, IndexLockedError, IndexMissingError, IndexStoreError
from indexer.files import make_folder, replace_file, sync_folder
from indexer.generation import Generation

KEEP = 3
_NUMBER = re.compile(r"\d{6}\Z")


class IndexStore:
    """The index folder.

    Args:
        folder: made by the first build; need not exist to construct the store.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._generations = folder / "generations"
        self._pointer = folder / "current"

    def model_folder(self, fingerprint: str) -> Path:
        """Where the exported model with this fingerprint belongs."""
        return self.folder / "models" / fingerprint[:16]

    def numbers(self) -> list[str]:
        """All whole generations, the newest first."""
        try:
            names = [entry.name for entry in self._generations.iterdir()]
        except FileNotFoundError:
            return []
        return sorted((name for name in names if _NUMBER.match(name)), reverse=True)

    def current(self) -> str:
        """The number of the published generation.

        Raises:
            IndexMissingError: nothing has been published.
            IndexDamagedError: the pointer cannot be read.
        """
        try:
            number = self._pointer.read_text("ascii").strip()
        except FileNotFoundError:
            raise IndexMissingError(
                f"no index in {self.folder}; build one: faq index CONTENT --index {self.folder}"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexDamagedError(f"{self._pointer} cannot be read ({error})") from error
        if not _NUMBER.match(number):
            raise IndexDamagedError(f"{self._pointer} does not name a generation; rebuild the index")
        return number

    def load(self, number: str | None = None) -> Generation:
        """Load a generation, the published one by default.

        Raises:
            IndexMissingError, IndexDamagedError: see `current` and `Generation.load`.
        """
        return Generation.load(self._generations / (number or self.current()))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; the lock dies with its process.

        Raises:
            IndexLockedError: another process is rebuilding.
            IndexStoreError: the folder cannot be written, or whatever the system refused in the block.
        """
        try:
            make_folder(self._generations)
            with FileLock(self.folder / "lock").acquire(timeout=0):
                yield
        except Timeout:
            raise IndexLockedError(
                f"{self.folder} is being rebuilt by another process; try again when it is done"
            ) from None
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise IndexStoreError(
                f"{self.folder} cannot be written: {error.strerror or error}{where}; nothing was published"
            ) from error

    def next_number(self) -> str:
        """The number the next generation gets; call it under the lock."""
        taken = [*self.numbers(), "000000"]
        with suppress(IndexMissingError, IndexDamagedError):
            taken.append(self.current())
        return f"{max(map(int, taken)) + 1:06}"

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A folder name to build in; whatever is left there afterwards, or by a crash before, is removed."""
        aside = self._generations / ".building"
        shutil.rmtree(aside, ignore_errors=True)
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def publish(self, built: Path, number: str) -> Generation:
        """Verify a built generation by loading it, then make it current in one atomic step.

        Raises:
            IndexDamagedError: what was written is not what can be read; the published generation stays.
        """
        Generation.load(built)
        os.rename(built, self._generations / number)
        sync_folder(self._generations)
        generation = self.load(number)
        replace_file(self._pointer, f"{number}\n".encode())
        self._prune()
        return generation

    def size(self, number: str) -> int:
        """Bytes that a generation takes on disk."""
        return sum(p.stat().st_size for p in (self._generations / number).rglob("*") if p.is_file())

    def _prune(self) -> None:
        current = self.current()
        for number in self.numbers()[KEEP:]:
            if number != current:
                shutil.rmtree(self._generations / number, ignore_errors=True)

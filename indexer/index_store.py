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
from indexer.files import make_folder, read_signed, replace_file, sign, sync_folder
from indexer.generation import Generation

KEEP = 3
_NUMBER = re.compile(r"[0-9]{6}\Z")
# The pointer as it was before it carried its own hash, or as a person writes it.
_PLAIN = re.compile(rb"[0-9]{6}\n?\Z")


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
            content = self._pointer.read_bytes()
            number = content.decode().strip() if _PLAIN.match(content) else read_signed(self._pointer)
        except FileNotFoundError:
            raise IndexMissingError(
                f"no index in {self.folder}; build one: faq index CONTENT --index {self.folder}"
            ) from None
        except (OSError, ValueError) as error:
            raise IndexDamagedError(f"{self._pointer} cannot be read ({error}); rebuild the index") from error
        if not _NUMBER.match(number):
            raise IndexDamagedError(f"{self._pointer} does not name a generation; rebuild the index")
        return number

    def load(self, number: str | None = None) -> Generation:
        """Load a generation, the published one by default.

        Raises:
            IndexMissingError, IndexDamagedError: see `current` and `Generation.load`.
        """
        number = number or self.current()
        generation = Generation.load(self._generations / number)
        if generation.manifest.generation != number:
            raise IndexDamagedError(
                f"{self._generations / number} holds generation {generation.manifest.generation}; "
                "roll back or rebuild the index"
            )
        return generation

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; the lock dies with its process.

        Raises:
            IndexLockedError: another process is rebuilding.
            IndexStoreError: the folder cannot be written, or whatever the system refused in the block.
        """
        before = self._pointed()
        try:
            make_folder(self._generations)
            with FileLock(self.folder / "lock").acquire(timeout=0):
                self._sweep()
                yield
        except Timeout:
            raise IndexLockedError(
                f"{self.folder} is being rebuilt by another process; try again when it is done"
            ) from None
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            now = self._pointed()
            outcome = "nothing was published" if now == before else f"generation {now} was published before that"
            raise IndexStoreError(
                f"{self.folder} cannot be written: {error.strerror or error}{where}; {outcome}"
            ) from error

    def next_number(self) -> str:
        """The number the next generation gets; call it under the lock."""
        taken = [*self.numbers(), "000000"]
        with suppress(IndexMissingError, IndexDamagedError):
            taken.append(self.current())
        return f"{max(map(int, taken)) + 1:06}"

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A folder name to build in; whatever is left there afterwards is removed."""
        try:
            yield self._generations / ".building"
        finally:
            self._sweep()

    def publish(self, built: Path, number: str) -> Generation:
        """Verify a built generation by loading it, then make it current in one atomic step.

        Raises:
            IndexDamagedError: what was written is not what can be read; the published generation stays.
        """
        Generation.load(built)
        os.rename(built, self._generations / number)
        sync_folder(self._generations)
        generation = self.load(number)
        replace_file(self._pointer, sign(number))  # else one flipped bit could name another generation
        self._prune(number)
        return generation

    def size(self, number: str) -> int:
        """Bytes that a generation takes on disk."""
        return sum(p.stat().st_size for p in (self._generations / number).rglob("*") if p.is_file())

    def _pointed(self) -> str:
        """The pointer's number, "" without one that can be read."""
        with suppress(IndexStoreError):
            return self.current()
        return ""

    def _prune(self, current: str) -> None:
        for number in self.numbers()[KEEP:]:
            if number != current:
                # Renamed first: what is half removed must not look like a generation.
                os.rename(self._generations / number, self._generations / f".pruned-{number}")
        self._sweep()

    def _sweep(self) -> None:
        """Remove what is no generation any more, or not yet: also what a crash has left."""
        for name in self._generations.glob(".*"):
            shutil.rmtree(name, ignore_errors=True)

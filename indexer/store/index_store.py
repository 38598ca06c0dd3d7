"""All generations of one index folder: publish, current, roll back, lock, prune.

::

    DIR/current              the published generation's number
    DIR/generations/000007/  one generation
    DIR/models/c006c948…/    the exported model the generations were built with
    DIR/lock                 held by the one process that rebuilds
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from indexer.arrays import BoolArray
from indexer.errors import IndexDamagedError, IndexMissingError, IndexStoreError, IndexVersionError, ModelError
from indexer.files import sync_folder
from indexer.generation.generation import Generation
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from indexer.generation.soundness import check_sound
from indexer.store.lock import only_writer, write_errors
from indexer.store.numbers import names_in, next_number, numbers_in, stand_ins
from indexer.store.pointer import Pointer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sound:
    """A generation that can be searched.

    Attributes:
        generation: the published one, or the one that stands in for it.
        problem: why it is not the published one, "" if it is.
    """

    generation: Generation
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CheckedGeneration:
    """A generation that `IndexStore.check` found sound: only such a one can be published."""

    generation: Generation


class IndexStore:
    """The index folder.

    Args:
        folder: made by the first build; need not exist to construct the store.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._generations = folder / "generations"
        self._pointer = Pointer(folder)

    def model_folder(self, fingerprint: str) -> Path:
        """Where the exported model with this fingerprint belongs."""
        return self.folder / "models" / fingerprint[:16]

    def generations(self) -> list[str]:
        """All whole generations, the newest first; see `numbers_in`."""
        return numbers_in(self._generations)

    def models(self) -> list[str]:
        """The folder name of every exported model; raises as `generations` does."""
        return sorted(name for name in names_in(self.folder / "models") if not name.startswith("."))

    def current(self) -> str:
        """The name of the published generation; raises what `Pointer.read` does."""
        return self._pointer.read()

    def load(self, name: str | None = None) -> Generation:
        """Load a generation, the published one by default.

        Raises:
            IndexMissingError, IndexDamagedError: see `current` and `Generation.load`.
        """
        name = name or self.current()
        generation = Generation.load(self._generations / name)
        if generation.manifest.generation != name:
            raise IndexDamagedError(
                f"{Layout(self._generations / name).manifest} is of generation {generation.manifest.generation}; "
                "roll back or rebuild the index"
            )
        return generation

    def load_sound(self) -> Sound:
        """Load the published generation, or while it or the pointer is damaged the newest sound one.

        Raises:
            IndexMissingError, IndexDamagedError: see `first_usable`.
        """
        return Sound(*self.first_usable(lambda generation: generation))

    def first_usable(self, use: Callable[[Generation], T]) -> tuple[T, str]:
        """What is made of the published generation, or while that cannot be, of the first of its `stand_ins`.

        Args:
            use: makes it of a loaded generation.

        Returns:
            What `use` gave, and why it is not of the published generation, "" if it is.

        Raises:
            IndexMissingError: nothing has been published.
            IndexDamagedError: no generation is sound; says what is wrong with the published one.
            ModelError: no generation can be used; of `use`, for the published one.
            IndexStoreError: of `use`, for the published one.
        """
        published = ""
        try:
            published = self.current()
            return use(self.load(published)), ""
        except (IndexMissingError, IndexDamagedError, ModelError) as error:
            for name in self.stand_ins(published):
                with suppress(IndexStoreError, ModelError):
                    return use(self.load(name)), str(error)
            raise

    def stand_ins(self, published: str) -> list[str]:
        """The generations that may stand in for the published one, see `indexer.store.numbers.stand_ins`."""
        return stand_ins(self.generations(), published)

    def sound_generations(self, fingerprint: str, first: Sound | None) -> Iterator[Generation]:
        """Every sound generation of a model, so that a rollback loses no embedding.

        Args:
            fingerprint: of the model.
            first: loaded already; comes first if it is of this model.
        """
        name = ""
        if first is not None and first.generation.manifest.fingerprint == fingerprint:
            name = first.generation.manifest.generation
            yield first.generation
        for other in self.generations():
            try:
                if other == name or self.manifest(other).fingerprint != fingerprint:
                    continue
                generation = self.load(other)
            except IndexDamagedError:
                continue
            yield generation

    def manifest(self, name: str) -> Manifest:
        """The manifest of a generation whose other files need not be sound.

        Raises:
            IndexDamagedError: see `Manifest.read`.
        """
        return Manifest.read(Layout(self._generations / name).manifest)

    def problem(self, name: str) -> IndexDamagedError | None:
        """What is wrong with a generation, every file hashed and read; None if it is sound."""
        try:
            self.load(name).documents()
        except IndexDamagedError as error:
            return error
        return None

    def rollback(self, number: str | None = None) -> str:
        """Make another generation current; nothing is removed, and the next build's number is above them all.

        Args:
            number: default: the newest sound generation older than the current one.

        Returns:
            The number of the generation that is current now.

        Raises:
            IndexMissingError: nothing has been published.
            IndexStoreError: there is no such generation, or it is damaged; names those that can be rolled back to.
            IndexLockedError: another process is rebuilding.
        """
        if not self.generations():
            self.current()
        with self.writing():
            try:
                current = self.current()
            except (IndexMissingError, IndexDamagedError):  # the pointer is lost: any sound generation will do
                current = ""
            problems = {name: self.problem(name) for name in self.generations()}
            sound = [name for name, problem in problems.items() if problem is None]
            if number is None:
                chosen = next((name for name in sound if not current or int(name) < int(current)), None)
            else:
                chosen = number.strip().zfill(6)
            possible = f"possible are: {', '.join(name for name in sound if name != current) or 'none'}"
            if chosen is None:
                raise IndexStoreError(f"no sound generation is older than {current}; {possible}")
            if chosen not in problems:
                raise IndexStoreError(f"there is no generation {chosen[:20]}; {possible}")
            if (problem := problems[chosen]) is not None:
                state = "cannot be used" if isinstance(problem, IndexVersionError) else "is damaged"
                raise IndexDamagedError(f"generation {chosen} {state}: {problem}; {possible}")
            with self.write_errors():
                self._pointer.swap(chosen)
            return chosen

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; see `only_writer`."""
        with only_writer(self.folder, self._pointer):
            self._sweep()
            yield

    def write_errors(self) -> AbstractContextManager[None]:
        """See `indexer.store.lock.write_errors`."""
        return write_errors(self.folder, self._pointer)

    def next_generation(self) -> str:
        """The number the next generation gets; call it under the lock."""
        taken = self.generations()
        with suppress(IndexMissingError, IndexDamagedError):
            taken.append(self.current())
        return next_number(taken)

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A folder name to build in; whatever is left there afterwards is removed.

        Raises:
            IndexStoreError: the system refused something in the block.
        """
        try:
            with self.write_errors():
                yield self._generations / ".building"
        finally:
            self._sweep()

    def check(self, built: Path, unchanged: BoolArray | None = None) -> CheckedGeneration:
        """Verify a sealed generation by loading and searching it.

        Args:
            built: its folder, from `building`.
            unchanged: see `check_sound`.

        Raises:
            IndexDamagedError: what was written is not what can be read.
        """
        generation = Generation.load(built)
        check_sound(generation, unchanged)
        return CheckedGeneration(generation)

    def publish(self, checked: CheckedGeneration, *, keep: int) -> Generation:
        """Make a generation current in one atomic step; call it under the lock.

        Args:
            checked: from `check`.
            keep: how many generations to keep besides it, at least 1.

        Raises:
            IndexDamagedError: what was written is not what can be read; the published generation stays.
        """
        built, name = checked.generation.folder, checked.generation.manifest.generation
        replaced = self._pointer.read_or_none()
        os.rename(built, self._generations / name)
        sync_folder(self._generations)
        generation = self.load(name)
        self._pointer.swap(name)
        self._prune(keep, name, replaced)
        return generation

    def size(self, name: str) -> int:
        """Bytes that a generation takes on disk."""
        return sum(p.lstat().st_size for p in (self._generations / name).rglob("*") if not p.is_dir())

    def _prune(self, keep: int, current: str, replaced: str) -> None:
        """Remove all but the current generation and `keep` others: the one it replaced, then the newest."""
        others = [name for name in self.generations() if name != current]
        others.sort(key=lambda name: (name == replaced, int(name)), reverse=True)
        for name in others[keep:]:
            # Renamed first: what is half removed must not look like a generation.
            os.rename(self._generations / name, self._generations / f".pruned-{name}")
        self._sweep()
        with suppress(IndexDamagedError):  # a damaged manifest names no model: then all of them stay
            used = {self.model_folder(self.manifest(name).fingerprint) for name in self.generations()}
            for folder in (self.folder / "models").glob("*"):
                if folder not in used:
                    shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what is no generation any more, or not yet: also what a crash has left."""
        for leftover in self._generations.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)

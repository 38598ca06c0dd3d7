"""The one writer of an index folder, and what is said where the system refuses it something."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.errors import IndexLockedError, IndexStoreError
from indexer.files import make_folder
from indexer.store.pointer import Pointer

# Seconds. A process that a killed rebuild had just begun to start holds the lock until it runs a program of its own.
_PATIENCE = 2.0


@contextmanager
def only_writer(folder: Path, pointer: Pointer) -> Iterator[None]:
    """Hold the lock of an index folder, which is made if missing; the lock dies with its process.

    Raises:
        IndexLockedError: another process is rebuilding.
        IndexStoreError: the folder cannot be written, or the system stopped the block by refusing something else.
    """
    before = pointer.read_or_none()
    try:
        with write_errors(folder, pointer):
            make_folder(folder / "generations")
            lock = FileLock(folder / "lock").acquire(timeout=_PATIENCE)
        with lock:
            yield
    except Timeout:
        raise IndexLockedError(f"{folder} is being rebuilt by another process; try again when it is done") from None
    except OSError as error:
        raise IndexStoreError(f"the rebuild was stopped: {_told(error)}; {_outcome(pointer, before)}") from error


@contextmanager
def write_errors(folder: Path, pointer: Pointer) -> Iterator[None]:
    """Say of what the system refuses in the block that the index cannot be written, unless it names another file.

    Raises:
        IndexStoreError: names the file, if the system does, and says what is published.
    """
    before = pointer.read_or_none()
    try:
        yield
    except Timeout:  # of the lock, and an OSError by its kind
        raise
    except OSError as error:
        if error.filename and not Path(os.fsdecode(error.filename)).is_relative_to(folder):
            raise
        raise IndexStoreError(f"{folder} cannot be written: {_told(error)}; {_outcome(pointer, before)}") from error


def _told(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _outcome(pointer: Pointer, before: str) -> str:
    """What is published, beside what was before."""
    now = pointer.read_or_none()
    return "nothing was published" if now == before else f"generation {now} was published before that"

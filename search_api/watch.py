"""Watches a content folder, and builds whenever something in it changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import watchfiles

from indexer.content.folder import is_folder
from indexer.errors import ContentError, DatasetError, FaqError, IndexLockedError
from indexer.files import real_path

# Somebody who saves ten files wants one build: it waits until a second was quiet, but not for ever.
QUIET_MS, _LONGEST_MS = 1_000, 10_000


def watch(
    content: Path,
    index: Path,
    questions: Sequence[Path] = (),
    *,
    build: Callable[[], object],
    failed: Callable[[FaqError], None],
    quiet_ms: int = QUIET_MS,
) -> None:
    """Build once, then again after each change of the content or the labelled questions, without end.

    Args:
        content: folder, or one file, of articles and FAQ lists.
        index: the index folder, whose own changes do not count wherever it is.
        questions: folders of labelled questions, the same ones until the end.
        build: builds the index; while another process does so, it is tried again.
        failed: told why a build failed.
        quiet_ms: how long nothing may change before a build, milliseconds.

    Raises:
        ContentError: there is nothing at `content` to begin with, or the system refuses to watch it.
        DatasetError: one of `questions` is no folder to begin with.
    """
    alone = not is_folder(content)
    for folder in questions:
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder; give the folder that holds your labelled questions")
    due, waiting = True, False
    roots = real_path(content), real_path(index), tuple(map(real_path, questions))
    for changed in _seconds(*roots, alone, quiet_ms):
        if not (due := due or changed):
            continue
        due = False
        try:
            build()
            waiting = False
        except IndexLockedError as error:
            if not waiting:
                failed(error)
            due = waiting = True
        except FaqError as error:
            failed(error)
        except Exception as error:  # a fault of ours: the next change may be built all the same
            failed(FaqError(f"this could not be indexed ({type(error).__name__}: {error})"))


def _seconds(content: Path, index: Path, questions: Sequence[Path], alone: bool, quiet_ms: int) -> Iterator[bool]:
    """About every second, whether anything changed since the last time; a folder that is made anew is a change."""

    def counts(_: watchfiles.Change, name: str) -> bool:
        path = Path(name)
        if path.is_relative_to(index):
            return False
        if any(map(path.is_relative_to, questions)):
            return True
        if not path.is_relative_to(content):
            return False
        # As when content is read: what is hidden is no content.
        return not any(part.startswith(".") for part in path.relative_to(content).parts)

    # Of a single file its folder is watched: an editor that saves puts another file in its place.
    roots = [content.parent if alone else content]
    for folder in questions:
        roots += [folder, *(path for path in folder.rglob("*") if alone and path.is_dir())]
    while True:
        seen = _identities(roots)
        try:
            for changes in watchfiles.watch(
                *roots,
                watch_filter=counts,
                debounce=_LONGEST_MS,
                step=quiet_ms,
                rust_timeout=quiet_ms,
                yield_on_timeout=True,
                recursive=not alone,
                ignore_permission_denied=True,
            ):
                yield bool(changes)
                if _identities(roots) != seen:
                    break
        except (OSError, RuntimeError) as error:  # watchfiles' own error is a RuntimeError
            if all(_identities(roots)):
                raise ContentError(str(content), f"cannot be watched: {error}") from error
        while not all(_identities(roots)):
            time.sleep(quiet_ms / 1000)
        yield True


def _identities(roots: list[Path]) -> list[tuple[int, int] | None]:
    """What tells a folder from another one of the same name; None for one that is not there."""
    found: list[tuple[int, int] | None] = []
    for root in roots:
        try:
            status = os.stat(root)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found

"""Reads a content folder: every file that can be read, and for every other one why it cannot."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.content import readers
from indexer.content.folder import FolderListing, is_folder, list_folder
from indexer.content.languages import detect_language
from indexer.content.workers.pool import WORKERS
from indexer.documents import Document, FaqEntry
from indexer.errors import ContentError

MAX_FILE_BYTES = 20 * 1024 * 1024
_NO_TEXT = "holds no text to search, only links, headings or unresolved template marks"
# A worker takes as long to start as it takes to read so many files.
_FILES_A_WORKER = 32


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of a content folder.

    Attributes:
        documents: sorted by path.
        skipped: one error for each file that was not read, sorted by path.
        keys: for each document by its path what stands for the file as it is: a hash of its path and bytes.
        stale: one error for each file or folder that cannot be read now and was before: what is in it are its
            earlier documents.
        stale_paths: of these documents, sorted.
        skipped_rows: one error for each row or entry that was not read, of files that were.
    """

    documents: tuple[Document, ...]
    skipped: tuple[ContentError, ...]
    keys: Mapping[str, str]
    stale: tuple[ContentError, ...] = ()
    stale_paths: tuple[str, ...] = ()
    skipped_rows: tuple[ContentError, ...] = ()

    def by_key(self) -> dict[str, Document]:
        """The documents by the key of their file."""
        return {self.keys[document.path]: document for document in self.documents}

    def to_dict(self) -> dict[str, Any]:
        """For JSON: each block says of which kind it is, errors are objects with path, line and reason."""
        documents = [asdict(document) for document in self.documents]
        for document, plain in zip(self.documents, documents, strict=True):
            del plain["skipped_rows"]
            for block, fields in zip(document.blocks, plain["blocks"], strict=True):
                fields["kind"] = "faq" if isinstance(block, FaqEntry) else "paragraph"
        return {
            "documents": documents,
            "skipped": [error.to_dict() for error in self.skipped],
            "skipped_rows": [error.to_dict() for error in self.skipped_rows],
        }


def read_corpus(
    folder: Path,
    known: Mapping[str, Document] = MappingProxyType({}),
    *,
    earlier: Mapping[str, Document] = MappingProxyType({}),
    index: Path | None = None,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> Corpus:
    """Read every content file below a folder once, or a single file, in worker processes behind walls.

    Hidden files and folders are left out, and so are a `faq.toml` at the top and every index. Symbolic links are
    followed where they stay inside the folder.

    Args:
        folder: the content folder, or one content file.
        known: documents by their key, from an earlier corpus; a file that is as it was then is not read again.
        earlier: the same; where a file cannot be read now, its document is taken from here.
        index: an index folder, which is no content.
        max_file_bytes: a larger file is skipped.

    Raises:
        ContentError: there is nothing at `folder`.
        FaqError: no worker can be started.
    """
    root, listing = _listed(folder, index)
    read: list[tuple[str, Document]] = []
    unreadable = list(listing.unreadable)
    for result in _read_all(root, listing.files, known, max_file_bytes):
        if isinstance(result, ContentError):
            unreadable.append(result)
        elif result[1].blocks:
            read.append(result)
        else:
            listing.left_out.append(ContentError(result[1].path, _NO_TEXT))
    read, twice = _unique(read)
    kept = _kept(earlier, unreadable, {document.document_id for _, document in read})
    covered = {part for _, document in kept for part in _above(document.path)}
    stale = [error for error in unreadable if error.path in covered]
    lost = [error for error in unreadable if error.path not in covered]
    both = sorted((*read, *kept), key=lambda one: one[1].path)
    return Corpus(
        documents=tuple(document for _, document in both),
        skipped=_sorted((*listing.left_out, *twice, *lost)),
        keys={document.path: key for key, document in both},
        stale=_sorted(stale),
        stale_paths=tuple(sorted(document.path for _, document in kept)),
        skipped_rows=tuple(error for _, document in both for error in _rows(document)),
    )


def _listed(folder: Path, index: Path | None) -> tuple[Path, FolderListing]:
    """The files to read, and the folder that their paths are relative to."""
    return (folder, list_folder(folder, index)) if is_folder(folder) else (folder.parent, FolderListing([folder.name]))


def _read_all(
    root: Path, files: Sequence[str], known: Mapping[str, Document], limit: int
) -> Iterator[tuple[str, Document] | ContentError]:
    """For each file in order its key and document, or what is wrong with it."""

    def read(path: str) -> tuple[str, Document] | ContentError:
        try:
            readers.check_format(path)
            raw = _bytes(root, path, limit)
            key = hashlib.sha256(path.encode() + b"\0" + raw).hexdigest()
            return key, known[key] if key in known else _document(path, raw)
        except ContentError as error:
            return error

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(min(cores, 1 + len(files) // _FILES_A_WORKER)) as threads:
        try:
            yield from threads.map(read, files)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            WORKERS.interrupt()
            raise


def _document(path: str, raw: bytes) -> Document:
    document = WORKERS.read(path, raw)
    return replace(document, detected=detect_language(document))


def _bytes(root: Path, path: str, limit: int) -> bytes:
    # Of a pipe or a device that took a file's place even opening might wait for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(root / path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ContentError(path, "is not a regular file")
            raw = stream.read(limit + 1)
    except OSError as error:
        raise ContentError(path, f"cannot be opened: {error.strerror or error}; check its permissions") from error
    if len(raw) > limit:
        size = max(status.st_size, len(raw)) / 1024 / 1024
        raise ContentError(path, f"is {size:.0f} MB, more than {limit // 1024 // 1024} MB; split it")
    return raw


def _unique(read: list[tuple[str, Document]]) -> tuple[list[tuple[str, Document]], list[ContentError]]:
    """Documents with an id of their own; of two with the same id the first by path stays."""
    first: dict[str, Document] = {}
    unique: list[tuple[str, Document]] = []
    twice: list[ContentError] = []
    for key, document in read:
        if (other := first.setdefault(document.document_id, document)) is document:
            unique.append((key, document))
        else:
            reason = f'its id "{document.document_id}" is already that of {other.path}; rename one of them'
            twice.append(ContentError(document.path, reason))
    return unique, twice


def _kept(
    earlier: Mapping[str, Document], unreadable: Sequence[ContentError], taken: set[str]
) -> list[tuple[str, Document]]:
    """The earlier documents of what cannot be read now, if nothing else has taken their ids."""
    lost = {error.path for error in unreadable}
    return [
        (key, document)
        for key, document in earlier.items()
        if document.document_id not in taken and not lost.isdisjoint(_above(document.path))
    ]


def _above(path: str) -> Iterator[str]:
    """A path, and the folders it stands in."""
    parts = path.split("/")
    return chain(("/".join(parts[:end]) for end in range(len(parts), 0, -1)), (".",))


def _rows(document: Document) -> Iterator[ContentError]:
    return (ContentError(document.path, row.reason, line=row.line) for row in document.skipped_rows)


def _sorted(errors: Sequence[ContentError]) -> tuple[ContentError, ...]:
    return tuple(sorted(errors, key=lambda error: (error.path, str(error))))

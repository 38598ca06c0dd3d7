"""Walks a content folder safely, reads every file, and says which it could not read and why."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.content import readers
from indexer.content.languages import detect_language
from indexer.documents import Document, FaqEntry
from indexer.errors import ContentError
from indexer.settings import SITE_FILE

MAX_FILE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of a content folder.

    Attributes:
        documents: sorted by path.
        skipped: one error for each file that was not read, sorted by path.
        keys: for each document by its path what stands for the file as it is: a hash of its path and bytes.
    """

    documents: tuple[Document, ...]
    skipped: tuple[ContentError, ...]
    keys: Mapping[str, str]

    def by_key(self) -> dict[str, Document]:
        """The documents by the key of their file."""
        return {self.keys[document.path]: document for document in self.documents}

    def to_dict(self) -> dict[str, Any]:
        """For JSON: each block says of which kind it is, skipped files are objects with path, line and reason."""
        documents = [asdict(document) for document in self.documents]
        for document, plain in zip(self.documents, documents, strict=True):
            for block, fields in zip(document.blocks, plain["blocks"], strict=True):
                fields["kind"] = "faq" if isinstance(block, FaqEntry) else "paragraph"
        skipped = [error.to_dict() for error in self.skipped]
        return {"documents": documents, "skipped": skipped}


def read_corpus(
    folder: Path, known: Mapping[str, Document] = MappingProxyType({}), *, max_file_bytes: int = MAX_FILE_BYTES
) -> Corpus:
    """Read every content file below a folder, or a single file.

    Hidden files and folders are left out, and so is a `faq.toml` at the top. Symbolic links are followed where they
    stay inside the folder.

    Args:
        folder: the content folder, or one content file.
        known: documents by their key, from an earlier corpus; a file that is as it was then is not read again.
        max_file_bytes: a larger file is skipped.

    Raises:
        ContentError: there is nothing at `folder`.
    """
    if not folder.exists():
        raise ContentError(str(folder), "no such file or folder; give the folder that holds your content files")
    skipped: list[ContentError] = []
    root = folder if folder.is_dir() else folder.parent
    files = _files(root, skipped) if folder.is_dir() else [folder.name]
    documents: list[Document] = []
    keys: dict[str, str] = {}
    for path in files:
        try:
            raw = _bytes(root, path, max_file_bytes)
            key = hashlib.sha256(path.encode() + b"\0" + raw).hexdigest()
            documents.append(known[key] if key in known else _document(path, raw))
            keys[path] = key
        except ContentError as error:
            skipped.append(error)
    documents.sort(key=lambda document: document.path)
    unique, twice = _unique(documents)
    return Corpus(tuple(unique), tuple(sorted((*skipped, *twice), key=lambda error: (error.path, str(error)))), keys)


def _document(path: str, raw: bytes) -> Document:
    document = readers.read(path, raw)
    if not document.blocks:
        raise ContentError(path, "holds no text to search, only links, headings or unresolved template marks")
    return replace(document, detected=detect_language(document))


def _bytes(root: Path, path: str, limit: int) -> bytes:
    file = root / path
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ContentError(path, "is not a regular file")
        if status.st_size > limit:
            size = status.st_size / 1024 / 1024
            raise ContentError(path, f"is {size:.0f} MB, more than {limit // 1024 // 1024} MB; split it")
        with file.open("rb") as stream:
            raw = stream.read(limit + 1)
    except OSError as error:
        raise ContentError(path, f"cannot be opened: {error.strerror or error}; check its permissions") from error
    return raw


def _files(root: Path, skipped: list[ContentError]) -> list[str]:
    """Paths of the files below a folder, sorted; folders that cannot be opened and links that lead out are skipped."""
    found: list[str] = []
    inside = root.resolve()
    waiting: list[tuple[str, frozenset[str]]] = [("", frozenset({os.path.realpath(root)}))]
    while waiting:
        below, above = waiting.pop()
        try:
            entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
        except OSError as error:
            skipped.append(ContentError(below or ".", f"cannot be opened: {error.strerror}; check its permissions"))
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.name.startswith(".") or path == SITE_FILE:
                continue
            if (reason := _refusal(entry, inside, above)) is not None:
                skipped.append(ContentError(_printable(path), reason))
            elif not _is_utf8(path):
                skipped.append(ContentError(_printable(path), "its name is not UTF-8; rename it"))
            elif entry.is_dir():
                waiting.append((path, above | {os.path.realpath(entry.path)}))
            else:
                found.append(path)
    return sorted(found)


def _refusal(entry: os.DirEntry[str], inside: Path, above: frozenset[str]) -> str | None:
    if entry.is_symlink():
        real = Path(os.path.realpath(entry.path))
        if not real.exists():
            return "is a link that leads nowhere"
        if not real.is_relative_to(inside):
            return "is a link that leads out of the content folder; copy the file into it"
        if real.is_dir() and str(real) in above:
            return "is a link to a folder it stands in"
    if not (entry.is_file() or entry.is_dir()):
        return "is neither a file nor a folder"
    return None


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


def _unique(documents: list[Document]) -> tuple[list[Document], list[ContentError]]:
    """Documents with an id of their own; of two with the same id the first by path stays."""
    first: dict[str, Document] = {}
    twice: list[ContentError] = []
    for document in documents:
        if (other := first.get(document.document_id)) is None:
            first[document.document_id] = document
        else:
            reason = f'its id "{document.document_id}" is already that of {other.path}; rename one of them'
            twice.append(ContentError(document.path, reason))
    return list(first.values()), twice

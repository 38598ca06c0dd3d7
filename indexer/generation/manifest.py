"""What a generation is and the hash of each of its files, so that nothing is parsed before it is known to be sound."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from indexer.errors import IndexDamagedError
from indexer.files import read_signed, sha256_file, sign
from indexer.generation.layout import Layout

FORMAT: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation is.

    Attributes:
        generation: six digits, ever rising.
        published_at: ISO 8601, UTC.
        model: name the user gave; fingerprint: of its files; dim: length of its embeddings.
        documents, passages, vectors, sentences: counts.
        nearest: how the nearest vectors are found, a `SearchKind`; recall: the share of the ten nearest that is.
        content_hash: SHA-256 over all that the index is made from, see `content_hash`; equal content, equal hashes.
        code_fingerprint: of the code that read and cut the content; "" where nothing of it must be reused.
        stale: paths of documents that are those of an earlier generation, as their files could not be read.
        files: SHA-256 and size of every file, by its name relative to the folder.
    """

    generation: str
    published_at: str
    model: str
    fingerprint: str
    dim: int
    documents: int
    passages: int
    vectors: int
    sentences: int
    content_hash: str
    code_fingerprint: str
    files: dict[str, tuple[str, int]]
    stale: tuple[str, ...] = ()
    nearest: str = ""
    recall: float = 0.0
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest, ending in its own hash."""
        return sign(json.dumps(asdict(self), sort_keys=True, indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest.

        Raises:
            IndexDamagedError: missing, altered, or of another format.
        """
        try:
            fields: Any = json.loads(read_signed(path))
        except OSError as error:
            raise IndexDamagedError(
                f"{path} cannot be read ({error.strerror}); roll back or rebuild the index"
            ) from error
        except (ValueError, RecursionError) as error:
            raise IndexDamagedError(f"{path} {error}; roll back or rebuild the index") from error
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            found = fields.get("format") if isinstance(fields, dict) else "no"
            raise IndexDamagedError(f"{path} has format {found}, this version reads {FORMAT}; rebuild the index")
        try:
            fields["files"] = {name: (str(sha), int(size)) for name, (sha, size) in fields["files"].items()}
            fields["stale"] = tuple(map(str, fields.get("stale", ())))
            return cls(**fields)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise IndexDamagedError(f"{path} is no manifest of this version ({error}); rebuild the index") from error


def verify(folder: Path) -> Manifest:
    """Check every byte of a generation against its manifest, without parsing anything else.

    Raises:
        IndexDamagedError: names the first file that is missing, surplus or altered.
    """
    manifest = Manifest.read(Layout(folder).manifest)
    known = {*manifest.files, Layout(folder).manifest.name}
    for path in sorted(folder.rglob("*")):
        # What a link leads to may change after it was checked.
        if path.is_symlink() or not (path.is_dir() or path.relative_to(folder).as_posix() in known):
            raise IndexDamagedError(f"{path} does not belong to this index; roll back or rebuild the index")
    for name, (expected, size) in manifest.files.items():
        path = folder / name
        try:
            sound = path.stat().st_size == size and sha256_file(path) == expected
        except OSError as error:
            raise IndexDamagedError(
                f"{path} cannot be read ({error.strerror}); roll back or rebuild the index"
            ) from error
        if not sound:
            raise IndexDamagedError(f"{path} does not match the manifest's hash; roll back or rebuild the index")
    return manifest

"""What a generation is and the hash of each of its files, so that nothing is parsed before it is known to be sound."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field

from indexer.errors import IndexDamagedError, IndexVersionError, naming
from indexer.files import read_signed, sha256_file, sign
from indexer.generation.layout import Layout
from indexer.schema import Count, Sha256, checked_fields, format_of
from indexer.vectors.nearest import SearchKind

FORMAT: Final = 11
# Six digits, and more from the millionth generation on; never so many that the next one could not be counted.
GENERATION_NAME: Final = re.compile(r"(?:[0-9]{6}|[1-9][0-9]{6,11})\Z")
_ADVICE: Final = "roll back or rebuild the index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation is.

    Attributes:
        generation: six digits or more, ever rising.
        published_at: ISO 8601, UTC.
        model: name the user gave; fingerprint: of its files; dim: length of its embeddings.
        documents, passages, vectors, sentences: counts.
        nearest: how the nearest vectors are found, a `SearchKind`; recall: the share of the ten nearest that is.
        content_hash: SHA-256 over all that the index is made from, see `content_hash`; equal content, equal hashes.
        code_fingerprint: of the code that read and cut the content; "" where nothing of it must be reused.
        stale: paths of documents that are those of an earlier generation, as their files could not be read.
        files: SHA-256 and size of every file, by its name relative to the folder.
    """

    generation: Annotated[str, Field(pattern=GENERATION_NAME.pattern.replace(r"\Z", "$"))]
    published_at: str
    model: str
    # Also the beginning of a folder's name.
    fingerprint: Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]
    dim: Annotated[Count, Field(ge=1)]
    documents: Count
    passages: Count
    vectors: Count
    sentences: Count
    content_hash: Sha256
    code_fingerprint: str
    files: dict[str, tuple[Sha256, Annotated[int, Field(ge=0)]]]
    stale: tuple[str, ...] = ()
    nearest: str = ""
    recall: Annotated[float, Field(ge=0, le=1)] = 0.0
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest, ending in its own hash."""
        return sign(json.dumps(asdict(self), sort_keys=True, indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest; fields that this version does not know are left out.

        Raises:
            IndexDamagedError: missing, altered, or no manifest.
            IndexVersionError: of another format.
        """
        with naming(path, IndexDamagedError, _ADVICE):
            content = read_signed(path)
            if (found := format_of(content)) != FORMAT:
                raise _other_version(path, found)
            fields = checked_fields(cls, content)
            SearchKind(fields["nearest"])
            return cls(**fields)


def verify(folder: Path) -> Manifest:
    """Check every byte of a generation against its manifest, without parsing anything else.

    Raises:
        IndexDamagedError: names the first file that is missing, surplus or altered.
        IndexVersionError: see `Manifest.read`.
    """
    where = Layout(folder).manifest
    manifest = Manifest.read(where)
    known = {*manifest.files, where.name}
    with naming(folder, IndexDamagedError, _ADVICE):
        for path in sorted(folder.rglob("*")):
            # What a link leads to may change after it was checked.
            if path.is_symlink() or not (path.is_dir() or path.relative_to(folder).as_posix() in known):
                raise IndexDamagedError(f"{path} does not belong to this index: {where} names no such file; {_ADVICE}")
    for name, (expected, size) in manifest.files.items():
        path = folder / name
        with naming(path, IndexDamagedError, f"{where} names it; {_ADVICE}"):
            if Path(os.path.normpath(path)) != path or not path.is_relative_to(folder):
                raise ValueError("it is no file of this generation")
            status = path.stat()
            sound = stat.S_ISREG(status.st_mode) and status.st_size == size and sha256_file(path) == expected
            if not sound:
                raise IndexDamagedError(f"{path} does not match the manifest's hash, in {where}; {_ADVICE}")
    return manifest


def _other_version(path: Path, found: int) -> IndexVersionError:
    """What is said of a generation of another format."""
    told = f"version: it has format {found}, this version reads {FORMAT}; rebuild the index"
    if found > FORMAT:
        return IndexVersionError(f"{path} is of a newer {told} with this version, or upgrade this version", newer=True)
    index = path.parents[2]
    return IndexVersionError(f"{path} is of an older {told}: faq index CONTENT --index {index}", newer=False)

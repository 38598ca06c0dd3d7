"""The one error tree. Every error says what was wrong, the value, and what to do next.

::

    FaqError
    ├── ContentError           a content file cannot be read as documents
    ├── ModelError             a model is missing, damaged or unusable
    ├── IndexStoreError        the index folder cannot be used
    │   ├── IndexMissingError      nothing has been published there yet
    │   ├── IndexDamagedError      a file is not what it should be
    │   │   └── IndexVersionError      it was written by another version
    │   ├── IndexLockedError       another rebuild holds the lock
    │   ├── ModelMismatchError     the index was built with another model
    │   └── PublicationRefusedError   a rebuild would lose too much; in `indexer.report`
    ├── SettingsError          an option, a variable or the site's faq.toml is wrong
    ├── QueryError             a question or one of its options is unusable
    ├── DatasetError           a folder of labelled questions cannot be read
    └── NotFoundError          no passage or document has this id
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# Of `faq index`, where it went well but for files that could be read before and can no longer.
STALE_EXIT_CODE: Final = 3


class FaqError(Exception):
    """Base of all errors raised on purpose; `str(error)` is fit to be shown to a user."""


class ContentError(FaqError):
    """A content file that cannot be read.

    Args:
        path: file relative to the content folder, in POSIX form.
        reason: what was wrong and what to do.
        line: 1-based line in the file, if known.
    """

    def __init__(self, path: str, reason: str, *, line: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.line = line
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")

    def to_dict(self) -> dict[str, str | int | None]:
        """For JSON."""
        return {"path": self.path, "line": self.line, "reason": self.reason}


class ModelError(FaqError):
    """A model is missing, damaged or cannot be used."""


class IndexStoreError(FaqError):
    """The index folder cannot be used as asked."""


class IndexMissingError(IndexStoreError):
    """No generation has been published in this folder."""


class IndexDamagedError(IndexStoreError):
    """A file of the index is missing, altered, or holds what it should not."""


class IndexVersionError(IndexDamagedError):
    """A generation was written by another version.

    Args:
        reason: which file, and what to do.
        newer: whether that version is newer than this one.
    """

    def __init__(self, reason: str, *, newer: bool) -> None:
        self.newer = newer
        super().__init__(reason)


class IndexLockedError(IndexStoreError):
    """Another process is rebuilding this index."""


class ModelMismatchError(IndexStoreError):
    """The index was built with a different model from the one in use."""


class SettingsError(FaqError):
    """An option, a variable of the environment or a line of the site's `faq.toml` is wrong.

    Args:
        reason: what was wrong, where, and what to do.
        setting: its name, if it is about one.
    """

    def __init__(self, reason: str, setting: str = "") -> None:
        self.setting = setting
        super().__init__(reason)


class QueryError(FaqError):
    """A question, or an option beside it, is unusable.

    Args:
        field: name of the offending parameter, as the caller spells it.
        reason: what was wrong and what is allowed; never quotes the question.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class DatasetError(FaqError):
    """A folder of labelled questions cannot be read."""


class NotFoundError(FaqError):
    """No passage or document has this id."""


_REASON_LENGTH = 300


@contextmanager
def naming(path: Path, kind: type[FaqError], advice: str) -> Iterator[None]:
    """Say of any exception in the block which file it is about, and what to do; errors of ours stay as they are.

    Whatever a file holds may make a library raise anything.

    Args:
        path: of the file that the block reads.
        kind: of the error that is raised then.
        advice: the next step.
    """
    try:
        yield
    except FaqError:
        raise
    except BaseException as error:
        # The panic of a library in Rust is no `Exception`.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise kind(f"{path} cannot be read ({reason_of(error)}); {advice}") from error


def reason_of(error: BaseException) -> str:
    """What an exception says, on one line, with its kind where that tells more."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    said = " ".join(str(error).split())[:_REASON_LENGTH]
    return said if said and isinstance(error, ValueError) else f"{type(error).__name__}: {said}".removesuffix(": ")

"""What a reader declares: that it reads text, or bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from indexer.content.readers.decoding import decode
from indexer.documents import Document


@dataclass(frozen=True, slots=True)
class TextReader:
    """A reader of a format that is text.

    Attributes:
        read: takes the path and the text as `decode` leaves it.
    """

    read: Callable[[str, str], Document]

    def document(self, path: str, raw: bytes) -> Document:
        """Decode and read a file.

        Raises:
            ContentError: it is no text, or not in this format.
        """
        return self.read(path, decode(path, raw))


@dataclass(frozen=True, slots=True)
class BytesReader:
    """A reader of a binary format.

    Attributes:
        read: takes the path and the bytes of the file.
    """

    read: Callable[[str, bytes], Document]

    def document(self, path: str, raw: bytes) -> Document:
        """Read a file.

        Raises:
            ContentError: it is not in this format.
        """
        return self.read(path, raw)


Reader = TextReader | BytesReader

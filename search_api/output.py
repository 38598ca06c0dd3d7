"""Standard output and errors that no reader can break: what cannot be written any more is dropped, and remembered."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

# Standard input, output and errors.
_DESCRIPTORS = (0, 1, 2)


class Output(io.FileIO):
    """A stream of the process; writing to it never fails.

    Attributes:
        failed: the system's first error, None for none. That the reader of a pipe has enough is none: the command
            goes on to its end, whose exit code says how it went.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failed: OSError | None = None
        self._dropping = False

    def write(self, content: object, /) -> int:
        """Write as much as the system takes."""
        size = memoryview(content).nbytes  # type: ignore[arg-type]
        if self._dropping:
            return size
        try:
            written = super().write(content)  # type: ignore[arg-type]
        except OSError as error:
            self._dropping = True
            if not isinstance(error, BrokenPipeError):
                self.failed = error
            return size
        # None: a pipe that does not wait is full.
        return written if written is not None else self._write_waiting(memoryview(content))  # type: ignore[arg-type]

    def _write_waiting(self, content: memoryview) -> int:
        os.set_blocking(self.fileno(), True)
        return self.write(content)


def guard_output() -> Output:
    """Take the place of `sys.stdout` and `sys.stderr`; what their encoding lacks is shown as an escape sequence.

    A stream that is closed leads nowhere, lest a file of ours be opened in its place.

    Returns:
        What standard output is written to.
    """
    for descriptor in _DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest number that is free
    out = Output(1)
    sys.stdout = _text_stream(out, sys.stdout)
    sys.stderr = _text_stream(Output(2), sys.stderr)
    return out


def _text_stream(output: Output, instead_of: TextIO | None) -> TextIO:
    """A stream that writes to an output; the one that was there if it leads elsewhere."""
    if instead_of is not None:
        try:
            if instead_of.fileno() != output.fileno():
                return instead_of
            instead_of.flush()
        except (OSError, ValueError):  # one in memory, for example
            return instead_of
    encoding = instead_of.encoding if instead_of else "utf-8"
    lines = output.isatty() or output.fileno() == 2
    return io.TextIOWrapper(io.BufferedWriter(output), encoding, errors="backslashreplace", line_buffering=lines)

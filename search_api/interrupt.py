"""Ctrl-C while the command is still being imported, which takes a moment: one line, like ever after."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Final

EXIT_CODE: Final = 130
_SAID: Final = b"faq: interrupted\n"


def expect_interrupt() -> None:
    """End the process at once on Ctrl-C, until `signal.default_int_handler` is set again."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else whoever started it has it ignored
        signal.signal(signal.SIGINT, _end)


def await_interrupt() -> None:
    """Let Ctrl-C be a `KeyboardInterrupt` again, so that what runs can put things in order."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: int | FrameType | None) -> None:
    try:
        os.write(2, _SAID)
    finally:
        os._exit(EXIT_CODE)

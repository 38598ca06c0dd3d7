"""The walls around a parser: it opens nothing, starts nothing, and takes only so much memory and processor time.

They do not depend on knowing what a parser might do. Python's audit hook refuses every event but a few harmless ones;
below it the kernel refuses new file descriptors, whichever library asks for one.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform != "win32":
    import resource

_MB = 2**20
# Ordinary pages are read at .8 MB a second beside busy neighbours, reST at a tenth of it; 100 KB may take 5 s.
_SECONDS, _SECONDS_A_MB = 2, 30
# A Markdown list of short entries takes some 400 bytes for each of its own.
_MEMORY, _MEMORY_A_BYTE, _MOST_MEMORY = 384 * _MB, 512, 3072 * _MB
# What running Python code does by itself. "import" is refused below, as an import that fails.
_HARMLESS = frozenset(
    {
        "array.__new__",
        "builtins.id",
        "code.__new__",
        "compile",
        "exec",
        "function.__new__",
        "gc.get_objects",
        "gc.get_referents",
        "gc.get_referrers",
        "marshal.loads",
        "object.__delattr__",
        "object.__getattr__",
        "object.__setattr__",
        "sys._getframe",
        "sys._getframemodulename",
        "sys.excepthook",
        "sys.unraisablehook",
        "time.sleep",
    }
)


class WallError(PermissionError):
    """A parser tried to reach something outside of the file it reads."""


def seconds_for(size: int) -> int:
    """How much processor time a file of so many bytes may take, in whole seconds."""
    return _SECONDS + math.ceil(size * _SECONDS_A_MB / _MB)


def memory_for(size: int) -> int:
    """How many bytes of memory a worker may take for a file of so many bytes, beyond what it has."""
    return min(_MEMORY + size * _MEMORY_A_BYTE, _MOST_MEMORY)


class Walls:
    """The walls of this process: they stand only while `around` is entered, and can never be taken down for good."""

    def __init__(self) -> None:
        self._standing = False
        sys.addaudithook(self._refuse)

    @contextmanager
    def around(self, size: int) -> Iterator[None]:
        """Let nothing in or out while a file of so many bytes is read.

        More processor time than it is allowed ends the process with SIGXCPU.

        Raises:
            MemoryError: inside, where more memory is wanted than is allowed.
            WallError: inside, at the attempt to reach anything.
        """
        limited = _limits(size)
        before = {which: _limit(which, value) for which, value in limited.items()}
        self._standing = True
        try:
            yield
        finally:
            self._standing = False
            for which, value in before.items():
                _limit(which, value)

    def _refuse(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._standing or event in _HARMLESS:
            return
        if event == "import":  # as if it were not installed
            raise ImportError(f"{arguments[0]} is not loaded before content is read")
        what = str(arguments[0])[:200] if arguments else ""
        raise WallError(f"{event} {what}".strip())


def _limits(size: int) -> dict[int, int]:
    if sys.platform == "win32":
        return {}
    limits = {
        resource.RLIMIT_CPU: math.ceil(time.process_time()) + seconds_for(size),
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,  # those that are open stay open
    }
    if (taken := _address_space()) is not None:
        limits[resource.RLIMIT_AS] = taken + memory_for(size)
    return limits


def _limit(which: int, value: int) -> int:
    """Set a limit that can be taken back; the one before."""
    if sys.platform == "win32":
        return value
    soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    return soft


def _address_space() -> int | None:
    """Bytes of address space that this process has taken; None where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None

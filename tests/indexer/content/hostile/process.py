"""Reads files in a process of their own, where time and memory are limited and an end by force does no harm.

    python -m tests.indexer.content.hostile.process

takes files on standard input, `name size` and a line end before each, and gives a line of JSON for each.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from indexer.content import readers
from indexer.content.readers.decoding import load_encodings
from indexer.errors import ContentError

MEGABYTE = 1024 * 1024
_ROOT = Path(__file__).parents[4]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file.

    Attributes:
        seconds: of CPU.
        refused: the reason why it was refused by name, "" if it was read.
        failed: what came out that should not, "" if nothing.
    """

    seconds: float
    refused: str = ""
    failed: str = ""


class ReadingProcess:
    """A process that reads one file after the other, and another one where it dies.

    Args:
        seconds: of CPU for each file, then it is ended.
        megabytes: for each file, in addition to what the loaded readers take.
    """

    def __init__(self, *, seconds: int = 60, megabytes: int = 512) -> None:
        self._limits = (str(seconds), str(megabytes))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def read(self, name: str, raw: bytes) -> Outcome:
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{name} {len(raw)}\n".encode() + raw)
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self._process = None
            process.communicate()
            return Outcome(seconds=float(self._limits[0]), failed=f"the process ended with {process.returncode}")
        return Outcome(**json.loads(line))

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", __name__, *self._limits]
        return subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _outcome(name: str, raw: bytes) -> Outcome:
    start = time.process_time()
    refused = failed = ""
    try:
        readers.read(name, raw)
    except ContentError as error:
        refused = error.reason
    except BaseException as error:
        failed = f"{type(error).__name__}: {error}"[:500]
    return Outcome(time.process_time() - start, refused, failed)


def _main(seconds: int, megabytes: int) -> None:
    for module in set(readers.READERS.values()):
        readers.reader_of(module)
    load_encodings()
    taken = int(Path("/proc/self/statm").read_text("utf-8").split()[0]) * resource.getpagesize()
    limit = taken + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while head := sys.stdin.buffer.readline():
        name, size = head.decode().rsplit(" ", 1)
        raw = sys.stdin.buffer.read(int(size))
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends the process
        outcome = _outcome(name, raw)
        signal.setitimer(signal.ITIMER_PROF, 0)
        fields = {"seconds": outcome.seconds, "refused": outcome.refused, "failed": outcome.failed}
        print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))

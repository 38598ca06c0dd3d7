"""Worker processes as the build sees them: a file goes in, its document comes back, or the reason why there is none."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path

from indexer.content.workers.reply import Reply, adapter
from indexer.content.workers.walls import seconds_for
from indexer.content.workers.worker import READY
from indexer.documents import Document
from indexer.errors import ContentError, FaqError

# Isolated from the caller's environment, a worker finds its code where the caller does.
_MAIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from indexer.content.workers.worker import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_PATIENCE = 120.0
_MAX_REPLY = 512 * 2**20


class Worker:
    """One worker process; it lives until `end`, or until a file is too much for it.

    Args:
        main: what it runs.
        patience: seconds of the clock for a worker that neither answers nor uses up its processor time, as one that is
            stopped.

    Raises:
        FaqError: it cannot be started.
    """

    def __init__(self, main: str = _MAIN, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._connection, theirs = Pipe()
        paths = json.dumps([path or str(Path.cwd()) for path in sys.path])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", main, paths, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={},
                cwd=os.path.abspath(os.sep),
            )
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            if self._answer(patience) != READY:
                self.end()
                said = stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
                raise FaqError(f"no process that reads content can be started: {said or 'it ends at once'}")

    @property
    def alive(self) -> bool:
        """Whether it may be given another file."""
        return not self._connection.closed

    def read(self, path: str, raw: bytes) -> Document:
        """Have a file read.

        Raises:
            ContentError: the file cannot be read, or the worker did not outlive it.
        """
        with suppress(OSError):  # it has ended; of what is said below
            self._connection.send_bytes(path.encode())
            self._connection.send_bytes(raw)
        reply = self._reply(len(raw))
        if reply.worn:
            self.end()
        if reply.document is None:
            raise ContentError(path, reply.reason, line=reply.line)
        return reply.document

    def end(self) -> None:
        """End it, whatever it does."""
        self.kill()
        self._connection.close()
        self._process.wait()

    def kill(self) -> None:
        """The same while another thread waits for it: that one is told that it has ended."""
        self._process.kill()

    def _reply(self, size: int) -> Reply:
        seconds = seconds_for(size)
        answer = self._answer(self._patience + 20 * seconds)
        if answer is not None:
            with suppress(ValueError):  # no worker of ours says anything else
                reply: Reply = adapter().validate_json(answer)
                return reply
        self._process.kill()
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            reason = f"takes more than {seconds} s to read; make it simpler or split it"
        else:
            reason = f"ends the process that reads it (exit code {code}); make it simpler or split it"
        return Reply(reason=reason, worn=True)

    def _answer(self, patience: float) -> bytes | None:
        """What it sends; None if it ends, or is silent for so many seconds."""
        try:
            return self._connection.recv_bytes(_MAX_REPLY) if self._connection.poll(patience) else None
        except (EOFError, OSError):
            return None


class WorkerPool:
    """Workers that wait for files; any thread may hand one in, and as many work at once as threads do so."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()

    def read(self, path: str, raw: bytes) -> Document:
        """Have a file read by a worker that waits, or a new one.

        Args:
            path: relative to the content folder, in POSIX form; its suffix names the format.
            raw: what is in the file.

        Raises:
            ContentError: it cannot be read.
            FaqError: no worker can be started.
        """
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = Worker()
        self._busy.add(worker)
        try:
            return worker.read(path, raw)
        finally:
            self._busy.remove(worker)
            if worker.alive:
                self._idle.append(worker)

    def interrupt(self) -> None:
        """Let nobody wait any longer for a file that is being read."""
        for worker in tuple(self._busy):
            worker.kill()

    def close(self) -> None:
        """End all that wait for a file."""
        while self._idle:
            self._idle.pop().end()

    def forget(self) -> None:
        """In a process that was forked they are its parent's."""
        self._idle, self._busy = [], set()


# One for all builds of a process: `faq watch` reads file after file, and a worker takes a while to start.
WORKERS = WorkerPool()
atexit.register(WORKERS.close)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=WORKERS.forget)

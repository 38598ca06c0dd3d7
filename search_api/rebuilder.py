"""Rebuilds an index in a process of its own, one at a time, while the service goes on answering."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from indexer.errors import STALE_EXIT_CODE, FaqError
from indexer.settings import Settings

logger = logging.getLogger("faq")

_KEPT_JOBS = 8
_NICENESS = 10
# Looked up here: between fork and exec, in a process of several threads, as little as can be is done.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
# A report names every skipped file; of what goes wrong, the last lines say it.
_MAX_REPORT_BYTES, _MAX_ERROR_BYTES = 16 * 2**20, 16 * 2**10


class JobStatus(StrEnum):
    """How far a rebuild is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One rebuild.

    Attributes:
        job: its id.
        started_at: ISO 8601, UTC.
        seconds: wall time; None while it runs.
        report: what `faq index --json` printed, None if nothing.
        error: the one line that says why it failed, None if it did not.
    """

    job: str
    status: JobStatus
    started_at: str
    seconds: float | None = None
    report: dict[str, Any] | None = None
    error: str | None = None


class RebuildRunningError(FaqError):
    """Another rebuild of this service is running.

    Args:
        job: the id of the one that runs.
    """

    def __init__(self, job: str) -> None:
        self.job = job
        super().__init__(f"a rebuild is running already: {job}; start another one when it is done")


class Rebuilder:
    """Starts rebuilds and remembers the last few; use it from one event loop, whose turns take the place of a lock.

    Args:
        command: what to run; it prints a report as JSON, or fails and says why in a line that begins with ``faq: ``.
        environment: variables it gets besides those of this process.
        patience: seconds until a process that was asked to end is killed.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] = MappingProxyType({}), *, patience: float = 5.0
    ) -> None:
        self._command = tuple(command)
        self._environment = environment
        self._patience = patience
        self._jobs: dict[str, Job] = {}
        self._running: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, content: Path, settings: Settings, *, patience: float = 5.0) -> Rebuilder:
        """Rebuilds with ``faq index``, which finds the settings in its environment."""
        command = [sys.executable, "-m", "search_api.cli", "index", str(content.absolute()), "--json"]
        paths = {"FAQ_INDEX": (settings.index,), "FAQ_QUESTIONS": settings.questions}
        absolute = {name: os.pathsep.join(str(path.absolute()) for path in some) for name, some in paths.items()}
        return cls(command, settings.environment() | absolute, patience=patience)

    def start(self, *, full: bool = False) -> Job:
        """Start a rebuild and return at once.

        Args:
            full: embed everything anew.

        Raises:
            RebuildRunningError: one is running.
        """
        if self._running is not None and not self._running.done():
            raise RebuildRunningError(next(reversed(self._jobs)))
        job = Job(
            job=secrets.token_hex(8),
            status=JobStatus.RUNNING,
            started_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        self._jobs[job.job] = job
        while len(self._jobs) > _KEPT_JOBS:
            del self._jobs[next(iter(self._jobs))]
        self._running = asyncio.create_task(self._run(job, (*self._command, *(["--full"] if full else []))))
        return job

    def job(self, job: str) -> Job | None:
        """The rebuild with this id, None if it is unknown or forgotten."""
        return self._jobs.get(job)

    async def stop(self) -> None:
        """End the rebuild that runs, if any; the published generation stays."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _run(self, job: Job, command: tuple[str, ...]) -> None:
        started = time.perf_counter()
        report, error = None, "the rebuild was ended, because the service was"
        try:
            code, out, err = await self._output(command)
            report, error = _report(out), _error(code, err)
            if not error and report is None:
                error = "the rebuild ended without a report"
        except OSError as refused:
            error = f"the rebuild could not be started: {refused.strerror or refused}"
        finally:
            self._jobs[job.job] = replace(
                job,
                status=JobStatus.FAILED if error else JobStatus.DONE,
                seconds=round(time.perf_counter() - started, 3),
                report=report,
                error=error or None,
            )

    async def _output(self, command: tuple[str, ...]) -> tuple[int, bytes, bytes]:
        """Run a command in a session of its own, behind everybody else; its status and the ends of what it wrote."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=_without_key(os.environ) | dict(self._environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        try:
            if sys.platform != "win32":
                with suppress(OSError):  # it has ended already
                    os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = await asyncio.gather(
                _end_of(process.stdout, _MAX_REPORT_BYTES), _end_of(process.stderr, _MAX_ERROR_BYTES)
            )
            return await process.wait(), out, err
        finally:
            if process.returncode is None:
                await self._end(process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ask the process to end; insist after a while."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)  # it leads its session: what it started ends, too
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._patience)
                return


def _end_with_parent() -> None:
    """In the process that is being started: if this one is gone, even by SIGKILL, it is killed, too (Linux)."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _without_key(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child may inherit; the key is read in any case of its name."""
    return {name: value for name, value in environment.items() if name.upper() != "FAQ_ADMIN_KEY"}


async def _end_of(stream: asyncio.StreamReader, size: int) -> bytes:
    kept = bytearray()
    while part := await stream.read(65536):
        kept += part
        if len(kept) > 2 * size:  # seldom, so that what is kept is not copied again and again
            del kept[:-size]
    return bytes(kept[-size:])


def _report(out: bytes) -> dict[str, Any] | None:
    try:
        report = json.loads(out)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _error(code: int, err: bytes) -> str:
    """One line, "" if all went well."""
    if code in (0, STALE_EXIT_CODE):
        return ""
    if code < 0:
        return f"the rebuild was ended by signal {-code}; what was published stays"
    lines = [line for line in err.decode("utf-8", "replace").splitlines() if line.startswith("faq: ")]
    if lines:
        return lines[-1].removeprefix("faq: ")
    logger.error("a rebuild ended with exit code %d: %s", code, err.decode("utf-8", "replace").strip())
    return f"the rebuild failed with exit code {code}; see the server's log"

"""Rebuilds in children forked from one warm interpreter: starting Python for each of thousands would take hours.

Run as a program it answers one JSON request a line with lines of JSON: the pid of the child, one line for each
generation the child publishes, and how the child ended. `Rebuilder` is the other end of that pipe.
"""

from __future__ import annotations

import builtins
import fcntl
import gc
import io
import json
import mmap
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any, NoReturn, Self

from tests.conftest import ROOT, HashedWordsEncoder

# A pool of threads does not live on in a forked child.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
KILLED = -9


def write_version(content: Path, version: int) -> None:
    """Content whose every passage, heading and question says which version it is."""
    content.mkdir(parents=True, exist_ok=True)
    word = f"version{version}"
    (content / "article.md").write_text(
        f"---\nlang: en\n---\n\n# About {word}\n\nThis is {word}. It holds.\n\n"
        f"## FAQ\n\n### Which is it, {word}?\n\nIt is {word}. Nothing else.\n"
    )
    (content / "other.md").write_text(f"---\nlang: en\n---\n\n# More of {word}\n\nHere too {word} is told.\n")


def encoder_of(fingerprint: str) -> HashedWordsEncoder:
    """The encoder of hashed words, as another model would be."""
    encoder = HashedWordsEncoder()
    encoder.fingerprint = fingerprint * 64
    return encoder


class Rebuilder:
    """Starts the program and asks it for children.

    Args:
        tracer: command that runs the program, such as strace with its options.
    """

    def __init__(self, *tracer: str) -> None:
        self._process = subprocess.Popen(
            [*tracer, sys.executable, "-m", "tests.proofs.rebuilder"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | ONE_THREAD,
        )  # fmt: skip
        if self.read() != {"ready": True}:
            raise AssertionError("the rebuilder did not start")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, **request: Any) -> int:
        """Fork a child; its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request, default=str) + "\n")
        self._process.stdin.flush()
        return int(self.read()["pid"])

    def read(self) -> dict[str, Any]:
        """The next line of the program or of its child."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the rebuilder has ended"
        return dict(json.loads(line))

    def finish(self) -> tuple[int, list[dict[str, Any]]]:
        """Wait for the child: its exit code (negative: the signal), and what it published meanwhile."""
        published = []
        while "code" not in (line := self.read()):
            published.append(line)
        return line["code"], published

    def run(self, **request: Any) -> tuple[int, list[dict[str, Any]]]:
        """`start` and `finish`."""
        self.start(**request)
        return self.finish()


def build(content: Path, index: Path, fingerprint: str = "0", die_at: int | None = None) -> None:
    """Build once and say what was published; kill this process at the given I/O step."""
    from indexer.build import build_index

    if die_at is not None:
        _die_at(die_at)
    report = build_index(content, index, encoder=encoder_of(fingerprint), force=True)
    _say({"generation": report.generation, "published": report.published})


def build_forever(content: Path, index: Path, version: int, real_model: bool = False) -> None:
    """Build ever later versions of the content, and say so after every publication."""
    from indexer.build import build_index

    encoder = None if real_model else encoder_of("0")
    while True:
        write_version(content, version)
        report = build_index(content, index, encoder=encoder, force=True)
        _say({"generation": report.generation, "version": version})
        version += 1


def export(model: str, folder: str) -> None:
    """Export a model."""
    from indexer.model.export import export_model
    from indexer.model.files import find_model

    export_model(find_model(model), Path(folder))


def command(content: Path, index: Path, output: Path, spend: Sequence[Any] = ()) -> None:
    """`faq index` as a user runs it but for the encoder, all it prints going to a file.

    Args:
        content: what to index.
        index: where to.
        output: file for what is printed.
        spend: (name of a system call, how often to make it beforehand), with which a tracer that fails the n-th
            is moved to the call that is meant; the calls are made on the file `spent` beside the index.
    """
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    if spend:
        name, count = spend
        _spend(index.parent / "spent", name, count)
    _faq_index(content, index)


def _faq_index(content: Path, index: Path) -> None:
    import indexer.model_choice
    from search_api.cli import main

    indexer.model_choice.stored_encoder = lambda store, model: encoder_of("0")
    sys.argv = ["faq", "index", str(content), "--index", str(index), "--force"]
    main()


def serve() -> None:
    """Answer requests until there are no more."""
    with tempfile.TemporaryDirectory() as warm, redirect_stdout(io.StringIO()):
        for version in range(2):
            write_version(Path(warm) / "content", version)
            with suppress(SystemExit):
                _faq_index(Path(warm) / "content", Path(warm) / "warm")
    gc.collect()
    gc.freeze()  # a child that collected would copy all of this memory
    _say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            _child(request)
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"code": os.waitstatus_to_exitcode(status)})


def _child(request: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        tasks: dict[str, Any] = {"build": build, "forever": build_forever, "export": export, "command": command}
        task = tasks[request.pop("do")]
        paths = {name: Path(value) for name, value in request.items() if name in ("content", "index", "output")}
        task(**request | paths)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 70
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _say(line: dict[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")  # one write: whole, or not there


def _die_at(step: int) -> None:
    """End this process, with no chance to tidy up, before its step-th change of the file system."""
    left = step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), 9)
            return call(*arguments, **named)

        return counting

    for name in ("fsync", "replace", "rename", "mkdir", "unlink", "rmdir", "remove"):
        setattr(os, name, counted(getattr(os, name)))
    io.open = builtins.open = counted(io.open)


def _spend(path: Path, name: str, count: int) -> None:
    descriptor = os.open(path, os.O_RDWR)
    here = str(path)
    calls: dict[str, Callable[[], object]] = {
        "openat": lambda: os.close(os.open(here, os.O_RDONLY)),
        "read": lambda: os.read(descriptor, 1),
        "write": lambda: os.write(descriptor, b"x"),
        "pread64": lambda: os.pread(descriptor, 1, 0),
        "pwrite64": lambda: os.pwrite(descriptor, b"x", 0),
        "mmap": lambda: mmap.mmap(descriptor, 1),
        "fsync": lambda: os.fsync(descriptor),
        "flock": lambda: fcntl.flock(descriptor, fcntl.LOCK_UN),
        "newfstatat": lambda: os.stat(here),
        "mkdir": lambda: os.mkdir(here),
        "rename": lambda: os.rename(here, here),
        "unlinkat": lambda: os.rmdir("x", dir_fd=descriptor),
    }
    for _ in range(count):
        with suppress(OSError):
            calls[name]()


if __name__ == "__main__":
    serve()

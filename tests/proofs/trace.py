"""What a program did to the file system, as strace saw it, in steps that a disk can replay."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.proofs.disk import Disk, Step

# Every call that could change a file; `read_trace` refuses those it does not know how to replay.
_CALLS = (
    "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,"
    "sendfile,splice,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,rmdir,"
    "unlink,unlinkat,mmap,chdir"
)
_CALL = re.compile(r"\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")
_UNFINISHED, _RESUMED = "<unfinished ...>", re.compile(r" *<\.\.\. \w+ resumed>")
_HEX = r"((?:\\x[0-9a-f]{2})*)"
_TEXT = re.compile(rf'"{_HEX}"')
_DESCRIPTOR = re.compile(rf"(?:AT_FDCWD|\d+)<{_HEX}>")


def tracer(output: Path) -> list[str]:
    """The command that records what a program and its children do to the file system."""
    return [
        "strace", "-f", "-y", "-xx", "-s", "100000000", "-e", "signal=none", "-e", f"trace={_CALLS}", "-o", str(output),
    ]  # fmt: skip


def read_trace(trace: Path, root: Path, disk: Disk) -> list[Step]:
    """What a traced program did below a folder.

    Args:
        trace: written by `tracer`.
        root: the folder.
        disk: what the folder held before; afterwards what it holds now.

    Raises:
        NotImplementedError: it changed a file in a way that cannot be replayed.
    """
    recorder = _Recorder(root, disk)
    for line in _whole_lines(trace.read_text("ascii")):
        if str(root).encode().hex(" ").replace(" ", "\\x") in line:
            recorder.take(line)
    return _secure(recorder.steps)


def _whole_lines(trace: str) -> Iterator[str]:
    """The lines of a trace; a call that another process or thread came between is one line, where it ends."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        if call.endswith(_UNFINISHED):
            begun[process] = call.removesuffix(_UNFINISHED)
        elif (resumed := _RESUMED.match(call)) is not None:
            yield f"{process} {begun.pop(process)}{call[resumed.end() :]}"
        else:
            yield line


class _Recorder:
    def __init__(self, root: Path, disk: Disk) -> None:
        self._root, self._disk = str(root), disk
        self._places: dict[str, int] = {}  # where the next write to an open file goes
        self._next = 1 + max([*disk.files, *disk.folders])
        self.steps: list[Step] = []

    def take(self, line: str) -> None:
        call = _CALL.match(line)
        if call is None:
            raise NotImplementedError(f"the trace has a line of another form: {line[:200]}")
        name, arguments, result = call["name"], call["arguments"], int(call["result"])
        if result < 0:
            return
        texts = [_plain(text) for text in _TEXT.findall(arguments)]
        folders = [_plain(text).decode() for text in _DESCRIPTOR.findall(arguments)]
        if name in ("openat", "open"):
            self._open(self._below(os.path.join(*folders[:1], texts[0].decode())), arguments)
        elif name in ("write", "pwrite64"):
            self._write(self._below(folders[0]), texts[0][:result], arguments if name == "pwrite64" else "")
        elif name == "lseek":
            self._places[self._below(folders[0]) or ""] = result
        elif name == "ftruncate":
            self._do(Step("truncate", self._at(folders[0]), offset=int(arguments.rsplit(",", 1)[1])))
        elif name in ("fsync", "fdatasync"):
            self._do(Step("sync", self._at(folders[0])))
        elif name in ("mkdir", "mkdirat"):
            self._name(os.path.join(*folders, texts[0].decode()), folder=True)
        elif name in ("unlink", "unlinkat", "rmdir"):
            folder, last = self._place(os.path.join(*folders, texts[0].decode()))
            self._do(Step("unname", folder, old=(folder, last)))
        elif name == "rename":
            old, new = (self._place(text.decode()) for text in texts)
            self._do(Step("move", new[0], name=new[1], old=old, target=self._disk.folders[old[0]][old[1]]))
        elif name == "mmap":
            if "MAP_SHARED" in arguments and "PROT_WRITE" in arguments:
                raise NotImplementedError(f"it writes through memory: {folders}")
        else:
            raise NotImplementedError(f"{name} of {folders} {texts[:2]}")

    def _open(self, path: str | None, arguments: str) -> None:
        if path is None or not ("O_WRONLY" in arguments or "O_RDWR" in arguments):
            return
        node = self._disk.find(path)
        if node < 0:
            self._name(f"{self._root}/{path}")
        elif "O_TRUNC" in arguments and self._disk.files[node]:
            self._do(Step("truncate", node))
        self._places[path] = len(self._disk.files[self._disk.find(path)]) if "O_APPEND" in arguments else 0

    def _write(self, path: str | None, content: bytes, arguments: str) -> None:
        if path is None:
            return
        if self._disk.find(path) < 0:  # opened under a name that the trace does not tell
            self._name(f"{self._root}/{path}")
            self._places.setdefault(path, 0)
        if arguments:
            offset = int(arguments.rsplit(",", 1)[1])
        else:
            offset = self._places[path]
            self._places[path] += len(content)
        self._do(Step("write", self._disk.find(path), offset=offset, content=content))

    def _name(self, path: str, *, folder: bool = False) -> None:
        parent, name = self._place(path)
        self._do(Step("name", parent, name=name, target=self._next, folder=folder))
        self._next += 1

    def _do(self, step: Step) -> None:
        self.steps.append(step)
        self._disk.apply(step)

    def _below(self, path: str) -> str | None:
        return path[len(self._root) + 1 :] if f"{path}/".startswith(f"{self._root}/") else None

    def _at(self, path: str) -> int:
        below = self._below(path)
        return -1 if below is None else self._disk.find(below)

    def _place(self, path: str) -> tuple[int, str]:
        folder, name = os.path.split(path)
        return self._at(folder), name


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _secure(steps: Sequence[Step]) -> list[Step]:
    """Fill in `Step.secured_by`."""
    secured: list[Step] = []
    synced: dict[int, int] = {}
    for index in reversed(range(len(steps))):
        step = steps[index]
        if step.kind == "sync":
            synced[step.node] = index
        waits = {step.node} | ({step.old[0]} if step.kind == "move" else set())
        ends = [synced.get(node) for node in waits]
        secured.append(replace(step, secured_by=None if None in ends else max(e for e in ends if e is not None)))
    return secured[::-1]

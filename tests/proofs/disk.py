"""A disk that loses power: what a program did to the file system, replayed with all that was not synced undone.

What POSIX promises and no more: the bytes of a file are safe after an fsync of that file, the names in a folder after
an fsync of that folder. Everything else may be there, half there, there as zeros, or gone, in any combination.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from pathlib import Path

# Every call that could change a file; `read_trace` refuses those it does not know how to replay.
_CALLS = (
    "openat,open,creat,lseek,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,"
    "sendfile,splice,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,rmdir,"
    "unlink,unlinkat,mmap,chdir"
)
_CALL = re.compile(r"\d+ +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")
_HEX = r"((?:\\x[0-9a-f]{2})*)"
_TEXT = re.compile(rf'"{_HEX}"')
_DESCRIPTOR = re.compile(rf"(?:AT_FDCWD|\d+)<{_HEX}>")


class Fate(Enum):
    """What became of a step that nobody waited for."""

    LOST = 0
    HALVED = 1
    ZEROED = 2
    DONE = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the file system.

    Attributes:
        kind: `write` (content at offset), `truncate` (to offset), `name` (gives a node a name in a folder), `unname`,
            `move` (both at once), `sync`.
        node: number of the file or folder it is about; for names: of the folder.
        target: number of what gets the name; old: folder and name that it loses; folder: it is a new folder.
        secured_by: index of the first later step after which it cannot be lost; None if never.
    """

    kind: str
    node: int
    offset: int = 0
    content: bytes = b""
    name: str = ""
    target: int = -1
    old: tuple[int, str] = (-1, "")
    folder: bool = False
    secured_by: int | None = None


@dataclass(slots=True)
class Disk:
    """Files and folders by number; 0 is the root. A folder maps names to numbers."""

    files: dict[int, bytes] = field(default_factory=dict)
    folders: dict[int, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> Disk:
        """What is on the real disk."""
        disk = cls()
        disk._add(root)
        return disk

    def _add(self, path: Path) -> int:
        number = len(self.files) + len(self.folders)
        if path.is_dir():
            self.folders[number] = {}
            for entry in sorted(path.iterdir()):
                self.folders[number][entry.name] = self._add(entry)
        else:
            self.files[number] = path.read_bytes()
        return number

    def copy(self) -> Disk:
        """To be changed on its own."""
        return Disk(dict(self.files), {number: dict(names) for number, names in self.folders.items()})

    def find(self, path: str) -> int:
        """The number of what has this path, -1 if nothing has."""
        number = 0
        for name in path.split("/") if path else []:
            number = self.folders.get(number, {}).get(name, -1)
        return number

    def apply(self, step: Step, fate: Fate = Fate.DONE) -> None:
        """Do one step, as far as its fate lets it."""
        if step.kind == "name":
            (self.folders.setdefault(step.target, {}) if step.folder else self.files.setdefault(step.target, b""))
        if fate is Fate.LOST or step.kind == "sync":
            return
        if step.kind == "write":
            content = step.content
            if fate is Fate.HALVED:
                content = content[: len(content) // 2]
            elif fate is Fate.ZEROED:
                content = bytes(len(content))
            before = self.files[step.node].ljust(step.offset, b"\0")
            self.files[step.node] = before[: step.offset] + content + before[step.offset + len(content) :]
        elif step.kind == "truncate":
            self.files[step.node] = self.files[step.node][: step.offset].ljust(step.offset, b"\0")
        else:
            if step.kind != "name":
                folder, name = step.old
                self.folders[folder].pop(name, None)
            if step.kind != "unname":
                self.folders[step.node][step.name] = step.target

    def tree(self) -> dict[str, bytes | None]:
        """Content by path; None for a folder."""
        tree: dict[str, bytes | None] = {}
        waiting = [("", 0)]
        while waiting:
            path, number = waiting.pop()
            for name, child in self.folders[number].items():
                tree[path + name] = self.files.get(child)
                if child in self.folders:
                    waiting.append((f"{path}{name}/", child))
        return tree


def tracer(output: Path) -> list[str]:
    """The command that records what a program and its children do to the file system."""
    return [
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        "100000000",
        "-e",
        "signal=none",
        "-e",
        f"trace={_CALLS}",
        "-o",
        str(output),
    ]


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
    for line in trace.read_text("ascii").splitlines():
        if str(root).encode().hex(" ").replace(" ", "\\x") in line:
            recorder.take(line)
    return _secure(recorder.steps, disk)


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


def _secure(steps: Sequence[Step], disk: Disk) -> list[Step]:
    """Fill in `Step.secured_by`."""
    from dataclasses import replace

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


def after_power_loss(steps: Sequence[Step], prefix: int, chance: random.Random) -> Iterator[Mapping[int, Fate]]:
    """What may have become of the first `prefix` steps: the fates of those that were not secured, by index."""
    open_ = [i for i in range(prefix) if steps[i].kind != "sync" and not _is_secured(steps[i], prefix)]
    names = [i for i in open_ if steps[i].kind in ("name", "unname", "move")]
    writes = [i for i in open_ if i not in names]
    yield {}
    for fate in (Fate.LOST, Fate.HALVED, Fate.ZEROED):
        yield dict.fromkeys(writes, fate)
    yield dict.fromkeys(names, Fate.LOST)
    yield dict.fromkeys(open_, Fate.LOST)
    for place, index in enumerate(open_):
        for fate in (Fate.LOST, Fate.HALVED, Fate.ZEROED) if index in writes else (Fate.LOST,):
            yield {index: fate}
        yield dict.fromkeys(open_[place:], Fate.LOST)
        yield dict.fromkeys((i for i in open_ if i != index), Fate.LOST)
    for _ in range(8):
        yield {index: chance.choice(list(Fate)) for index in open_}


def _is_secured(step: Step, prefix: int) -> bool:
    return step.secured_by is not None and step.secured_by < prefix


def replay(before: Disk, steps: Sequence[Step], fates: Mapping[int, Fate]) -> Disk:
    """The disk after these steps, given the fate of some."""
    disk = before.copy()
    for index, step in enumerate(steps):
        disk.apply(step, fates.get(index, Fate.DONE))
    return disk


def signature(tree: Mapping[str, bytes | None]) -> bytes:
    """Equal for equal trees."""
    digest = blake2b(digest_size=16)
    for path in sorted(tree):
        content = tree[path]
        digest.update(f"{path}\0{-1 if content is None else len(content)}\0".encode() + (content or b""))
    return digest.digest()


def put(tree: Mapping[str, bytes | None], root: Path) -> None:
    """Make the tree real in a new folder."""
    root.mkdir()
    for path in sorted(tree):
        content = tree[path]
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)

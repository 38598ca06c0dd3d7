"""A disk that loses power: what a program did to the file system, replayed with all that was not synced undone.

What POSIX promises and no more: the bytes of a file are safe after an fsync of that file, the names in a folder after
an fsync of that folder. Everything else may be there, half there, there as zeros, or gone, in any combination.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from pathlib import Path


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

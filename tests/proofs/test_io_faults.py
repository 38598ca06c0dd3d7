"""Every system call that a rebuild makes, failed in turn: one line says why, and what was published serves on."""

from __future__ import annotations

import errno
import itertools
import os
import random
import re
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import FaqError, IndexStoreError
from indexer.store.index_store import IndexStore
from tests.proofs.disk import Disk, put
from tests.proofs.effort import effort
from tests.proofs.oracle import leftovers, published
from tests.proofs.rebuilder import Rebuilder, encoder_of, write_version

OLD, NEW = ("000003", 3), ("000004", 4)
# A system call, and the errors it is given.
FAULTS = {
    "openat": ("ENOSPC", "EIO", "EACCES"),
    "write": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "fsync": ("ENOSPC", "EIO"),
    "mkdir": ("ENOSPC", "EIO", "EACCES"),
    "rename": ("ENOSPC", "EIO", "EACCES"),
    "unlinkat": ("EIO", "EACCES"),
    "newfstatat": ("EIO", "EACCES"),
    "read": ("EIO",),
    "pread64": ("EIO",),
    "mmap": ("ENOMEM", "EACCES"),
    "flock": ("EIO",),
}
# How libraries that do not pass it on say the same.
OTHERWISE = (
    "disk I/O error", "database or disk is full", "unable to open database file", "database disk image is malformed",
    "out of memory", "only a part was written",
    "does not belong to this index",  # a file that could not be looked at is missing in the manifest
)  # fmt: skip


def three_generations(folder: Path) -> Disk:
    """An index of as many generations as are kept, so that the next build prunes; content is ahead of it."""
    for version in range(1, 4):
        write_version(folder / "content", version)
        build_index(folder / "content", folder / "index", encoder=encoder_of("0"), force=True)
    write_version(folder / "content", 4)
    return Disk.read(folder / "index")


def check(index: Path, content: Path, code: int, output: str, causes: tuple[str, ...]) -> None:
    """Whatever failed: the truth in one line, a whole index, and no help needed by the next build."""
    found = published(index)
    if code:
        assert code == 1, output
        (line,) = output.strip().splitlines()
        assert line.startswith("faq: "), output
        assert any(cause in line for cause in causes), output
        assert found == OLD if "nothing was published" in line else found in (OLD, NEW), output
    else:
        assert found == NEW, output
    # A generation that could not be pointed to any more keeps its number.
    assert build_index(content, index, encoder=encoder_of("0"), force=True).generation in (NEW[0], "000005")
    assert published(index) in (NEW, ("000005", NEW[1]))
    assert leftovers(index) == []


def traced(folder: Path, trace: Path, options: list[str]) -> list[str]:
    """The command that traces whatever touches the index in a folder, before or after the rebuild."""
    index = folder / "index"
    names = [path.relative_to(index / "generations" / OLD[0]) for path in (index / "generations" / OLD[0]).rglob("*")]
    paths = [folder / "spent", index, index / "current", index / "current.new", index / "lock", index / "generations"]
    for number in ("000001", "000002", "000003", "000004", ".building", ".pruned-000001"):
        generation = index / "generations" / number
        paths += [generation, generation / "passages.sqlite-journal", *(generation / name for name in names)]
    here = itertools.chain.from_iterable(("-P", str(path)) for path in paths)
    return ["strace", "-f", "-o", str(trace), *here, "-e", f"trace={','.join(FAULTS)}", "-e", "signal=none", *options]


def count_calls(folder: Path, trace: Path) -> Counter[str]:
    """How often a rebuild makes each call."""
    with Rebuilder(*traced(folder, trace, [])) as rebuilder:
        request = {"content": folder / "content", "index": folder / "index", "output": folder / "output"}
        pid = rebuilder.start(do="command", **request, spend=("openat", 0))
        assert rebuilder.finish() == (0, [])
    return Counter(re.findall(rf"^{pid} +(\w+)\(", trace.read_text("ascii", "replace"), re.MULTILINE))


@pytest.mark.skipif(
    not shutil.which("strace") and not os.environ.get("CI"), reason="needs strace, which makes system calls fail"
)
def test_any_call_fails_once_or_from_then_on(quick: Path, tmp_path: Path) -> None:
    content, index = quick / "content", quick / "index"
    before = three_generations(quick)
    (quick / "spent").write_text("words")
    counts = count_calls(quick, tmp_path / "trace")
    assert all(counts[name] for name in ("openat", "write", "pwrite64", "fsync", "rename", "mkdir", "read"))
    limit = max(counts.values()) + 1
    cases = [
        (error, lasting, name, call)
        for name, errors in FAULTS.items()
        for error in errors
        for lasting in ("", "+")
        for call in range(name == "openat", counts[name])  # the first open is of the file `spent`
    ]
    chosen = sorted(random.Random(0).sample(cases, min(effort(25, 10**9), len(cases))))
    failed, wrong = 0, []
    for (error, lasting), group in itertools.groupby(chosen, key=lambda case: case[:2]):
        inject = [
            option
            for name, errors in FAULTS.items()
            if error in errors
            for option in ("-e", f"inject={name}:error={error}:when={limit}{lasting}")
        ]
        with Rebuilder(*traced(quick, tmp_path / "trace", inject)) as rebuilder:
            for _, _, name, call in group:
                shutil.rmtree(index)
                put(before.tree(), index)
                code, _ = rebuilder.run(
                    do="command", content=content, index=index, output=quick / "output",
                    spend=(name, limit - 1 - call),
                )  # fmt: skip
                output = (quick / "output").read_text()
                try:
                    check(index, content, code, output, (os.strerror(getattr(errno, error)), *OTHERWISE))
                except (AssertionError, FaqError) as caught:
                    wrong.append(f"{name} number {call} of {counts[name]}, {error}{lasting}: {caught!r}\n{output}")
                failed += bool(code)
    print(f"{len(chosen)} of {len(cases)} faults, {failed} ended the rebuild, the others did no harm")
    assert not wrong, "\n".join(wrong)
    assert failed > len(chosen) / 4


def test_sqlites_full_disk_is_named(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def commit(self) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    three_generations(quick)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))
    with pytest.raises(IndexStoreError, match="database or disk is full; nothing was published"):
        build_index(quick / "content", quick / "index", encoder=encoder_of("0"), force=True)
    assert published(quick / "index") == OLD


def test_an_error_after_the_swap_does_not_deny_it(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three_generations(quick)
    monkeypatch.setattr(IndexStore, "size", lambda *_: os.stat(quick / "nowhere"))
    with pytest.raises(IndexStoreError, match="generation 000004 was published before that"):
        build_index(quick / "content", quick / "index", encoder=encoder_of("0"), force=True)
    assert published(quick / "index") == NEW


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system whose size a test may change."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("unit", ["size", "nr_inodes"])
def test_a_disk_that_is_full_at_any_step(small_disk: Path, quick: Path, rebuilder: Rebuilder, unit: str) -> None:
    content, index = quick / "content", small_disk / "index"
    before = three_generations(quick)
    put(before.tree(), index)

    def resize(room: int) -> None:
        usage = os.statvfs(small_disk)
        used = usage.f_files - usage.f_ffree if unit == "nr_inodes" else usage.f_blocks - usage.f_bfree
        limit = used + room if unit == "nr_inodes" else f"{(used + room) * usage.f_frsize // 1024}k"
        subprocess.run(["mount", "-o", f"remount,{unit}={limit}", str(small_disk)], check=True)

    outcomes = Counter[int]()
    for room in range(0, 60, effort(6, 1)):
        resize(room)
        code, _ = rebuilder.run(do="command", content=content, index=index, output=quick / "output")
        outcomes[code] += 1
        resize(1000)
        check(index, content, code, (quick / "output").read_text(), (os.strerror(errno.ENOSPC), *OTHERWISE))
        shutil.rmtree(index)
        put(before.tree(), index)
    print(f"{outcomes[1]} sizes too small, {outcomes[0]} large enough")
    assert outcomes[0] >= 1
    assert outcomes[1] >= 5

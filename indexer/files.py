"""Writing files so that they are on the disk when we say so, and hashing them."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def write_file(path: Path, *content: bytes | memoryview) -> None:
    """Write the bytes and wait until the disk has them.

    Raises:
        OSError: as the system reports it; a full disk is never taken for success.
    """
    with path.open("wb") as file:
        for part in content:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write a .npy file like `write_file`, because NumPy takes a full disk for success; the array is not copied."""
    array = np.ascontiguousarray(array)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    write_file(path, header.getvalue(), array.reshape(-1).view(np.uint8).data)


def read_array(path: Path) -> npt.NDArray[Any]:
    """Read a .npy file into memory, because NumPy takes a disk that fails for a file that ends.

    Raises:
        OSError: as the system reports it.
        ValueError: it holds no array.
    """
    found: npt.NDArray[Any] = np.load(io.BytesIO(path.read_bytes()))
    return found


def map_array(path: Path) -> npt.NDArray[Any]:
    """Map a .npy file; a plain array over the mapped memory, for a memmap costs microseconds a slice.

    Raises:
        OSError, EOFError, ValueError: it cannot be read, or holds no array.
    """
    return np.asarray(np.load(path, mmap_mode="r"))


def sync_file(path: Path) -> None:
    """Wait until the disk has this file, written by somebody else's code."""
    _fsync(path)


def sync_folder(path: Path) -> None:
    """Wait until the disk has this folder's list of names."""
    _fsync(path)


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, and wait until the disk has their names."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def replace_file(path: Path, content: bytes) -> None:
    """Swap a whole file atomically: readers see the old bytes or the new ones."""
    aside = path.with_name(f"{path.name}.new")
    write_file(aside, content)
    os.replace(aside, path)
    sync_folder(path.parent)


def sign(body: str) -> bytes:
    """A text file's bytes, its own SHA-256 as the last line."""
    return f"{body}\n{hashlib.sha256(body.encode()).hexdigest()}\n".encode()


def read_signed(path: Path) -> str:
    """The text of a file that `sign` made.

    Raises:
        OSError: it cannot be read.
        ValueError: a byte of it was altered.
    """
    content = path.read_bytes()
    body, _, signature = content.removesuffix(b"\n").rpartition(b"\n")
    if content != body + b"\n" + signature + b"\n" or hashlib.sha256(body).hexdigest().encode() != signature:
        raise ValueError("does not match its own hash")
    return body.decode()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(folder: Path, wanted: Callable[[Path], bool] = lambda _: True) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of every file below a folder, by its path relative to it, in POSIX form and ascending."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file() and wanted(path)}
    return {name: (sha256_file(path), path.stat().st_size) for name, path in sorted(paths.items())}


def sync_folders(folder: Path) -> None:
    """`sync_folder` for a folder and all folders in it."""
    for path in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        sync_folder(path)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `folder` once it is whole and on the disk.

    A reader sees the old folder, the new one or, for a moment, none; on an error the old one stays as it was.
    """
    make_folder(folder.parent)
    aside, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    if old.is_dir() and not folder.exists():  # the machine stopped between two steps
        os.replace(old, folder)
    for path in (aside, old):
        shutil.rmtree(path, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    for path in aside.rglob("*"):
        if path.is_file():
            sync_file(path)
    sync_folders(aside)
    if folder.exists():
        os.replace(folder, old)
    os.replace(aside, folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

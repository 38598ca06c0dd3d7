"""Writing files so that they are on the disk when we say so, and hashing them."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def real_path(path: Path) -> Path:
    """Where a path leads, whatever of it is there; `Path.resolve` fails at links that lead in a circle."""
    return Path(os.path.realpath(path))


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


def read_array(path: Path, dtype: npt.DTypeLike | None = None, shape: tuple[int | None, ...] = ()) -> npt.NDArray[Any]:
    """Read a .npy file into memory, because NumPy takes a disk that fails for a file that ends.

    Args:
        path: of the file.
        dtype: that its numbers must have; None for any.
        shape: that the array must have, None for a length that may be any; () for any shape.

    Raises:
        OSError: as the system reports it.
        ValueError: it holds no array, or another one; NumPy may raise others for what is no array.
    """
    return _expected(np.lib.format.read_array(io.BytesIO(path.read_bytes()), allow_pickle=False), dtype, shape)


def map_array(path: Path, dtype: npt.DTypeLike | None = None, shape: tuple[int | None, ...] = ()) -> npt.NDArray[Any]:
    """Map a .npy file; a plain array over the mapped memory, for a memmap costs microseconds a slice.

    Args:
        path: of the file.
        dtype: see `read_array`.
        shape: see `read_array`.

    Raises:
        OSError, ValueError: see `read_array`.
    """
    return _expected(np.asarray(np.lib.format.open_memmap(path, mode="r")), dtype, shape)


def _expected(array: npt.NDArray[Any], dtype: npt.DTypeLike | None, shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
    fits = len(shape) == array.ndim and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if (dtype is not None and array.dtype != dtype) or (shape and not fits) or not array.flags.c_contiguous:
        wanted = "×".join("any" if length is None else f"{length:,}" for length in shape) or "any shape"
        raise ValueError(
            f"holds an array of {array.dtype} of {'×'.join(map(str, array.shape))}, where one of "
            f"{np.dtype(dtype) if dtype is not None else 'any kind'} of {wanted} belongs"
        )
    return array


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


def expanded(path: str | Path) -> Path:
    """The path with a leading ``~`` or ``~user`` as that user's folder; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def sign(body: str) -> bytes:
    """A text file's bytes, its own SHA-256 as the last line."""
    return f"{body}\n{hashlib.sha256(body.encode()).hexdigest()}\n".encode()


def read_signed(path: Path) -> str:
    """The text of a file that `sign` made.

    Raises:
        OSError: it cannot be read.
        ValueError: a byte of it was altered.
    """
    content = read_regular(path)
    body, _, signature = content.removesuffix(b"\n").rpartition(b"\n")
    if content != body + b"\n" + signature + b"\n" or hashlib.sha256(body).hexdigest().encode() != signature:
        raise ValueError("does not match its own hash")
    return body.decode()


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read its bytes, unless it is a pipe or a device, which might keep its reader waiting for ever.

    Raises:
        OSError: as the system reports it, or that it is no regular file.
    """
    # Not to wait for whoever writes into a pipe.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path) -> bytes:
    """The bytes of a file; see `open_regular`."""
    with open_regular(path) as file:
        return file.read()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits; see `open_regular`."""
    with open_regular(path) as file:
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

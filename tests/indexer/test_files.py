"""Files as the disk has them: what cannot be read is said so, by the system's own reason."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from indexer.files import map_array, read_array, read_regular, sha256_file, write_array

UNREADABLE = Path("/proc/self/mem")  # the system answers EIO for its first bytes


def test_an_array_comes_back(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    write_array(tmp_path / "array.npy", array)
    np.testing.assert_array_equal(read_array(tmp_path / "array.npy"), array)


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs Linux's /proc")
def test_a_disk_that_fails_is_not_taken_for_a_short_file() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        read_array(UNREADABLE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_a_pipe_is_refused_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(tmp_path / name)
        with pytest.raises(OSError, match="not a regular file"):
            sha256_file(tmp_path / name)


@pytest.mark.parametrize(
    ("dtype", "shape", "fits"),
    [
        (None, (), True),
        (np.int32, (2, 3), True),
        ("<i4", (None, 3), True),
        (np.int64, (2, 3), False),
        (">i4", (2, 3), False),
        (np.int32, (3, 2), False),
        (np.int32, (6,), False),
        (np.int32, (None,), False),
    ],
)
def test_an_array_of_another_kind_is_refused(
    tmp_path: Path, dtype: npt.DTypeLike | None, shape: tuple[int | None, ...], fits: bool
) -> None:
    path, array = tmp_path / "array.npy", np.arange(6, dtype=np.int32).reshape(2, 3)
    write_array(path, array)
    for read in (read_array, map_array):
        with nullcontext() if fits else pytest.raises(ValueError, match="holds an array of int32 of 2×3, where one of"):
            np.testing.assert_array_equal(read(path, dtype, shape), array)

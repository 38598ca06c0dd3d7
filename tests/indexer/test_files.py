"""Files as the disk has them: what cannot be read is said so, by the system's own reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from indexer.files import read_array, write_array

UNREADABLE = Path("/proc/self/mem")  # the system answers EIO for its first bytes


def test_an_array_comes_back(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    write_array(tmp_path / "array.npy", array)
    np.testing.assert_array_equal(read_array(tmp_path / "array.npy"), array)


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs Linux's /proc")
def test_a_disk_that_fails_is_not_taken_for_a_short_file() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        read_array(UNREADABLE)

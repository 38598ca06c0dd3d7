"""Fixtures of the proofs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs.rebuilder import Rebuilder

_MEMORY = Path("/dev/shm")


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: thousands of rebuilds would wait for a disk."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def rebuilder() -> Iterator[Rebuilder]:
    """A warm interpreter to fork rebuilds from."""
    with Rebuilder() as rebuilder:
        yield rebuilder

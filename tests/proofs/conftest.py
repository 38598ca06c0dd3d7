"""Fixtures of the proofs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import HashedWordsEncoder, SmallSite
from tests.proofs.rebuilder import Rebuilder
from tests.proofs.written import answers

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


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    site = SmallSite(tmp_path_factory.mktemp("wrong"), HashedWordsEncoder())
    site.write(
        "a.csv",
        "question,answer,alternates,tags\nWhat does it cost?,Sixty pounds. Students pay half.,The price?,fees\n",
    )
    site.write(
        "b.md",
        "---\ntags: [couples]\n---\n\n# Alone\n\nYou may come alone. Many do so.\n\n## Parking\n\nBehind the house.\n",
    )
    site.write("faq.toml", "[verdict]\nhigh = 0.9\npartial = 0.1\n")
    site.build()
    return site


@pytest.fixture
def copied(whole_site: SmallSite, tmp_path: Path) -> SmallSite:
    site = SmallSite(tmp_path / "site", whole_site.encoder)
    shutil.copytree(whole_site.index, site.index)
    return site


@pytest.fixture(scope="module")
def right(whole_site: SmallSite) -> list[object]:
    return answers(whole_site)

"""A disk that is full or refuses to be written leaves what was published."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import IndexStoreError
from indexer.store.index_store import IndexStore
from tests.conftest import ROOT, HashedWordsEncoder, SmallSite
from tests.indexer.building.conftest import ARTICLE


def test_an_index_folder_that_is_a_file_is_refused(site: SmallSite, tmp_path: Path) -> None:
    site.write("calm-talks.md", ARTICLE)
    (tmp_path / "file").write_text("words")
    with pytest.raises(IndexStoreError, match="cannot be written"):
        build_index(site.content, tmp_path / "file", encoder=site.encoder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk here; the limits below are tested all the same")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # its files may still be mapped


def test_a_full_disk_leaves_the_published_generation(small_disk: Path, site: SmallSite) -> None:
    site.write("calm-talks.md", ARTICLE)
    build_index(site.content, small_disk / "index", encoder=site.encoder)
    for number in range(60):
        site.write(f"{number}.md", ARTICLE.replace("Calm", f"Calm {number} and loud"))
    with pytest.raises(IndexStoreError, match="nothing was published"):
        build_index(site.content, small_disk / "index", encoder=site.encoder)
    store = IndexStore(small_disk / "index")
    assert store.load().manifest.passages == 3
    assert store.generations() == ["000001"]


UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from tests.conftest import HashedWordsEncoder
from indexer.build import build_index
from indexer.errors import IndexStoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    build_index(Path(sys.argv[1]), Path(sys.argv[2]), encoder=HashedWordsEncoder())
except IndexStoreError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.npy"])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_file_that_cannot_grow_leaves_the_published_generation(
    built: SmallSite, tmp_path: Path, name: str, share: float
) -> None:
    for number in range(60):
        built.write(f"{number}.md", ARTICLE.replace("Calm", f"{number}").replace("Ask", f"Ask{number}"))
    build_index(built.content, tmp_path / "whole", encoder=HashedWordsEncoder())
    limit = int((tmp_path / "whole" / "generations" / "000001" / name).stat().st_size * share)
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, *map(str, (built.content, built.index, limit))],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "nothing was published" in done.stdout, done.stderr
    assert built.store.load().manifest.generation == "000001"
    assert built.build().generation == "000002"

"""Bugs seeded on purpose: the tests must notice every one, else they would not notice yours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest

from indexer.vectors.engines import SearchLimits, build_neighbours
from indexer.vectors.nearest import SearchKind
from indexer.vectors.rounding import from_shorts, to_shorts
from indexer.vectors.stored_rows import StoredRows
from tests.conftest import ROOT, SmallSite
from tests.proofs.effort import effort
from tests.proofs.rebuilder import ONE_THREAD
from tests.proofs.seeded import BUGS, Bug

# A quarter of those that need no exported model, unless all are wanted.
CHOSEN = BUGS if effort(0, 1) else [bug for bug in BUGS if not bug.slow][::8]


def copy_project(folder: Path) -> Path:
    for name in ("indexer", "search_api", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run(project: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {name: value for name, value in os.environ.items() if name != "FAQ_PROOF"}
    environment |= ONE_THREAD | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def is_caught(bug: Bug, folder: Path) -> bool:
    project = copy_project(folder)
    path = project / bug.file
    path.write_text(path.read_text("utf-8").replace(bug.old, bug.new), "utf-8")
    done = run(project, [bug.tests])
    assert done.returncode in (0, 1), f"{bug.name}: {done.stdout}{done.stderr}"
    return done.returncode == 1


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_seeded(bug: Bug) -> None:
    assert (ROOT / bug.file).read_text("utf-8").count(bug.old) == 1
    assert bug.old != bug.new
    assert (ROOT / bug.tests.partition("::")[0]).exists()


def test_every_seeded_bug_is_caught(tmp_path: Path) -> None:
    assert len(BUGS) >= 20
    with ThreadPoolExecutor(2) as pool:
        sound = pool.submit(run, copy_project(tmp_path / "sound"), sorted({bug.tests for bug in CHOSEN}))
        caught = list(pool.map(lambda i: is_caught(CHOSEN[i], tmp_path / str(i)), range(len(CHOSEN))))
    assert sound.result().returncode == 0, sound.result().stdout
    print(f"{sum(caught)} of {len(CHOSEN)} caught")
    assert [bug.name for bug, was in zip(CHOSEN, caught, strict=True) if not was] == []


def test_a_sentence_that_becomes_a_paragraph_is_embedded_again(site: SmallSite) -> None:
    site.publish("Ask when both are rested. Say what you miss.")  # two sentences, kept in a byte a number
    site.write("new.md", "# Article\n\nSay what you miss.\n")
    site.build()
    generation = site.store.load()
    (number,) = (n for n, p in enumerate(generation.passages.all()) if p.text == "Say what you miss.")
    (row, *_) = np.flatnonzero(generation.rows["passage"] == number)
    stored = generation.vectors.vectors(np.flatnonzero(generation.rows["passage"] == number))
    (wanted,) = from_shorts(to_shorts(site.encoder.encode_documents(["Say what you miss."])))
    assert row >= 0
    assert any((vector == wanted).all() for vector in stored)


def test_padding_is_never_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    index = build_neighbours(StoredRows(32767 * np.eye(20, dtype=np.int16)), SearchLimits(max_exact=2))
    assert index.kind is SearchKind.COMPACT
    padded = np.array([[1.0, 0.0, -3.4e38]], dtype=np.float32), np.array([[1, 0, -1]])
    # As faiss answers when a filter leaves fewer rows than were asked for.
    monkeypatch.setattr(faiss.IndexIVFPQFastScan, "search", lambda *_, **__: padded)
    rows, scores = index.search(np.eye(20, dtype=np.float32)[1], 3)
    assert rows.tolist() == [1, 0]
    assert scores.tolist() == [1.0, 0.0]

"""Rebuilds killed at random moments: what is served is one whole generation, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

from indexer.build import build_index
from indexer.model.card import EncoderCard
from indexer.model.encoder import Encoder
from indexer.store.index_store import IndexStore
from tests.proofs.effort import effort
from tests.proofs.oracle import leftovers, published
from tests.proofs.rebuilder import KILLED, Rebuilder, encoder_of, write_version


def kill_again_and_again(rebuilder: Rebuilder, folder: Path, kills: int, encoder: Encoder | None) -> list[int]:
    """Kill `kills` rebuilds; how many generations each published before."""
    content, index = folder / "content", folder / "index"
    chance = random.Random(kills)
    version, number, counts = 0, "000000", []
    pace = 0.02  # seconds a build takes here; measured again each time
    for _ in range(kills):
        pid = rebuilder.start(do="forever", content=content, index=index, version=version + 1, real_model=not encoder)
        # The real model must be loaded before anything can be killed that is worth it.
        acknowledged = [rebuilder.read()] if encoder is None else []
        killer = threading.Timer(chance.uniform(0, 3) * pace, os.kill, (pid, signal.SIGKILL))
        killer.start()
        code, later = rebuilder.finish()
        killer.join()
        assert code == KILLED
        acknowledged += later
        counts.append(len(acknowledged))
        if acknowledged:
            version, number = acknowledged[-1]["version"], acknowledged[-1]["generation"]
        found = published(index)
        # The acknowledged one, or the next, whose acknowledgement did not get out any more.
        assert found in ((number, version), (f"{int(number) + 1:06}", version + 1)) or (found is None and not version)
        # The next build needs no help and leaves nothing of what was killed.
        version += 2
        write_version(content, version)
        started = time.perf_counter()
        number = build_index(content, index, encoder=encoder, force=True).generation
        pace = time.perf_counter() - started
        assert published(index) == (number, version)
        assert leftovers(index) == []
    print(f"{kills} kills, {sum(counts)} publications acknowledged before them")
    return counts


def test_a_rebuild_killed_at_any_moment(rebuilder: Rebuilder, quick: Path) -> None:
    counts = kill_again_and_again(rebuilder, quick, effort(40, 3_000), encoder_of("0"))
    # Kills that all came before the first publication, or all after one, would prove little.
    assert any(counts)
    assert not all(counts)


def test_a_rebuild_with_the_real_model_killed_at_any_moment(
    rebuilder: Rebuilder, quick: Path, model_folder: Path
) -> None:
    store = IndexStore(quick / "index")
    shutil.copytree(model_folder, store.model_folder(EncoderCard.read(model_folder).fingerprint))
    kill_again_and_again(rebuilder, quick, effort(2, 30), None)

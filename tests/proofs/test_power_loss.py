"""Power lost after any step of a rebuild, what was not synced lost, halved or zeroed: old or new, never else."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import ModelError
from indexer.model.encoder import load_encoder
from indexer.model.files import find_model
from tests.proofs import disk, trace
from tests.proofs.effort import effort
from tests.proofs.oracle import leftovers, published
from tests.proofs.rebuilder import Rebuilder, encoder_of, write_version

pytestmark = pytest.mark.skipif(
    not shutil.which("strace") and not os.environ.get("CI"), reason="needs strace, which records what a program writes"
)


def record(root: Path, output: Path, **request: object) -> tuple[disk.Disk, list[disk.Step]]:
    """What a folder held before a rebuild there, and what the rebuild did to it."""
    with Rebuilder(*trace.tracer(output)) as rebuilder:
        before = disk.Disk.read(root)
        code, _ = rebuilder.run(**request)
        assert code == 0
    after = before.copy()
    steps = trace.read_trace(output, root, after)
    assert after.tree() == disk.Disk.read(root).tree(), "the recording is not what happened"
    return before, steps


@dataclass
class Losses:
    """Every state that a loss of power can leave.

    Attributes:
        states: how many.
        distinct: how many of them differ.
    """

    before: disk.Disk
    steps: list[disk.Step]
    folder: Path
    limit: int
    states: int = 0
    distinct: int = 0
    seen: set[tuple[bytes, bool]] = field(default_factory=set)

    def check(self, holds: Callable[[Path, bool], None]) -> None:
        """Call `holds` with a folder in each distinct state, and whether the rebuild had ended by then."""
        chance = random.Random(0)
        cases = [
            (prefix, fates)
            for prefix in range(len(self.steps) + 1)
            for fates in disk.after_power_loss(self.steps, prefix, chance)
        ]
        always: list[tuple[int, Mapping[int, disk.Fate]]] = []
        others: list[tuple[int, Mapping[int, disk.Fate]]] = []
        for prefix, fates in cases:
            # All that follows the last step, and all that befalls many open steps alike; a sample of the rest.
            broad = len(fates) > 1 and len(set(fates.values())) == 1
            (always if broad or prefix == len(self.steps) else others).append((prefix, fates))
        for prefix, fates in always + chance.sample(others, min(self.limit, len(others))):
            tree = disk.replay(self.before, self.steps[:prefix], fates).tree()
            key = (disk.signature(tree), prefix == len(self.steps))
            self.states += 1
            if key not in self.seen:
                self.seen.add(key)
                disk.put(tree, self.folder)
                holds(self.folder, prefix == len(self.steps))
                shutil.rmtree(self.folder)
        self.distinct = len(self.seen)


@pytest.mark.parametrize("already", [0, 3], ids=["first build", "fourth build, which prunes"])
def test_power_lost_during_a_rebuild(quick: Path, tmp_path: Path, already: int) -> None:
    content, site = quick / "content", quick / "site"
    site.mkdir()
    for version in range(1, already + 1):
        write_version(content, version)
        build_index(content, site / "index", encoder=encoder_of("0"), force=True)
    old = (f"{already:06}", already) if already else None
    new = (f"{already + 1:06}", already + 1)
    write_version(content, already + 1)
    before, steps = record(site, tmp_path / "trace", do="build", content=content, index=site / "index")
    losses = Losses(before, steps, quick / "lost", effort(150, 10**9))

    def holds(lost: Path, ended: bool) -> None:
        found = published(lost / "index")
        assert found == new if ended else found in (old, new)
        if len(losses.seen) % effort(50, 10) == 0:  # the next build needs no help
            write_version(content, 9)
            number = build_index(content, lost / "index", encoder=encoder_of("0"), force=True).generation
            assert published(lost / "index") == (number, 9)
            assert leftovers(lost / "index") == []

    losses.check(holds)
    print(f"{len(steps)} steps, {losses.states} states, {losses.distinct} distinct")


def test_power_lost_while_a_model_is_exported(quick: Path, tmp_path: Path, tiny_models: Path) -> None:
    site, model = quick / "site", tiny_models / "mean"
    site.mkdir()
    folder = Path("index/models/fingerprint")
    before, steps = record(site, tmp_path / "trace", do="export", model=str(model), folder=str(site / folder))
    fingerprint = find_model(str(model)).fingerprint

    def holds(lost: Path, ended: bool) -> None:
        try:
            assert load_encoder(lost / folder).fingerprint == fingerprint
        except ModelError:  # the next build exports it again
            assert not ended

    Losses(before, steps, quick / "lost", effort(50, 5_000)).check(holds)

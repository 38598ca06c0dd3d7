"""Any sequence of edits, rebuilds, kills, damage and roll-backs: what is searched is what the model of it says."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from indexer.build import build_index
from indexer.errors import ContentError, IndexDamagedError, IndexMissingError
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.searcher import Searcher
from tests.proofs.effort import effort
from tests.proofs.oracle import leftovers
from tests.proofs.rebuilder import KILLED, Rebuilder, encoder_of

NAMES = st.sampled_from(["a.md", "b.md", "deep/c.md"])
WORDS = st.sampled_from(["apple", "birch", "cedar", "daisy", "elder"])
Pages = dict[str, str]


class Site(RuleBasedStateMachine):
    """A content folder and its index beside plain dictionaries of what they should hold."""

    rebuilder: Rebuilder

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)
        self.content, self.index = Path(self.folder.name) / "content", Path(self.folder.name) / "index"
        self.content.mkdir()
        self.store = IndexStore(self.index)
        self.pages: Pages = {}
        self.model = "0"
        # Of each number: the pages and the model it was built from.
        self.generations: dict[str, tuple[Pages, str]] = {}
        self.current = ""
        self.damaged: set[str] = set()

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=NAMES, word=WORDS)
    def write(self, name: str, word: str) -> None:
        path = self.content / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\nlang: en\n---\n\n# Page\n\n## FAQ\n\n### What of {word}?\n\nIt is {word}.\n")
        self.pages[name] = word

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.pages)))
        (self.content / name).unlink()
        del self.pages[name]

    @precondition(lambda self: self.pages)
    @rule(data=st.data(), to=NAMES)
    def rename(self, data: st.DataObject, to: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.pages)))
        (self.content / to).parent.mkdir(exist_ok=True)
        (self.content / name).rename(self.content / to)
        self.pages[to] = self.pages.pop(name)

    @rule(model=st.sampled_from("01"))
    def change_model(self, model: str) -> None:
        self.model = model

    @rule()
    def rebuild(self) -> None:
        try:
            report = build_index(self.content, self.index, encoder=encoder_of(self.model), force=True)
        except ContentError:
            assert not self.pages
            return
        same = self.current not in self.damaged and self.generations.get(self.current) == (self.pages, self.model)
        assert report.published is not same
        if report.published:
            self.publish(report.generation)
        assert leftovers_but(self.damaged, self.index) == []

    @precondition(lambda self: self.pages)
    @rule(step=st.integers(0, 420))
    def kill_a_rebuild(self, step: int) -> None:
        code, said = self.rebuilder.run(
            do="build", content=self.content, index=self.index, fingerprint=self.model, die_at=step
        )
        assert code in (0, KILLED)
        try:
            now = self.store.current()
        except (IndexMissingError, IndexDamagedError):
            assert not said
            self.note_unpublished()
            return
        if now != self.current:
            self.publish(now)
        elif said:
            assert not said[0]["published"]
        self.note_unpublished()

    @precondition(lambda self: self.current)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.store.generations()))
        files = sorted(path for path in (self.index / "generations" / number).rglob("*") if path.is_file())
        path = data.draw(st.sampled_from(files))
        content = path.read_bytes()
        place = data.draw(st.integers(0, len(content) - 1))
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        # Damage twice in one place is none.
        self.damaged ^= {number} if is_sound(self.store, number) is (number in self.damaged) else set()

    @precondition(lambda self: self.sound_before())
    @rule()
    def roll_back(self) -> None:
        expected = self.sound_before()[0]
        self.store.rollback()
        assert self.store.current() == expected
        self.current = expected

    @invariant()
    def what_is_searched_is_what_was_published(self) -> None:
        if not self.current:
            with pytest.raises(IndexMissingError):
                self.store.load()
            return
        if self.current in self.damaged:
            with pytest.raises(IndexDamagedError):
                self.store.load()
            return
        pages, model = self.generations[self.current]
        searcher = Searcher(self.store.load(), encoder_of(model))
        found = {(p.document_id, p.question, p.text) for p in searcher.generation.passages.all()}
        assert found == {(n.removesuffix(".md"), f"What of {w}?", f"It is {w}.") for n, w in pages.items()}
        for word in set(pages.values()):
            assert word in searcher.search(f"What of {word}?", 1).hits[0].passage.text

    def publish(self, number: str) -> None:
        assert number > max(self.generations, default="")
        self.generations[number] = (dict(self.pages), self.model)
        self.current = number
        self.damaged &= set(self.store.generations())
        assert len(self.store.generations()) <= Settings().keep + 1

    def note_unpublished(self) -> None:
        """A rebuild killed before it could point to its whole generation leaves one to roll back to."""
        whole = [number for number in self.store.generations() if number not in self.generations]
        self.generations |= {number: (dict(self.pages), self.model) for number in whole}

    def sound_before(self) -> list[str]:
        return [n for n in self.store.generations() if n < self.current and n not in self.damaged]


def is_sound(store: IndexStore, number: str) -> bool:
    try:
        store.load(number)
    except IndexDamagedError:
        return False
    return True


def leftovers_but(damaged: set[str], index: Path) -> list[str]:
    """What a rebuild left behind, as far as nothing is damaged on purpose."""
    return [] if damaged & set(IndexStore(index).generations()) else leftovers(index)


@pytest.fixture
def machine(rebuilder: Rebuilder) -> type[Site]:
    Site.rebuilder = rebuilder
    return Site


def test_any_sequence_of_what_owners_and_machines_do(machine: type[Site]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=effort(30, 2_000),
            stateful_step_count=effort(30, 50),
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )

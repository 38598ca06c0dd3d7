"""One writer at a time, and nothing half done after a crash."""

from __future__ import annotations

import time

import pytest

from indexer.errors import IndexLockedError
from tests.conftest import SmallSite
from tests.indexer.store.conftest import HOLD_THE_LOCK, kill, start

BUILD_SLOWLY = """
import sys, time
from pathlib import Path
from tests.conftest import HashedWordsEncoder
from indexer.build import build_index

class SlowEncoder(HashedWordsEncoder):
    def encode_documents(self, texts, progress=None):
        print("embedding", flush=True)
        time.sleep(60)
        return super().encode_documents(texts, progress)

build_index(Path(sys.argv[1]), Path(sys.argv[2]), encoder=SlowEncoder())
"""


def test_a_generation_half_removed_is_not_taken_for_one(three: SmallSite) -> None:
    left = three.index / "generations" / ".pruned-000001"
    (three.index / "generations" / "000001").rename(left)
    assert three.store.generations() == ["000003", "000002"]
    three.publish("words of build 4")
    assert not left.exists()


def test_a_crash_between_moving_and_pointing_leaves_the_old_generation(site: SmallSite) -> None:
    site.publish("one")
    site.publish("two")
    (site.index / "current").write_text("000001\n")  # as it was before the second build's last step
    assert site.store.load().manifest.generation == "000001"
    assert site.publish("three").generation == "000003"
    assert site.store.current() == "000003"


def test_the_lock_shuts_out_another_process(site: SmallSite) -> None:
    site.publish("one")
    holder = start(HOLD_THE_LOCK, site.index)
    try:
        with pytest.raises(IndexLockedError, match="rebuilt by another process"):
            site.publish("two")
        assert site.store.load().manifest.generation == "000001"  # readers need no lock
    finally:
        kill(holder)
    assert site.publish("three").generation == "000002"


def test_an_error_under_the_lock_frees_it(site: SmallSite) -> None:
    with pytest.raises(ZeroDivisionError), site.store.writing():
        _ = 1 / 0
    with site.store.writing():
        pass


def test_a_builder_killed_while_embedding_leaves_the_old_generation(site: SmallSite) -> None:
    site.publish("one")
    site.write("article.md", "# Article\n\ntwo\n")
    kill(start(BUILD_SLOWLY, site.content, site.index))
    assert site.store.load().passages.get([0])[0].text == "one"
    assert site.build().generation == "000002"
    assert site.store.load().passages.get([0])[0].text == "two"


def test_builders_killed_at_any_moment_never_leave_half_an_index(site: SmallSite) -> None:
    """Each builder publishes again and again; it is killed ever later, wherever it is then."""
    site.publish("one")
    code = BUILD_SLOWLY.split("class")[0] + (
        "for n in range(10**6):\n"
        "    (Path(sys.argv[1]) / 'article.md').write_text(f'# Article\\n\\nbuild {n} of {sys.argv[2]}\\n')\n"
        "    build_index(Path(sys.argv[1]), Path(sys.argv[2]), encoder=HashedWordsEncoder())\n"
        "    print(n, flush=True)\n"
    )
    last = "000001"
    for moment in range(6):
        builder = start(code, site.content, site.index)
        time.sleep(0.011 * moment)
        kill(builder)
        loaded = site.store.load().manifest.generation
        assert loaded >= last
        last = site.publish(f"mended {moment}").generation
        assert last > loaded
        assert not (site.index / "generations" / ".building").exists()


def test_what_a_crashed_build_left_behind_is_removed(site: SmallSite) -> None:
    rubbish = site.index / "generations" / ".building"
    rubbish.mkdir(parents=True)
    (rubbish / "passages.sqlite").write_bytes(b"half a")
    assert site.publish("one").generation == "000001"
    assert not rubbish.exists()

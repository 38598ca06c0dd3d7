"""Going back to an earlier generation."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import IndexDamagedError, IndexLockedError, IndexMissingError, IndexStoreError
from indexer.store.index_store import IndexStore
from tests.conftest import SmallSite
from tests.indexer.store.conftest import HOLD_THE_LOCK, damage, kill, start, words_of


def test_a_site_rolled_back_does_not_jump_forward_unless_it_must(three: SmallSite) -> None:
    three.store.rollback("000002")
    damage(three, "000002")
    assert words_of(three.store.load_sound().generation) == "words of build 1"
    damage(three, "000001")
    assert words_of(three.store.load_sound().generation) == "words of build 3"


def test_rolling_back_publishes_the_generation_before(three: SmallSite) -> None:
    assert three.store.rollback() == "000002"
    assert three.store.rollback() == "000001"
    assert words_of(three.store.load()) == "words of build 1"
    with pytest.raises(IndexStoreError, match="no sound generation is older than 000001; possible are: 000003, 000002"):
        three.store.rollback()
    assert three.store.rollback("3") == "000003"
    assert words_of(three.store.load()) == "words of build 3"


def test_rolling_back_passes_over_what_is_damaged(three: SmallSite) -> None:
    damage(three, "000002")
    with pytest.raises(IndexDamagedError, match=r"000002 is damaged: .*rows\.npy.*; possible are: 000001$"):
        three.store.rollback("000002")
    assert three.store.current() == "000003"
    assert three.store.rollback() == "000001"


@pytest.mark.parametrize("number", ["000009", "../000001", "", "newest"])
def test_rolling_back_to_what_is_not_there_names_what_is(three: SmallSite, number: str) -> None:
    with pytest.raises(IndexStoreError, match=r"there is no generation .*; possible are: 000002, 000001"):
        three.store.rollback(number)
    assert three.store.current() == "000003"


def test_rolling_back_mends_a_damaged_pointer(three: SmallSite) -> None:
    (three.index / "current").write_text("rubbish")
    assert three.store.rollback() == "000003"
    assert three.store.current() == "000003"


def test_rolling_back_nothing_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="build one"):
        IndexStore(tmp_path / "none").rollback()
    assert not (tmp_path / "none").exists()


def test_a_rollback_waits_for_no_rebuild(three: SmallSite) -> None:
    holder = start(HOLD_THE_LOCK, three.index)
    try:
        with pytest.raises(IndexLockedError):
            three.store.rollback()
    finally:
        kill(holder)


def test_the_build_after_a_rollback_has_a_number_above_all(three: SmallSite) -> None:
    three.store.rollback("000001")
    assert three.publish("words of build 4").generation == "000004"
    assert three.store.rollback() == "000003"

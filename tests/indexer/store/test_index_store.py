"""Generations on disk: published, kept, pruned."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import IndexDamagedError, IndexMissingError, IndexStoreError
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from indexer.store.inventory import take_inventory
from tests.conftest import HashedWordsEncoder, SmallSite, begin_at
from tests.indexer.store.conftest import damage, words_of


def test_nothing_published_is_said_with_the_next_step(tmp_path: Path) -> None:
    store = IndexStore(tmp_path / "nowhere")
    with pytest.raises(IndexMissingError, match=r"build one: faq index CONTENT --index .*nowhere"):
        store.current()
    with pytest.raises(IndexMissingError):
        store.load()
    assert store.generations() == []
    assert not (tmp_path / "nowhere").exists()


def test_three_generations_are_kept_besides_the_current_one(site: SmallSite) -> None:
    for number in range(1, 7):
        site.publish(f"words of build {number}")
    assert site.store.generations() == ["000006", "000005", "000004", "000003"]
    assert site.store.current() == "000006"
    assert words_of(site.store.load("000003")) == "words of build 3"


def test_what_a_publication_replaces_is_kept_however_old_it_is(site: SmallSite) -> None:
    for number in range(1, 5):
        site.publish(f"words of build {number}")
    site.store.rollback("000001")
    site.write("article.md", "# Article\n\nwords of build 5\n")
    build_index(site.content, site.index, encoder=site.encoder, settings=Settings(keep=2))
    assert site.store.generations() == ["000005", "000004", "000001"]
    build_index(site.content, site.index, encoder=site.encoder, settings=Settings(keep=1), full=True)
    assert site.store.generations() == ["000006", "000005"]


def test_models_that_no_kept_generation_uses_are_removed(site: SmallSite) -> None:
    first = HashedWordsEncoder()
    first.fingerprint = "1" * 64
    site.write("article.md", "# Article\n\nwords\n")
    for encoder in (first, site.encoder):
        site.store.model_folder(encoder.fingerprint).mkdir(parents=True)
    (site.index / "models" / ".leftover.new").mkdir()
    site.build(first)
    assert site.store.models() == ["1" * 16]  # the other was never built with
    site.store.model_folder(site.encoder.fingerprint).mkdir()
    site.build()
    assert site.store.models() == ["0" * 16, "1" * 16]  # 000001 can still be rolled back to
    build_index(site.content, site.index, encoder=site.encoder, settings=Settings(keep=1), full=True)
    assert site.store.models() == ["0" * 16]
    assert not (site.index / "models" / ".leftover.new").exists()


def test_a_damaged_manifest_keeps_every_model(three: SmallSite) -> None:
    three.store.model_folder("1" * 64).mkdir(parents=True)
    damage(three, "000002", "manifest.json")
    three.publish("words of build 4")
    assert three.store.models() == ["1" * 16]


def test_a_number_never_comes_twice(site: SmallSite) -> None:
    site.publish("one")
    site.publish("two")
    shutil.rmtree(site.index / "generations" / "000002")  # the pointer still names it
    assert site.publish("three").generation == "000003"
    (site.index / "current").unlink()
    assert site.publish("four").generation == "000004"


def test_the_millionth_generation_is_one_like_the_others(site: SmallSite) -> None:
    site.publish("words of build 1")
    begin_at(site, "999998")
    for number in range(2, 6):
        site.publish(f"words of build {number}")
    assert site.store.generations() == ["1000002", "1000001", "1000000", "999999"]
    assert site.store.rollback() == "1000001"
    assert site.store.rollback("999999") == "999999"
    with pytest.raises(IndexStoreError, match="older than 999999; possible are: 1000002, 1000001, 1000000"):
        site.store.rollback()
    assert site.store.rollback("1000000") == "1000000"
    (site.index / "generations" / "1000000" / "rows.npy").unlink()
    assert words_of(site.store.load_sound().generation) == "words of build 2"
    (site.index / "current").unlink()
    assert words_of(site.store.load_sound().generation) == "words of build 5"
    inventory = take_inventory(site.store)
    assert [state.number for state in inventory.generations] == ["1000002", "1000001", "1000000", "999999"]
    report = build_index(site.content, site.index, encoder=site.encoder, settings=Settings(keep=1), full=True)
    assert (report.generation, site.store.current()) == ("1000003", "1000003")
    assert site.store.generations() == ["1000003", "1000002"]


def test_only_whole_generations_are_listed(site: SmallSite) -> None:
    site.publish("one")
    for name in (".building", "notes", "00002", "0000003"):
        (site.index / "generations" / name).mkdir()
    assert site.store.generations() == ["000001"]


def test_a_damaged_build_is_not_published(site: SmallSite) -> None:
    site.publish("one")
    built = shutil.copytree(site.index / "generations" / "000001", site.index / "generations" / ".building")
    (built / "rows.npy").write_bytes(b"other")
    with pytest.raises(IndexDamagedError, match=r"rows\.npy"):
        site.store.check(built)
    assert site.store.current() == "000001"
    assert site.store.generations() == ["000001"]


def test_the_size_of_a_generation_is_that_of_its_files(site: SmallSite) -> None:
    report = site.publish("one")
    folder = site.index / "generations" / "000001"
    sizes = [os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(folder) for name in names]
    assert report.size_bytes == site.store.size("000001") == sum(sizes) > 0


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (OSError(5, "Input/output error", "/elsewhere/model.onnx"), "^the rebuild was stopped: Input/output error"),
        (OSError(28, "No space left on device"), "cannot be written: No space left on device; nothing was published"),
    ],
)
def test_only_what_concerns_the_index_is_called_not_writable(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch, refused: OSError, said: str
) -> None:
    site.publish("one")

    def refuse(*_: object) -> None:
        raise refused

    monkeypatch.setattr(site.encoder, "encode_query", refuse)
    with pytest.raises(IndexStoreError, match=said):
        site.publish("two")
    assert site.store.current() == "000001"

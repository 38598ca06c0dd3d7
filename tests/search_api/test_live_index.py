"""Generations swapped under running requests: the newest whole one serves, a damaged one never does."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import IndexMissingError
from indexer.files import read_signed, sign
from indexer.generation.generation import Generation
from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.searcher import Searcher
from tests.conftest import HashedWordsEncoder, SmallSite, begin_at, keep_model


def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(2_400):  # two minutes: a busy machine is no failure
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def served(live: LiveIndex) -> str:
    return live.searcher().generation.manifest.generation


def damage_the_newest(site: SmallSite) -> None:
    path = site.index / "generations" / site.store.current() / "vectors.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x01
    path.write_bytes(content)


def publish_damaged(site: SmallSite) -> None:
    """A new generation appears whose bytes changed on the way, as when an index is copied to another machine."""
    number = site.store.next_generation()
    shutil.copytree(site.index / "generations" / site.store.current(), site.index / "generations" / number)
    (site.index / "current").write_text(f"{number}\n")
    damage_the_newest(site)


@pytest.fixture
def live(site: SmallSite) -> Iterator[LiveIndex]:
    live = LiveIndex(site.index, site.encoder)
    yield live
    live.stop()


def test_no_moment_shows_a_new_searcher_with_the_old_problem(
    site: SmallSite, live: LiveIndex, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []

    def look(_: logging.LogRecord) -> bool:
        seen.append((live.serving.searcher is None, live.serving.problem == ""))
        return True

    logger = logging.getLogger("faq")
    monkeypatch.setattr(logger, "filters", [look])
    with caplog.at_level(logging.INFO, "faq"):
        live.refresh()
        site.publish("first words")
        live.refresh()
    assert seen == [(True, True), (True, False)]  # at "no index in ..." and at "serving generation 000001"
    assert (served(live), live.serving.problem) == ("000001", "")


def test_an_empty_folder_is_waited_for(site: SmallSite, live: LiveIndex) -> None:
    live.start()
    with pytest.raises(IndexMissingError, match="build one: faq index"):
        live.searcher()
    assert "build one" in live.serving.problem
    site.publish("first words")
    eventually(lambda: live.serving.problem == "")
    assert served(live) == "000001"


def test_a_new_generation_is_taken_up_while_it_runs(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    live.start()
    kept = live.searcher()
    site.publish("second words")
    eventually(lambda: served(live) == "000002")
    assert live.searcher().search("words").hits[0].passage.text == "second words"
    assert kept.search("words").hits[0].passage.text == "first words"  # a request keeps what it began with


def test_a_generation_pruned_while_it_serves_goes_on_serving(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words. second sentence.")
    live.refresh()
    kept = live.searcher()
    for number in range(5):
        site.publish(f"other words {number}")
    assert "000001" not in site.store.generations()
    (hit,) = kept.search("first").hits
    assert hit.passage.text == "first words. second sentence."


def test_a_damaged_new_generation_leaves_the_old_one_serving(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    live.refresh()
    publish_damaged(site)
    live.refresh()
    assert served(live) == "000001"
    assert "vectors.npy does not match" in live.serving.problem
    assert site.publish("whole again").generation == "000003"
    live.refresh()
    assert (served(live), live.serving.problem) == ("000003", "")


def test_a_damaged_first_generation_is_a_problem_not_a_crash(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    damage_the_newest(site)
    live.refresh()
    assert "vectors.npy" in live.serving.problem
    with pytest.raises(IndexMissingError):
        live.searcher()


def test_a_server_started_on_a_damaged_generation_answers_from_the_one_before(
    site: SmallSite, live: LiveIndex, caplog: pytest.LogCaptureFixture
) -> None:
    site.publish("first words")
    site.publish("second words")
    damage_the_newest(site)
    with caplog.at_level(logging.WARNING, logger="faq"):
        for _ in range(3):
            live.refresh()
            assert served(live) == "000001"
            assert "000002/vectors.npy does not match" in live.serving.problem  # /ready says degraded
    assert len(caplog.records) == 1
    assert live.searcher().search("words").hits[0].passage.text == "first words"
    site.publish("third words")
    live.refresh()
    assert (served(live), live.serving.problem) == ("000003", "")


def test_a_rollback_is_taken_up_while_it_serves(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    site.publish("second words")
    live.refresh()
    site.store.rollback()
    live.refresh()
    assert (served(live), live.serving.problem) == ("000001", "")


def test_one_problem_is_logged_once(site: SmallSite, live: LiveIndex, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="faq"):
        for _ in range(5):
            live.refresh()
    assert len(caplog.records) == 1


def test_an_index_deleted_while_it_serves_goes_on_serving(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    live.refresh()
    shutil.rmtree(site.index)
    live.refresh()
    assert live.serving.problem
    assert live.searcher().search("words").hits[0].passage.text == "first words"


def test_an_index_of_another_model_is_a_problem_when_the_encoder_is_given(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    live.refresh()
    other = HashedWordsEncoder()
    other.fingerprint = "1" * 64
    site.build(other)
    live.refresh()
    assert "built with hashed-words" in live.serving.problem
    assert served(live) == "000001"


def test_an_index_rebuilt_with_another_model_is_followed(site: SmallSite, tiny_models: Path) -> None:
    site.write("article.md", "# Article\n\nfirst words\n")
    build_index(site.content, site.index, settings=Settings(model=str(tiny_models / "mean")))
    live = LiveIndex(site.index)
    live.refresh()
    assert live.searcher().encoder.dim == 32
    build_index(site.content, site.index, settings=Settings(model=str(tiny_models / "cls")))
    live.refresh()
    assert (live.serving.problem, served(live), live.searcher().encoder.dim) == ("", "000002", 24)


def test_requests_never_see_half_a_swap(site: SmallSite, live: LiveIndex) -> None:
    """Every answer comes whole from one generation, whose number its text tells."""
    site.publish("words of 000001")
    live.start()
    done = threading.Event()

    def ask() -> set[str]:
        seen, last = set(), False
        while not last:
            # So that everybody asks once more after the last publication. The pause leaves the interpreter to others.
            last = done.wait(0.001)
            result = live.searcher().search("words")
            assert result.hits[0].passage.text == f"words of {result.generation}"
            seen.add(result.generation)
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for number in range(2, 6):
                site.publish(f"words of {number:06}")
                eventually(partial(lambda wanted: served(live) == wanted, f"{number:06}"))
        finally:
            done.set()
    assert set().union(*(asked.result() for asked in asking)) >= {"000005"}


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RecursionError("deep"), TypeError("not a number"), KeyError("x"), OSError(5, "Input/output error"),
     SystemExit(3), BaseException("a panic")],
    ids=repr,
)  # fmt: skip
def test_no_exception_of_any_kind_ends_the_thread_that_follows(
    site: SmallSite, live: LiveIndex, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("first words")
    live.start()
    honest, failing = Generation.load, threading.Event()

    def load(folder: Path) -> Generation:
        if failing.is_set():
            raise error
        return honest(folder)

    monkeypatch.setattr(Generation, "load", load)
    failing.set()
    published = threading.Thread(target=site.store._pointer.swap, args=("000002",))
    published.start()  # what it names is not asked for: nothing can be loaded
    eventually(lambda: live.serving.problem != "")
    assert served(live) == "000001"
    failing.clear()
    published.join()
    (site.index / "current").write_text("000001\n")
    site.publish("second words")
    site.publish("third words")
    eventually(lambda: served(live) == "000003")
    assert live.serving.problem == ""


def test_what_cannot_be_loaded_is_tried_again(
    site: SmallSite, live: LiveIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("first words")
    live.refresh()
    site.publish("second words")
    path = site.index / "generations" / "000002" / "rows.npy"
    content = path.read_bytes()
    path.write_bytes(b"")
    for _ in range(3):
        live.refresh()
        assert (served(live), "rows.npy" in live.serving.problem) == ("000001", True)
    path.write_bytes(content)
    live._retry_at = 0.0  # half a minute passes
    live.refresh()
    assert (served(live), live.serving.problem) == ("000002", "")


def test_the_newest_sound_generation_takes_the_place_of_one_that_is_older_than_the_damaged_one(
    site: SmallSite, live: LiveIndex
) -> None:
    site.publish("first words")
    live.refresh()
    site.publish("second words")
    site.publish("third words")
    damage_the_newest(site)
    live.refresh()
    assert (served(live), "000003/vectors.npy" in live.serving.problem) == ("000002", True)
    (site.index / "current").write_text("rubbish")
    live.refresh()
    assert (served(live), "/current" in live.serving.problem) == ("000002", True)  # it does not jump


def test_a_generation_of_another_version_is_not_taken_up(site: SmallSite, live: LiveIndex) -> None:
    for words in ("first words", "second words"):
        site.publish(words)
    path = site.index / "generations" / "000002" / "manifest.json"
    fields = json.loads(read_signed(path))
    path.write_bytes(sign(json.dumps({"format": 10**6, "all": "other"})))
    live.refresh()
    assert served(live) == "000001"
    assert "is of a newer version" in live.serving.problem
    path.write_bytes(sign(json.dumps(fields | {"of a later version": {"x": [1]}})))
    live._retry_at = 0.0
    live.refresh()
    assert (served(live), live.serving.problem) == ("000002", "")


def test_a_generation_whose_model_is_damaged_is_answered_for_by_the_one_before(
    site: SmallSite, tiny_models: Path, tiny_exports: Path
) -> None:
    site.write("article.md", "# Article\n\nfirst words\n")
    for name in ("mean", "cls"):
        keep_model(site.index, tiny_exports / name)
        build_index(site.content, site.index, settings=Settings(model=str(tiny_models / name)))
    damaged = site.store.model_folder(site.store.load().manifest.fingerprint)
    (damaged / "tokenizer.json").unlink()  # a link to a file that others test with
    (damaged / "tokenizer.json").write_bytes(b"{}")
    live = LiveIndex(site.index)
    live.refresh()
    assert (served(live), "tokenizer.json is damaged" in live.serving.problem) == ("000001", True)
    searcher = Searcher.open(site.index)
    assert (searcher.generation.manifest.generation, searcher.problem) == ("000001", live.serving.problem)


def test_numbers_of_seven_digits_are_followed(site: SmallSite, live: LiveIndex) -> None:
    site.publish("first words")
    begin_at(site, "999999")
    live.start()
    assert site.publish("second words").generation == "1000000"
    eventually(lambda: served(live) == "1000000")
    assert site.store.rollback() == "999999"
    eventually(lambda: served(live) == "999999")


def test_stopping_ends_the_thread_and_may_be_repeated(site: SmallSite) -> None:
    before = threading.enumerate()
    live = LiveIndex(site.index, site.encoder)
    live.stop()
    live = LiveIndex(site.index, site.encoder)
    live.start()
    live.stop()
    live.stop()
    assert set(threading.enumerate()) <= set(before)

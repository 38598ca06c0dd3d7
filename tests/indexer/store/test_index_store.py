"""All generations of one index: one writer, whole generations only, numbers that never come twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import IndexDamagedError, IndexLockedError, IndexMissingError, IndexStoreError
from indexer.generation.generation import Generation
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from tests.conftest import ROOT, HashedWordsEncoder, SmallSite

HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from indexer.store.index_store import IndexStore
with IndexStore(Path(sys.argv[1])).writing():
    print("locked", flush=True)
    time.sleep(60)
"""
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


def start(code: str, *arguments: Path) -> subprocess.Popen[str]:
    """Run Python code and wait for its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended before its first line"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_nothing_published_is_said_with_the_next_step(tmp_path: Path) -> None:
    store = IndexStore(tmp_path / "nowhere")
    with pytest.raises(IndexMissingError, match=r"build one: faq index CONTENT --index .*nowhere"):
        store.current()
    with pytest.raises(IndexMissingError):
        store.load()
    assert store.generations() == []
    assert not (tmp_path / "nowhere").exists()


def damage(site: SmallSite, number: str, name: str = "rows.npy") -> None:
    path = site.index / "generations" / number / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.fixture
def three(site: SmallSite) -> SmallSite:
    """Generations 000001 to 000003, each of the words "words of build N"."""
    for number in range(1, 4):
        site.publish(f"words of build {number}")
    return site


def words_of(generation: Generation) -> str:
    return generation.passages.get([0])[0].text


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


def test_a_generation_half_removed_is_not_taken_for_one(three: SmallSite) -> None:
    left = three.index / "generations" / ".pruned-000001"
    (three.index / "generations" / "000001").rename(left)
    assert three.store.generations() == ["000003", "000002"]
    three.publish("words of build 4")
    assert not left.exists()


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


def test_the_published_generation_is_loaded_when_it_is_sound(three: SmallSite) -> None:
    sound = three.store.load_sound()
    assert (words_of(sound.generation), sound.problem) == ("words of build 3", "")


def test_the_newest_sound_generation_stands_in_for_a_damaged_one(three: SmallSite) -> None:
    damage(three, "000003")
    sound = three.store.load_sound()
    assert words_of(sound.generation) == "words of build 2"
    assert "000003/rows.npy does not match" in sound.problem
    damage(three, "000002")
    assert words_of(three.store.load_sound().generation) == "words of build 1"
    damage(three, "000001")
    with pytest.raises(IndexDamagedError, match=r"000003/rows\.npy"):
        three.store.load_sound()


def test_a_site_rolled_back_does_not_jump_forward_unless_it_must(three: SmallSite) -> None:
    three.store.rollback("000002")
    damage(three, "000002")
    assert words_of(three.store.load_sound().generation) == "words of build 1"
    damage(three, "000001")
    assert words_of(three.store.load_sound().generation) == "words of build 3"


@pytest.mark.parametrize("content", [b"rubbish", b"000009\n", None])
def test_without_a_usable_pointer_the_newest_sound_generation_is_loaded(
    three: SmallSite, content: bytes | None
) -> None:
    damage(three, "000003")
    if content is None:
        (three.index / "current").unlink()
    else:
        (three.index / "current").write_bytes(content)
    sound = three.store.load_sound()
    assert words_of(sound.generation) == "words of build 2"
    assert sound.problem


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


def test_a_number_never_comes_twice(site: SmallSite) -> None:
    site.publish("one")
    site.publish("two")
    shutil.rmtree(site.index / "generations" / "000002")  # the pointer still names it
    assert site.publish("three").generation == "000003"
    (site.index / "current").unlink()
    assert site.publish("four").generation == "000004"


def test_a_crash_between_moving_and_pointing_leaves_the_old_generation(site: SmallSite) -> None:
    site.publish("one")
    site.publish("two")
    (site.index / "current").write_text("000001\n")  # as it was before the second build's last step
    assert site.store.load().manifest.generation == "000001"
    assert site.publish("three").generation == "000003"
    assert site.store.current() == "000003"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"seven", b"0000001", b"1", b"../../etc", b"\xff\xfe", "000002²".encode(), b"000001\n000002"],
)
def test_a_damaged_pointer_is_refused_and_the_next_build_mends_it(site: SmallSite, content: bytes) -> None:
    site.publish("one")
    (site.index / "current").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="current"):
        site.store.load()
    assert site.publish("two").generation == "000002"
    assert site.store.load().passages.get([0])[0].text == "two"


def test_a_pointer_to_a_generation_that_is_gone_is_refused(site: SmallSite) -> None:
    site.publish("one")
    shutil.rmtree(site.index / "generations" / "000001")
    with pytest.raises(IndexDamagedError, match=r"manifest\.json cannot be read"):
        site.store.load()


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

"""Which generation is published, and which stands in for it."""

from __future__ import annotations

import os
import shutil

import pytest

from indexer.errors import IndexDamagedError
from indexer.files import sign
from tests.conftest import SmallSite
from tests.indexer.store.conftest import damage, words_of


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


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"seven",
        b"0000001",
        b"1",
        b"../../etc",
        b"\xff\xfe",
        "000002²".encode(),
        b"000001\n000002",
        b"\x00" * 7,
        b"000001\x00",
        b"9" * 5_000,
        b"7" * 1_000_000,
        sign("../../etc"),
        sign("9" * 300),
        sign(""),
        sign("\u0661" * 6),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_damaged_pointer_is_refused_and_the_next_build_mends_it(site: SmallSite, content: bytes) -> None:
    site.publish("one")
    (site.index / "current").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="current"):
        site.store.load()
    assert site.publish("two").generation == "000002"
    assert site.store.load().passages.get([0])[0].text == "two"


@pytest.mark.parametrize("kind", ["folder", "pipe", "link that leads nowhere", "link to itself"])
def test_a_pointer_that_is_no_file_is_refused_and_the_newest_generation_stands_in(three: SmallSite, kind: str) -> None:
    pointer = three.index / "current"
    pointer.unlink()
    match kind:
        case "folder":
            pointer.mkdir()
        case "pipe":
            os.mkfifo(pointer)
        case "link that leads nowhere":
            pointer.symlink_to("nowhere")
        case _:
            pointer.symlink_to("current")
    with pytest.raises(IndexDamagedError, match=r"/current cannot be read \("):
        three.store.current()
    assert words_of(three.store.load_sound().generation) == "words of build 3"


def test_a_pointer_to_a_generation_that_is_gone_is_refused(site: SmallSite) -> None:
    site.publish("one")
    shutil.rmtree(site.index / "generations" / "000001")
    with pytest.raises(IndexDamagedError, match=r"manifest\.json cannot be read"):
        site.store.load()

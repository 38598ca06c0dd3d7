"""Every byte of an index altered, every file cut, swapped, added, removed or replaced: always refused, and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import onnxruntime
import pytest
import tokenizers

from indexer.build import build_index
from indexer.errors import IndexDamagedError, ModelError
from indexer.generation.manifest import verify
from indexer.model.encoder import load_encoder
from indexer.store.index_store import IndexStore
from tests.proofs.effort import effort
from tests.proofs.rebuilder import encoder_of, write_version


@pytest.fixture
def index(quick: Path) -> Path:
    """Two generations of different content."""
    for version in (1, 2):
        write_version(quick / "content", version)
        build_index(quick / "content", quick / "index", encoder=encoder_of("0"), force=True)
    return quick / "index"


@pytest.fixture
def generation(index: Path) -> Path:
    return index / "generations" / "000002"


@pytest.fixture
def other(index: Path) -> Path:
    return index / "generations" / "000001"


@pytest.fixture
def nothing_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test in which a model is parsed before it is refused."""

    def reached(*_: object, **__: object) -> None:
        pytest.fail("a damaged model was parsed")

    monkeypatch.setattr(onnxruntime, "InferenceSession", reached)
    monkeypatch.setattr(tokenizers.Tokenizer, "from_file", reached, raising=False)
    monkeypatch.setattr("indexer.model.torch_encoder.load_sentence_transformer", reached)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def refuses(folder: Path) -> str:
    """Why a generation is refused, "" if it is not."""
    try:
        verify(folder)
    except IndexDamagedError as error:
        return str(error)
    return ""


def refuses_model(folder: Path) -> str:
    """Why a model is refused, "" if it is not."""
    try:
        load_encoder(folder)
    except ModelError as error:
        return str(error)
    return ""


def positions(size: int, sample: int) -> Iterator[int]:
    """Every byte of a small file, of a larger one both ends and a sample between; every byte in a full proof."""
    everywhere = effort(0, 1) or size <= 2 * sample
    for position in range(size):
        if everywhere or min(position, size - position) <= sample // 2 or position % (size // sample) == 0:
            yield position


def flip_everywhere(folder: Path, refusal: Callable[[Path], str], sample: int) -> int:
    """Alter one byte at a time, by one bit or by all; how many were, each refused by name."""
    flips = 0
    for path in files(folder):
        with path.open("r+b", buffering=0) as file:
            content = file.read()
            for position in positions(len(content), sample):
                mask = 0xFF if position % 2 else 1 << position % 8
                file.seek(position)
                file.write(bytes([content[position] ^ mask]))
                assert str(path) in refusal(folder), (path, position)
                file.seek(position)
                file.write(content[position : position + 1])
                flips += 1
    return flips


def cut_everywhere(folder: Path, refusal: Callable[[Path], str], sample: int) -> int:
    cuts = 0
    for path in files(folder):
        content = path.read_bytes()
        for length in positions(len(content), sample):
            path.write_bytes(content[:length])
            assert str(path) in refusal(folder), (path, length)
            cuts += 1
        path.write_bytes(content)
    return cuts


def replace_everything(folder: Path, other: Path, refusal: Callable[[Path], str]) -> None:
    """Each file removed, made a folder or a link, swapped with another folder's, grown by a byte."""
    for path in files(folder):
        aside = folder.parent / "aside"
        path.rename(aside)
        twin = other / path.relative_to(folder)
        assert str(path) in refusal(folder), f"{path} is missing"
        path.mkdir()
        assert str(path) in refusal(folder), f"{path} is a folder"
        path.rmdir()
        path.symlink_to("/dev/null")
        assert str(path) in refusal(folder), f"{path} is a link"
        path.unlink()
        if twin.is_file() and twin.read_bytes() != aside.read_bytes():
            shutil.copyfile(twin, path)
            assert refusal(folder), f"{path} is another's"
        path.write_bytes(aside.read_bytes() + b"\0")
        assert str(path) in refusal(folder), f"{path} has grown"
        aside.rename(path)


def test_any_altered_byte_of_a_generation(generation: Path) -> None:
    print(flip_everywhere(generation, refuses, 100), "flips")


def test_any_cut_of_a_file_of_a_generation(generation: Path) -> None:
    print(cut_everywhere(generation, refuses, 100), "cuts")


def test_any_file_of_a_generation_replaced(generation: Path, other: Path) -> None:
    replace_everything(generation, other, refuses)
    assert refuses(generation) == ""


def test_a_link_to_the_same_bytes_may_change_later_and_is_refused(generation: Path, quick: Path) -> None:
    for path in (*files(generation), generation / "lexicon"):
        path.rename(quick / "aside")
        path.symlink_to(quick / "aside")
        assert str(path) in refuses(generation), path
        path.unlink()
        (quick / "aside").rename(path)
    assert refuses(generation) == ""


@pytest.mark.parametrize("name", ["more", "lexicon/more", "lexicon/terms/.hidden", "manifest.json.bak", "new/more"])
def test_a_file_more(generation: Path, name: str) -> None:
    path = generation / name
    path.parent.mkdir(exist_ok=True)
    for add in (path.touch, lambda: path.symlink_to("/dev/null"), lambda: path.symlink_to("nowhere")):
        add()
        assert str(path) in refuses(generation), name
        path.unlink()


def test_one_generation_under_the_number_of_another(index: Path, generation: Path, other: Path) -> None:
    shutil.rmtree(generation)
    shutil.copytree(other, generation)
    with pytest.raises(IndexDamagedError, match="000002"):
        IndexStore(index).load()


def test_any_altered_byte_of_the_pointer(index: Path) -> None:
    pointer = index / "current"
    content = pointer.read_bytes()
    for position in range(len(content)):
        for other_byte in {*range(256)} - {content[position]} if effort(0, 1) or position < 8 else (content[0] ^ 1, 0):
            pointer.write_bytes(content[:position] + bytes([other_byte]) + content[position + 1 :])
            if pointer.read_bytes() != content:
                with pytest.raises(IndexDamagedError, match="current"):
                    IndexStore(index).current()
    for length in range(len(content)):
        pointer.write_bytes(content[:length])
        if length in (6, 7):  # all of the number is there, and nothing else
            assert IndexStore(index).current() == "000002"
        else:
            with pytest.raises(IndexDamagedError, match="current"):
                IndexStore(index).current()
    pointer.unlink()
    pointer.mkdir()
    with pytest.raises(IndexDamagedError, match="current"):
        IndexStore(index).current()


@pytest.mark.usefixtures("nothing_parses")
@pytest.mark.parametrize("name", ["mean", "static"])
def test_any_altered_byte_of_a_model(tiny_exports: Path, quick: Path, name: str) -> None:
    model = Path(shutil.copytree(tiny_exports / name, quick / name))
    print(flip_everywhere(model, refuses_model, 60), "flips", cut_everywhere(model, refuses_model, 30), "cuts")


@pytest.mark.usefixtures("nothing_parses")
@pytest.mark.parametrize("name", ["mean", "static"])
def test_any_file_of_a_model_replaced(tiny_exports: Path, quick: Path, name: str) -> None:
    model = Path(shutil.copytree(tiny_exports / name, quick / name))
    replace_everything(model, tiny_exports / ("static" if name == "mean" else "mean"), refuses_model)


@pytest.mark.usefixtures("nothing_parses")
def test_every_file_of_the_default_model_altered(model_folder: Path, quick: Path) -> None:
    model = Path(shutil.copytree(model_folder, quick / "model"))
    for path in files(model):
        with path.open("r+b", buffering=0) as file:
            size = path.stat().st_size
            for position in (0, size // 2, size - 1):
                file.seek(position)
                (byte,) = file.read(1)
                file.seek(position)
                file.write(bytes([byte ^ 0x01]))
                assert str(path) in refuses_model(model)
                file.seek(position)
                file.write(bytes([byte]))

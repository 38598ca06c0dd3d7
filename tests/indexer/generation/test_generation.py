"""One generation on disk: no altered byte gets past its manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index
from indexer.content.passages import Role
from indexer.errors import IndexDamagedError, IndexVersionError
from indexer.generation.generation import Generation
from indexer.generation.layout import Layout
from indexer.generation.manifest import FORMAT, Manifest, verify
from indexer.model.encoder import Encoder
from indexer.store.index_store import IndexStore
from indexer.vectors.engines import SearchLimits
from indexer.vectors.nearest import SearchKind
from tests.conftest import SAMPLE, SmallSite


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, fake_encoder: Encoder) -> Path:
    index = tmp_path_factory.mktemp("whole") / "index"
    build_index(SAMPLE, index, encoder=fake_encoder)
    return index / "generations" / "000001"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, fake_encoder: Encoder) -> Path:
    """A generation of other content."""
    site = SmallSite(tmp_path_factory.mktemp("other"), fake_encoder)
    site.publish("Entirely different words. And more of them.")
    return site.index / "generations" / "000001"


@pytest.fixture
def generation(tmp_path: Path, whole: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "000001"))


def files(folder: Path) -> list[str]:
    """Names of all files of a generation, the manifest included."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refused(folder: Path, name: str) -> bool:
    """Whether a generation is refused with an error that names this file."""
    try:
        Generation.load(folder)
    except IndexDamagedError as error:
        return str(folder / name) in str(error)
    return False


def positions(size: int) -> Iterator[int]:
    """Every byte of a small file, else both ends and a sample between."""
    if size <= 300:
        yield from range(size)
    else:
        yield from {*range(40), *range(size - 40, size), *np.random.default_rng(0).integers(0, size, 80).tolist()}


def test_the_manifest_names_every_file_but_itself(whole: Path) -> None:
    assert sorted([*Manifest.read(whole / "manifest.json").files, "manifest.json"]) == files(whole)
    assert len(files(whole)) > 10


def test_one_flipped_byte_of_any_file_is_refused_by_name(generation: Path) -> None:
    for name in files(generation):
        path = generation / name
        content = bytearray(path.read_bytes())
        for position in positions(len(content)):
            content[position] ^= 0x01
            path.write_bytes(content)
            assert refused(generation, name), (name, position)
            content[position] ^= 0x01
        path.write_bytes(content)
    Generation.load(generation)


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0], ids=["empty", "half", "last byte missing"])
def test_a_truncated_file_is_refused_by_name(generation: Path, keep: float) -> None:
    for name in files(generation):
        path = generation / name
        content = path.read_bytes()
        path.write_bytes(content[: min(int(len(content) * keep), len(content) - 1)])
        assert refused(generation, name), name
        path.write_bytes(content)


def test_a_missing_file_is_refused_by_name(generation: Path) -> None:
    for name in files(generation):
        content = (generation / name).read_bytes()
        (generation / name).unlink()
        assert refused(generation, name), name
        (generation / name).write_bytes(content)


def test_another_generations_file_is_refused_by_name(generation: Path, other: Path) -> None:
    swapped = 0
    for name in sorted({*files(generation)} & {*files(other)} - {"manifest.json"}):
        content, foreign = (generation / name).read_bytes(), (other / name).read_bytes()
        if content != foreign:
            (generation / name).write_bytes(foreign)
            assert refused(generation, name), name
            (generation / name).write_bytes(content)
            swapped += 1
    assert swapped > 10


def test_another_generations_manifest_is_refused(generation: Path, other: Path) -> None:
    shutil.copyfile(other / "manifest.json", generation / "manifest.json")
    with pytest.raises(IndexDamagedError, match="does not match the manifest"):
        Generation.load(generation)


@pytest.mark.parametrize("field", ["fingerprint", "model", "passages", "format"])
def test_an_altered_manifest_is_refused(generation: Path, field: str) -> None:
    path = generation / "manifest.json"
    body, signature = path.read_text("utf-8").strip().rsplit("\n", 1)
    altered = json.dumps(json.loads(body) | {field: "other"}, sort_keys=True, indent=1)
    path.write_text(f"{altered}\n{signature}\n", "utf-8")
    with pytest.raises(IndexDamagedError, match="does not match its own hash"):
        verify(generation)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (99, rf"manifest\.json is of a newer version: .*format 99, .* reads {FORMAT}; rebuild .*, or upgrade this"),
        (FORMAT - 1, rf"manifest\.json is of an older version: .*format {FORMAT - 1}, .*: faq index CONTENT --index "),
    ],
)
def test_another_versions_format_is_refused_with_what_to_do(generation: Path, number: int, said: str) -> None:
    path = generation / "manifest.json"
    fields = json.loads(path.read_text("utf-8").strip().rsplit("\n", 1)[0])
    # Whatever else is in it: another version has other fields.
    body = json.dumps({name: fields[name] for name in ("generation", "files")} | {"format": number})
    path.write_text(f"{body}\n{hashlib.sha256(body.encode()).hexdigest()}\n", "utf-8")
    with pytest.raises(IndexVersionError, match=said) as refused:
        verify(generation)
    assert refused.value.newer is (number > FORMAT)
    assert "damaged" not in str(refused.value)


def test_a_manifest_comes_back_as_it_was_written(whole: Path) -> None:
    manifest = Manifest.read(whole / "manifest.json")
    assert manifest.to_bytes() == (whole / "manifest.json").read_bytes()
    # 5 + 5 in the article, 2 + 2 in the Markdown file and 4 in the table; the hashed words' window holds 38 words,
    # which cuts four of the article's paragraphs in two.
    assert (manifest.documents, manifest.passages) == (3, 18 + 4)


def test_a_loaded_generation_is_whole(whole: Path) -> None:
    loaded = Generation.load(whole)
    assert len(loaded.passages) == 18 + 4
    assert len(loaded.vectors) == len(loaded.rows) == loaded.manifest.vectors
    assert len(loaded.sentences) == len(loaded.sentence_rows) == loaded.manifest.sentences
    assert (np.diff(loaded.rows["passage"]) >= 0).all()
    assert (np.diff(loaded.sentence_rows["passage"]) >= 0).all()
    assert set(loaded.rows["role"]) == {Role.QUESTION, Role.ALTERNATE, Role.ANSWER, Role.ENTRY}
    assert set(loaded.sentence_rows["role"]) == {Role.SENTENCE}


def test_a_layout_names_all_that_is_on_disk(whole: Path) -> None:
    layout = Layout(whole)
    named = {getattr(layout, name) for name in dir(Layout) if isinstance(getattr(Layout, name), property)}
    assert named - {layout.ann_index} == set(whole.iterdir())  # of few vectors every one is looked at


def test_many_vectors_have_an_ann_index_beside_them(site: SmallSite) -> None:
    beds = "\n\n".join(f"Bed {number} wants {2 * number} cans of water" for number in range(20))
    site.write("garden.md", f"# Garden\n\n{beds}\n\n## Night\n\nOwls hunt mice silently\n")
    few = site.build()
    assert (few.nearest, few.recall) == ("exact", 1.0)
    site.write("zoo.md", "# Zoo\n\nOwls sleep all day\n")
    many = build_index(site.content, site.index, encoder=site.encoder, limits=SearchLimits(max_exact=1))
    assert (many.nearest, many.recall) == ("2 bit", 1.0)
    generation = site.store.load()
    assert Layout(site.index / "generations" / many.generation).ann_index.exists()
    assert generation.nearest.kind is SearchKind.COMPACT
    assert (generation.manifest.nearest, generation.manifest.recall) == ("2 bit", 1.0)


def test_two_builds_of_the_same_content_have_the_same_bytes(tmp_path: Path, whole: Path, fake_encoder: Encoder) -> None:
    build_index(SAMPLE, tmp_path / "index", encoder=fake_encoder)
    again = IndexStore(tmp_path / "index").load().manifest
    first = Manifest.read(whole / "manifest.json")
    assert again.content_hash == first.content_hash
    assert again.files == first.files

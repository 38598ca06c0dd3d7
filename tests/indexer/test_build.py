"""The pipeline: what is embedded again, what is reported, and that an error never touches what is published."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index
from indexer.confidence import Confidence
from indexer.errors import ContentError, IndexStoreError, ModelError
from indexer.generation import Generation
from indexer.index_store import IndexStore
from indexer.labelled import LabelledQuestions
from indexer.model import FloatArray
from tests.conftest import ROOT, SAMPLE, HashedWordsEncoder, SmallSite

ARTICLE = """---
lang: en
---

# Calm talks

## Asking

Ask when both are rested. Say what you miss.

## FAQ

### Can I go alone?

Yes, many do. It helps both.

### What does it cost?

Sixty pounds. Students pay half.
"""


class CountingEncoder(HashedWordsEncoder):
    """Remembers every text it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        self.texts += texts
        return super().encode_documents(texts, progress)


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def built(site: SmallSite, encoder: CountingEncoder) -> SmallSite:
    """`ARTICLE`, indexed; the encoder has forgotten its texts."""
    site.encoder = encoder
    site.write("calm-talks.md", ARTICLE)
    site.build()
    encoder.texts.clear()
    return site


def test_a_first_build_embeds_everything_and_says_so(site: SmallSite, encoder: CountingEncoder) -> None:
    site.write("calm-talks.md", ARTICLE)
    report = site.build(encoder)
    assert (report.generation, report.published) == ("000001", True)
    assert (report.documents, report.passages, report.paragraphs, report.faq_entries) == (1, 3, 1, 2)
    # The paragraph: alone, in context, 2 sentences. Each entry: question, answer, both, 2 sentences.
    assert (report.embedded, report.reused) == (4 + 5 + 5, 0)
    assert len(encoder.texts) == 14
    assert (report.skipped, report.model) == ((), "hashed-words")


def test_unchanged_content_publishes_nothing(built: SmallSite, encoder: CountingEncoder) -> None:
    report = built.build()
    assert (report.generation, report.published, report.embedded) == ("000001", False, 0)
    assert (report.passages, report.faq_entries) == (3, 2)
    assert encoder.texts == []
    assert built.store.numbers() == ["000001"]


def test_an_edited_answer_embeds_its_own_texts_only(built: SmallSite, encoder: CountingEncoder) -> None:
    built.write("calm-talks.md", ARTICLE.replace("It helps both.", "It helps you."))
    report = built.build()
    # The answer, the answer under its question, and the sentence that changed.
    assert sorted(encoder.texts) == [
        "Calm talks - Can I go alone?\nYes, many do. It helps you.",
        "It helps you.",
        "Yes, many do. It helps you.",
    ]
    assert (report.published, report.embedded, report.reused) == (True, 3, 11)


def test_a_moved_file_embeds_nothing(built: SmallSite, encoder: CountingEncoder) -> None:
    (built.content / "elsewhere").mkdir()
    (built.content / "calm-talks.md").rename(built.content / "elsewhere" / "talks.md")
    report = built.build()
    assert (report.published, report.embedded, report.reused) == (True, 0, 14)
    assert encoder.texts == []
    assert {p.document_id for p in built.store.load().passages.all()} == {"elsewhere/talks"}


def test_texts_that_occur_twice_are_embedded_once(site: SmallSite, encoder: CountingEncoder) -> None:
    for name in "ab":
        site.write(f"{name}.md", ARTICLE)
    site.build(encoder)
    assert len(encoder.texts) == len(set(encoder.texts)) == 14


def test_another_model_embeds_everything_again(built: SmallSite) -> None:
    other = CountingEncoder()
    other.fingerprint = "1" * 64
    report = built.build(other)
    assert (report.published, report.embedded, report.reused) == (True, 14, 0)


def test_a_damaged_generation_is_replaced_by_a_whole_one(built: SmallSite) -> None:
    (built.index / "generations" / "000001" / "vectors.faiss").write_bytes(b"damage")
    report = built.build()
    assert (report.generation, report.published, report.embedded) == ("000002", True, 14)
    built.store.load()


def test_incremental_and_full_builds_are_the_same(built: SmallSite, tmp_path: Path) -> None:
    built.write("new.md", "# Sleep\n\nGo to bed early. Rise early.\n\n- one\n- two\n")
    built.write("calm-talks.md", ARTICLE.replace("Sixty", "Fifty").replace("### Can I go alone?", "### Who goes?"))
    built.build()
    build_index(built.content, tmp_path / "full", encoder=HashedWordsEncoder())
    step = built.store.load()
    full = Generation.load(tmp_path / "full" / "generations" / "000001")
    everything = np.arange(len(full.vectors))
    np.testing.assert_array_equal(step.vectors.vectors(everything), full.vectors.vectors(everything))
    np.testing.assert_array_equal(step.sentences, full.sentences)
    np.testing.assert_array_equal(step.rows, full.rows)
    assert list(step.passages.all()) == list(full.passages.all())
    assert step.manifest.content_hash == full.manifest.content_hash


def test_progress_ends_where_it_said_it_would(site: SmallSite, encoder: CountingEncoder) -> None:
    site.write("calm-talks.md", ARTICLE)
    seen: list[tuple[int, int]] = []
    build_index(site.content, site.index, encoder=encoder, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (14, 14)
    assert seen == sorted(seen)


def test_skipped_files_are_reported_and_the_others_indexed(site: SmallSite) -> None:
    site.write("good.md", ARTICLE)
    site.write("bad.csv", "name,colour\nrose,red\n")
    site.write("empty.md", "")
    site.write("picture.png", "no text")
    (site.content / "latin.txt").write_bytes("fine\ncaf\xe9".encode("latin-1"))
    report = site.build()
    assert report.documents == 1
    assert [error.path for error in report.skipped] == ["bad.csv", "empty.md", "latin.txt", "picture.png"]
    skipped = json.loads(json.dumps(report.to_dict()))["skipped"]
    assert [(entry["path"], entry["line"]) for entry in skipped[:3:2]] == [("bad.csv", 1), ("latin.txt", 2)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: (content / "calm-talks.md").unlink(),
        lambda content: (content / "calm-talks.md").write_text("# Only a heading\n"),
        lambda content: (content / "calm-talks.md").rename(content / "calm-talks.png"),
        lambda content: content.rename(content.with_name("gone")),
    ],
    ids=["empty folder", "no text", "nothing readable", "missing folder"],
)
def test_nothing_to_index_leaves_the_published_generation(built: SmallSite, spoil: Callable[[Path], None]) -> None:
    spoil(built.content)
    with pytest.raises(ContentError) as refused:
        built.build()
    assert str(built.content) in str(refused.value)
    assert built.store.load().manifest.generation == "000001"


def test_an_unknown_model_leaves_the_published_generation(built: SmallSite, tmp_path: Path) -> None:
    (tmp_path / "no-model").mkdir()
    with pytest.raises(ModelError, match="no sentence-transformers model there"):
        build_index(built.content, built.index, model=str(tmp_path / "no-model"))
    assert built.store.load().manifest.generation == "000001"


def test_an_index_folder_that_is_a_file_is_refused(site: SmallSite, tmp_path: Path) -> None:
    site.write("calm-talks.md", ARTICLE)
    (tmp_path / "file").write_text("words")
    with pytest.raises(IndexStoreError, match="cannot be written"):
        build_index(site.content, tmp_path / "file", encoder=site.encoder)


def test_one_file_may_be_given_instead_of_a_folder(tmp_path: Path) -> None:
    report = build_index(SAMPLE / "fees.csv", tmp_path / "index", encoder=HashedWordsEncoder())
    assert (report.documents, report.faq_entries) == (1, 4)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk here; the limits below are tested all the same")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # its files may still be mapped


def test_a_full_disk_leaves_the_published_generation(small_disk: Path, site: SmallSite) -> None:
    site.write("calm-talks.md", ARTICLE)
    build_index(site.content, small_disk / "index", encoder=site.encoder)
    for number in range(60):
        site.write(f"{number}.md", ARTICLE.replace("Calm", f"Calm {number} and loud"))
    with pytest.raises(IndexStoreError, match="nothing was published"):
        build_index(site.content, small_disk / "index", encoder=site.encoder)
    store = IndexStore(small_disk / "index")
    assert store.load().manifest.passages == 3
    assert store.numbers() == ["000001"]


UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from tests.conftest import HashedWordsEncoder
from indexer.build import build_index
from indexer.errors import IndexStoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    build_index(Path(sys.argv[1]), Path(sys.argv[2]), encoder=HashedWordsEncoder())
except IndexStoreError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.faiss"])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_file_that_cannot_grow_leaves_the_published_generation(
    built: SmallSite, tmp_path: Path, name: str, share: float
) -> None:
    for number in range(60):
        built.write(f"{number}.md", ARTICLE.replace("Calm", f"{number}").replace("Ask", f"Ask{number}"))
    build_index(built.content, tmp_path / "whole", encoder=HashedWordsEncoder())
    limit = int((tmp_path / "whole" / "generations" / "000001" / name).stat().st_size * share)
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT, *map(str, (built.content, built.index, limit))],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert "nothing was published" in done.stdout, done.stderr
    assert built.store.load().manifest.generation == "000001"
    assert built.build().generation == "000002"


def test_labels_of_a_renamed_passage_wait_and_the_rebuild_does_not(built: SmallSite) -> None:
    (cost,) = (p.passage_id for p in built.store.load().passages.all() if p.question == "What does it cost?")
    asked = {"q1": "how much is it", "q2": "alone?"}
    questions = LabelledQuestions(asked, {"q1": {cost: 2}, "q2": {"calm-talks/renamed-since": 2}}, {"u1": "parking"})
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    assert (report.published, report.embedded, report.calibrated_on) == (True, 0, 2)  # q1 and u1
    assert built.searcher().search("how much is it").answered


def test_labels_that_fit_nothing_leave_the_built_in_confidence(built: SmallSite) -> None:
    questions = LabelledQuestions({"q1": "how much"}, {"q1": {"elsewhere/passage": 1}}, {})
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    assert report.calibrated_on == 0
    assert built.store.load().confidence == Confidence()

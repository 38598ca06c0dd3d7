"""What an earlier generation has is reused: only what is new is read and embedded, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index
from indexer.content.workers.pool import WORKERS
from indexer.documents import Document
from indexer.generation.rows import text_hash
from indexer.model.encoder import load_encoder
from indexer.store.index_store import IndexStore
from indexer.vectors.rounding import to_shorts
from tests.conftest import HashedWordsEncoder, SmallSite
from tests.indexer.building.conftest import ARTICLE, CountingEncoder


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
    (built.index / "generations" / "000001" / "vectors.npy").write_bytes(b"damage")
    report = built.build()
    assert (report.generation, report.published, report.embedded) == ("000002", True, 14)
    built.store.load()


EDITS: dict[str, Callable[[SmallSite], object]] = {
    "nothing": lambda site: None,
    "an answer": lambda site: site.write("calm-talks.md", ARTICLE.replace("It helps both.", "It helps you.")),
    "a title": lambda site: site.write("calm-talks.md", ARTICLE.replace("# Calm talks", "# Quiet talks")),
    "a file added": lambda site: site.write("new.md", "# Sleep\n\nGo to bed early. Rise early.\n\n- one\n- two\n"),
    "a file moved": lambda site: (site.content / "calm-talks.md").rename(site.content / "b.md"),
    # "It helps both." was a sentence, stored in a byte a number, and is a paragraph of its own now.
    "a sentence that becomes a paragraph": lambda site: site.write("new.md", "# Who\n\nIt helps both.\n"),
    # "Ask when both are rested." was no text of its own and is a sentence and a question now.
    "a paragraph that becomes a question": lambda site: site.write(
        "new.csv", "question,answer\nAsk when both are rested.,Say what you miss. Yes\n"
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_incremental_build_writes_the_same_bytes_as_a_full_one(
    built: SmallSite, encoder: CountingEncoder, edit: Callable[[SmallSite], None]
) -> None:
    """Each text's embedding depends on nothing but the text, as the encoder of hashed words has it."""
    edit(built)
    step = built.build().generation
    encoder.texts.clear()
    report = build_index(built.content, built.index, encoder=encoder, full=True)
    assert (report.published, report.reused) == (True, 0)
    assert report.generation == f"{int(step) + 1:06}"
    assert len(encoder.texts) == len(set(encoder.texts)) > 0
    generations = built.index / "generations"
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (generations / step, generations / report.generation)
    )
    first, second = built.store.manifest(step), built.store.manifest(report.generation)
    assert replace(first, generation="", published_at="") == replace(second, generation="", published_at="")
    del one[Path("manifest.json")], other[Path("manifest.json")]
    assert one == other


def test_with_the_real_model_reused_embeddings_are_those_of_a_full_build(
    tmp_path: Path, site: SmallSite, model_folder: Path
) -> None:
    """A batch's other texts decide the last bits of an embedding: equal up to those, and all else to the byte."""
    encoder = load_encoder(model_folder)
    site.write("calm-talks.md", ARTICLE)
    site.build(encoder)
    site.write("calm-talks.md", ARTICLE.replace("Sixty", "Fifty"))
    site.write("new.md", "# Sleep\n\nIt helps both.\n\n## Night\n\nGo to bed early. Rise early.\n")
    assert site.build(encoder).reused > 0
    build_index(site.content, tmp_path / "full", encoder=encoder)
    step, full = site.store.load(), IndexStore(tmp_path / "full").load()
    for one, other in (
        (step.vectors.vectors(slice(None)), full.vectors.vectors(slice(None))),
        (step.sentences.vectors(slice(None)), full.sentences.vectors(slice(None))),
    ):
        assert one.shape == other.shape
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        assert ((one * other).sum(1) / norms).min() >= 1 - 1e-6
    same = {"passages.sqlite", "rows.npy", "sentence_rows.npy", "confidence.json"}
    same |= {name for name in step.manifest.files if name.startswith("lexicon/")}
    assert {name: step.manifest.files[name] for name in same} == {name: full.manifest.files[name] for name in same}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The path of every file that is given to a worker."""
    paths: list[str] = []
    given = WORKERS.read

    def noted(path: str, raw: bytes) -> Document:
        paths.append(path)
        return given(path, raw)

    monkeypatch.setattr(WORKERS, "read", noted)
    return paths


def test_only_changed_files_are_read_again(built: SmallSite, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read.clear()
    built.write("new.md", "# Sleep\n\nIt helps both.\n")
    monkeypatch.setattr("indexer.parts.embedding_texts", lambda passage, _: pytest.fail(passage.passage_id))
    with pytest.raises(pytest.fail.Exception, match=r"^new/sleep$"):
        built.build()
    assert read == ["new.md"]


def test_what_other_code_read_is_read_again(
    built: SmallSite, encoder: CountingEncoder, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read.clear()
    for room in ("build", "earlier"):
        monkeypatch.setattr(f"indexer.{room}.code_fingerprint", lambda: "a later version")
    built.write("new.md", "# Sleep\n\nGo to bed early.\n")
    built.build()
    assert read == ["calm-talks.md", "new.md"]
    assert sorted(encoder.texts) == ["Go to bed early.", "Sleep\nGo to bed early."]  # embeddings are still right


def test_a_changed_title_embeds_only_texts_that_carry_it(built: SmallSite, encoder: CountingEncoder) -> None:
    built.write("calm-talks.md", ARTICLE.replace("# Calm talks", "# Quiet talks"))
    report = built.build()
    # The paragraph and both entries in their context: 3 of 14.
    assert len(encoder.texts) == 3
    assert all(text.startswith("Quiet talks - ") for text in encoder.texts)
    assert (report.embedded, report.reused) == (3, 11)


def test_a_renamed_file_and_a_renamed_heading_keep_their_words_embeddings(
    built: SmallSite, encoder: CountingEncoder
) -> None:
    (built.content / "calm-talks.md").rename(built.content / "a.md")
    built.write("a.md", ARTICLE.replace("## Asking", "## Begin"))
    assert built.build().embedded == 1
    assert encoder.texts == ["Calm talks - Begin\nAsk when both are rested. Say what you miss."]


def test_a_sentence_never_seeds_a_searched_vector(built: SmallSite, encoder: CountingEncoder) -> None:
    built.write("new.md", "# Who\n\nIt helps both.\n")
    built.build()
    assert sorted(encoder.texts) == ["It helps both.", "Who\nIt helps both."]
    generation = built.store.load()
    (row,) = np.flatnonzero(generation.rows["text"] == text_hash("It helps both."))
    exact = to_shorts(HashedWordsEncoder().encode_documents(["It helps both."]))
    np.testing.assert_array_equal(generation.vectors.rounded[[row]], exact)


def test_a_rollback_loses_no_embedding(built: SmallSite, encoder: CountingEncoder) -> None:
    built.write("calm-talks.md", ARTICLE.replace("It helps both.", "It helps you."))
    built.build()
    encoder.texts.clear()
    built.store.rollback()
    report = built.build()
    assert (report.generation, report.published, report.embedded) == ("000003", True, 0)
    assert encoder.texts == []


def test_an_interrupted_build_loses_no_embedding(built: SmallSite, encoder: CountingEncoder) -> None:
    built.write("calm-talks.md", ARTICLE.replace("It helps both.", "It helps you."))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(built.content, built.index, encoder=encoder, progress=stop)
    assert built.build().embedded == 3


def test_while_the_published_generation_is_damaged_the_one_before_is_reused(
    built: SmallSite, encoder: CountingEncoder
) -> None:
    built.write("calm-talks.md", ARTICLE.replace("It helps both.", "It helps you."))
    built.build()
    (built.index / "generations" / "000002" / "vectors.npy").write_bytes(b"damage")
    built.write("calm-talks.md", ARTICLE)  # as it was in 000001, which is not published
    report = built.build()
    assert (report.generation, report.published, report.embedded, report.reused) == ("000003", True, 0, 14)

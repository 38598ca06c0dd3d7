"""The pipeline: what is embedded again, what is reported, and that an error never touches what is published."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.build import build_index
from indexer.content import readers
from indexer.documents import Document
from indexer.errors import ContentError, IndexStoreError, ModelError
from indexer.generation.confidence import Confidence
from indexer.generation.rows import text_hash
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import load_encoder
from indexer.report import BuildReport, PublicationRefusedError
from indexer.review.changes import QuestionChange, QuestionChanges
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from indexer.vectors.rounding import to_shorts
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
    assert built.store.generations() == ["000001"]


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


def noting(read: list[str], reader: Callable[[str, bytes], Document]) -> Callable[[str, bytes], Document]:
    """A reader that writes down what it reads."""

    def noted(path: str, raw: bytes) -> Document:
        read.append(path)
        return reader(path, raw)

    return noted


def test_only_changed_files_are_read_again(built: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    built.write("new.md", "# Sleep\n\nIt helps both.\n")
    read: list[str] = []
    reader = readers.read
    monkeypatch.setattr(readers, "read", noting(read, reader))
    monkeypatch.setattr("indexer.parts.embedding_texts", lambda passage, _: pytest.fail(passage.passage_id))
    with pytest.raises(pytest.fail.Exception, match=r"^new/sleep$"):
        built.build()
    assert read == ["new.md"]


def test_what_other_code_read_is_read_again(
    built: SmallSite, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.build.code_fingerprint", lambda: "a later version")
    read: list[str] = []
    reader = readers.read
    monkeypatch.setattr(readers, "read", noting(read, reader))
    built.write("new.md", "# Sleep\n\nGo to bed early.\n")
    built.build()
    assert read == ["calm-talks.md", "new.md"]
    assert sorted(encoder.texts) == ["Go to bed early.", "Sleep\nGo to bed early."]  # embeddings are still right


def test_a_short_text_follows_the_language_of_the_others(site: SmallSite) -> None:
    german = "Wir suchen gemeinsam, was Ihrer Beziehung helfen könnte, wieder besser miteinander zu reden. " * 4
    english = "We look together for what might help the two of you to talk with each other again as you did. " * 4
    site.write("short.md", "# Ja\n\nNein.\n")
    site.write("a.md", f"# A\n\n{german}\n")
    site.build()
    for name in "bc":
        site.write(f"{name}.md", f"# {name}\n\n{english}\n")
    report = site.build()
    found = {passage.document_id: passage.lang for passage in site.store.load().passages.all()}
    assert found == {"a": "de", "b": "en", "c": "en", "short": "en"}
    assert report.review is not None


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
        build_index(built.content, built.index, settings=Settings(model=str(tmp_path / "no-model")))
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
    assert store.generations() == ["000001"]


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


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.npy"])
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


def test_a_rebuild_that_loses_most_of_the_content_is_refused(built: SmallSite) -> None:
    for number in range(3):
        built.write(f"{number}.md", f"# Page {number}\n\nParagraph number {number} alone.\n")
    built.build()
    (built.content / "calm-talks.md").unlink()  # 3 of 6 passages: as much as is allowed
    assert built.build().published
    for number in (1, 2):
        (built.content / f"{number}.md").unlink()
    with pytest.raises(
        PublicationRefusedError, match=r"2 of 3 passages would be gone.*--max-removed 0\.5.*--force"
    ) as no:
        built.build()
    report = no.value.report
    assert (report.generation, report.published, report.passages) == ("000003", False, 1)
    assert report.review is not None
    assert report.review.passages is not None
    assert report.review.passages.removed == ("1/page-1", "2/page-2")
    assert built.store.current() == "000003"
    assert not (built.index / "generations" / ".building").exists()
    forced = build_index(built.content, built.index, encoder=built.encoder, force=True)
    assert (forced.generation, forced.published, forced.refused) == ("000004", True, "")


def test_a_rebuild_that_answers_too_few_questions_is_refused(built: SmallSite) -> None:
    known = {p.question: p.passage_id for p in built.store.load().passages.all()}
    right, wrong = known["What does it cost?"], known["Can I go alone?"]
    asked = {"q1": "What does it cost?", "q2": "what does this cost?"}
    questions = LabelledQuestions(asked, {"q1": {right: 1}, "q2": {wrong: 1}}, {})

    def rebuild(min_p1: float, questions: LabelledQuestions | None) -> tuple[BuildReport, QuestionChanges]:
        settings = Settings(min_p1=min_p1)
        report = build_index(built.content, built.index, encoder=built.encoder, questions=questions, settings=settings)
        assert report.review is not None
        assert report.review.questions is not None
        return report, report.review.questions

    with pytest.raises(PublicationRefusedError, match=r"0\.500 of 2 labelled questions .*below --min-p1 0\.6"):
        rebuild(0.6, questions)
    report, answers = rebuild(0.5, questions)
    assert (report.generation, answers.p1) == ("000002", 0.5)
    # Without labelled questions the entries' own are asked, and each of the two is answered first.
    built.write("new.md", "# New\n\nwords\n")
    _, answers = rebuild(1.0, None)
    assert (answers.faq, answers.p1) == (2, 1.0)


def test_a_first_hit_that_changes_is_reported_as_newly_wrong_and_newly_right(built: SmallSite) -> None:
    cost = "Sixty pounds. Students pay half."
    (entry,) = (p.passage_id for p in built.store.load().passages.all() if p.question == "What does it cost?")
    questions = LabelledQuestions({"q": "bursary for students"}, {"q": {entry: 1}}, {})
    built.write("new.csv", "question,answer\nbursary for students?,Ask the bursary office\n")
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    lost = QuestionChange("bursary for students", entry, "new/bursary-for-students")
    assert report.review is not None
    assert report.review.questions is not None
    assert (report.review.questions.newly_wrong, report.review.questions.newly_right) == ((lost,), ())
    assert report.review.questions.changed == (lost,)  # the new entry's own question does not count
    built.write("calm-talks.md", ARTICLE.replace(cost, cost + " A bursary for students."))
    built.write("new.csv", "question,answer\nparking?,Behind the house\n")
    questions = LabelledQuestions({"q": "bursary for students?"}, {"q": {entry: 1}}, {})
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    won = QuestionChange("bursary for students?", "new/bursary-for-students", entry)
    assert report.review is not None
    assert report.review.questions is not None
    assert (report.review.questions.newly_right, report.review.questions.newly_wrong) == ((won,), ())


def test_a_previous_generation_of_another_model_is_asked_with_its_own(site: SmallSite, tiny_models: Path) -> None:
    site.write("calm-talks.md", ARTICLE)
    build_index(site.content, site.index, settings=Settings(model=str(tiny_models / "mean")))
    compared = build_index(site.content, site.index, settings=Settings(model=str(tiny_models / "cls"))).review
    assert compared is not None
    assert compared.questions is not None
    assert (compared.questions.not_compared, compared.questions.faq) == ("", 2)
    (graph,) = site.store.model_folder(site.store.load().manifest.fingerprint).glob("model.onnx")
    graph.write_bytes(b"damage")
    told = build_index(site.content, site.index, settings=Settings(model=str(tiny_models / "mean"))).review
    assert told is not None
    assert told.questions is not None
    assert "model.onnx is damaged" in told.questions.not_compared


def test_what_might_be_mended_is_told_and_stops_nothing(built: SmallSite) -> None:
    built.write("again.md", "# Talks\n\n## FAQ\n\n### Can I go alone?\n\nNo. See [costs](calm-talks.md#price).\n")
    report = built.build()
    assert report.published
    assert report.review is not None
    kinds = [finding.kind.value for finding in report.review.findings]
    assert kinds == ["same question, different answers", "dead anchor"]
    assert report.review.findings[1].places == ("again.md:7",)
    unchanged = built.build()
    assert unchanged.review is not None
    assert (unchanged.published, unchanged.review.findings) == (False, report.review.findings)
    assert "nothing changed" in unchanged.review.not_asked
    told = json.loads(json.dumps(report.to_dict()))
    assert told["review"]["findings"][1]["kind"] == "dead anchor"

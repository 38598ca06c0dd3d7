"""What a build makes of content, and what it says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.errors import ContentError, ModelError
from indexer.generation.confidence import Confidence
from indexer.labelled import LabelledQuestions
from indexer.settings import Settings
from tests.conftest import SAMPLE, HashedWordsEncoder, SmallSite
from tests.indexer.building.conftest import ARTICLE, CountingEncoder


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


def test_one_file_may_be_given_instead_of_a_folder(tmp_path: Path) -> None:
    report = build_index(SAMPLE / "fees.csv", tmp_path / "index", encoder=HashedWordsEncoder())
    assert (report.documents, report.faq_entries) == (1, 4)


def test_labels_of_a_renamed_passage_wait_and_the_rebuild_does_not(built: SmallSite) -> None:
    (cost,) = (p.passage_id for p in built.store.load().passages.all() if p.question == "What does it cost?")
    asked = {"q1": "how much is it", "q2": "alone?"}
    questions = LabelledQuestions(asked, {"q1": {cost: 2}, "q2": {"calm-talks/renamed-since": 2}}, {"u1": "parking"})
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    assert (report.published, report.embedded, report.calibrated_on) == (True, 0, 2)  # q1 and u1
    assert built.searcher().search("how much is it").answered


def test_labels_that_fit_nothing_leave_the_confidence_of_the_model(built: SmallSite) -> None:
    questions = LabelledQuestions({"q1": "how much"}, {"q1": {"elsewhere/passage": 1}}, {})
    report = build_index(built.content, built.index, encoder=built.encoder, questions=questions)
    assert report.calibrated_on == 0
    confidence = built.store.load().confidence
    assert confidence == Confidence(level=confidence.level)

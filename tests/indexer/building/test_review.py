"""What a rebuild would change is told, and refused where it loses too much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.labelled import LabelledQuestions
from indexer.report import BuildReport, PublicationRefusedError
from indexer.review.changes import QuestionChange, QuestionChanges
from indexer.settings import Settings
from tests.conftest import SmallSite
from tests.indexer.building.conftest import ARTICLE


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

"""Which questions are asked again after a change, and that none of those whose answer changed is left out."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.build import BuildReport, build_index
from indexer.review.review import Review
from tests.conftest import SmallSite

ANIMALS = ["badger", "crane", "dormouse", "egret", "falcon", "gecko", "heron", "ibex"]


def entry(animal: str, answer: str) -> str:
    return f"### Where does the {animal} live?\n\n{answer} suits the {animal}.\n"


@pytest.fixture
def animals(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> SmallSite:
    """Eight entries in as many files, of which only those near a change are asked again, and the first."""
    for name, value in {"_ALL_ASKED": 4, "_NEAREST": 1, "_SAMPLED": 1}.items():
        monkeypatch.setattr(f"indexer.review.review.{name}", value)
    for animal in ANIMALS:
        site.write(f"{animal}.md", f"---\nlang: en\n---\n# {animal}\n\n## FAQ\n\n{entry(animal, 'The wood')}")
    site.build()
    return site


def told(report: BuildReport) -> Review:
    assert report.review is not None
    return report.review


def test_only_questions_near_a_change_are_asked_again(animals: SmallSite) -> None:
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('heron', 'The lake')}")
    questions = told(animals.build()).questions
    assert questions is not None
    # The badger's, for it is the first; the heron's, for it changed; all else that was near it is the heron's own.
    assert (questions.faq, questions.taken_over, questions.p1) == (8, 6, 1.0)
    assert questions.changed == ()


def test_what_is_kept_about_first_hits_is_what_asking_all_gives(animals: SmallSite) -> None:
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('crane', 'The lake')}")
    animals.build()
    step = animals.store.load().firsts
    build_index(animals.content, animals.index, encoder=animals.encoder, full=True)
    np.testing.assert_array_equal(animals.store.load().firsts, step)


def test_an_entry_that_takes_the_place_of_another_is_told(animals: SmallSite) -> None:
    animals.write("a.md", f"---\nlang: en\n---\n# ibex\n\n## FAQ\n\n{entry('ibex', 'The wood')}")
    review = told(animals.build())
    assert review.questions is not None
    assert review.questions.taken_over > 0
    assert [(c.before, c.after) for c in review.questions.lost] == [
        ("ibex/where-does-the-ibex-live", "a/where-does-the-ibex-live")
    ]
    # It is contested now, and asked again although nothing near it changes.
    animals.write("badger.md", f"---\nlang: en\n---\n# badger\n\n## FAQ\n\n{entry('badger', 'A burrow')}")
    assert told(animals.build()).questions is not None
    (animals.content / "a.md").unlink()
    questions = told(animals.build()).questions
    assert questions is not None
    assert [c.after for c in questions.won] == ["ibex/where-does-the-ibex-live"]


def test_after_many_changes_all_are_asked(animals: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.review.review._MANY_TEXTS", 1)
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('heron', 'The lake')}")
    questions = told(animals.build()).questions
    assert questions is not None
    assert (questions.faq, questions.taken_over) == (8, 0)

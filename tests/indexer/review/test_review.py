"""Which questions are asked again after a change, and that none of those whose answer changed is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer.build import build_index
from indexer.report import BuildReport
from indexer.review.review import Review
from indexer.review.reviewer import Sampling
from tests.conftest import SmallSite

FEW = Sampling(all_entries=4, nearest=1, sampled=1)
ANIMALS = ["badger", "crane", "dormouse", "egret", "falcon", "gecko", "heron", "ibex"]


def entry(animal: str, answer: str) -> str:
    return f"### Where does the {animal} live?\n\n{answer} suits the {animal}.\n"


@pytest.fixture
def animals(site: SmallSite) -> SmallSite:
    """Eight entries in as many files, of which only those near a change are asked again, and the first."""
    for animal in ANIMALS:
        site.write(f"{animal}.md", f"---\nlang: en\n---\n# {animal}\n\n## FAQ\n\n{entry(animal, 'The wood')}")
    site.build()
    return site


def rebuild(site: SmallSite, sampling: Sampling = FEW) -> BuildReport:
    return build_index(site.content, site.index, encoder=site.encoder, sampling=sampling)


def told(report: BuildReport) -> Review:
    assert report.review is not None
    return report.review


def test_only_questions_near_a_change_are_asked_again(animals: SmallSite) -> None:
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('heron', 'The lake')}")
    questions = told(rebuild(animals)).questions
    assert questions is not None
    # The badger's, for it is the first; the heron's, for it changed; all else that was near it is the heron's own.
    assert (questions.faq, questions.not_re_asked, questions.p1) == (8, 6, 1.0)
    assert questions.changed == ()


def test_what_is_kept_about_first_hits_is_what_asking_all_gives(animals: SmallSite) -> None:
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('crane', 'The lake')}")
    rebuild(animals)
    step = animals.store.load().own_question_top_1
    build_index(animals.content, animals.index, encoder=animals.encoder, full=True)
    np.testing.assert_array_equal(animals.store.load().own_question_top_1, step)


def test_an_entry_that_takes_the_place_of_another_is_told(animals: SmallSite) -> None:
    animals.write("a.md", f"---\nlang: en\n---\n# ibex\n\n## FAQ\n\n{entry('ibex', 'The wood')}")
    review = told(rebuild(animals))
    assert review.questions is not None
    assert review.questions.not_re_asked > 0
    assert [(c.before, c.after) for c in review.questions.newly_wrong] == [
        ("ibex/where-does-the-ibex-live", "a/where-does-the-ibex-live")
    ]
    # It is contested now, and asked again although nothing near it changes.
    animals.write("badger.md", f"---\nlang: en\n---\n# badger\n\n## FAQ\n\n{entry('badger', 'A burrow')}")
    assert told(rebuild(animals)).questions is not None
    (animals.content / "a.md").unlink()
    questions = told(rebuild(animals)).questions
    assert questions is not None
    assert [c.after for c in questions.newly_right] == ["ibex/where-does-the-ibex-live"]


def test_after_many_changes_all_are_asked(animals: SmallSite) -> None:
    animals.write("heron.md", f"---\nlang: en\n---\n# heron\n\n## FAQ\n\n{entry('heron', 'The lake')}")
    questions = told(rebuild(animals, replace(FEW, many_texts=1))).questions
    assert questions is not None
    assert (questions.faq, questions.not_re_asked) == (8, 0)

"""What compares the values of a number, where the arithmetic can be seen; and the whole of it over one small set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from tests.conftest import SmallSite
from tests.fitting.comparison import Outcome, chosen_without, difference, left_out, report, verdict
from tests.fitting.labelled_sets import LabelledSet
from tests.fitting.refit import refit
from tests.fitting.variants import Sweep, Variant, ranking_sweeps

QUESTIONS = LabelledQuestions(
    queries={"1": "when do owls hunt", "2": "roses water", "3": "nobody answers this"},
    qrels={"1": {"faq/when-do-owls-hunt": 1}, "2": {"zoo/do-roses-want-water": 1}, "3": {"gone": 1}},
    unanswerable={"4": "how far is the moon", "5": "who wrote it", "6": "what is that"},
)


def outcome(value: float, **scores: list[float]) -> Outcome:
    return Outcome(value=value, scores={name: np.array(each) for name, each in scores.items()}, more={})


# By set the means are .5 and .5, then .7 and .3, then .1 and .8.
PRESENT, SECOND, THIRD = (
    outcome(1, a=[0.4, 0.6], b=[0.5, 0.5]),
    outcome(2, a=[0.7], b=[0.3]),
    outcome(3, a=[0.1], b=[0.8]),
)
ALL = [SECOND, THIRD, PRESENT]


def test_every_set_weighs_the_same_however_many_questions_it_has() -> None:
    assert outcome(1, a=[1.0, 1.0, 1.0], b=[0.0]).mean == 0.5


def test_a_difference_compares_each_question_with_itself() -> None:
    one, other = outcome(1, a=[0.9, 0.5], b=[0.3, 0.3]), outcome(2, a=[0.5, 0.5], b=[0.2, 0.2])
    # Apart by .4 and 0 in a, a variance of .08 over 2 questions; by .1 everywhere in b.
    assert difference(one, other) == (pytest.approx(0.15), pytest.approx(0.04**0.5 / 2))


def test_a_set_is_given_the_value_that_the_others_choose() -> None:
    assert chosen_without(ALL, PRESENT, "a") is THIRD
    assert chosen_without(ALL, PRESENT, "b") is SECOND
    fitted = left_out(ALL, PRESENT)
    assert fitted.value == {"a": 3, "b": 2}
    assert fitted.mean == pytest.approx((0.1 + 0.3) / 2)


def test_of_equal_values_the_present_one_is_chosen() -> None:
    assert chosen_without([replace(PRESENT, value=0), PRESENT], PRESENT, "a") is PRESENT


@pytest.mark.parametrize(
    ("gain", "error", "others", "said"),
    [
        (0.05, 0.01, [SECOND], "BETTER"),
        (0.01, 0.01, [outcome(2, a=[0.2, 0.4], b=[0.3, 0.3])], "as good as any"),
        (0.0, 0.0, [replace(PRESENT, value=2)], "flat"),
    ],
)
def test_a_verdict_calls_better_only_what_is_more_than_noise(
    gain: float, error: float, others: list[Outcome], said: str
) -> None:
    assert said in verdict(gain, error, [PRESENT, *others], PRESENT)


def test_a_report_marks_the_present_value() -> None:
    printed = report("A.number", "nDCG@10", [PRESENT, replace(PRESENT, value=2)], 1)
    assert [line for line in printed.splitlines() if "*" in line] == ["  *  1      0.5000"]


@pytest.mark.parametrize("sweep", [*ranking_sweeps()], ids=lambda sweep: sweep.name)
def test_the_present_value_is_among_those_compared_and_changes_nothing(sweep: Sweep) -> None:
    assert sweep.variant(sweep.present) == Variant()
    assert [value for value in sweep.values if sweep.variant(value) == Variant()] == [sweep.present]


@pytest.fixture
def small_set(site: SmallSite) -> LabelledSet:
    site.write("faq.csv", "question,answer,alternates\nWhen do owls hunt?,At night.,owls at work\n")
    site.write("zoo.md", "# Zoo\n\n## Do roses want water?\n\nIn summer.\n")
    site.build()
    return LabelledSet.of("small", site.store.load(), QUESTIONS, cap=2, seed=0)


def test_questions_are_capped_and_those_without_a_passage_not_asked(small_set: LabelledSet) -> None:
    assert sorted(small_set.queries) == ["1", "2"]
    assert len(small_set.unanswerable) == 2


def test_every_number_gets_its_table(
    small_set: LabelledSet, fake_encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    refit([small_set, replace(small_set, name="other")], fake_encoder)
    printed = capsys.readouterr().out
    for sweep in ranking_sweeps():
        assert f"\n{sweep.name}\n" in printed
    assert "NEAR_DUPLICATE" in printed

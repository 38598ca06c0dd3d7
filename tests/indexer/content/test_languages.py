"""The language of a document that names none."""

from __future__ import annotations

from dataclasses import replace

from indexer.content.languages import detect_language, language_of, usual_language
from indexer.documents import Document, Paragraph

FRENCH = "Nous cherchons ensemble ce qui pourrait aider votre couple à mieux se parler chaque semaine. " * 4
GERMAN = "Wir suchen gemeinsam, was Ihrer Beziehung helfen könnte, wieder besser miteinander zu reden. " * 4


def document(text: str, lang: str = "") -> Document:
    made = Document(document_id="a", path="a", title="a", blocks=(Paragraph(text=text),), lang=lang)
    return replace(made, detected=detect_language(made))


def test_a_documents_language_is_read_from_its_words() -> None:
    assert [document(text).detected for text in (FRENCH, GERMAN)] == ["fr", "de"]
    assert document(FRENCH, "de").detected == document("Ja.").detected == ""


def test_a_text_too_short_to_tell_is_taken_for_what_most_of_the_content_is() -> None:
    documents = [document(FRENCH), document(GERMAN), document("Ja."), document(FRENCH, "de")]
    assert usual_language(documents) == "de"
    assert [language_of(each, "de") for each in documents] == ["fr", "de", "de", "de"]


def test_of_short_texts_alone_all_words_together_tell() -> None:
    assert usual_language([document(sentence) for sentence in GERMAN.split(". ")[:3]]) == "de"


def test_words_from_all_over_a_long_document_tell() -> None:
    code = "Install the package and run the server with the default settings of this machine. " * 20
    assert document(code + GERMAN * 30).detected == "de"

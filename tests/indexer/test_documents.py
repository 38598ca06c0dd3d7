"""The vocabulary: ids made of paths and headings, and values that cannot change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind, document_id_of, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Going On Your Own", "going-on-your-own"),
        ("  What -- now?! ", "what-now"),
        ("Où trouver de l'aide ?", "où-trouver-de-l-aide"),
        ("費用はいくらですか", "費用はいくらですか"),
        ("???", "untitled"),
        ("", "untitled"),
        ("🙂", "untitled"),
    ],
)
def test_a_slug_is_readable_in_any_script(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_a_long_slug_ends_at_a_word() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert slug(text) == "one-two-three-four-five-six-seven-eight-nine-ten-eleven-twelve"


def test_one_endless_word_still_has_a_slug() -> None:
    assert slug("a" * 500) == "a" * 64


@given(st.text())
def test_a_slug_fits_an_address(text: str) -> None:
    made = slug(text)
    assert 0 < len(made) <= 64
    assert not any(c.isspace() or c in "/?#%" for c in made)


@given(st.text())
def test_a_slug_is_its_own_slug(text: str) -> None:
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("jealousy.md", "jealousy"),
        ("help/FAQ", "help/faq"),
        ("Self Help/When he refuses.v2.md", "self-help/when-he-refuses-v2"),
        ("a/b/c.txt", "a/b/c"),
        (".md", "md"),
        ("...", "untitled"),
    ],
)
def test_a_document_id_is_its_path_without_the_suffix(path: str, expected: str) -> None:
    assert document_id_of(path) == expected


@pytest.mark.parametrize(
    "value",
    [
        Paragraph(text="words"),
        FaqEntry(question="Why?", answer="So."),
        Document(document_id="a", path="a.md", title="A", blocks=()),
        Passage(passage_id="a/b", kind=PassageKind.FAQ, document_id="a", document_title="A", text="words"),
    ],
)
def test_values_are_frozen_and_comparable(value: object) -> None:
    field = next(iter(value.__dataclass_fields__))  # type: ignore[attr-defined]
    with pytest.raises((FrozenInstanceError, AttributeError)):
        setattr(value, field, "other")
    assert hash(value) == hash(value)


def test_kinds_are_spelled_as_the_api_has_them() -> None:
    assert [kind.value for kind in PassageKind] == ["paragraph", "faq"]

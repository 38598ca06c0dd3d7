"""JSON of ours is what its type says, or refused on one line that says where."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from indexer.schema import Count, Finite, checked_fields, checked_json, format_of


@dataclass
class Thing:
    name: str
    sizes: tuple[Count, ...]
    share: Finite = 0.5


def test_a_dataclass_is_read_with_every_field_and_no_other() -> None:
    text = '{"share": 1, "name": "a", "new": {"deep": [NaN]}, "sizes": [1, 2]}'
    assert Thing(**checked_fields(Thing, text)) == Thing("a", (1, 2), 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "a", "sizes": []}', "^share: Field required$"),
        ('{"name": 1, "sizes": [], "share": 1}', "^name: Input should be a valid string"),
        ('{"name": "a", "sizes": [1, -1], "share": 1}', "^sizes.1: Input should be greater than or equal to 0"),
        ('{"name": "a", "sizes": [1.0], "share": 1}', "^sizes.0: "),
        ('{"name": "a", "sizes": [true], "share": 1}', "^sizes.0: "),
        ('{"name": "a", "sizes": {}, "share": 1}', "^sizes: "),
        ('{"name": "a", "sizes": [], "share": NaN}', "^share: Input should be a finite number"),
        ('{"name": "a", "sizes": [], "share": ' + 400 * "9" + "}", "^share: "),
        ('{"name": "a", "sizes": [' + 5_000 * "9" + '], "share": 1}', "^Invalid JSON: number out of range"),
        ("[" * 10_000, "^Invalid JSON: recursion limit"),
        ('{"name": "\\ud800", "sizes": [], "share": 1}', "^Invalid JSON"),
        ("", "^Invalid JSON"),
        ("[]", "^Input should be"),
    ],
    ids=lambda value: value[:30],
)
def test_anything_else_is_refused_and_its_place_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        checked_fields(Thing, text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_name_in_a_file_is_shown_in_plain_letters() -> None:
    with pytest.raises(ValueError, match=r"^\\x1b\[31m: Input should be a valid string$"):
        checked_json(dict[str, str], '{"\\u001b[31m": 1}')


@pytest.mark.parametrize("text", ["{}", '{"format": "3"}', '{"format": 3.0}', "3"])
def test_a_format_is_a_number(text: str) -> None:
    assert format_of('{"format": 3, "more": null}') == 3
    with pytest.raises(ValueError, match=r"^(format: )?\w"):
        format_of(text)

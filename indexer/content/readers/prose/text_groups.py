"""Plain text -> groups of lines that belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.content.readers.prose.wording import (
    ends_asking,
    is_marked_answer,
    is_marked_question,
    is_numbered,
    without_number,
)

_WRAPPED_WIDTH = 100
_RULE = re.compile(r"^\s*([=\-~*_#+^.])\1{2,}\s*$")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’)]*$")
_CONTENTS_LINES = 3
_CONTENTS_SHARE = 0.7
_KEY_LENGTH = 30
_OVERHANG = 6


@dataclass(frozen=True, slots=True)
class Group:
    """Lines with no blank line between them; at least one."""

    lines: tuple[str, ...]

    @property
    def indent(self) -> int:
        """How far its outermost line stands in."""
        return min(len(line) - len(line.lstrip()) for line in self.lines)


def is_rule(line: str) -> bool:
    """Whether a line is only drawn, as "-----".

    >>> is_rule("  ====="), is_rule("-- x")
    (True, False)
    """
    return bool(_RULE.match(line))


def is_underlined(lines: Sequence[str]) -> bool:
    """Whether the second line underlines the first, as a heading; a rule right across the page does not."""
    if len(lines) < 2 or not is_rule(lines[1]):
        return False
    text, rule = lines[0].strip(), lines[1].strip()
    return len(rule) <= len(text) + _OVERHANG and not re.search(r"[^.]\.$", text)


def groups_of(text: str) -> list[Group]:
    """The groups of a text: between blank lines if its lines are wrapped, else each line its own.

    A table of contents, whose lines come again further down, is left out.
    """
    lines = [line.expandtabs(4).rstrip() for line in text.split("\n")]
    filled = [line for line in lines if line.strip()]
    is_wrapped = _is_wrapped(lines, filled)
    groups: list[Group] = []
    current: list[str] = []
    for line in (*lines, ""):
        if line.strip() and is_wrapped and _continues(current, line):
            current.append(line)
            continue
        if current:
            groups.append(Group(tuple(current)))
        current = [line] if line.strip() else []
    groups = [group for group in groups if len(group.lines) > 1 or not is_rule(group.lines[0])]
    return _without_contents(groups)


def _is_wrapped(lines: Sequence[str], filled: Sequence[str]) -> bool:
    """Whether paragraphs run over several lines: few lines are long, and not every other one ends a sentence."""
    if sum(len(line) > _WRAPPED_WIDTH for line in filled) * 10 >= len(filled):
        return False
    has_gaps = any(not line.strip() for line in lines[lines.index(filled[0]) : len(lines) - 1]) if filled else False
    return has_gaps or sum(bool(_SENTENCE_END.search(line)) for line in filled) * 5 < len(filled) * 2


def _continues(current: Sequence[str], line: str) -> bool:
    """Whether a wrapped line belongs to the lines above it."""
    if not current:
        return True
    if is_rule(line):
        return len(current) == 1 and not is_rule(current[0])
    if is_rule(current[-1]):
        return False
    if is_numbered(line) and ends_asking(line) and not is_numbered(current[-1]):
        return False
    return not (is_marked_question(line) or is_marked_answer(line))


def _without_contents(groups: list[Group]) -> list[Group]:
    """Without the groups of numbered lines that nearly all come again further down."""
    counts = Counter(_key(line) for group in groups for line in group.lines)
    result: list[Group] = []
    for group in groups:
        numbered = [line for line in group.lines if is_numbered(line)]
        repeated = sum(counts[_key(line)] > 1 for line in numbered)
        if len(numbered) >= _CONTENTS_LINES and repeated >= _CONTENTS_SHARE * len(numbered):
            counts.subtract(_key(line) for line in group.lines)
            continue
        result.append(group)
    return result


def _key(line: str) -> str:
    return " ".join(without_number(line).casefold().split())[:_KEY_LENGTH]

"""Plain text -> blocks: tells headings, questions, lists and paragraphs by their shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.text_groups import Group, groups_of, is_rule, is_underlined
from indexer.content.readers.prose.wording import (
    ALSO_ASKED,
    ends_asking,
    is_faq_name,
    is_marked_answer,
    is_marked_question,
    is_numbered,
)

_HEADING_LENGTH = 90
_HEADING_WORDS = 14
_BULLET = re.compile(r"^\s*(?:[-*•+–·]|\(?[a-z0-9]{1,2}[.)])\s+\S")
_DASH = re.compile(r"^\s*[-*•+–·]\s+\S")
_SENTENCE_END = re.compile(r"[.!,;:。！，；：…][\"'”’)]*$")
_FULL_STOP = re.compile(r"[.!?。！？][\"'”’)]*$")
_NUMBER = re.compile(
    r"^(?P<indent>\s*)(?P<open>[\[(]?)(?P<number>\d{1,3}(?:\.\d{1,3})*)(?P<close>[\]).:、]*)(?:\s+|(?<=、))(?=\S)"
)
_QUESTION_LINES = 4


def blocks_of(text: str) -> tuple[list[Block], str]:
    r"""The blocks of a plain text, and its title if it shows one.

    >>> [block.kind.value for block in blocks_of("Sleep\nRest is not a luxury.\nFood\nEat well.")[0]]
    ['heading', 'text', 'heading', 'text']
    """
    groups = groups_of(text)
    title, groups = _title(groups)
    reader = _Reader(groups)
    blocks: list[Block] = []
    for place, group in enumerate(groups):
        blocks.extend(reader.read(group, groups[place + 1] if place + 1 < len(groups) else None))
    return _with_text_below(blocks), title


def _title(groups: list[Group]) -> tuple[str, list[Group]]:
    """A first line that is centred, underlined like no other, says FAQ, or stands above another heading."""
    if len(groups) < 2:
        return "", groups
    first, second = groups[0], groups[1]
    line = first.lines[0]
    underlined = is_underlined(first.lines)
    if len([line for line in first.lines if not is_rule(line)]) > 1:
        return "", groups
    if not _looks_like_heading(line) or is_numbered(line) or is_marked_question(line) or ends_asking(line):
        return "", groups
    alone = underlined and not any(
        is_underlined(group.lines) and group.lines[1].strip()[0] == first.lines[1].strip()[0] for group in groups[1:]
    )
    centred = first.indent >= 8 and second.indent < first.indent
    doubled = len(second.lines) == 1 and _looks_like_heading(second.lines[0]) and not is_faq_name(line)
    if alone or centred or doubled or is_faq_name(line):
        return line.strip(" *#="), groups[1:]
    return "", groups


def _looks_like_heading(line: str) -> bool:
    text = line.strip()
    first = next((character for character in text if character.isalpha()), "")
    return (
        0 < len(text) <= _HEADING_LENGTH
        and len(text.split()) <= _HEADING_WORDS
        and not _SENTENCE_END.search(text)
        and bool(first)
        and not (first.islower() and not ends_asking(text))
        and not _DASH.match(line)
        and not ALSO_ASKED.match(text)
    )


@dataclass(frozen=True, slots=True)
class _Numbering:
    """How the numbered questions of a text look: their brackets and how far they stand in."""

    open: str
    close: bool
    indent: int

    def fits(self, line: str) -> bool:
        """Whether a line is numbered so."""
        found = _NUMBER.match(line)
        if found is None or found["open"] != self.open or abs(len(found["indent"]) - self.indent) > 1:
            return False
        return bool(found["close"]) is self.close or "." in found["number"]


def _numbering(groups: Sequence[Group]) -> _Numbering | None:
    """The numbering of the questions; None where numbered lines are not questions."""
    seen: Counter[_Numbering] = Counter()
    asking: Counter[_Numbering] = Counter()
    for group in groups:
        if found := _NUMBER.match(group.lines[0]):
            style = _Numbering(found["open"], bool(found["close"]), len(found["indent"]))
            seen[style] += 1
            asking[style] += any(ends_asking(line) for line in group.lines[:_QUESTION_LINES])
    best = max(asking, key=lambda style: asking[style], default=None)
    return best if best is not None and asking[best] > 0 and asking[best] * 4 >= seen[best] else None


class _Reader:
    """Reads the groups of lines of one text.

    Args:
        groups: all of them.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._numbering = _numbering(groups)
        self._margin = min((group.indent for group in groups), default=0) + 1
        self._width = max((len(line) for group in groups for line in group.lines), default=0) * 2 // 3
        self._text_indent: int | None = None

    def read(self, group: Group, following: Group | None) -> list[Block]:
        """The blocks of one group, given the one behind it."""
        lines = group.lines
        if is_underlined(lines) and len(lines[0].strip()) <= 2 * _HEADING_LENGTH:
            self._text_indent = None
            level = 1 if lines[1].strip()[0] == "=" else 2
            found = _NUMBER.match(lines[0])
            heading = _heading(lines[0], _numbered_level(found) if self._numbering and found else level)
            return [heading, *(self.read(Group(lines[2:]), following) if lines[2:] else [])]
        if any(map(is_rule, lines)) and not all(map(is_rule, lines)):
            return self.read(Group(tuple(line for line in lines if not is_rule(line))), following)
        if self._numbering and self._numbering.fits(lines[0]):
            count = self._question_lines(lines, following)
            if count:
                found = _NUMBER.match(lines[0])
                words = " ".join(line.strip() for line in lines[:count])
                self._text_indent = None
                return [_heading(words, _numbered_level(found)), *self._text(lines[count:])]
        if is_marked_question(lines[0]) or is_marked_answer(lines[0]):
            return self._text(lines)
        if following is not None and len(lines) == 1 and group.indent <= self._margin and _looks_like_heading(lines[0]):
            self._text_indent = None
            return [_heading(lines[0], 6 if ends_asking(lines[0]) else 2)]
        if len(lines) > 1 and group.indent <= self._margin and _looks_like_heading(lines[0]) and ends_asking(lines[0]):
            self._text_indent = None
            return [_heading(lines[0], 6), *self._text(lines[1:])]
        if group.indent <= self._margin and self._heads_its_group(lines):
            return [_heading(lines[0], 2), *self._text(lines[1:])]
        return self._text(lines)

    def _heads_its_group(self, lines: Sequence[str]) -> bool:
        """Whether a first line ends early, where the next word had room, and full sentences follow."""
        if len(lines) < 2 or not _looks_like_heading(lines[0]) or _BULLET.match(lines[1]):
            return False
        room = self._width - len(lines[0]) - 1
        return len(lines[1].split()[0]) < room and bool(_FULL_STOP.search(lines[-1])) and lines[1].strip()[0].isupper()

    def _question_lines(self, lines: Sequence[str], following: Group | None) -> int:
        """How many lines a numbered question takes: to its question mark, or all before a blank line."""
        for count in range(1, min(_QUESTION_LINES, len(lines)) + 1):
            if ends_asking(lines[count - 1]):
                return count
        if len(lines) <= _QUESTION_LINES and following is not None:
            return len(lines)
        return 1 if _looks_like_heading(lines[0]) else 0

    def _text(self, lines: Sequence[str]) -> list[Block]:
        """A paragraph, the lines of a list, or lines set off from the text around them."""
        if not lines:
            return []
        indent = Group(tuple(lines)).indent
        if (
            len(lines) > 1
            and self._text_indent is not None
            and indent >= self._text_indent + 3
            and not _BULLET.match(lines[0])
        ):
            return [Block(kind=BlockKind.CODE, text="\n".join(line[indent:].rstrip() for line in lines))]
        bullets = [place for place, line in enumerate(lines) if _BULLET.match(line)]
        if len(bullets) > 1 or (bullets and _DASH.match(lines[0])):
            first = bullets[0]
            margin = len(lines[first]) - len(lines[first].lstrip())
            end = next(
                (
                    place
                    for place in range(bullets[-1] + 1, len(lines))
                    if len(lines[place]) - len(lines[place].lstrip()) <= margin
                ),
                len(lines),
            )
            return [*self._text(lines[:first]), _list(lines[first:end]), *self._text(lines[end:])]
        if self._text_indent is None or indent < self._text_indent:
            self._text_indent = indent
        text = " ".join(" ".join(lines).split())
        return [Block(kind=BlockKind.TEXT, text=text)] if text else []


def _numbered_level(found: re.Match[str] | None) -> int:
    """3 for "1.", 4 for "1.1", 5 for deeper; "1.0" counts as "1."."""
    number = found["number"] if found else "1"
    return min(5, 3 + re.sub(r"\.0$", "", number).count("."))


def _heading(line: str, level: int) -> Block:
    return Block(kind=BlockKind.HEADING, text=" ".join(line.strip(" *#=").split()), level=level)


def _list(lines: Sequence[str]) -> Block:
    items: list[list[str]] = []
    for line in lines:
        if _BULLET.match(line) or not items:
            items.append([re.sub(r"^[*•+–·]\s+", "- ", line.strip())])
        else:
            items[-1].append(line.strip())
    return Block(kind=BlockKind.LIST, text="\n".join(map(" ".join, items)))


def _with_text_below(blocks: Sequence[Block]) -> list[Block]:
    """A heading with nothing below it is a short paragraph, so that no word is lost."""
    result: list[Block] = []
    for place, block in enumerate(blocks):
        if block.kind is BlockKind.HEADING:
            below = blocks[place + 1] if place + 1 < len(blocks) else None
            if below is None or (below.kind is BlockKind.HEADING and below.level <= block.level):
                block = Block(kind=BlockKind.TEXT, text=block.text)
        result.append(block)
    return result

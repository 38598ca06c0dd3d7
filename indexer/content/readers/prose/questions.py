"""Questions that are not headings: marked with Q:, in bold, in lists, terms, details and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.wording import (
    asks,
    is_marked_answer,
    is_marked_question,
    is_section_name,
    is_toggle,
    split_answer,
    without_answer_mark,
)

_OPENERS = (BlockKind.DETAILS, BlockKind.TERM)
_QUESTION_LENGTH = 500
_QUESTION_COLUMN = re.compile(
    r"^(?:(?:faq\s)?questions?|q|pregunta|frage|domanda|pergunta|问题|問題|質問)\s*:?$", re.IGNORECASE
)
_ANSWER_COLUMN = re.compile(
    r"^(?:(?:faq\s)?answers?|a|respuesta|r[eé]ponse|antwort|risposta|resposta|答案|回答|答え|response|solution)\s*:?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a page, or the FAQ in it, writes questions that are not headings.

    Attributes:
        faq: it is a FAQ, where details and numbered lines need no question mark to be questions.
        marked: with "Q:", so that nothing without it is a question.
        lines: bold lines that ask are questions.
        statements: so are bold lines that do not ask, standing between those that do.
    """

    faq: bool
    marked: bool = False
    lines: bool = False
    statements: bool = False


def style_of(headings: Iterable[str], blocks: Iterable[Block], *, faq: bool) -> Style:
    """See how often a page uses which form; one occurrence is chance, several are its style."""
    texts = [block for block in blocks if block.kind is BlockKind.TEXT and not block.local_links]
    marked = sum(map(is_marked_question, headings)) + sum(is_marked_question(block.text) for block in texts)
    answered = sum(is_marked_answer(block.text) or bool(split_answer(block.text)[1]) for block in texts)
    asking = sum(bool(block.lead) and asks(block.lead) for block in texts)
    whole = [block.text for block in texts if block.lead == block.text and not is_marked_answer(block.text)]
    return Style(
        faq=faq,
        marked=marked > 1 or (marked == 1 and (answered > 0 or (faq and not asking))),
        lines=asking >= (2 if faq else 3),
        statements=faq and len(whole) > 2 and sum(map(asks, whole)) * 2 >= len(whole),
    )


def with_questions(blocks: Sequence[Block], style: Style) -> list[Block]:
    """The blocks below one heading, with every question and its answer made one QUESTION block.

    Args:
        blocks: without headings.
        style: how the page writes questions.
    """
    found: list[Block] = []
    for block in _openers_as_questions(blocks, faq=style.faq):
        found.extend(_table_questions(block) or _list_questions(block, faq=style.faq) or [block])
    return _line_questions(found, style)


def _openers_as_questions(blocks: Sequence[Block], *, faq: bool) -> list[Block]:
    # By place whether what opens it asks. Two blocks may be equal, and comparing them compares all inside them.
    asking = {
        place: _is_question_line(block.text)
        for place, block in enumerate(blocks)
        if block.kind in _OPENERS and block.inner and not is_toggle(block.text)
    }
    accept_all = faq or sum(asking.values()) * 2 > len(asking)
    result = []
    for place, block in enumerate(blocks):
        if place in asking and ((accept_all and not is_section_name(block.text)) or asking[place]):
            block = replace(block, kind=BlockKind.QUESTION)
        result.append(block)
    return result


def _is_question_line(text: str) -> bool:
    return len(text) <= _QUESTION_LENGTH and (asks(text) or is_marked_question(text))


def _table_questions(block: Block) -> list[Block]:
    """A table with a column of questions and a column of answers."""
    if block.kind is not BlockKind.TABLE or len(block.rows) < 2:
        return []
    header = block.rows[0]
    question = next((place for place, cell in enumerate(header) if _QUESTION_COLUMN.match(cell)), -1)
    answer = next((place for place, cell in enumerate(header) if _ANSWER_COLUMN.match(cell)), -1)
    rows = block.rows[1:]
    if question < 0 or answer < 0:
        if any(len(row) != 2 for row in block.rows) or not all(asks(row[0]) for row in rows):
            return []
        question, answer = 0, 1
        rows = block.rows if asks(header[0]) else rows
    return [
        Block(kind=BlockKind.QUESTION, text=row[question], inner=(Block(kind=BlockKind.TEXT, text=row[answer]),))
        for row in rows
        if len(row) > max(question, answer) and row[question] and row[answer]
    ]


def _list_questions(block: Block, *, faq: bool) -> list[Block]:
    """A list whose items are each a question and its answer."""
    if block.kind is not BlockKind.LIST or len(block.items) < (1 if faq else 2):
        return []
    questions = [_item_question(item) for item in block.items]
    if all(question is not None for question in questions) or (
        len(questions) > 2 and sum(question is not None for question in questions) * 4 >= len(questions) * 3
    ):
        return [
            question or Block(kind=BlockKind.LIST, text="\n".join(part.text for part in item), items=(item,))
            for question, item in zip(questions, block.items, strict=True)
        ]
    return []


def _item_question(item: tuple[Block, ...]) -> Block | None:
    first = item[0]
    if first.kind is not BlockKind.TEXT or first.local_links:
        return None
    question, answer = _split_line(first, statements=False)
    rest = (*((replace(first, text=answer, lead=""),) if answer else ()), *item[1:])
    if not question or not rest or all(part.local_links for part in rest):
        return None
    return Block(kind=BlockKind.QUESTION, text=question, anchor=first.anchor, inner=rest)


def _split_line(block: Block, *, statements: bool) -> tuple[str, str]:
    """The question a text starts with and what stands behind it in the same text; ("", "") if it starts with none."""
    text = block.text
    if is_marked_question(text):
        question, answer = split_answer(text)
        if not answer and "\n" in question:
            question, _, answer = question.partition("\n")
            while len(question) <= _QUESTION_LENGTH and is_marked_question(answer):
                more, _, answer = answer.partition("\n")
                question += "\n" + more
        if not answer and block.lead and len(block.lead) < len(text) and asks(block.lead):
            question, answer = block.lead, text[len(block.lead) :]
        if (
            not answer
            and (found := re.match(r"[^?？]*[?？][\"'”’)]*(?=\s)", text))
            and found.end() < len(text)
            and not block.lead
        ):
            question, answer = text[: found.end()], text[found.end() :]
            if asks(answer):
                question, answer = text, ""
        return (question, answer.strip()) if len(question) <= _QUESTION_LENGTH else ("", "")
    lead = block.lead
    if lead and len(lead) <= _QUESTION_LENGTH and (asks(lead) or (statements and lead == text)):
        return lead, text[len(lead) :].strip(" \n:–—-")
    first, _, rest = text.partition("\n")
    if asks(first) and len(first) <= _QUESTION_LENGTH and (rest or text == first):
        return first, rest
    return "", ""


def _line_questions(blocks: list[Block], style: Style) -> list[Block]:
    """Paragraphs that are questions, each with the blocks up to the next one as its answer."""
    starts = {place: line for place, block in enumerate(blocks) if (line := _starting_line(block, style))}
    result: list[Block] = []
    place = 0
    while place < len(blocks):
        if place not in starts:
            result.append(blocks[place])
            place += 1
            continue
        question, answer = starts[place]
        end = place + 1
        while end < len(blocks) and end not in starts and blocks[end].kind is not BlockKind.QUESTION:
            end += 1
        inner = [*([replace(blocks[place], text=answer, lead="")] if answer else []), *blocks[place + 1 : end]]
        if inner:
            block = Block(kind=BlockKind.QUESTION, text=question, anchor=blocks[place].anchor, inner=tuple(inner))
            result.append(block)
        else:
            result.append(blocks[place])
        place = end
    return result


def _starting_line(block: Block, style: Style) -> tuple[str, str] | None:
    if block.kind is not BlockKind.TEXT or block.local_links or is_marked_answer(block.text):
        return None
    if style.marked:
        if not is_marked_question(block.text):
            return None
    elif not (block.lead and (style.lines or style.statements)):
        return None
    question, answer = _split_line(block, statements=style.statements)
    return (question, answer) if question else None


def answer_blocks(blocks: Sequence[Block]) -> list[Block]:
    """An answer without its "A:", its "Show answer" line and links back to the top."""
    result: list[Block] = []
    for block in blocks:
        if block.kind in _OPENERS and is_toggle(block.text):
            result.extend(answer_blocks(block.inner))
        elif not (block.kind is BlockKind.HEADING and is_toggle(block.text)):
            result.append(block)
    if result and result[0].kind is BlockKind.TEXT:
        first = without_answer_mark(result[0].text)
        result[0] = replace(result[0], text=first)
    return result

"""Decides which blocks of a page are FAQ entries and which are paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.entries import Place, also_asked, entries_of, entries_of_section, paragraphs_of
from indexer.content.readers.prose.link_lists import without_link_lists
from indexer.content.readers.prose.questions import Style, style_of, with_questions
from indexer.content.readers.prose.sections import Section, as_heading, sections_of
from indexer.content.readers.prose.wording import (
    asks,
    is_faq_name,
    is_numbered,
    is_section_name,
    is_toggle,
    sounds_like_question,
    without_number,
)
from indexer.documents import FaqEntry, Paragraph

_JOINS_TEXT = (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)
_MAJORITY = 3
_NEARLY_ALL = 0.9


def structure(
    blocks: Sequence[Block], *, title: str, path: str, names: Sequence[str] = (), make_anchors: bool = True
) -> list[Paragraph | FaqEntry]:
    """FAQ entries and paragraphs of a page, in reading order.

    Args:
        blocks: the page.
        title: of the page; a heading that repeats it is not in any heading path.
        path: of the file, whose name may say that this is a FAQ.
        names: what else the page calls itself.
        make_anchors: whether headings have fragments on the published page.
    """
    root = sections_of(without_link_lists(blocks), make_anchors=make_anchors)
    page_title = _Title(title)
    if any(map(is_faq_name, (title, _top_heading(root), *names))):
        return list(_Faq(root, page_title).read(root, Place()))
    if _is_in_faq_folder(path):
        faq = _Faq(root, page_title)
        if (faq.question_level and any(asks(section.heading) for section in root.descendants())) or faq.has_questions(
            root
        ):
            return list(faq.read(root, Place()))
        return list(_single_question(root, page_title))
    return list(_Article(root, page_title).read(root, Place()))


class _Title:
    """The title of a page, which one of its headings may repeat.

    Args:
        text: the title.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = _words(text)

    def is_said_by(self, heading: str) -> bool:
        """Whether a heading says the same."""
        return _words(heading) == self._words


def _words(text: str) -> str:
    return without_number(text).casefold().strip(" .:!")


def _top_heading(root: Section) -> str:
    first = root.children[0] if root.children else None
    return first.heading if first is not None and first.level == 1 else ""


def _is_in_faq_folder(path: str) -> bool:
    file = PurePosixPath(path)
    return is_faq_name(file.stem) or any(is_faq_name(folder.replace("-", " ")) for folder in file.parts[:-1])


def _style(scope: Section, *, faq: bool) -> Style:
    sections = [scope, *scope.descendants()]
    headings = [section.heading for section in sections]
    return style_of(headings, (block for section in sections for block in section.blocks), faq=faq)


class _Faq:
    """Reads a FAQ: a whole page, or one section of a page.

    Args:
        scope: the page or the section.
        title: of the page.
    """

    def __init__(self, scope: Section, title: _Title) -> None:
        self._title = title
        self._style = _style(scope, faq=True)
        self.question_level = self._question_level(scope)

    def has_questions(self, section: Section) -> bool:
        """Whether there are questions in it that are not headings."""
        parts = (section, *section.descendants())
        return any(self._questions(part.blocks) for part in parts)

    def _questions(self, blocks: Sequence[Block]) -> list[Block]:
        return [block for block in with_questions(blocks, self._style) if block.kind is BlockKind.QUESTION]

    def _question_level(self, scope: Section) -> int:
        """The level most questions stand at; without any, the level of most headings with text; 0 for none."""
        sections = [
            section
            for section in scope.descendants()
            if not is_section_name(section.heading) and not self._title.is_said_by(section.heading)
        ]
        asking = Counter(section.level for section in sections if asks(section.heading))
        if asking:
            return min(asking, key=lambda level: (-asking[level], level))
        if self.has_questions(scope):
            return 0
        with_text = Counter(section.level for section in sections if section.blocks)
        if not with_text:
            return 0
        level = min(with_text, key=lambda level: (-with_text[level], -level))
        return level if with_text[level] > 1 or len(sections) == 1 else 0

    def read(self, section: Section, place: Place) -> Iterator[Paragraph | FaqEntry]:
        """A section: a question of its own, or a group of them."""
        if self._is_question(section):
            numbered = [child for child in section.children if asks(child.heading) and is_numbered(child.heading)]
            if len(numbered) < len(section.children) or not numbered:
                yield from entries_of_section(section, place)
                return
            # "1.2 Where..?" with "1.2.1 Are..?" below it: the author numbered questions of their own.
            yield from entries_of(section.heading, section.blocks, place.headings, section.anchor)
            place = _below(section, place, self._title)
        else:
            place = _below(section, place, self._title)
            yield from _direct(with_questions(section.blocks, self._style), section, place)
        for child in section.children:
            yield from self.read(child, place)

    def _is_question(self, section: Section) -> bool:
        heading = section.heading
        if not section.level or is_section_name(heading) or self._title.is_said_by(heading):
            return False
        if is_faq_name(heading) and not asks(heading):
            return False
        asking_children = sum(asks(child.heading) for child in section.children)
        questions = self._questions(section.blocks)
        if asks(heading):
            only_questions = len(questions) > 1 and len(questions) == len(with_questions(section.blocks, self._style))
            only_children = not section.blocks and asking_children > 1 and asking_children * 2 > len(section.children)
            return not only_questions and not only_children
        if questions:
            return False
        if section.level == self.question_level:
            return bool(section.blocks) or (len(section.children) == 1 and not asking_children)
        inner = section.level > self.question_level > 0
        return inner and bool(section.blocks) and not asking_children and sounds_like_question(heading)


class _Article:
    """Reads an ordinary page, where only what is surely a question becomes an entry.

    Args:
        root: the page.
        title: of the page.
    """

    def __init__(self, root: Section, title: _Title) -> None:
        self._title = title
        self._style = _style(root, faq=False)
        self._levels: dict[int, bool] = {}
        sections = [
            section
            for section in root.descendants()
            if not is_section_name(section.heading) and not title.is_said_by(section.heading)
        ]
        if any(_is_faq_heading(section.heading) for section in sections):
            return
        for level in {section.level for section in sections}:
            headings = [section.heading for section in sections if section.level == level]
            asking = sum(map(asks, headings))
            if asking >= _MAJORITY and asking * 2 > len(headings):
                self._levels[level] = asking >= _NEARLY_ALL * len(headings)

    def read(self, section: Section, place: Place) -> Iterator[Paragraph | FaqEntry]:
        """A section with all below it."""
        if self._is_question(section):
            yield from entries_of_section(section, place)
            return
        place = _below(section, place, self._title)
        yield from _direct(with_questions(section.blocks, self._style), section, place)
        continues = False
        for child in section.children:
            if _is_faq_heading(child.heading):
                yield from _Faq(child, self._title).read(child, place)
                continues = True
            elif continues and asks(child.heading):
                # A question that its author set one level too high, straight after the FAQ.
                yield from _Faq(child, self._title).read(child, place)
            else:
                continues = False
                yield from self.read(child, place)

    def _is_question(self, section: Section) -> bool:
        if (
            section.level not in self._levels
            or is_section_name(section.heading)
            or self._title.is_said_by(section.heading)
        ):
            return False
        if asks(section.heading):
            asking_children = sum(asks(child.heading) for child in section.children)
            return bool(section.blocks) or asking_children < 2
        return self._levels[section.level] and bool(section.blocks)


def _is_faq_heading(heading: str) -> bool:
    return is_faq_name(heading) and not asks(heading)


def _single_question(root: Section, title: _Title) -> Iterator[Paragraph | FaqEntry]:
    """A file of a FAQ folder that holds one question, its title."""
    sections = [section for section in root.descendants() if not title.is_said_by(section.heading)]
    if len(sections) > 1 and not sounds_like_question(title.text):
        yield from _Article(root, title).read(root, Place())
        return
    blocks = root.all_blocks()
    if blocks and blocks[0].kind is BlockKind.HEADING and title.is_said_by(blocks[0].text):
        blocks = blocks[1:]
    yield from entries_of(title.text, blocks, (), "")


def _below(section: Section, place: Place, title: _Title) -> Place:
    if not section.level:
        return place
    if (section.level == 1 and title.is_said_by(section.heading)) or not section.heading:
        return Place(place.headings, section.anchor)
    return Place((*place.headings, section.heading), section.anchor)


def _direct(blocks: Sequence[Block], section: Section, place: Place) -> Iterator[Paragraph | FaqEntry]:
    """Entries and paragraphs directly below one heading."""
    waiting: list[Block] = []
    asked: tuple[str, ...] = ()
    for whole in blocks:
        phrasings, left = also_asked(whole)
        if phrasings:
            yield from paragraphs_of(waiting, asked, place)
            waiting, asked = [], phrasings
        for block in left:
            if block.kind in _JOINS_TEXT and waiting:
                waiting.append(block)
                continue
            if waiting or block.kind in (BlockKind.QUESTION, BlockKind.DETAILS):
                yield from paragraphs_of(waiting, asked, place)
                waiting, asked = [], ()
            if block.kind is BlockKind.QUESTION:
                yield from entries_of(block.text, block.inner, place.headings, block.anchor)
            elif block.kind is BlockKind.DETAILS and not is_toggle(block.text):
                inner = sections_of(as_heading(block, section.level + 1), make_anchors=False)
                yield from _Article(inner, _Title("")).read(inner, place)
            elif block.kind is BlockKind.DETAILS:
                yield from _direct(block.inner, section, place)
            else:
                waiting = [block]
    yield from paragraphs_of(waiting, asked, place)

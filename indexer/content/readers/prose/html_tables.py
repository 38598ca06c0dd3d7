"""HTML tables -> rows and lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborNode

from indexer.content.readers.prose.blocks import Block, BlockKind

# What is longer heads no column: it would stand in every row.
_HEADER_LENGTH = 500


def is_layout_table(table: LexborNode) -> bool:
    """Whether a table only places things on the page: it holds headings, other tables or a single cell."""
    if table.css_first("h1, h2, h3, h4, h5, h6, td table, details, dl") is not None:
        return True
    return all(len(row) <= 1 for row in _rows(table))


def table_block(table: LexborNode, text_of: Callable[[LexborNode], str]) -> Block | None:
    """A table as lines ``header: cell; header: cell``; None if it is empty."""
    rows = [tuple(" ".join(text_of(cell).split()) for cell in row) for row in _rows(table)]
    rows = [row for row in rows if any(row)]
    if not rows:
        return None
    first = next(_rows(table), [])
    has_header = len(rows) > 1 and bool(first) and all(cell.tag == "th" for cell in first)
    return Block(kind=BlockKind.TABLE, text=table_text(rows, has_header=has_header), rows=tuple(rows))


def table_text(rows: list[tuple[str, ...]], *, has_header: bool) -> str:
    """Rows as lines of text.

    >>> table_text([("Plan", "Price"), ("Single", "40")], has_header=True)
    'Plan: Single; Price: 40'
    """
    if not has_header:
        return "\n".join("; ".join(cell for cell in row if cell) for row in rows)
    header, *body = rows
    header = tuple(name if len(name) <= _HEADER_LENGTH else "" for name in header)
    named = [
        [(header[place] if place < len(header) else "", cell) for place, cell in enumerate(row) if cell] for row in body
    ]
    return "\n".join("; ".join(f"{name}: {cell}" if name else cell for name, cell in row) for row in named)


def _rows(table: LexborNode) -> Iterator[list[LexborNode]]:
    # Without thead and tbody the parser adds them, so rows are always children of children.
    for row in table.css("tr"):
        cells, child = [], row.child
        while child is not None:
            if child.tag in ("td", "th"):
                cells.append(child)
            child = child.next
        if cells:
            yield cells

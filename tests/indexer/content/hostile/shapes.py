"""The shapes of hostile files: one part again and again, two kinds against each other, parts inside parts."""

from __future__ import annotations

from collections.abc import Callable

# About how many bytes, to a file's name and what is in it.
Generator = Callable[[int], tuple[str, bytes]]


def repeated(name: str, part: str, before: str = "", after: str = "") -> Generator:
    """One part again and again; `{i}` in it is its number."""
    return against(name, part, "", before=before, after=after)


def against(name: str, first: str, second: str, *, before: str = "", between: str = "", after: str = "") -> Generator:
    """Half a file of one part, then half a file of another."""

    def make(size: int) -> tuple[str, bytes]:
        room = max(1, size - len(before) - len(between) - len(after))
        halves = (_filled(first, room // 2), _filled(second, room // 2)) if second else (_filled(first, room), "")
        return name, f"{before}{halves[0]}{between}{halves[1]}{after}".encode()

    return make


def nested(name: str, opening: str, closing: str, inner: str = "x", before: str = "") -> Generator:
    """Parts inside parts, as deep as the size allows."""

    def make(size: int) -> tuple[str, bytes]:
        depth = max(1, (size - len(before)) // (len(opening) + len(closing)))
        return name, f"{before}{opening * depth}{inner}{closing * depth}\n".encode()

    return make


def indented(name: str, opening: str, step: int, before: str = "") -> Generator:
    """Lines each further in than the one above."""

    def make(size: int) -> tuple[str, bytes]:
        lines, room, depth = [before], size, 0
        while room > 0:
            lines.append(" " * (step * depth) + opening)
            room -= len(lines[-1]) + 1
            depth += 1
        return name, "\n".join(lines).encode()

    return make


def _filled(part: str, size: int) -> str:
    if "{i}" not in part:
        return part * max(1, size // len(part.encode()))
    parts: list[str] = []
    room = size
    while room > 0:
        parts.append(part.replace("{i}", str(len(parts))))
        room -= len(parts[-1])
    return "".join(parts)

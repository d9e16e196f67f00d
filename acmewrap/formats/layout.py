"""Lines of text and tables, fitted to a width in columns. A width of 0 has no end."""

from __future__ import annotations

import re
from typing import Iterator, List, Sequence, Tuple

Part = Tuple[str, str]  # what is shown, and in which style
Line = Tuple[Part, ...]
_BETWEEN = "  "


def fold(text: str, width: int) -> str:
    """*text* for a terminal of *width* columns, broken between words and its further rows indented. These are blanks and no line
    breaks, and no word is cut, so that a command or a path that is copied stays one.
    """
    return text_of(folded(((text, ""),), width))


def folded(line: Line, width: int) -> Line:
    """The same of what has styles."""
    *rows, last = _rows(line, width) if width and _length(line) > width else [line]
    return (*(part for row in rows for part in (*row, (" " * (-_length(row) % width), ""))), *last)


def wrap(text: str, width: int) -> List[str]:
    """The words of *text* in lines of at most *width*."""
    return list(map(text_of, _rows(((" ".join(text.split()), ""),), width, hanging=0)))


def table(rows: Sequence[Sequence[Sequence[Line]]], width: int = 0) -> Iterator[Line]:
    """Rows of cells of lines. Where they are too wide for *width* the widest columns give way, down to their longest word. A line
    with a word for which there is no room stands outside the columns: in the first one above its row, else below it.
    """
    widths = _widths([[line for cell in column for line in cell] for column in zip(*rows)], width)
    for row in rows:
        cells = [
            [fitted for line in cell for fitted in (_rows(line, limit) if _longest(line) <= limit else [line])]
            for cell, limit in zip(row, widths)
        ]
        for at in range(max(map(len, cells))):
            lines = [cell[at] if at < len(cell) else () for cell in cells]
            outside = [_length(line) > limit for line, limit in zip(lines, widths)]
            if outside[0]:
                yield from _rows(lines[0], width)
            inside = _joined([() if out else line for line, out in zip(lines, outside)], widths)
            if inside:
                yield inside
            for (first, style), *more in (line for line, out in list(zip(lines, outside))[1:] if out):
                yield from _rows(((f"  {first}", style), *more), width)


def text_of(line: Line) -> str:
    """*line* without its styles."""
    return "".join(text for text, _ in line)


def _widths(columns: Sequence[Sequence[Line]], width: int) -> List[int]:
    sizes = [sorted((_longest(line), _length(line)) for line in lines) for lines in columns]
    room = width - len(_BETWEEN) * (len(sizes) - 1)
    while width and sum(each[-1][0] for each in sizes if each) > room:
        max((each for each in sizes if each), key=lambda each: each[-1]).pop()
    least = [each[-1][0] if each else 0 for each in sizes]
    widths = [max((length for _, length in each), default=0) for each in sizes]
    while width and sum(widths) > room:
        widths[max((at for at, each in enumerate(widths) if each > least[at]), key=lambda at: widths[at])] -= 1
    return widths


def _longest(line: Line) -> int:
    text = text_of(line)
    words = text.split()
    return max(len(text) - len(text.lstrip()) + len(words[0]), *map(len, words)) if words else 0


def _joined(cells: Sequence[Line], widths: Sequence[int]) -> Line:
    parts: List[Part] = []
    for cell, width in zip(cells, widths):
        parts += [*cell, (" " * (width - len(text_of(cell))) + _BETWEEN, "")]
    while parts and not parts[-1][0].strip():
        parts.pop()
    return tuple(parts)


def _rows(line: Line, width: int, hanging: int = 2) -> List[Line]:
    """*line* broken between words. One that is longer stands whole in a row of its own; others do where there is no other way."""
    text = text_of(line)
    indent = " " * min(len(text) - len(text.lstrip()) + hanging, width // 2)
    rows: List[List[Line]] = [[]]
    for word in _words(line):
        if rows[-1] and sum(map(_length, rows[-1])) + _length(word) > width:
            stripped = _stripped(word)
            start = indent if len(indent) + _length(stripped) <= width else ""
            rows.append([((start, ""),), stripped])
        else:
            rows[-1].append(word)
    if len(rows) > 1 and len(rows[-1]) == 2 < len(rows[-2]):
        spared = [rows[-1][0], _stripped(rows[-2][-1]), ((" ", ""), *rows[-1][1])]
        if sum(map(_length, spared)) <= width:
            rows[-2:] = [rows[-2][:-1], spared]
    return [tuple(part for word in row for part in word) for row in rows]


def _words(line: Line) -> Iterator[Line]:
    """Each with the blanks before it. Where the style changes within a word, it is one all the same."""
    word: List[Part] = []
    for piece, style in ((piece, style) for text, style in line for piece in re.findall(r"\s*(?:\| )?\S+|\s+$", text)):
        if word and piece[0].isspace():
            yield tuple(word)
            word = []
        word.append((piece, style))
    if word:
        yield tuple(word)


def _stripped(word: Line) -> Line:
    (first, style), *more = word
    return ((first.lstrip(), style), *more)


def _length(line: Line) -> int:
    return len(text_of(line))

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
    if not width or len(text) <= width:
        return text
    rows = map(text_of, _rows(((text, ""),), width, cut=False))
    return "".join(row + " " * (-len(row) % width) for row in rows).rstrip()


def table(rows: Sequence[Sequence[Sequence[Line]]], width: int = 0) -> Iterator[Line]:
    """Rows of cells of lines. Where they are too wide for *width* the widest columns give way, down to their longest word if that
    is enough.
    """
    columns = [[line for cell in column for line in cell] for column in zip(*rows)]
    widths = [max(len(text_of(line)) for line in lines) for lines in columns]
    least = [max((len(word) for line in lines for word in text_of(line).split()), default=0) for lines in columns]
    while width and sum(widths) + len(_BETWEEN) * (len(widths) - 1) > width and max(widths) > 1:
        giving = [at for at, each in enumerate(widths) if each > least[at]] or range(len(widths))
        widths[max(giving, key=lambda at: widths[at])] -= 1
    for row in rows:
        cells = [[fitted for line in cell for fitted in _rows(line, limit)] for cell, limit in zip(row, widths)]
        for at in range(max(map(len, cells))):
            yield _joined([cell[at] if at < len(cell) else () for cell in cells], widths)


def text_of(line: Line) -> str:
    """*line* without its styles."""
    return "".join(text for text, _ in line)


def _joined(cells: Sequence[Line], widths: Sequence[int]) -> Line:
    parts: List[Part] = []
    for cell, width in zip(cells, widths):
        parts += [*cell, (" " * (width - len(text_of(cell))) + _BETWEEN, "")]
    while parts and not parts[-1][0].strip():
        parts.pop()
    return tuple(parts)


def _rows(line: Line, width: int, *, cut: bool = True) -> Iterator[Line]:
    """*line* broken between words, and with *cut* also within those that are too long."""
    text = text_of(line)
    indent = " " * min(len(text) - len(text.lstrip()) + 2, width // 2)
    row: List[Part] = []
    used = 0
    for word, style in ((word, style) for text, style in line for word in re.findall(r"\s*\S+|\s+$", text)):
        rest = word
        if used + len(rest) > width and used > len(indent):
            yield tuple(row)
            row, used, rest = [(indent, "")], len(indent), rest.lstrip()
        while cut and used + len(rest) > width:
            yield (*row, (rest[: width - used], style))
            row, rest, used = [(indent, "")], rest[width - used :], len(indent)
        row.append((rest, style))
        used += len(rest)
    yield tuple(row)


def wrap(text: str, width: int) -> List[str]:
    """The words of *text* in lines of at most *width*, the last one of more than one word where that takes no further line. A word
    that is longer stands alone, whole.
    """
    import textwrap

    def at(columns: int) -> List[str]:
        return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)

    lines = at(width)
    while len(lines) > 1 and " " not in lines[-1] and width > 1:
        width -= 1
        narrower = at(width)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines

"""Lines of text fitted to a width in columns."""

from __future__ import annotations

from typing import List


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

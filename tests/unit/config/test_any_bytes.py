"""Whatever the bytes, a Config or a ConfigurationError comes of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import List, Tuple

from hypothesis import given
from hypothesis import strategies as st

from acmewrap.config import load
from acmewrap.errors import ConfigurationError, Problem
from configuration import ENVIRON, EXAMPLES, write

CONTENTS = [path.read_bytes() for path in EXAMPLES]
FRAGMENTS: List[bytes] = [
    *rb"~ no [ ] { } : - &a *a <<: !!x ' | # % @ 1/0 99999999999 [[]] {a:b} null ---".split(b" "),
    *(b"", b'"', b": ", b"- ", b"\t", b"\n", b"\n    ", b"\x00", b"\xff", b"\xc3\xa4"),
]


def check(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for problem in problems_of(write(Path(folder), content)):
            assert problem.line >= 1
            assert problem.column >= 1
            assert problem.message
            assert "\n" not in str(problem)


def problems_of(file: Path) -> Tuple[Problem, ...]:
    try:
        load(file, ENVIRON)
    except ConfigurationError as error:
        return error.problems
    return ()


@given(st.binary(max_size=200))
def test_of_any_bytes(content: bytes) -> None:
    check(content)


@given(st.data())
def test_of_a_mangled_example(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(CONTENTS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        piece = data.draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=4))
        content = content[:start] + piece + content[end:]
    check(content)


@given(st.data())
def test_of_an_example_whose_words_are_swapped(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(CONTENTS)).split(b" ")
    for _ in range(data.draw(st.integers(1, 6))):
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(
            st.sampled_from(words) | st.sampled_from(FRAGMENTS)
        )
    check(b" ".join(words))

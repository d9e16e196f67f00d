"""DER (X.690), as far as certificates and keys have it. What is none ends in ValueError or IndexError."""

from __future__ import annotations

from typing import List, Tuple


def _element(data: bytes, at: int) -> Tuple[int, int, int]:
    """Tag, begin and end of the content of the element at *at*."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[begin : begin + size], "big")
        begin += size
    if begin + length > len(data):
        raise ValueError("not DER: an element is longer than its file")
    return tag, begin, begin + length


def children(data: bytes) -> List[Tuple[int, bytes, bytes]]:
    """(tag, content, whole element) of each element in *data*."""
    children, at = [], 0
    while at < len(data):
        tag, begin, end = _element(data, at)
        children.append((tag, data[begin:end], data[at:end]))
        at = end
    return children


def inside(data: bytes) -> bytes:
    _, begin, end = _element(data, 0)
    return data[begin:end]


def length_of(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    packed = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(packed)]) + packed

"""DER (X.690), as much of it as certificates and keys take: elements with a tag of one byte and a definite length."""

from __future__ import annotations

from typing import List, Mapping, Tuple

TEXTS: Mapping[int, str] = {  # encodings of DirectoryString and the older kinds, by tag (X.690 section 8.23)
    **dict.fromkeys((0x0C, 0x12, 0x13, 0x16, 0x1A), "utf-8"),
    0x14: "latin-1",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


def element(data: bytes, at: int) -> Tuple[int, int, int]:
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
    found, at = [], 0
    while at < len(data):
        tag, begin, end = element(data, at)
        found.append((tag, data[begin:end], data[at:end]))
        at = end
    return found


def inside(data: bytes) -> bytes:
    """The content of the first element in *data*."""
    _, begin, end = element(data, 0)
    return data[begin:end]


def encode_length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    packed = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(packed)]) + packed

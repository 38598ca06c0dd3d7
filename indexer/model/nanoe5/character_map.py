"""What characters are rewritten to, in the form that the `tokenizers` library takes it: a double-array trie.

A trie over the UTF-8 bytes of the characters, its nodes in one array of 32-bit units (Aoe 1989). The children of a node
stand at its base XOR their byte, and what a character becomes stands at the base itself: a place in a text of all
results, each ended by a zero. Nodes with children have 256 units each: that takes 340 KB of a tokenizer of 17 MB, and
nothing has to be searched for.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import count

import numpy as np

_HAS_RESULT, _RESULT = 1 << 8, 1 << 31
# Bits of a unit at which the way to its base begins; below are its byte and the flag above.
_WAY = 10
_BYTES = 256


def character_map(rewritten: Mapping[str, str]) -> bytes:
    r"""The bytes for `tokenizers.normalizers.Precompiled`.

    >>> from tokenizers.normalizers import Precompiled
    >>> Precompiled(character_map({"ﬁ": "fi", "\t": " ", "\x07": ""})).normalize_str("a\tﬁsh\x07")
    'a fish'

    Args:
        rewritten: what single characters become; neither they nor that may hold a zero.
    """
    texts, places = bytearray(), dict[str, int]()
    for result in sorted({*rewritten.values()}):
        places[result] = len(texts)
        texts += result.encode() + b"\0"
    results = {character.encode(): places[result] for character, result in rewritten.items()}
    array = _double_array(results).tobytes()
    return struct.pack("<I", len(array)) + array + bytes(texts)


def _double_array(results: Mapping[bytes, int]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The units of a trie; no key may begin with another, as no character in UTF-8 does."""
    inner = sorted({key[:length] for key in results for length in range(len(key))} | {b""}, key=lambda k: (len(k), k))
    bases = {key: number * _BYTES for number, key in enumerate(inner)}
    units = np.zeros((len(bases) + len(results) // _BYTES + 1) * _BYTES, dtype="<u4")
    taken = {0} | {bases[key[:-1]] ^ key[-1] for key in (*inner, *results) if key}
    free = (place for place in count() if place % _BYTES and place not in taken)
    for key, result in sorted(results.items()):
        bases[key] = base = next(free)
        units[base] = _RESULT | result
    for key, base in bases.items():
        at, byte = (bases[key[:-1]] ^ key[-1], key[-1]) if key else (0, 0)
        units[at] = byte | (at ^ base) << _WAY | (_HAS_RESULT if key in results else 0)
    return units

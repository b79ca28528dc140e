"""Vectors a test can check: made of the text alone, unit length, another for every text. The first
numbers of a longer vector point the same way as a shorter one, as with models that may be cut.

    integer i of a text's vector = byte i of SHAKE-128(text) as a signed integer, -128 as -127
    the vector = the integers divided by the square root of the sum of their squares, as float32
"""

import base64
import hashlib

import numpy as np

FORMAT = "%15.9g,"
WIDTH = 16


def vector_of(text, dimensions):
    digest = hashlib.shake_128(text.encode()).digest(dimensions)
    whole = np.maximum(np.frombuffer(digest, np.int8), -127).astype(np.float64)
    squares = whole @ whole
    if squares == 0:
        whole[0] = squares = 1
    return (whole / np.sqrt(squares)).astype(np.float32)


def vectors_of(texts, dimensions):
    return [vector_of(text, dimensions) for text in texts]


def as_base64(vector):
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def as_json(vector):
    """[0.1, ...] as text, with digits enough to read back as the same float32. Few numbers are different, so
    each is written once; all take the same room, so that they can be put side by side at once."""
    known = np.unique(vector)
    text = FORMAT * len(known) % tuple(known.tolist())
    if not np.isfinite(known).all():  # as Python's json writes them; no JSON
        text = text.replace("     inf", "Infinity").replace("nan", "NaN")
    words = np.frombuffer(text.encode(), f"S{WIDTH}")
    return "[" + words[np.searchsorted(known, vector)].tobytes()[:-1].decode() + "]"

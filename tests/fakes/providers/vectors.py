"""Vectors a test can check: made of the text alone, unit length, another for every text."""

import hashlib
import math
import struct


def vector_of(text, dimensions):
    values = []
    block = 0
    while len(values) < dimensions:
        digest = hashlib.sha256(f"{block}:".encode() + text.encode()).digest()
        values.extend(word / 2**31 - 1 for word in struct.unpack("<8I", digest))
        block += 1
    values = values[:dimensions]
    norm = math.sqrt(sum(x * x for x in values))
    return [x / norm for x in values]

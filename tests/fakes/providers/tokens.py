"""How the stand-in counts tokens. By default a token for every four bytes of UTF-8, at least one: quick, and
the rule by which OpenAI limits requests. With {"tokenizer": "cl100k", "library": "/path/libdrift_models.so"}
as OpenAI bills; {"token_ratio": 1.3} multiplies either, as another provider's tokenizer would.
"""

import ctypes
import math

CL100K = 1


class Tokens:
    def __init__(self, tokenizer="quarter_bytes", library="", token_ratio=1):
        self.ratio = token_ratio
        self.count_plain = {"quarter_bytes": quarter_bytes, "cl100k": None}[tokenizer]
        if tokenizer == "cl100k":
            self.count_plain = Tiktoken(library).count
        self.known = {}

    def count(self, text):
        found = self.known.get(text)
        if found is None:
            found = max(1, math.ceil(self.count_plain(text) * self.ratio))
            self.known[text] = found
        return found


def quarter_bytes(text):
    return max(1, -(-len(text.encode()) // 4))


class Tiktoken:
    def __init__(self, library):
        self.call = ctypes.CDLL(library).drift_tiktoken_count
        self.call.restype = ctypes.c_int64
        self.call.argtypes = [ctypes.c_int32, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]

    def count(self, text):
        data = text.encode()
        return self.call(CL100K, data, len(data), None)

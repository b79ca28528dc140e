"""The models that are served and their limits, as the providers' documents say (2026-11)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    dimensions: int
    max_text_tokens: int
    max_request_tokens: int = 0  # 0: none
    smallest: int = 0            # any dimensions from it on; 0: none but its own and `choices`
    choices: tuple = ()

    def allows(self, dimensions):
        if dimensions == self.dimensions or dimensions in self.choices:
            return True
        return bool(self.smallest) and self.smallest <= dimensions <= self.dimensions


VOYAGE = (256, 512, 2048)
MODELS = {
    "text-embedding-3-small": Model(1536, 8192, 300_000, 1),
    "text-embedding-3-large": Model(3072, 8192, 300_000, 1),
    "text-embedding-ada-002": Model(1536, 8192, 300_000),
    "voyage-4-large": Model(1024, 32_000, 120_000, choices=VOYAGE),
    "voyage-4": Model(1024, 32_000, 320_000, choices=VOYAGE),
    "voyage-4-lite": Model(1024, 32_000, 1_000_000, choices=VOYAGE),
    "voyage-3-large": Model(1024, 32_000, 120_000, choices=VOYAGE),
    "voyage-3.5": Model(1024, 32_000, 320_000, choices=VOYAGE),
    "voyage-3.5-lite": Model(1024, 32_000, 1_000_000, choices=VOYAGE),
    "voyage-code-3": Model(1024, 32_000, 120_000, choices=VOYAGE),
    "voyage-finance-2": Model(1024, 32_000, 120_000),
    "voyage-law-2": Model(1024, 16_000, 120_000),
    "gemini-embedding-001": Model(3072, 2048, smallest=128),
    "gemini-embedding-2": Model(3072, 8192, smallest=128),
    "embed-v4.0": Model(1536, 128_000, choices=(256, 512, 1024)),
    "nomic-embed-text": Model(768, 2048, smallest=1),
    "mxbai-embed-large": Model(1024, 512, smallest=1),
    "embeddinggemma": Model(768, 2048, smallest=1),
    "bge-m3": Model(1024, 8192, smallest=1),
    "all-minilm": Model(384, 512, smallest=1),
    "BAAI/bge-small-en-v1.5": Model(384, 512, smallest=1),
    "BAAI/bge-m3": Model(1024, 8192, smallest=1),
}


def model_of(state, name):
    """The model, or None. One that a test made up takes any dimensions up to its own."""
    if name not in state.models:
        return None
    return MODELS.get(name) or Model(state.models[name], 8192, 0, 1)

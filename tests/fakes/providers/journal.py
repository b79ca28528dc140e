"""What became of each request for embeddings, in the order in which they came.

    provider, texts, tokens   texts and tokens are 0 for one that was refused for what it says
    fault                     its kind, or ""
    status                    of the answer; 0 while there is none, and for a fault that gives none
    billed
"""


class Journal:
    def __init__(self):
        self.entries = []

    def begin(self, provider, fault, job):
        """`job`: as it was understood, or the answer that refuses it."""
        understood = hasattr(job, "texts")
        self.entries.append({
            "provider": provider, "fault": fault.kind if fault else "", "status": 0, "billed": False,
            "texts": len(job.texts) if understood else 0, "tokens": job.tokens if understood else 0})
        return self.entries[-1]

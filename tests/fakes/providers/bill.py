"""What was billed, to the token and per text, and when."""

import time
from collections import Counter, defaultdict


class Bill:
    def __init__(self):
        self.requests = Counter()  # by (provider, model)
        self.tokens = Counter()
        self.texts = defaultdict(Counter)  # how often each was billed, by model
        self.spoiled = defaultdict(Counter)  # of these, in an answer that nobody could use
        self.days = defaultdict(lambda: [0, 0])  # (provider, day, model) → requests, tokens

    def add(self, provider, model, texts, token_counts, usable=True):
        tokens = sum(token_counts)
        self.requests[provider, model] += 1
        self.tokens[provider, model] += tokens
        self.texts[provider, model].update(texts)
        if not usable:
            self.spoiled[provider, model].update(texts)
        day = self.days[provider, int(time.time() // 86400), model]
        day[0] += 1
        day[1] += tokens

    def report(self, with_texts=True):
        models = {f"{provider}/{model}": {"requests": requests, "tokens": self.tokens[provider, model]}
                  for (provider, model), requests in self.requests.items()}
        counts = self.texts.values()
        return {"requests": self.requests.total(), "tokens": self.tokens.total(),
                "texts_billed": sum(count.total() for count in counts),
                "distinct_texts": sum(len(count) for count in counts),
                "texts_paid_twice": sum(times > 1 for count in counts for times in count.values()),
                "models": models,
                "texts": dict(sum(counts, Counter())) if with_texts else {},
                "spoiled": dict(sum(self.spoiled.values(), Counter())) if with_texts else {}}

    def usage(self, provider):
        """As OpenAI exports it: GET /v1/organization/usage/embeddings."""
        days = defaultdict(list)
        for (billed_by, day, model), (requests, tokens) in sorted(self.days.items()):
            if billed_by == provider:
                days[day].append({"object": "organization.usage.embeddings.result", "model": model,
                                  "input_tokens": tokens, "num_model_requests": requests,
                                  "project_id": None, "user_id": None, "api_key_id": None})
        return {"object": "page", "has_more": False, "next_page": None,
                "data": [{"object": "bucket", "start_time": day * 86400,
                          "end_time": (day + 1) * 86400, "results": results}
                         for day, results in days.items()]}

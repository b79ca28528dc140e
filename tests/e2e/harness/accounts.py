"""The ledger's requests beside the provider's own account of them, request by request."""

from collections import Counter

from harness.crash import REQUEST_STATES

# What the client can be sure was not billed, and what it understands; of all else it cannot know.
REFUSING = {"throttle", "trouble", "status"}
HARMLESS = {"", "reordered", "delay"}


def outcome(entry):
    """What the ledger must say of a request in the stand-in's journal, if its answer was waited for."""
    if entry["fault"] in REFUSING or (not entry["fault"] and entry["status"] >= 400):
        return "failed"
    return "done" if entry["fault"] in HARMLESS else "unknown"


def tokens_of(requests):
    """Of a Counter of (texts, tokens)."""
    return sum(tokens * times for (_, tokens), times in requests.items())


def by_size(requests):
    """Without the tokens, where those are only estimated."""
    out = Counter()
    for (texts, _), times in requests.items():
        out[texts] += times
    return out


class Accounts:
    """Requests as Counters of (texts, tokens). `unheard`: answered well when nobody listened any more (a kill, a
    run that ended). `uncertain`: counted in the ledger and never billed. `price`: nano-dollars for a token."""

    def __init__(self, world, price=20):
        self.price = price
        rows = world.ledger.query("SELECT id, state, texts, tokens, cost, tokens_estimated FROM requests")
        self.rows = [(id, REQUEST_STATES[state], *rest) for id, state, *rest in rows]
        self.journal = world.provider.journal()
        self.bill = world.provider.bill()
        self.by_state = {state: Counter((texts, tokens) for _, s, texts, tokens, *_ in self.rows if s == state)
                         for state in REQUEST_STATES}
        self.told = {state: Counter((e["texts"], e["tokens"]) for e in self.journal if outcome(e) == state)
                     for state in ("done", "unknown")}
        billed = Counter((e["texts"], e["tokens"]) for e in self.journal if e["billed"])
        self.unheard = self.told["done"] - self.by_state["done"]
        self.uncertain = self.by_state["unknown"] - (billed - self.by_state["done"])
        self.tokens = sum(tokens_of(self.by_state[state]) for state in ("done", "unknown", "open"))
        self.difference = self.tokens - self.bill["tokens"]

    def check_estimated(self):
        """As check(), where the ledger can only estimate what it was not told."""
        unknown = self.by_state["unknown"]
        assert not self.by_state["open"], self.by_state["open"]
        assert not self.by_state["done"] - self.told["done"], "the ledger knows an answer that was not given"
        lost = by_size(self.told["unknown"] + self.unheard) - by_size(unknown)
        assert not lost, f"requests that may have been billed are not marked in the ledger: {lost}"
        assert self.tokens - tokens_of(unknown) <= self.bill["tokens"] <= self.tokens
        self.check_rows()

    def check(self):
        """Whatever went wrong: each request that was billed is in the ledger, to the token, and the ledger says
        more than the bill by those alone that it marks and that were not billed."""
        assert not self.by_state["open"], self.by_state["open"]
        assert not self.by_state["done"] - self.told["done"], "the ledger knows an answer that was not given"
        lost = self.told["unknown"] + self.unheard - self.by_state["unknown"]
        assert not lost, f"requests that may have been billed are not marked in the ledger: {lost}"
        assert self.difference == tokens_of(self.uncertain), (self.difference, self.uncertain)
        assert self.difference >= 0
        self.check_rows()

    def check_rows(self):
        """Costs and marks."""
        for id, state, _, tokens, cost, estimated in self.rows:
            assert cost == tokens * self.price, (id, state, tokens, cost)
            assert estimated == (state == "unknown"), (id, state)
            assert state != "failed" or tokens == 0, (id, tokens)

    def check_texts(self):
        """A text is paid for again only where its answer was of no use to anybody, or came when nobody listened.
        Returns how many were for the latter reason."""
        spoiled, again = self.bill["spoiled"], 0
        for text, times in self.bill["texts"].items():
            usable = times - spoiled.get(text, 0)
            assert usable >= 1, f"{text[:60]!r} was billed {times} times and never usably"
            again += usable - 1
        assert again <= sum(texts * times for (texts, _), times in self.unheard.items()), again
        return again

    def check_shown(self, world):
        """What driftctl shows is what the ledger holds."""
        for group in ("model", "pipeline", "run"):
            rows = world.daemon.ctl_json("cost", "--by", group)["rows"]
            assert sum(row["tokens"] for row in rows) == self.tokens, group
            usd = sum(row["cost_usd"] for row in rows)
            assert abs(usd - self.tokens * self.price / 1e9) < 1e-9, group
        marked = any(row["tokens_estimated"] for row in world.daemon.ctl_json("cost")["rows"])
        assert marked == bool(self.by_state["unknown"])

    def report(self, what, seconds):
        faults = Counter(e["fault"] for e in self.journal if e["fault"])
        times = self.bill["texts"]
        print(f"{what}: {seconds:.0f} s, {len(self.journal)} requests at the provider "
              f"({len(self.rows)} in the ledger: {({s: c.total() for s, c in self.by_state.items()})}), "
              f"{len(times)} texts billed {sum(times.values())} times, {sum(self.bill['spoiled'].values())} of them in "
              f"answers of no use; ledger {self.tokens}, bill {self.bill['tokens']}, difference {self.difference} in "
              f"{self.uncertain.total()} requests, unheard {self.unheard.total()}; faults {dict(faults)}")

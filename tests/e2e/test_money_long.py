"""The ledger beside the provider's bill, when much goes wrong.

When they are equal, and when the ledger may say more. The ledger counts what it was told of an answer that it
understood, nothing for a refusal (429, 500, 503, 4xx), and its own count of the tokens, marked, for a request of
which it cannot know: sent whole, and then no answer, half of one, a gateway's, or one of no use. With the provider's
own tokenizer (here OpenAI's) that count is what the provider bills if it bills. So

- ledger = bill, to the token, as long as the provider bills every request that it answered with a body, dropped or was
  silent about after the work (BILLED);
- ledger > bill, by exactly the marked requests that were not billed, when connections break or time runs out before
  any work was done (UNBILLED): from outside nobody can tell those from the others;
- ledger < bill: never.

test_killed: the same with kill -9; what is open in the ledger then is all that it may say too much. And again among
faults, where what is marked for those comes on top."""

import collections
import faulthandler
import hashlib
import os
import random
import time

import pytest

from harness import BIN, ROOT
from harness.accounts import Accounts, by_size, tokens_of
from harness.processes import wait_for
from test_providers import CASES

SHARE = 0.05
TIMEOUT_SECS = 1
MOST_RUNS = 30
OPENAI = CASES[0]
# Nano-dollars for a token, by config/prices.yaml.
PRICES = {"openai": 20, "azure": 130, "voyage": 60, "gemini": 150, "cohere": 120}
# OpenAI's largest tier; the others' are not the matter here.
QUOTA = {"requests_per_minute": 10_000, "tokens_per_minute": 10_000_000}
LONGEST_SECS = 3000
IN_FLIGHT = 1 << 20  # the least there is
WORDS = ("refund order invoice Rechnung password reset shipping délai charge card plan upgrade 解約 trial region "
         "поддержка ticket answer export import webhook token limit 🙂 naïve").split()
# Of each kind its share; the last of these are billed although nobody can use the answer.
BILLED = [{"kind": "throttle", "wait": 0.1}, {"kind": "trouble"}, {"kind": "reordered"},
          {"kind": "hang_after"}, {"kind": "gateway"}, {"kind": "reset_mid_body"}, {"kind": "truncated_json"},
          {"kind": "wrong_count"}, {"kind": "nan"}, {"kind": "slow_drip", "pause": 0.02}]
# The rest, among them those of which nobody outside can say that they are not billed.
UNBILLED = [{"kind": "trouble", "status": 500}, {"kind": "delay", "secs": 0.3},
            {"kind": "hang"}, {"kind": "reset"}, {"kind": "gateway", "status": 504, "billed": False},
            {"kind": "reset_after"}, {"kind": "not_json"}, {"kind": "duplicate_index"}, {"kind": "zero"},
            {"kind": "infinite"}, {"kind": "wrong_dimension"}]
REFUSED = {"kind": "status", "status": 400, "times": -1, "containing": "unacceptable",
           "body": {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}}


@pytest.fixture(autouse=True)
def patience():
    """More than pytest.ini's."""
    faulthandler.dump_traceback_later(LONGEST_SECS, exit=True)
    yield


def faults(kinds, storms):
    """A request meets each kind with the same probability, one at most; and storms of 429 pass over."""
    out = [REFUSED, *[{"kind": "throttle", "wait": 0.3, "from_secs": at, "for_secs": 2} for at in storms]]
    for number, kind in enumerate(kinds):
        out.append({"rate": SHARE / (1 - SHARE * number), "seed": number + 1, **kind})
    return out


def rows(count, refused, length, too_long=True):
    """Of up to `length` words; some of equal text, a few that no provider takes: (rows, keys of those)."""
    draw = random.Random(count)
    out, bad = [], []
    for i in range(count):
        body = " ".join(draw.choices(WORDS, k=draw.randint(5, length)))
        row = (i, f"subject {i}", body, "a")
        if i % 50 == 49:
            row = (i, *out[i - 40][1:])
        if i % (count // refused) == count // refused // 2:
            row = (i, f"subject {i}", f"unacceptable: {body}", "a")
            bad.append(f"[{i}]")
        if too_long and i == count // 3:
            row = (i, f"subject {i}", "far too long, " * 40_000, "a")
            bad.append(f"[{i}]")
        out.append(row)
    return out, bad


def prepare(world, count, batch_size, latency, refused=8, length=60, case=OPENAI, **limits):
    """Returns the keys of the rows that no provider takes."""
    # A text that is too long is not sent to Gemini, and is among the texts of the ledger's request all the same.
    made, bad = rows(count, refused, length, too_long=case.type != "gemini")
    world.provider.settings(models={case.model: case.dimensions}, quota={"openai": QUOTA, "azure": QUOTA})
    library = next(path for path in (BIN.parent / "lib" / "libdrift_models.so", ROOT / "build/lib/libdrift_models.so")
                   if path.exists())
    world.provider.settings(tokenizer={"tokenizer": "cl100k", "library": str(library)}, latency=latency, remember=False)
    world.extra = {"providers": {case.type: {
        "type": case.type, "base_url": f"http://127.0.0.1:{world.provider.port}/{case.path}",
        "api_key": "env:OPENAI_API_KEY", "timeout_secs": TIMEOUT_SECS, "texts_per_minute": 1_000_000, **QUOTA}}}
    world.declare("docs", world.table(made), world.index(), model=f"{case.type}/{case.model}",
                  dimensions=case.dimensions, limits={"batch_size": batch_size, **limits})
    return bad


def run_until_done(world):
    """As a scheduler and a person would: again, and resumed where it paused. Returns what ended the other runs."""
    ends = []
    while True:
        run = world.daemon.api.run("WATCH", "docs", patience=LONGEST_SECS)
        if run["state"] == "SUCCEEDED":
            return ends
        ends.append(f"{run['error_reason']}: {run['error']}")
        assert len(ends) < MOST_RUNS, ends
        if world.daemon.api.status("docs")["state"] == "PAUSED":
            world.daemon.ctl("pipeline", "resume", "docs")


def check_dead_letters(world, bad):
    letters = world.daemon.ctl_json("dead-letters", "list", "--limit", 1000)["dead_letters"]
    assert {letter["key"] for letter in letters} == set(bad) and len(letters) == len(bad)
    assert all(letter["attempts"] == 1 for letter in letters), letters
    assert world.daemon.api.status("docs")["dead_letters"] == len(bad)


@pytest.mark.parametrize("kinds, exact", [(BILLED, True), (UNBILLED, False)], ids=["billed", "unbilled"])
@pytest.mark.parametrize("count, batch_size, refused, storms", [
    (500, 6, 1, [1]), pytest.param(100_000, 64, 8, [5, 30, 60, 120], marks=pytest.mark.long)])
def test_faults_of_each_kind(world, kinds, exact, count, batch_size, refused, storms):
    bad = prepare(world, count, batch_size, {"ms": 10, "ms_per_1k_tokens": 2}, refused)
    world.provider.fail(*faults(kinds, storms))
    world.daemon.start()
    began = time.monotonic()
    ends = run_until_done(world)
    seconds = time.monotonic() - began
    world.provider.fail(REFUSED)
    world.provider.await_rest()
    accounts = Accounts(world)
    accounts.report(f"{count} texts", seconds)
    print(f"runs that ended before: {ends}")
    accounts.check()
    assert accounts.unheard.total() == 0 or ends
    if exact and not ends:
        assert accounts.difference == 0
    if not ends:
        unbilled = [e for e in accounts.journal if not e["billed"] and e["fault"] in ("hang", "reset", "gateway")]
        assert accounts.difference == sum(e["tokens"] for e in unbilled)
        assert exact or unbilled
    again = accounts.check_texts()
    print(f"texts paid again because nobody heard: {again}")
    accounts.check_shown(world)
    met = collections.Counter(e["fault"] for e in accounts.journal)
    for kind in kinds:  # of some hundred requests in the small ones
        assert met[kind["kind"]] >= (SHARE * 0.65 * len(accounts.journal) if count == 100_000 else 1), (kind, met)
    world.check(dead=bad)
    check_dead_letters(world, bad)
    requests = accounts.bill["requests"]
    world.watch()
    assert world.provider.bill_sums()["requests"] == requests


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in CASES if case.type in PRICES and case != OPENAI], ids=str)
def test_other_protocols(world, case):
    """Azure bills as OpenAI does. The others' tokenizers are not at hand: what they are silent about is counted at
    an estimate. Where vectors have no index, one in the wrong place cannot be noticed."""
    exact = case.type == "azure"
    kinds = [kind for kind in [*BILLED, {"kind": "not_json"}, {"kind": "zero"}] if exact or kind["kind"] != "reordered"]
    count = 5_000
    bad = prepare(world, count, 64, {"ms": 10}, case=case)
    world.provider.fail(*faults(kinds, [5]))
    world.daemon.start()
    began = time.monotonic()
    ends = run_until_done(world)
    seconds = time.monotonic() - began
    world.provider.await_rest()
    accounts = Accounts(world, PRICES[case.type])
    accounts.report(f"{case}: {count} texts", seconds)
    print(f"runs that ended before: {ends}")
    accounts.check() if exact else accounts.check_estimated()
    accounts.check_texts()
    accounts.check_shown(world)
    world.check(dead=bad)
    check_dead_letters(world, bad)


def test_plan_says_what_is_billed(world):
    """Where the tokenizer is the provider's own: to the token, but for the text that the provider then refuses."""
    bad = prepare(world, 400, 64, {"ms": 1}, refused=1)
    world.provider.fail(REFUSED)
    world.daemon.start()
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    run_until_done(world)
    bill = world.provider.bill()["tokens"]
    assert not plan["tokens_estimated"]
    assert plan["rows_to_embed"] + plan["rows_to_reuse"] == 400 - 1 and plan["rows_dead"] == 1  # one is too long
    assert bill < plan["tokens"] <= 1.02 * bill
    assert plan["cost_usd"] == pytest.approx(plan["tokens"] * PRICES["openai"] / 1e9)
    check_dead_letters(world, bad)


def test_estimates_follow_the_bill(world):
    """A provider whose tokens are half as long as the estimate has it. From the first answers on that is known, and
    what is not answered afterwards is counted by it."""
    voyage = next(case for case in CASES if case.type == "voyage")
    prepare(world, 1_500, 32, {"ms": 10}, refused=1, case=voyage)
    world.provider.settings(tokenizer={"token_ratio": 2})
    world.provider.fail({"kind": "truncated_json", "after": 20, "every": 4, "times": 8}, REFUSED)
    world.daemon.start()
    run_until_done(world)
    accounts = Accounts(world, PRICES["voyage"])
    unknown = accounts.by_state["unknown"]
    assert by_size(unknown) == by_size(accounts.told["unknown"])
    assert tokens_of(unknown) == pytest.approx(tokens_of(accounts.told["unknown"]), rel=0.1)


class Kills:
    """kill -9 at random moments, and what the ledger, the index and the bill said at each. `faulty`: requests are
    lost to other things too."""

    def __init__(self, world, seed, faulty):
        self.world, self.random, self.faulty = world, random.Random(seed), faulty
        self.open = {}  # id → tokens
        self.paid, self.durable = {}, set()  # as the last kill left them
        self.again = 0

    def one(self, longest):
        world = self.world
        world.daemon.start()
        if not any(run["state"] in ("QUEUED", "RUNNING") for run in world.daemon.ctl_json("run", "list")["runs"]):
            world.daemon.api.start("WATCH", "docs")
        if self.random.random() < 0.8:  # else whatever it does before its first request
            wait_for(lambda: world.provider.stats()["in_hand"], "a request")
        time.sleep(self.random.uniform(0, longest))
        world.daemon.kill()
        now = dict(world.ledger.query_after_kill("SELECT id, tokens FROM requests WHERE state = 0"))
        world.provider.await_rest()
        assert not set(now) & set(self.open)
        self.open.update(now)
        counted = world.ledger.query_after_kill("SELECT coalesce(sum(tokens), 0) FROM requests")[0][0]
        # Open, or marked as unknown: those of earlier kills, and among faults some more.
        unsure = world.ledger.query_after_kill("SELECT coalesce(sum(tokens), 0) FROM requests WHERE state IN (0, 3)")
        over = counted - world.provider.bill_sums()["tokens"]
        assert 0 <= over <= unsure[0][0]
        assert self.faulty or unsure[0][0] == sum(self.open.values())
        again = self.look()
        print(f"{len(now)} requests of {sum(now.values())} tokens open, ledger - bill {over}, {again} texts paid "
              f"again, {len(self.durable)} in the index")
        return now

    def look(self):
        """What was paid for again since the last kill lay in no index then, and was in flight."""
        paid = self.world.paid()
        again = [t for t in paid if paid[t] > self.paid.get(t, 0) > 0]
        lost = [t[:60] for t in again if hashlib.sha256(t.encode()).hexdigest() in self.durable]
        assert not lost, f"{len(lost)} texts paid again though their vectors were in the index: {lost[:5]}"
        assert self.faulty or all(paid[t] == self.paid[t] + 1 for t in again)
        assert self.faulty or sum(len(t.encode()) for t in again) <= IN_FLIGHT
        self.paid, self.durable = paid, self.world.indexes["docs"].texts()
        self.again += len(again)
        return len(again)


@pytest.mark.parametrize("kinds, count, batch_size, kills, longest", [
    ([], 2_000, 16, 4, 1),
    pytest.param([], 20_000, 32, 20, 2.5, marks=pytest.mark.long),
    pytest.param(BILLED, 5_000, 32, 20, 2.5, marks=pytest.mark.long)])
def test_killed(world, kinds, count, batch_size, kills, longest):
    seed = int(os.environ.get("DRIFT_E2E_SEED") or random.randrange(1 << 30))
    print(f"DRIFT_E2E_SEED={seed}")
    bad = prepare(world, count, batch_size, {"ms": 300}, refused=1, length=250, max_in_flight_bytes=IN_FLIGHT)
    world.provider.fail(*faults(kinds, []))
    killer = Kills(world, seed, faulty=bool(kinds))
    began = time.monotonic()
    busy = sum(bool(killer.one(longest)) for _ in range(kills))
    assert busy >= kills // 2, "most kills must meet requests in flight"
    world.daemon.start()
    ends = run_until_done(world)
    world.provider.await_rest()
    killer.look()
    accounts = Accounts(world)
    accounts.report(f"{count} texts, {kills} kills", time.monotonic() - began)
    print(f"{sum(killer.open.values())} tokens were open at the kills; {killer.again} texts were paid again")
    accounts.check()
    # All that was open at a kill is marked, and without faults nothing else is.
    marked = {row[0] for row in accounts.rows if row[1] == "unknown"}
    assert marked >= set(killer.open)
    assert kinds or (not ends and marked == set(killer.open))
    assert accounts.difference <= sum(killer.open.values()) + tokens_of(accounts.unheard)
    accounts.check_shown(world)
    world.check(dead=bad)
    check_dead_letters(world, bad)

"""A backfill against a provider with a quota: Drift beside the official SDK in the usual loop of 128 texts a
request. The provider is the stand-in of tests/fakes/providers: it limits, bills and counts as OpenAI does."""
import json
import os
import subprocess
import time

from harness import ROOT, servers
from harness.daemon import Daemon

import tables

MODEL = "text-embedding-3-small"
BATCH = 128
LATENCY = {"ms": 150, "ms_per_1k_tokens": 4}
BURST_SECS = 2


def tier(tokens, seconds):
    """A quota that `tokens` use up in about `seconds`."""
    return {"tokens_per_minute": int(tokens * 60 / seconds), "requests_per_minute": 10_000, "burst_secs": BURST_SECS}


def start(folder, quota):
    provider = servers.Provider(folder)
    provider.settings(latency=LATENCY, quota=quota, remember=False,
                      tokenizer={"tokenizer": "cl100k", "library": str(ROOT / "build" / "lib" / "libdrift_models.so")})
    return provider


def figures(provider, quota, seconds):
    stats, bill = provider.stats(), provider.bill_sums()
    used = next(iter(stats["models"].values()))
    allowed = quota["tokens_per_minute"] / 60 * (used["seconds"] + BURST_SECS)
    statuses = stats["statuses"]["openai"]
    return {"seconds": seconds, "requests": used["requests"], "share": used["tokens"] / allowed,
            "throttled": statuses.get("429", 0) / sum(statuses.values()), "twice": bill["texts_paid_twice"],
            "tokens": bill["tokens"]}


def drift(folder, table, quota, bound):
    provider = start(folder / "provider-drift", quota)
    config = {"providers": {"openai": {
        "type": "openai", "api_key": "env:OPENAI_API_KEY", "base_url": provider.base_url,
        "tokens_per_minute": quota["tokens_per_minute"], "requests_per_minute": quota["requests_per_minute"]}}}
    daemon = Daemon(folder / "drift", config=config, env={"OPENAI_API_KEY": "sk-test"}).start()
    try:
        began = time.perf_counter()
        run = daemon.ctl_json("run", "embed", "--table", table, "--text-col", "body", "--model", f"openai/{MODEL}",
                              "--sink", f"sqlite://{folder}/index.db?collection=docs", patience=3600)
        out = figures(provider, quota, time.perf_counter() - began)
        out["ledger"] = int(run["tokens"]) - out["tokens"]
        out["bound"] = out["requests"] / bound
        return out
    finally:
        daemon.close()
        provider.stop()


def ask_all(provider, texts, at_once):
    """Seconds, without the start of the interpreter."""
    program = [os.environ["DRIFT_SDK_VENV"] + "/bin/python", ROOT / "tests" / "bench" / "sdk_loop.py"]
    subprocess.run([*program, provider.base_url, str(at_once)], input=json.dumps(texts), text=True, check=True)
    return next(iter(provider.stats()["models"].values()))["seconds"]


def sdk(folder, texts, quota, at_once):
    provider = start(folder / f"provider-sdk{at_once}", quota)
    try:
        return figures(provider, quota, ask_all(provider, texts, at_once))
    finally:
        provider.stop()


def run(folder, quick):
    count, seconds = (5_000, 20) if quick else (100_000, 120)
    table = folder / "table"
    tables.create(table, count)
    texts = tables.rows(0, min(count, 100_000))["body"].to_pylist()
    probe = start(folder / "probe", {})
    ask_all(probe, texts[:BATCH], 1)
    quota = tier(probe.bill_sums()["tokens"] / BATCH * count, seconds)
    probe.stop()
    ours = drift(folder, table, quota, -(-count // BATCH))
    lines = [["Drift", f"{ours['seconds']:.0f} s", ours["requests"], f"{ours['bound']:.3f}", f"{100 * ours['share']:.1f} %",
              f"{100 * ours['throttled']:.2f} %", ours["twice"], ours["ledger"]]]
    for at_once, name in ((1, "SDK, one request at a time"), (8, "SDK, eight at a time")):
        theirs = sdk(folder, texts, quota, at_once)
        lines.append([name, f"{theirs['seconds']:.0f} s", theirs["requests"], "", f"{100 * theirs['share']:.1f} %",
                      f"{100 * theirs['throttled']:.2f} %", theirs["twice"], ""])
    return tables.markdown(
        f"A backfill of {count:,} texts against {quota['tokens_per_minute']:,} tokens a minute",
        ["who", "time", "requests", "÷ lower bound", "of the quota used", "answered 429", "texts paid twice",
         "ledger − bill, tokens"], lines,
        "The quota is OpenAI's kind: a bucket that fills steadily and holds two seconds' worth. A request takes "
        f"{LATENCY['ms']} ms and {LATENCY['ms_per_1k_tokens']} ms per 1,000 tokens.")

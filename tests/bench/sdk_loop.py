#!/usr/bin/env python3
"""The usual loop over OpenAI's own SDK: texts (JSON on stdin), 128 a request, so many requests at once.

    sdk_loop.py BASE_URL AT_ONCE <texts.json
"""
import asyncio
import json
import sys

import openai

MODEL = "text-embedding-3-small"
BATCH = 128


async def ask_all(base_url, texts, at_once):
    client = openai.AsyncOpenAI(base_url=base_url, api_key="sk-test", max_retries=5)
    room = asyncio.Semaphore(at_once)

    async def ask(piece):
        async with room:
            while True:
                try:
                    return await client.embeddings.create(model=MODEL, input=piece)
                except openai.RateLimitError:
                    await asyncio.sleep(1)  # the SDK has given up

    await asyncio.gather(*(ask(texts[i:i + BATCH]) for i in range(0, len(texts), BATCH)))


if __name__ == "__main__":
    asyncio.run(ask_all(sys.argv[1], json.load(sys.stdin), int(sys.argv[2])))

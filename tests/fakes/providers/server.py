#!/usr/bin/env python3
"""A stand-in for embedding providers: their protocols, limits, error bodies and headers, quotas, faults
on demand, and an exact account of what was billed for which text. Needs numpy, nothing else.

    server.py [--port 0]        prints "listening on PORT" when it is ready

Protocols, each below a prefix of its own; a client's base URL is the prefix and what stands behind it:
    /openai/v1      openai_api.py       /gemini[/v1beta]   gemini_api.py      /ollama   ollama_api.py
    /compat/v1      openai_api.py       /cohere            cohere_api.py      /tei      tei_api.py
    /azure          azure_api.py        /voyage/v1         voyage_api.py

Control, for tests: /control/..., see control.py.
"""

import argparse
import asyncio

from app import App
from wire import Connection


async def run(port):
    app = App()

    async def serve(reader, writer):
        await Connection(reader, writer).serve(app.handle)

    # Headers are read up to this many bytes; bodies may be of any length.
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20, backlog=512)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(run(parser.parse_args().port))


if __name__ == "__main__":
    main()

"""HTTP/1.1 over asyncio's streams, with the means to misbehave."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


class Hangup(Exception):
    """The connection is not to be used any more."""


@dataclass
class Request:
    method: str
    path: str  # without the query
    query: dict
    headers: dict  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)

    def head(self):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def json_answer(status, value, headers=None):
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(),
                  {"Content-Type": "application/json", **(headers or {})})


class Connection:
    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def serve(self, handle):
        """Answers one request after the other until the client has gone."""
        try:
            while (request := await self.read()) is not None:
                answer = await handle(request, self)
                self.writer.write(answer.head() + answer.body)
                await self.writer.drain()
                if request.headers.get("connection", "").lower() == "close":
                    break
        except (Hangup, OSError, asyncio.IncompleteReadError):  # clients that hang up are usual
            pass
        finally:
            self.writer.close()

    async def read(self):
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        url = urlsplit(target)
        return Request(method, url.path, dict(parse_qsl(url.query)), headers,
                       await self.read_body(headers))

    async def read_body(self, headers):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readline()
            await self.reader.readline()
            return b"".join(parts)
        return await self.reader.readexactly(int(headers.get("content-length", 0)))

    # -- misbehaving; none of these returns ------------------------------------------------------------

    async def hang(self):
        """Says nothing until the client has gone."""
        while await self.reader.read(1 << 16):
            pass
        raise Hangup

    async def reset(self, answer=None):
        """Closes with a reset, after half of the answer if there is one."""
        if answer:
            self.writer.write(answer.head() + answer.body[: len(answer.body) // 2])
            await self.writer.drain()
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise Hangup

    async def drip(self, answer, pause=0.005):
        """The answer byte by byte."""
        self.writer.write(answer.head())
        for i in range(len(answer.body)):
            self.writer.write(answer.body[i : i + 1])
            await self.writer.drain()
            await asyncio.sleep(pause)
        raise Hangup

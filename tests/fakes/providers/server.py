#!/usr/bin/env python3
"""A stand-in for embedding providers: their protocols, limits, error bodies and headers, faults on
demand, and an exact account of what was billed for which text. Standard library only.

    server.py [--port 0]        prints "listening on PORT" when it is ready

Protocols, each below a prefix of its own:
    /openai/v1/embeddings       openai_api.py

Control, for tests:
    POST /control/faults        {"faults": [...]}: what goes wrong with the next requests (faults.py)
    POST /control/settings      {"keys": [...], "quota": {...}, ...}: see state.py
    POST /control/reset         all as at the start
    GET  /control/bill          requests, tokens and texts billed so far (bill.py)
    GET  /control/requests      the last requests: path, headers without the key, body
"""

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai_api
from answer import Answer, json_answer
from faults import Hangup
from state import State

PROTOCOLS = {"/openai/": openai_api.answer}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small writes go out at once: without it every answer waits for the client's delayed ACK.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve("GET", b"")

    def do_POST(self):
        self.serve("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def serve(self, method, body):
        state = self.server.state
        if self.path.startswith("/control/"):
            return self.send(control(state, method, self.path, body))
        for prefix, protocol in PROTOCOLS.items():
            if self.path.startswith(prefix):
                return self.serve_protocol(protocol, state, method, body)
        return self.send(json_answer(404, {"error": {"message": f"Invalid URL ({method} {self.path})",
                                                     "type": "invalid_request_error",
                                                     "param": None, "code": None}}))

    def serve_protocol(self, protocol, state, method, body):
        state.remember(self.path, dict(self.headers), body)
        try:
            fault = state.faults.next()
            answer = fault.early(self.connection) if fault else None
            if answer is None:
                answer = protocol(state, method, self.path, self.headers, body, fault)
            if fault:
                fault.late(self.connection, answer)
            self.send(answer)
        except Hangup:
            self.close_connection = True

    def send(self, answer: Answer):
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()
        except OSError:  # the client has gone
            self.close_connection = True


def control(state, method, path, body):
    if method == "GET" and path == "/control/bill":
        return json_answer(200, state.bill.report())
    if method == "GET" and path == "/control/requests":
        return json_answer(200, state.requests())
    if method == "POST" and path == "/control/reset":
        state.reset()
        return json_answer(200, {})
    if method == "POST" and path == "/control/faults":
        state.faults.script(json.loads(body)["faults"])
        return json_answer(200, {})
    if method == "POST" and path == "/control/settings":
        state.configure(json.loads(body))
        return json_answer(200, {})
    return json_answer(404, {"error": "unknown control"})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.state = State()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # clients that hang up are what it is for
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    server = Server(parser.parse_args().port)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

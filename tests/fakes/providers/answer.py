"""One HTTP answer."""

import json
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)


def json_answer(status, value, headers=None):
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json", **(headers or {})})

"""A model on loopback that says what a script says, in the protocols that the agents' clients speak."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """The model ends its turn with a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """The model calls a tool."""

    name: str
    arguments: dict[str, Any]


Step = Say | Call


@dataclass
class Model:
    """
    The script, and what the client has sent.

    Attributes:
        steps: Left to be said; after the last one the model says that the script is over.
        asked: The body of every request that was answered out of the script.
        aside: Paths of the requests that were not: titles, token counts, lists of models.
    """

    steps: list[Step]
    port: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, body: dict[str, Any]) -> Step:
        """The next step; each is said once."""
        with self.lock:
            self.asked.append(body)
            return self.steps.pop(0) if self.steps else Say("The script is over.")

    def saw(self, text: str) -> list[int]:
        """Numbers of the requests that hold a text, 0-based."""
        return [number for number, body in enumerate(self.asked) if text in json.dumps(body, ensure_ascii=False)]


@contextmanager
def model(steps: Sequence[Step]) -> Iterator[Model]:
    """Serve a script until the ``with`` ends."""
    served = Model(list(steps))

    class Handler(Answers):
        script = served

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Answers(BaseHTTPRequestHandler):
    """One request."""

    script: Model
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Nothing is printed."""

    def do_GET(self) -> None:
        """Lists of models and settings: there are none."""
        self.script.aside.append(self.path)
        self.send(200, "application/json", json.dumps({"data": [], "object": "list", "models": []}))

    def do_HEAD(self) -> None:
        """Whether somebody listens."""
        self.send(200, "application/json", "")

    def do_POST(self) -> None:
        """A question to the model, or something beside it."""
        body = self.body()
        path = self.path.partition("?")[0]
        if path.endswith(("/count_tokens", ":countTokens")):
            self.script.aside.append(path)
            self.send(200, "application/json", json.dumps({"input_tokens": 10, "totalTokens": 10}))
        elif path.endswith("/messages"):
            self.stream(anthropic(self.step(body)), body)
        elif path.endswith("/responses"):
            self.stream(responses(self.step(body)), body)
        elif path.endswith("/chat/completions"):
            self.stream(completions(self.step(body)), body)
        elif path.endswith((":streamGenerateContent", ":generateContent")):
            self.gemini(body, whole=path.endswith(":generateContent"))
        else:
            self.script.aside.append(path)
            self.send(200, "application/json", "{}")

    def body(self) -> dict[str, Any]:
        """What was sent, if it is JSON."""
        data = self.rfile.read(int(self.headers.get("content-length", "0")))
        try:
            found = json.loads(data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def step(self, body: dict[str, Any]) -> Step:
        """The next of the script for a request that offers tools; a title or a summary is made aside."""
        if not body.get("tools"):
            self.script.aside.append(self.path)
            return Say("A title")
        return self.script.next(body)

    def stream(self, events: list[tuple[str, dict[str, Any]]], body: dict[str, Any]) -> None:
        """As server-sent events; as one document where that is asked for."""
        if body.get("stream") is False or "stream" not in body:
            self.send(200, "application/json", json.dumps(whole(events)))
            return
        text = "".join(
            f"{f'event: {name}' + chr(10) if name else ''}data: {json.dumps(data)}\n\n" for name, data in events
        )
        if events and events[-1][0] == "":
            text += "data: [DONE]\n\n"
        self.send(200, "text/event-stream", text)

    def gemini(self, body: dict[str, Any], *, whole: bool) -> None:
        """Gemini's own protocol."""
        answer = gemini(self.step(body))
        if whole:
            self.send(200, "application/json", json.dumps(answer))
        else:
            self.send(200, "text/event-stream", f"data: {json.dumps(answer)}\r\n\r\n")

    def send(self, status: int, kind: str, text: str) -> None:
        """The whole answer."""
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def anthropic(step: Step) -> list[tuple[str, dict[str, Any]]]:
    """Anthropic's Messages API, streamed."""
    usage = {"input_tokens": 10, "output_tokens": 5}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    if isinstance(step, Call):
        block: dict[str, Any] = {"type": "tool_use", "id": f"toolu_{id(step)}", "name": step.name, "input": {}}
        delta: dict[str, Any] = {"type": "input_json_delta", "partial_json": json.dumps(step.arguments)}
    else:
        block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step.text}
    reason = "tool_use" if isinstance(step, Call) else "end_turn"
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


def responses(step: Step) -> list[tuple[str, dict[str, Any]]]:
    """OpenAI's Responses API, streamed."""
    if isinstance(step, Call):
        item: dict[str, Any] = {"type": "function_call", "id": "fc_1", "call_id": f"call_{id(step)}", "name": step.name}
        item["arguments"] = json.dumps(step.arguments)
    else:
        item = {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": step.text}],
        }
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}  # type: ignore[dict-item]
    response = {"id": "resp_1", "object": "response", "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return [(event["type"], event) for event in events]


def completions(step: Step) -> list[tuple[str, dict[str, Any]]]:
    """OpenAI's chat completions, streamed; without names of events."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    delta: dict[str, Any] = {"role": "assistant"}
    if isinstance(step, Call):
        function = {"name": step.name, "arguments": json.dumps(step.arguments)}
        delta["tool_calls"] = [{"index": 0, "id": f"call_{id(step)}", "type": "function", "function": function}]
    else:
        delta["content"] = step.text
    reason = "tool_calls" if isinstance(step, Call) else "stop"
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return [
        ("", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}),
        ("", {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}),
    ]


def whole(events: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The same as one document, for clients that do not stream."""
    name, last = events[-1]
    if name == "response.completed":
        found: dict[str, Any] = last["response"]
        return found
    if name == "message_stop":
        start, block, delta = events[0][1]["message"], events[1][1]["content_block"], events[2][1]["delta"]
        content = (
            {**block, "text": delta["text"]}
            if block["type"] == "text"
            else {**block, "input": json.loads(delta["partial_json"])}
        )
        return {**start, "content": [content], "stop_reason": events[4][1]["delta"]["stop_reason"]}
    choice = events[0][1]["choices"][0]["delta"]
    ended = events[1][1]
    message = {"index": 0, "message": choice, "finish_reason": ended["choices"][0]["finish_reason"]}
    return {**ended, "object": "chat.completion", "choices": [message]}


def gemini(step: Step) -> dict[str, Any]:
    """Gemini's answer, whole."""
    part: dict[str, Any] = (
        {"functionCall": {"name": step.name, "args": step.arguments}} if isinstance(step, Call) else {"text": step.text}
    )
    return {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
        "modelVersion": "scripted",
    }

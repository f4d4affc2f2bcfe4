"""
``verifyd hook HOST EVENT``: what the hooks call that ``verifyd install HOST`` writes. A payload on stdin in, the host's words out.

Whatever goes wrong here lets the agent go on (docs/reference/doors.md), with one line and never a traceback. Only what Python has
loaded anyway is imported before it is known that there is something to do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from verifyd.app.agent_hook import Options
    from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
    from verifyd.hosts.payload import Payload

    class Adapter(Protocol):
        """What each host's module has."""

        def read_event(self, moment: Moment, payload: Payload) -> HookEvent:
            """What the payload says."""
            ...

        def make_reply(self, moment: Moment, answer: Answer) -> Reply:
            """What the host reads."""
            ...


HOSTS = ("claude", "codex", "cursor", "gemini", "copilot", "opencode")
MOMENTS = ("start", "edit", "stop", "end")
WAITS_S = {"start": 5.0, "edit": 0.0, "stop": 60.0, "end": 0.0}
USAGE = f"usage: verifyd hook {{{'|'.join(HOSTS)}}} {{{'|'.join(MOMENTS)}}} [--wait SECONDS] [--attempts N] [--no-start] < payload\n"
WRONG = 1
"""Every host takes it for an error of the hook and goes on; 2 would stop or continue an agent."""


def is_for_us(arguments: list[str]) -> bool:
    """Whether these are the words of an agent host's hook."""
    return len(arguments) >= 2 and arguments[0] == "hook" and arguments[1] in HOSTS


def run(arguments: list[str]) -> int:
    """Answer one event; the exit code. *arguments* are those after ``verifyd``."""
    from verifyd.app.hook_call import say

    found = parse(arguments[1:])
    if found is None:
        say("", USAGE)
        return WRONG
    host, event, options = found
    try:
        reply = reply_to(host, event, options)
    except KeyboardInterrupt:
        return WRONG
    except Exception as error:  # noqa: BLE001 - whatever it is, no traceback gets into an agent's context
        reply = our_bug(host, event, error)
    say(reply.stdout, reply.stderr)
    return reply.exit_code


def parse(words: list[str]) -> tuple[str, str, Options] | None:
    """Host, event and options; None for anything that is not understood."""
    from verifyd.app.agent_hook import Options

    if len(words) < 2 or words[0] not in HOSTS or words[1] not in MOMENTS:
        return None
    options = Options(wait_s=WAITS_S[words[1]], attempts=3, start=True)
    rest = words[2:]
    while rest:
        word = rest.pop(0)
        if word == "--no-start":
            options.start = False
        elif (
            word in ("--wait", "--attempts") and rest and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) <= 5
        ):
            value = int(rest.pop(0))
            if word == "--wait":
                options.wait_s = float(value)
            else:
                options.attempts = max(value, 1)
        else:
            return None
    return words[0], words[1], options


def reply_to(host: str, event: str, options: Options) -> Reply:
    """Read the payload, find the work tree, ask, and say it in the host's words."""
    from verifyd.app.hook_call import find_place, is_inside_gate, read_payload
    from verifyd.hosts.model import Answer, Moment, PayloadError, Reply
    from verifyd.hosts.payload import parse_payload

    if is_inside_gate():
        return Reply()
    moment = Moment(event)
    try:
        payload = parse_payload(read_payload())
    except PayloadError as error:
        return make_reply(
            host, moment, Answer(person=f"verifyd: the payload of this hook cannot be read: {error}. It did nothing.")
        )
    said = adapter(host).read_event(moment, payload)
    place = find_place(said.folder)
    if place is None:
        return Reply()
    from verifyd.app.agent_hook import answer_event

    return make_reply(host, moment, answer_event(host, said, place, options))


def make_reply(host: str, moment: Moment, answer: Answer) -> Reply:
    """The answer as the host reads it."""
    return adapter(host).make_reply(moment, answer)


def adapter(host: str) -> Adapter:
    """The host's own module; the others are not imported."""
    import importlib

    found: Any = importlib.import_module(f"verifyd.hosts.{host}")
    module: Adapter = found
    return module


def our_bug(host: str, event: str, error: Exception) -> Reply:
    """One line for the person, with the file that holds the traceback."""
    import traceback

    from verifyd.app.bug_report import printable, write_bug_report
    from verifyd.hosts.model import Answer, Moment, Reply

    path = write_bug_report("".join(traceback.format_exception(error)))
    said = f"verifyd: this is our bug, not yours: {type(error).__name__}; the traceback is in {path}"
    try:
        return make_reply(host, Moment(event), Answer(person=printable(said)))
    except Exception:  # noqa: BLE001 - the very serializer may be what is broken
        return Reply(stderr=said + "\n")

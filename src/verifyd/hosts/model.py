"""
What an agent host's hook says and is told, in no host's own shape.

Plain classes: importing ``dataclasses`` takes as long as everything else that a hook does.
"""

from __future__ import annotations

from enum import Enum


class Moment(Enum):
    """When a hook is called; the value is its name on the command line."""

    START = "start"
    EDIT = "edit"
    STOP = "stop"
    END = "end"


class Fields:
    """Compared and shown by its fields."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        raise TypeError("compared by value, never a key")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class HookEvent(Fields):
    """
    What a host said.

    Attributes:
        session: The host's own id of the session, at most 100 harmless characters; empty when it gave none.
        folder: Where the session works, as the host named it; empty when it did not.
        again: This turn goes on because a hook continued it before.
        loops: How often that has happened, where the host counts.
        busy: Tasks of the agent that go on in the background.
        spent: The host sends the agent on no more in this turn, whatever it is told.
        aborted: The person stopped the turn, or it ended in an error: nobody waits for work.
    """

    def __init__(
        self,
        *,
        moment: Moment,
        session: str = "",
        folder: str = "",
        again: bool = False,
        loops: int = 0,
        busy: int = 0,
        spent: bool = False,
        aborted: bool = False,
    ) -> None:
        self.moment = moment
        self.session = session
        self.folder = folder
        self.again = again
        self.loops = loops
        self.busy = busy
        self.spent = spent
        self.aborted = aborted


class Answer(Fields):
    """
    What the host is told; nothing at all when both are empty.

    Attributes:
        agent: For the agent. At the end of a turn it continues the agent; elsewhere it is context.
        person: One line for the person.
    """

    def __init__(self, *, agent: str = "", person: str = "") -> None:
        self.agent = agent
        self.person = person


class Reply(Fields):
    """What the hook's process prints and ends with, as its host reads it."""

    def __init__(self, *, stdout: str = "", stderr: str = "", exit_code: int = 0) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.exit_code = exit_code


class PayloadError(ValueError):
    """A payload that cannot be what the host documents; the text says why, for a person."""

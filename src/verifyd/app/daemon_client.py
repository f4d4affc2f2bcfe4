"""A question to this work tree's daemon, where one lives; and why there is no answer, where it gives none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.edge import quick_client
from verifyd.edge.daemon_address import DaemonAddress, is_alive, read_address
from verifyd.edge.daemon_lock import is_held
from verifyd.edge.daemon_place import sign_of
from verifyd.edge.somebody_else import somebody_else

if TYPE_CHECKING:
    from verifyd.edge.daemon_client import DaemonAnswer, Unanswered

ANSWER_S = 5.0
"""A daemon that takes longer than this, and than it was asked to wait, hangs."""
TEXT = {"Accept": "text/plain"}
JSON = {"Accept": "application/json"}
API_HEADER = {"Verifyd-Api": "1"}
OTHER_API = 426


class Asked(Struct, frozen=True, kw_only=True):
    """
    What came of a question.

    Attributes:
        answer: None when there is no daemon, or none that answers.
        trouble: What a person should know: the daemon hangs, is of another release, or it is somebody else who listens; empty
            normally.
    """

    answer: DaemonAnswer | None = None
    trouble: str = ""


def find_daemon(repository: Repository) -> DaemonAddress | None:
    """The daemon of this work tree; None when none lives. What a dead one left behind is not believed."""
    if not is_held(repository.home):
        return None
    address = read_address(repository.git_dir)
    return address if address is not None and is_alive(address) else None


def stranger(repository: Repository) -> str:
    """A sentence about whoever listens in the daemon's place and is not believed; empty normally."""
    return somebody_else(os.fspath(repository.git_dir))


def silent_daemon() -> int:
    """Number of the daemon that took this command's question already and did not answer; 0 for none."""
    return quick_client.silent_process


def ask_daemon(
    repository: Repository, target: str, *, headers: Mapping[str, str], method: str = "GET", wait_s: float = 0.0
) -> Asked:
    """
    Ask, where there is somebody to ask.

    Args:
        wait_s: What the question itself asks to wait.
    """
    address = find_daemon(repository)
    if address is None:
        return Asked(trouble=stranger(repository))
    from verifyd.edge.daemon_client import (  # it imports HTTP, and most commits are made without a daemon
        Unanswered,
        ask,
    )

    named = {**API_HEADER, **headers}
    answer = ask(address.socket, target, method=method, headers=named, timeout_s=wait_s + ANSWER_S)
    if isinstance(answer, Unanswered):
        return Asked(trouble=why_unanswered(answer, address))
    if answer.status == OTHER_API:
        return Asked(trouble=answer.body.decode("utf-8", "replace").strip())
    if answer.headers.get("verifyd-work-tree") != sign_of(os.fspath(repository.root), os.fspath(repository.git_dir)):
        return Asked(trouble="the daemon that answers is another work tree's; it is not believed")
    return Asked(answer=answer, trouble=other_release(answer.headers.get("verifyd-version", "")))


def why_unanswered(why: Unanswered, address: DaemonAddress) -> str:
    """A sentence about a daemon that lives and does not answer."""
    from verifyd.edge.daemon_client import Unanswered

    if why is Unanswered.SILENT:
        return f"the daemon (process {address.pid}) does not answer; this is without it; end it with: verifyd stop"
    if why is Unanswered.FOREIGN:
        return f"another user's process listens on {address.socket}; it is not believed"
    return ""  # it has just ended


def other_release(speaks: str) -> str:
    """What is said once of a daemon of another release that speaks the same API; empty for our own."""
    from importlib.metadata import version

    ours = version("verifyd")
    if speaks == ours:
        return ""
    return f"the daemon is verifyd {speaks}, this is {ours}; to renew it: verifyd stop, then: verifyd watch --detach"

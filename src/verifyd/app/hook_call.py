"""One call of a hook: where it works, what it was told, and what it says; the git hooks' script that is handed the rest."""

from __future__ import annotations

import os

from verifyd.edge import hook_process
from verifyd.edge.quick_client import find_work_tree
from verifyd.edge.shell_hook import ASKED, become_the_shell
from verifyd.hosts.model import Fields, PayloadError

PAGE = "VERIFY.md"


class Place(Fields):
    """The work tree that the session works in; links resolved."""

    def __init__(self, *, root: str, git_dir: str) -> None:
        self.root = root
        self.git_dir = git_dir


def find_place(named: str) -> Place | None:
    """The work tree with a VERIFY.md that the session works in: by the folder that the host names, else by our own."""
    for start in (named, hook_process.own_folder()):
        try:
            found = find_work_tree(os.path.realpath(start)) if start else None
        except (OSError, ValueError):
            continue
        if found is not None and hook_process.has_file(found[0], PAGE):
            return Place(root=found[0], git_dir=found[1])
    return None


def is_inside_gate() -> bool:
    """Whether a gate started us."""
    return hook_process.is_inside_gate()


def read_payload() -> bytes:
    """What the host tells; PayloadError when it cannot be read."""
    try:
        return hook_process.read_stdin()
    except hook_process.UnreadableError as error:
        raise PayloadError(str(error)) from error


def say(stdout: str, stderr: str) -> None:
    """The host's words."""
    hook_process.write(1, stdout)
    hook_process.write(2, stderr)


def is_asked_by_script(arguments: tuple[str, ...]) -> bool:
    """Whether the git hooks' own script asks, having looked at what it can answer itself."""
    return arguments[:1] == (ASKED,)


def hand_to_script(name: str, arguments: tuple[str, ...]) -> None:
    """Let the git hooks' script take the place of this process."""
    become_the_shell(["hook", name, *arguments])

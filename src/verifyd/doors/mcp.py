"""``verifyd mcp``: the stdio server that hosts start, a bridge to the daemon of the work tree that it was started in."""

from __future__ import annotations

import os
from functools import partial

from verifyd.app.mcp_bridge import Reach, serve
from verifyd.app.mcp_place import listening_at, plain_work_tree, sign_at
from verifyd.errors import UsageError, VerifydError


def mcp(folder: str, *, starts: bool) -> None:
    """
    Serve until stdin ends.

    Args:
        starts: Whether a daemon is started where none lives.
    """
    serve(partial(reach_in, folder, starts=starts))


def reach_in(folder: str, *, starts: bool) -> Reach:
    """How the daemon of a folder's work tree is reached; VerifydError where there is no work tree."""
    root, git_dir = work_tree_of(folder)

    def start() -> None:
        from verifyd.app.mcp_start import start_daemon

        start_daemon(root, git_dir)

    def stranger() -> str:
        from verifyd.app.mcp_start import stranger

        return stranger(git_dir)

    def was_killed() -> bool:
        from verifyd.app.mcp_start import was_killed

        return was_killed(git_dir)

    return Reach(
        socket=partial(listening_at, git_dir),
        sign=sign_at(root, git_dir),
        stranger=stranger,
        start=start if starts else None,
        was_killed=was_killed,
    )


def work_tree_of(folder: str) -> tuple[str, str]:
    """The top and the git folder of the work tree, found without git where nothing is unusual."""
    try:
        plain = plain_work_tree(folder)
    except OSError as error:
        raise UsageError(f"cannot be looked into: {error.strerror}", where=folder) from error
    if plain is not None:
        return plain
    from verifyd.doors.commands import open_world

    try:
        _world, repository = open_world(folder)
    except VerifydError as error:
        remedy = f"{error.remedy} Or name the folder where the host starts this: verifyd -C FOLDER mcp".strip()
        raise UsageError(error.problem, where=error.where, remedy=remedy) from error
    return os.fspath(repository.root), os.fspath(repository.git_dir)

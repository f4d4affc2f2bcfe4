"""The work tree that the MCP bridge was started in, and where its daemon listens; found without git where nothing is unusual."""

from __future__ import annotations

import os

from verifyd.edge.daemon_place import sign_of, socket_of, state_folder
from verifyd.edge.environment import inherited_environment
from verifyd.edge.quick_client import GIT_VARIABLES, find_work_tree


def plain_work_tree(folder: str) -> tuple[str, str] | None:
    """The top and the git folder of the work tree that *folder* lies in; None where git itself has to be asked."""
    if not inherited_environment().keys().isdisjoint(GIT_VARIABLES):
        return None
    return find_work_tree(os.path.realpath(folder))


def sign_at(root: str, git_dir: str) -> str:
    """What the work tree's daemon signs its answers with."""
    return sign_of(root, git_dir)


def listening_at(git_dir: str) -> str:
    """The path of the daemon's socket, whether it is there or not; a name that nobody listens at when the folder is gone."""
    try:
        return socket_of(git_dir)
    except OSError:
        return f"{state_folder()}/daemons/none"

"""
What ``verifyd install`` and ``uninstall`` know how to do; nothing of a target is imported before it is asked for.

Agent hosts alone have options of their own (``--user``, ``--wait``, ``--attempts``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from verifyd.doors import hook

AGENT_HOSTS = hook.HOSTS
TARGETS = ("git", *AGENT_HOSTS, "mcp", "systemd")

Work = Callable[..., None]
"""Takes the folder; an agent host's takes the host, too."""


def install_target(folder: str, target: str, options: Mapping[str, Any]) -> None:
    """``verifyd install TARGET``."""
    install, _ = works_of(target)
    carry_out("install", install, folder, target, options)


def uninstall_target(folder: str, target: str, options: Mapping[str, Any]) -> None:
    """``verifyd uninstall TARGET``."""
    _, uninstall = works_of(target)
    carry_out("uninstall", uninstall, folder, target, options)


def works_of(target: str) -> tuple[Work, Work]:
    """What installs one of TARGETS, and what takes it back."""
    if target in AGENT_HOSTS:
        from verifyd.doors.install_host import install_host, uninstall_host

        return install_host, uninstall_host
    if target == "git":
        from verifyd.doors.install_git import install_git, uninstall_git

        return install_git, uninstall_git
    if target == "mcp":
        from verifyd.doors.install_mcp import install_mcp, uninstall_mcp

        return install_mcp, uninstall_mcp
    from verifyd.doors.install_service import install_service, uninstall_service

    return install_service, uninstall_service


def carry_out(command: str, work: Work, folder: str, target: str, options: Mapping[str, Any]) -> None:
    """Do it with the options that the target has; UsageError for ``--user`` where it means nothing: nothing is quietly done another way."""
    if target in AGENT_HOSTS:
        work(folder, target, **options)
        return
    if options["user"]:
        from verifyd.errors import UsageError

        remedy = "Leave out --user: it is for agent hosts."
        raise UsageError(f"{target} knows no --user", where=command, remedy=remedy)
    work(folder, yes=options["yes"])

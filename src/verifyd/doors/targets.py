"""
What ``verifyd install`` and ``uninstall`` know how to do: one line a target, nothing of it imported before it is asked for.

Agent hosts alone have options of their own (``--user``, ``--wait``, ``--attempts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verifyd.doors import hook

AGENT_HOSTS = hook.HOSTS
TARGETS = ("git", *AGENT_HOSTS, "mcp", "systemd")


def install_target(folder: str, target: str, options: Mapping[str, Any]) -> None:
    """``verifyd install TARGET``; UsageError where *user* is asked of what knows no such thing."""
    yes = bool(options["yes"])
    if target in AGENT_HOSTS:
        from verifyd.doors.install_host import install_host

        install_host(folder, target, **options)
        return
    refuse_user(target, options)
    if target == "git":
        from verifyd.doors.install_git import install_git

        install_git(folder, yes=yes)
    elif target == "mcp":
        from verifyd.doors.install_mcp import install_mcp

        install_mcp(folder, yes=yes)
    elif target == "systemd":
        from verifyd.doors.install import install_service

        install_service(folder, yes=yes)


def uninstall_target(folder: str, target: str, options: Mapping[str, Any]) -> None:
    """``verifyd uninstall TARGET``."""
    yes = bool(options["yes"])
    if target in AGENT_HOSTS:
        from verifyd.doors.install_host import uninstall_host

        uninstall_host(folder, target, **options)
        return
    refuse_user(target, options)
    if target == "git":
        from verifyd.doors.install_git import uninstall_git

        uninstall_git(folder, yes=yes)
    elif target == "mcp":
        from verifyd.doors.install_mcp import uninstall_mcp

        uninstall_mcp(folder, yes=yes)
    elif target == "systemd":
        from verifyd.doors.install import uninstall_service

        uninstall_service(folder, yes=yes)


def refuse_user(target: str, options: Mapping[str, Any]) -> None:
    """Nothing is quietly done another way than it was asked for."""
    if options.get("user"):
        from verifyd.errors import UsageError

        remedy = "Leave out --user: it is for agent hosts."
        raise UsageError(f"{target} knows no --user", where="install", remedy=remedy)

"""A work tree's daemon as a service of the user's own: systemd's unit and drop-in, and launchd's agent."""

from __future__ import annotations

import hashlib
import plistlib
import re
from collections.abc import Mapping, Sequence

MARK = "Written by verifyd install"
"""Stands in each of our files; a file without it is somebody else's."""
TEMPLATE = "verifyd@.service"
KEPT_VARIABLES = ("PATH", "VIRTUAL_ENV", "XDG_STATE_HOME", "LANG", "LC_ALL")
"""Of the environment that the gates are used to; a service manager starts with next to none."""

_PLAIN = re.compile(rb"[A-Za-z0-9:_.]")


def escaped_path(path: bytes) -> str:
    r"""A path as the instance of a unit, as ``systemd-escape --path`` writes it (systemd.unit(5)): ``home-me-my\x2dwork``."""
    parts = [part for part in path.split(b"/") if part]
    if not parts:
        return "-"
    text = "".join(
        "-" if byte == ord("/") else chr(byte) if _PLAIN.match(bytes([byte])) else f"\\x{byte:02x}"
        for byte in b"/".join(parts)
    )
    return f"\\x2e{text[1:]}" if text.startswith(".") else text


def quoted_word(word: str) -> str:
    """A word of ExecStart= or Environment= in quotes, its specifiers and escapes taken literally (systemd.syntax(7))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'


def systemd_template(command: Sequence[str]) -> str:
    """
    The template that all work trees share.

    Args:
        command: Runs verifyd; what follows is added here.
    """
    words = " ".join(quoted_word(word).replace("$", "$$") for word in command)
    return f"""\
# {MARK} systemd; take it back with: verifyd uninstall systemd
[Unit]
Description=verifyd watches %f
ConditionPathIsDirectory=%f

[Service]
ExecStart={words} -C %f watch --plain --automatic
Restart=on-failure
RestartSec=2
# 2: VERIFY.md or the command line is wrong; 3: it has crashed too often, or cannot watch here.
RestartPreventExitStatus=2 3
KillMode=mixed
TimeoutStopSec=10

[Install]
WantedBy=default.target
"""


def systemd_drop_in(environment: Mapping[str, str]) -> str:
    """What one work tree adds: the environment that its gates are used to."""
    lines = [f"Environment={quoted_word(f'{name}={value}')}" for name, value in kept(environment).items()]
    return "\n".join([f"# {MARK} systemd: the environment of the gates", "[Service]", *lines, ""])


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are handed on."""
    return {name: environment[name] for name in KEPT_VARIABLES if environment.get(name)}


def launchd_label(root: bytes) -> str:
    """The agent's name: one a work tree."""
    return f"io.verifyd.{hashlib.sha256(root).hexdigest()[:12]}"


def launchd_agent(label: str, command: Sequence[str], root: str, log: str, environment: Mapping[str, str]) -> str:
    """The agent's property list (launchd.plist(5))."""
    agent = {
        "Label": label,
        "ProgramArguments": [*command, "-C", root, "watch", "--plain", "--automatic"],
        "EnvironmentVariables": kept(environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "Comment": f"{MARK} systemd; take it back with: verifyd uninstall systemd",
    }
    return plistlib.dumps(agent).decode("utf-8")

"""The service manager's files: each character that means something to it is written so that it means itself."""

from __future__ import annotations

import plistlib

import pytest

from verifyd.render.service import escaped_path, launchd_agent, launchd_label, systemd_drop_in, systemd_template


@pytest.mark.parametrize(
    "path, name",
    [
        (b"/home/me/work", "home-me-work"),
        (b"/home/me/my-work/", "home-me-my\\x2dwork"),
        (b"/", "-"),
        (b"/.hidden", "\\x2ehidden"),
        (b"/a b/\xc3\xa4", "a\\x20b-\\xc3\\xa4"),
        (b"/srv//twice", "srv-twice"),
    ],
)
def test_a_path_becomes_the_instance_of_a_unit(path: bytes, name: str) -> None:
    """As systemd-escape writes it."""
    assert escaped_path(path) == name


def test_the_template_starts_the_command_in_the_instance_s_folder() -> None:
    """A folder of the command with spaces, percent and dollar signs is one word, taken literally."""
    template = systemd_template(("/a b/$x/100%/python", "-P", "-m", "verifyd"))
    assert '\nExecStart="/a b/$$x/100%%/python" "-P" "-m" "verifyd" -C %f watch --plain --automatic\n' in template


def test_the_drop_in_keeps_what_the_gates_need_of_the_environment() -> None:
    """PATH and the activated environment, nothing secret, and each value as it is."""
    drop_in = systemd_drop_in({"PATH": '/a b:/c"d%e\\f', "VIRTUAL_ENV": "", "TOKEN": "secret"})
    assert drop_in.splitlines()[1:] == ["[Service]", 'Environment="PATH=/a b:/c\\"d%%e\\\\f"']


def test_the_agent_starts_the_command_for_its_work_tree() -> None:
    """As launchd reads it; each work tree has its own name."""
    label = launchd_label(b"/work & play")
    agent = plistlib.loads(launchd_agent(label, ("/p",), "/work & play", "/log", {"PATH": "/bin"}).encode())
    assert agent["ProgramArguments"] == ["/p", "-C", "/work & play", "watch", "--plain", "--automatic"]
    assert (agent["Label"], agent["EnvironmentVariables"], agent["RunAtLoad"]) == (label, {"PATH": "/bin"}, True)
    assert label != launchd_label(b"/work")

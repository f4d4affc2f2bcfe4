"""Our server in a host's list of MCP servers."""

from __future__ import annotations

import json

import pytest

from verifyd.hosts.mcp_entry import FILES, started_by, with_entry, without_entry
from verifyd.hosts.settings import SettingsError

CLAUDE, CURSOR, GEMINI, OPENCODE = FILES
PROGRAM = ("verifyd",)


def test_a_new_file_holds_nothing_but_the_server() -> None:
    """In the form that Claude Code and Copilot read."""
    assert with_entry(None, CLAUDE, PROGRAM).decode() == (
        '{\n  "mcpServers": {\n    "verifyd": {\n      "type": "stdio",\n      "command": "verifyd",\n'
        '      "args": [\n        "mcp"\n      ]\n    }\n  }\n}\n'
    )


def test_each_host_starts_the_same_command() -> None:
    """Cursor is told the folder, since it starts servers in another one."""
    assert [started_by(with_entry(None, file, PROGRAM), file) for file in FILES] == [
        ["verifyd", "mcp"],
        ["verifyd", "-C", "${workspaceFolder}", "mcp"],
        ["verifyd", "mcp"],
        ["verifyd", "mcp"],
    ]
    assert json.loads(with_entry(None, OPENCODE, PROGRAM))["mcp"]["verifyd"] == {
        "type": "local",
        "command": ["verifyd", "mcp"],
        "enabled": True,
        "timeout": 30_000,
    }


def test_what_a_person_wrote_stays_and_comes_back() -> None:
    """Other servers, other settings, their order and the indentation; taking it back gives the very bytes."""
    before = b'{\n\t"theme": "dark",\n\t"mcpServers": {\n\t\t"other": {\n\t\t\t"url": "https://example.invalid/\xc3\xa4"\n\t\t}\n\t}\n}'
    after = with_entry(before, GEMINI, PROGRAM)
    assert list(json.loads(after)["mcpServers"]) == ["other", "verifyd"]
    assert without_entry(after, GEMINI) == before


def test_a_file_that_held_only_ours_is_to_go() -> None:
    """Nothing of a person's would be lost."""
    assert without_entry(with_entry(None, CLAUDE, PROGRAM), CLAUDE) is None


def test_an_entry_that_a_person_has_changed_stays() -> None:
    """It starts our server already, in the way they want it."""
    mine = b'{"mcpServers": {"verifyd": {"command": "/opt/verifyd", "args": ["mcp"], "env": {"A": "1"}}}}'
    assert with_entry(mine, CLAUDE, PROGRAM) == mine


@pytest.mark.parametrize("content", [b"{ // mine\n}", b"[]", b'{"mcpServers": []}', b'{"a": 1, "a": 2}'])
def test_a_file_that_would_lose_something_is_left_alone(content: bytes) -> None:
    """Comments, a key twice, another shape."""
    with pytest.raises(SettingsError):
        with_entry(content, CLAUDE, PROGRAM)

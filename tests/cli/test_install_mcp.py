"""``verifyd install mcp`` in a project, and what ``doctor`` says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.project import Project, page


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in which Claude Code and Cursor are used."""
    files = {"VERIFY.md": page(yes="true"), ".cursor/rules/a.mdc": "", ".gitignore": "*.local\n"}
    return Project.make(tmp_path, files)


def test_the_lists_of_the_hosts_that_are_used_get_the_server_and_lose_it_again(project: Project) -> None:
    """The change is shown first; afterwards the tree is what it was."""
    tree = project.tree()
    done = project.verifyd("install", "mcp", "--yes", expect=0)
    assert '+    "verifyd": {' in done.err
    last = done.err.splitlines()[-1]
    assert last.startswith("2 files written. Codex CLI keeps its servers in TOML")
    assert last.endswith("codex mcp add verifyd -- verifyd mcp")
    assert not (project.root / ".gemini").exists()
    assert json.loads((project.root / ".mcp.json").read_text("utf-8"))["mcpServers"]["verifyd"]["args"] == ["mcp"]
    assert (project.root / ".cursor/mcp.json").exists()
    again = project.verifyd("install", "mcp", "--yes", expect=0)
    assert again.err.count("verifyd is there already") == 2
    assert "written." not in again.err
    taken = project.verifyd("uninstall", "mcp", "--yes", expect=0)
    assert taken.err.endswith("\n2 files taken back\n")
    assert project.tree() == tree
    assert project.verifyd("uninstall", "mcp", "--yes", expect=0).err == "no list of servers here names verifyd\n"


def test_a_list_with_comments_stays_as_it_is_and_the_lines_are_named(project: Project) -> None:
    """And no other file is written either."""
    project.write({".cursor/mcp.json": "{ // mine\n}\n"})
    refused = project.verifyd("install", "mcp", "--yes", expect=2)
    assert "is no plain JSON" in refused.err
    assert '"${workspaceFolder}"' in refused.err
    assert not (project.root / ".mcp.json").exists()


def test_without_a_terminal_nothing_is_written_unasked(project: Project) -> None:
    """The message says how to do it."""
    refused = project.verifyd("install", "mcp", expect=2)
    assert "add --yes" in refused.err
    assert not (project.root / ".mcp.json").exists()


def test_doctor_tells_what_starts_the_server_and_whether_the_extra_is_there(project: Project, tmp_path: Path) -> None:
    """A program that is gone, too."""
    assert "no agent host here asks over MCP" in project.verifyd("doctor").out
    project.verifyd("install", "mcp", "--yes", expect=0)
    text = project.verifyd("doctor").out
    assert ".mcp.json starts it for Claude Code, GitHub Copilot CLI" in text
    assert "answers" in text or "the extra verifyd[mcp] is not installed" in text
    project.write({".mcp.json": '{"mcpServers": {"verifyd": {"command": "/gone/verifyd", "args": ["mcp"]}}}'})
    assert ".mcp.json starts /gone/verifyd, which is not there" in project.verifyd("doctor").out

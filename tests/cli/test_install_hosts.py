"""``verifyd install claude`` and its like: the change is shown, merged into what is there, and taken back exactly."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from tests.support.project import Project, page
from verifyd.hosts.codex_trust import hook_trusts
from verifyd.hosts.installed import HOSTS

THEIRS = b'{"model":"x",   "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "notify"}]}]}}'
COMMENTED = b'{\n  // mine\n  "model": "x",\n}\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with an approved pipeline."""
    project = Project.make(tmp_path.resolve(), {"VERIFY.md": page(there="true")})
    project.approve()
    return project


def settings(project: Project, host: str) -> Path:
    """The project's own settings of a host."""
    return project.root / HOSTS[host].project


@pytest.mark.parametrize("host", HOSTS)
def test_taking_back_leaves_nothing_where_nothing_was(project: Project, host: str) -> None:
    """Not even the folders that were made for it."""
    before = project.git("status", "--porcelain", "--ignored")
    shown = project.verifyd("install", host, "--yes", expect=0)
    assert f"+++ {settings(project, host)}" in shown.err
    assert f"hook {host} stop" in shown.err or '"stop": [' in shown.err
    assert shown.err.splitlines()[-1].startswith(f"{settings(project, host)}: written. ")
    assert settings(project, host).is_file()
    assert "are there already" in project.verifyd("install", host, "--yes", expect=0).err
    taken = project.verifyd("uninstall", host, "--yes", expect=0)
    assert taken.err.endswith(f"\n{settings(project, host)}: taken back\n")
    assert project.git("status", "--porcelain", "--ignored") == before
    assert not settings(project, host).parent.exists()
    assert "none of verifyd's hooks is here" in project.verifyd("uninstall", host, "--yes", expect=0).err


@pytest.mark.parametrize("host", ["claude", "codex", "gemini", "cursor"])
def test_a_file_that_nobody_edited_since_comes_back_byte_for_byte(project: Project, host: str) -> None:
    """White space, rights and a second install with other options included."""
    path = settings(project, host)
    path.parent.mkdir(parents=True)
    path.write_bytes(THEIRS)
    path.chmod(0o600)
    project.verifyd("install", host, "--yes", expect=0)
    assert json.loads(path.read_bytes())["model"] == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    project.verifyd("install", host, "--yes", "--wait", "7", "--attempts", "2", expect=0)
    assert "--wait 7 --attempts 2" in path.read_text()
    project.verifyd("uninstall", host, "--yes", expect=0)
    assert path.read_bytes() == THEIRS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_edited_since_loses_our_hooks_alone(project: Project) -> None:
    """What was added meanwhile stays."""
    path = settings(project, "claude")
    path.parent.mkdir(parents=True)
    path.write_bytes(THEIRS)
    project.verifyd("install", "claude", "--yes", expect=0)
    edited = json.loads(path.read_bytes())
    edited["permissions"] = {"allow": ["Bash(ls:*)"]}
    path.write_text(json.dumps(edited))
    project.verifyd("uninstall", "claude", "--yes", expect=0)
    assert json.loads(path.read_bytes()) == {**json.loads(THEIRS), "permissions": {"allow": ["Bash(ls:*)"]}}


@pytest.mark.parametrize("host", ["claude", "codex", "gemini", "cursor"])
def test_a_file_with_comments_is_left_alone_and_the_lines_are_named(project: Project, host: str) -> None:
    """Written anew it would lose them."""
    path = settings(project, host)
    path.parent.mkdir(parents=True)
    path.write_bytes(COMMENTED)
    answer = project.verifyd("install", host, "--yes", expect=2)
    assert f"{path}: is no plain JSON" in answer.err
    assert "Add these hooks by hand:" in answer.err
    assert f"hook {host} stop" in answer.err
    assert path.read_bytes() == COMMENTED


def test_a_link_to_the_settings_stays_a_link(project: Project) -> None:
    """People keep such files elsewhere."""
    path, kept = settings(project, "claude"), project.root.parent / "dotfiles.json"
    kept.write_bytes(THEIRS)
    path.parent.mkdir()
    path.symlink_to(kept)
    project.verifyd("install", "claude", "--yes", expect=0)
    assert path.is_symlink()
    assert b"verifyd" in kept.read_bytes()
    project.verifyd("uninstall", "claude", "--yes", expect=0)
    assert (path.is_symlink(), kept.read_bytes()) == (True, THEIRS)


def test_a_plugin_that_somebody_else_wrote_stays(project: Project) -> None:
    """Whatever it is called."""
    path = settings(project, "opencode")
    path.parent.mkdir(parents=True)
    path.write_text("export const Mine = 1\n")
    answer = project.verifyd("install", "opencode", "--yes", expect=2)
    assert "was not written by verifyd, and stays as it is" in answer.err
    assert project.verifyd("uninstall", "opencode", "--yes", expect=0).err.endswith("none of verifyd's hooks is here\n")
    assert path.read_text() == "export const Mine = 1\n"


def test_nothing_is_written_without_a_yes(project: Project) -> None:
    """Where nobody can be asked, it says how to do without."""
    answer = project.verifyd("install", "claude", expect=2)
    assert answer.err.endswith("install: there is no terminal to ask on\n  Do it without being asked: add --yes\n")
    assert not settings(project, "claude").exists()
    project.verifyd("install", "claude", "--yes", expect=0)
    answer = project.verifyd("uninstall", "claude", expect=2)
    assert "\nuninstall: there is no terminal to ask on\n" in answer.err
    assert settings(project, "claude").exists()


@pytest.mark.parametrize(
    "host, variable, name",
    [
        ("claude", "CLAUDE_CONFIG_DIR", ".claude/settings.json"),
        ("codex", "CODEX_HOME", ".codex/hooks.json"),
        ("cursor", "", ".cursor/hooks.json"),
        ("gemini", "", ".gemini/settings.json"),
        ("copilot", "COPILOT_HOME", ".copilot/hooks/verifyd.json"),
        ("opencode", "OPENCODE_CONFIG_DIR", ".config/opencode/plugin/verifyd.js"),
    ],
)
def test_a_persons_own_settings_name_this_very_verifyd(project: Project, host: str, variable: str, name: str) -> None:
    """Below HOME, or where the host's own variable leads."""
    home = Path(project.environment["HOME"])
    project.environment.pop(variable, None)
    project.verifyd("install", host, "--user", "--yes", expect=0)
    text = (home / name).read_text()
    assert f"{Path(sys.executable).parent}/verifyd" in text
    if variable:
        elsewhere = {variable: str(home / "elsewhere")}
        project.verifyd("install", host, "--user", "--yes", extra=elsewhere, expect=0)
        assert (home / "elsewhere" / HOSTS[host].user).read_text() == text
    project.verifyd("uninstall", host, "--user", "--yes", expect=0)
    assert not (home / name).exists()


def test_git_and_systemd_know_no_settings_of_a_person(project: Project) -> None:
    """Nothing is quietly done another way than it was asked for, and the command that was asked is named."""
    for command in ("install", "uninstall"):
        answer = project.verifyd(command, "git", "--user", "--yes", expect=2)
        assert answer.err == f"{command}: git knows no --user\n  Leave out --user: it is for agent hosts.\n"


def checks(project: Project, name: str) -> list[tuple[str, str]]:
    """(status, finding) of the doctor's checks of one name."""
    found = json.loads(project.verifyd("doctor", "--json").out)["checks"]
    return [(check["status"], check["what"]) for check in found if check["name"] == name]


def test_the_doctor_knows_what_is_installed_what_is_gone_and_what_cannot_start(project: Project) -> None:
    """Present, whole, and leading to a verifyd that exists."""
    assert checks(project, "agents") == [
        ("ok", "no agent host runs verifyd's hooks; connect one with: verifyd install claude")
    ]
    project.verifyd("install", "claude", "--yes", expect=0)
    path = settings(project, "claude")
    assert checks(project, "claude") == [("ok", f"4 hooks in {path}")]
    whole = json.loads(path.read_text())
    del whole["hooks"]["Stop"]
    path.write_text(json.dumps(whole).replace("verifyd hook claude start", "/gone/verifyd hook claude start"))
    assert checks(project, "claude") == [
        ("warn", f"{path} lacks verifyd's hook for stop"),
        ("warn", f"{path} calls /gone/verifyd, which cannot be started here"),
        ("ok", f"3 hooks in {path}, edited since by somebody"),
    ]
    path.unlink()
    assert checks(project, "claude") == [("warn", f"verifyd's hooks were in {path} and are gone")]


def test_the_doctor_says_in_one_line_what_codex_skips(project: Project) -> None:
    """Codex says nothing of a folder or a hook that it does not trust."""
    project.verifyd("install", "codex", "--yes", expect=0)
    root, hooks = project.root, project.root / ".codex" / "hooks.json"
    assert warnings(project, "codex") == [
        f"it does not trust {root}, so it runs no hooks here",
        "Start codex here and trust the folder, then the hooks (/hooks).",
    ]
    config = Path(project.environment["HOME"]) / ".codex" / "config.toml"
    config.parent.mkdir()
    trusts = {one.event: one for one in hook_trusts(json.loads(hooks.read_text())["hooks"], str(hooks), {})}
    folder = f'[projects."{root}"]\ntrust_level = "trusted"\n'
    stop = f'[hooks.state."{trusts["Stop"].key}"]\ntrusted_hash = "{trusts["Stop"].digest}"\n'
    config.write_text(f"{folder}{stop}enabled = false\n")
    assert warnings(project, "codex") == [
        "it skips verifyd's hooks: SessionStart, PostToolUse, SessionEnd not trusted yet; Stop switched off",
        "Start codex here and allow them (/hooks); a linked work tree needs its own.",
    ]
    config.write_text(
        folder + "".join(f'[hooks.state."{one.key}"]\ntrusted_hash = "{one.digest}"\n' for one in trusts.values())
    )
    assert warnings(project, "codex") == []
    config.write_text("not toml")
    assert warnings(project, "codex") == [f"{config} cannot be read, so nobody knows which hooks it trusts", ""]


def warnings(project: Project, name: str) -> list[str]:
    """What the doctor warns of about a host, each with what to do."""
    document = json.loads(project.verifyd("doctor", "--json").out)
    warned = [one for one in document["checks"] if one["name"] == name and one["status"] == "warn"]
    return [text for one in warned for text in (one["what"], one["remedy"])]


def test_the_doctor_knows_which_folders_gemini_and_copilot_trust(project: Project) -> None:
    """Elsewhere they skip a project's hooks and say nothing."""
    home = Path(project.environment["HOME"])
    skipped = ("warn", f"it was not told to trust {project.root}, so it skips the hooks here")
    for host in ("gemini", "copilot"):
        project.verifyd("install", host, "--yes", expect=0)
        (home / f".{host}").mkdir()
    (home / ".gemini" / "settings.json").write_text('{"security": {"folderTrust": {"enabled": true}}}')
    assert skipped in checks(project, "gemini")
    assert skipped in checks(project, "copilot")
    (home / ".gemini" / "trustedFolders.json").write_text(json.dumps({str(project.root): "TRUST_FOLDER"}))
    (home / ".copilot" / "config.json").write_text(json.dumps({"trustedFolders": [str(project.root)]}))
    assert skipped not in checks(project, "gemini")
    assert skipped not in checks(project, "copilot")

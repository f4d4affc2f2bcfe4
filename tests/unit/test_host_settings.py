"""Our hooks go into a person's settings and come out again, and nothing of theirs is lost."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from verifyd.hosts.codex_trust import Trust, hook_trusts, is_project_trusted
from verifyd.hosts.folder_trust import copilot_trusts, gemini_trusts, read_settings
from verifyd.hosts.installed import HOSTS, MARGIN_S, Wish, hook_lines, lines_to_add, plugin_text
from verifyd.hosts.model import Moment
from verifyd.hosts.settings import SettingsError, Shape, commands, merged, without

WISH = Wish(program=("/opt/my tools/verifyd",), wait_s=90, attempts=5)
THEIRS = """{
    "permissions": {"allow": ["Bash(ls:*)"]},
    "hooks": {
        "Stop": [{"hooks": [{"type": "command", "command": "notify-send done"}]}],
        "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "guard"}]}]
    },
    "model": "großes"
}
"""
JSON_HOSTS = [host for host, files in HOSTS.items() if files.shape is not None]


def put_in(host: str, content: bytes | None, wish: Wish = WISH) -> bytes:
    """The settings with our hooks."""
    files = HOSTS[host]
    assert files.shape is not None
    return merged(content, hook_lines(host, wish), host=host, shape=files.shape, version=files.version)


def shape(host: str) -> Shape:
    """How it names hooks."""
    found = HOSTS[host].shape
    assert found is not None
    return found


@pytest.mark.parametrize("host", JSON_HOSTS)
def test_a_file_of_ours_alone_goes_with_us(host: str) -> None:
    """Nothing is left of it when we are taken out."""
    after = put_in(host, None)
    assert without(after, host=host, shape=shape(host)) is None


@pytest.mark.parametrize("host", ["claude", "codex", "gemini"])
def test_what_a_person_wrote_stays_in_its_order_and_before_ours(host: str) -> None:
    """Codex trusts hooks by their place."""
    after = json.loads(put_in(host, THEIRS.encode()))
    before = json.loads(THEIRS)
    assert list(after)[:3] == list(before)
    assert {key: after[key] for key in ("permissions", "model")} == {
        key: before[key] for key in ("permissions", "model")
    }
    assert after["hooks"]["PreToolUse"] == before["hooks"]["PreToolUse"]
    stops = after["hooks"]["Stop"]
    assert stops[0] == before["hooks"]["Stop"][0]
    assert len(stops) == (1 if host == "gemini" else 2)
    assert "großes" in put_in(host, THEIRS.encode()).decode()


@pytest.mark.parametrize("host", JSON_HOSTS)
def test_installing_twice_changes_nothing(host: str) -> None:
    """And with other options it changes our lines alone."""
    once = put_in(host, THEIRS.encode())
    assert put_in(host, once) == once
    other = put_in(host, once, Wish(program=("verifyd",)))
    assert len(commands(other, host=host)) == len(commands(once, host=host))
    assert put_in(host, other) == once


@pytest.mark.parametrize("host", ["claude", "codex", "gemini"])
def test_taking_us_out_leaves_what_was_added_meanwhile(host: str) -> None:
    """A hook that a person has put into our group too."""
    settings = json.loads(put_in(host, THEIRS.encode()))
    event = {"claude": "Stop", "codex": "Stop", "gemini": "AfterAgent"}[host]
    settings["hooks"][event][-1]["hooks"].append({"type": "command", "command": "mine"})
    left = without(json.dumps(settings).encode(), host=host, shape=Shape.GROUPS)
    assert left is not None
    kept = json.loads(left)
    assert commands(left, host=host) == ()
    assert kept["hooks"][event][-1]["hooks"] == [{"type": "command", "command": "mine"}]
    assert kept["model"] == "großes"


def test_only_hooks_of_the_very_host_are_ours() -> None:
    """What another host's hook runs stays, and so does what only looks like ours."""
    other = {
        "hooks": {
            "Stop": [
                {"hooks": [{"type": "command", "command": text}]}
                for text in ("verifyd hook codex stop", "my-verifyd hook claude stop", "verifyd run")
            ]
        }
    }
    content = json.dumps(other).encode()
    assert commands(content, host="claude") == ()
    assert without(content, host="claude", shape=Shape.GROUPS) is not None
    assert json.loads(without(content, host="claude", shape=Shape.GROUPS) or b"") == other


@pytest.mark.parametrize(
    "content, why",
    [
        ('{"a": 1, // why\n "b": 2}', "is no plain JSON (comments, or a comma too many?), so it is not written anew"),
        ('{"a": 1,}', "is no plain JSON (comments, or a comma too many?), so it is not written anew"),
        ('{"a": 1, "a": 2}', "holds a key twice, so it is not written anew"),
        ("[]", "holds no object"),
        ('{"hooks": []}', "holds hooks in a shape of its own"),
        ('{"hooks": {"Stop": {}}}', "hooks.Stop is no list"),
        ("\ufeff{}", "is no plain JSON (comments, or a comma too many?), so it is not written anew"),
    ],
)
def test_a_file_that_would_lose_something_is_left_alone(content: str, why: str) -> None:
    """With the reason."""
    with pytest.raises(SettingsError) as caught:
        put_in("claude", content.encode())
    assert str(caught.value) == why


@pytest.mark.parametrize("indent", ["\t", "    ", "  "])
def test_a_file_keeps_its_indentation(indent: str) -> None:
    """And whether it ends with a line end."""
    content = f'{{\n{indent}"model": "x"\n}}'
    after = put_in("claude", content.encode()).decode()
    assert after.startswith(f'{{\n{indent}"model": "x",\n')
    assert not after.endswith("\n")


UNIT = {
    "claude": ("timeout", 1),
    "codex": ("timeout", 1),
    "cursor": ("timeout", 1),
    "gemini": ("timeout", 1000),
    "copilot": ("timeoutSec", 1),
}


@pytest.mark.parametrize("host", JSON_HOSTS)
def test_the_hosts_limit_is_longer_than_what_we_wait_in_its_own_unit(host: str) -> None:
    """Gemini counts milliseconds."""
    name, factor = UNIT[host]
    stop = next(line for line in hook_lines(host, WISH) if " stop " in str(line.fields))
    assert stop.fields[name] == (90 + MARGIN_S) * factor
    command = str(stop.fields.get("command") or stop.fields["bash"])
    assert shlex.split(command) == ["/opt/my tools/verifyd", "hook", host, "stop", "--wait", "90", "--attempts", "5"]


def test_only_hosts_that_can_take_it_are_told_after_edits() -> None:
    """Cursor and Copilot use nothing of what such a hook prints."""
    told = {
        host
        for host in JSON_HOSTS
        if any(f"{host} {Moment.EDIT.value}" in str(line.fields) for line in hook_lines(host, WISH))
    }
    assert told == {"claude", "codex", "gemini"}


def test_what_is_to_be_added_by_hand_is_what_would_have_been_added() -> None:
    """As JSON."""
    text = lines_to_add(hook_lines("claude", WISH), Shape.GROUPS)
    assert json.loads(text)["hooks"] == json.loads(put_in("claude", None))["hooks"]


def test_the_plugin_holds_the_commands_as_words() -> None:
    """No shell takes them apart."""
    assert '"/opt/my tools/verifyd",\n    "hook",\n    "opencode",\n    "stop",' in plugin_text(WISH)


def a_hook(command: str = "verifyd hook codex stop --wait 60") -> dict[str, Any]:
    """A hook as a file says it."""
    return {"type": "command", "command": command, "timeout": 75}


def test_codex_trusts_a_hook_by_its_place_and_what_it_says() -> None:
    """The digest is what ``codex app-server`` 0.169.0 answered for this hook."""
    hooks = {
        "Stop": [{"hooks": [{"type": "command", "command": "theirs"}, a_hook()]}],
        "PostToolUse": [{"matcher": "Bash", "hooks": [a_hook()]}],
    }
    digest = "sha256:75bad8e7cc8f4c1bc4513bb8fede9a0abcf0e768034f4506c1626a7cc6e49b42"
    config = {
        "hooks": {
            "state": {
                "/p/.codex/hooks.json:stop:0:1": {"trusted_hash": digest},
                "/p/.codex/hooks.json:post_tool_use:0:0": {"trusted_hash": digest},
            }
        }
    }
    found = hook_trusts(hooks, "/p/.codex/hooks.json", config)
    assert [(one.event, one.key, one.trust) for one in found] == [
        ("Stop", "/p/.codex/hooks.json:stop:0:1", Trust.TRUSTED),
        ("PostToolUse", "/p/.codex/hooks.json:post_tool_use:0:0", Trust.CHANGED),
    ]
    assert found[0].digest == digest


def test_a_linked_work_tree_needs_its_own_trust() -> None:
    """Its file is another one."""
    config = {"hooks": {"state": {"/p/.codex/hooks.json:stop:0:0": {"trusted_hash": "sha256:x"}}}}
    found = hook_trusts({"Stop": [{"hooks": [a_hook()]}]}, "/linked/.codex/hooks.json", config)
    assert [one.trust for one in found] == [Trust.UNTRUSTED]


def test_a_hook_that_was_switched_off_is_said_to_be() -> None:
    """Trusted or not."""
    config = {"hooks": {"state": {"/p:stop:0:0": {"enabled": False}}}}
    assert [one.trust for one in hook_trusts({"Stop": [{"hooks": [a_hook()]}]}, "/p", config)] == [Trust.OFF]


@pytest.mark.parametrize(
    "config",
    [{}, {"projects": []}, {"projects": {"/p": "trusted"}}, {"projects": {"/p": {"trust_level": "untrusted"}}}],
)
def test_a_project_is_trusted_by_name_alone(config: dict[str, Any]) -> None:
    """Whatever else stands there."""
    assert not is_project_trusted(config, "/p")
    assert is_project_trusted({"projects": {"/p": {"trust_level": "trusted"}}}, "/p")


ON = {"security": {"folderTrust": {"enabled": True}}}


@pytest.mark.parametrize(
    "settings, folders, trusts",
    [
        ({}, {}, True),
        ({"security": []}, {}, True),
        (ON, {}, False),
        (ON, {"/repos/p": "TRUST_FOLDER"}, True),
        (ON, {"/repos": "TRUST_FOLDER"}, True),
        (ON, {"/repos/q": "TRUST_PARENT"}, True),
        (ON, {"/repos": "TRUST_FOLDER", "/repos/p": "DO_NOT_TRUST"}, False),
        (ON, {"/repos/pp": "TRUST_FOLDER", "/other": 7}, False),
    ],
)
def test_gemini_trusts_every_folder_unless_it_was_told_to_ask(
    settings: dict[str, Any], folders: dict[str, Any], trusts: bool
) -> None:
    """By the folder, one above it, or the one that holds a neighbour."""
    assert gemini_trusts(settings, folders, "/repos/p") is trusts


@pytest.mark.parametrize(
    "content, trusts",
    [
        (None, False),
        (b"not json", False),
        (b'// managed\n{"trustedFolders": ["/repos/p"]}', True),
        (b'{"trustedFolders": ["/repos", 7]}', True),
        (b'{"trustedFolders": ["/repos/pp", "relative"]}', False),
        (b'{"trustedFolders": {}}', False),
    ],
)
def test_copilot_trusts_the_folders_that_it_lists(content: bytes | None, trusts: bool) -> None:
    """Its file begins with comments of its own."""
    assert copilot_trusts([{}, read_settings(content)], "/repos/p") is trusts

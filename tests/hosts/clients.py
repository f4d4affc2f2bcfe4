"""
The real clients of agent hosts, driven through edit, red, task, mending, ready, stop; ``scripts/check hosts`` runs this.

No client has a network but loopback, where a scripted model answers; HOME is a temporary folder. The clients come from npm by
the lock beside this file, once, into ``.hosts/``; they take a gigabyte and minutes, so no ordinary run of the tests does this:
the file's name keeps it from being collected.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.client_schemas import codex_schemas
from tests.hosts.model_server import Call, Model, Say, Step, model
from tests.support.project import Project
from tests.support.repository import ROOT
from verifyd.hosts import codex
from verifyd.hosts.codex_trust import hook_trusts

CLIENTS = ROOT / ".hosts"
LOCK = Path(__file__).with_name("package-lock.json")
INSTALL_LIMIT_S = 1_500
TURN_LIMIT_S = 240
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
PAGE = '# Verification\n\n## there\n```sh\npython3 -B -c "import calc; assert calc.A == 1, (calc.A, 1)"\n```\n'
BRIEF, TASK = "verifyd verifies this repository at every edit", "verifyd: this tree is not ready"
NOBODY = "http://127.0.0.1:9"
"""Where nobody listens: what a client sends anywhere but to the model fails at once."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """
    One real client.

    Attributes:
        command: After its program; ``@PORT@`` is the model's.
        environment: Beside HOME, PATH and the proxies.
        prepare: Writes its own settings: (home, root, port of the model).
        edit: The tool call that writes a text to calc.py.
    """

    name: str
    program: str
    edit: Callable[[Path, str], Call]
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path, Path, int], None] = lambda _home, _root, _port: None


def shell(tool: str, argument: str, **more: Any) -> Callable[[Path, str], Call]:
    """An edit by a shell command, which no hook of edits sees everywhere: the watcher does."""
    return lambda _path, text: Call(tool, {argument: f"printf '{text}' > calc.py", **more})


def write(tool: str, path_name: str) -> Callable[[Path, str], Call]:
    """An edit by the client's own tool."""
    return lambda path, text: Call(tool, {path_name: str(path), "content": text})


def prepare_codex(home: Path, root: Path, port: int) -> None:
    """A model provider on loopback; the project and our hooks are trusted, as a person would do it in the client."""
    folder = home / ".codex"
    folder.mkdir(exist_ok=True)
    hooks = root / ".codex" / "hooks.json"
    trusts = hook_trusts(json.loads(hooks.read_text())["hooks"], str(hooks), {})
    lines = [
        'model = "scripted"\nmodel_provider = "local"\napproval_policy = "never"\nsandbox_mode = "danger-full-access"',
        f'[model_providers.local]\nname = "local"\nbase_url = "http://127.0.0.1:{port}/v1"\nwire_api = "responses"',
        trusted_project(root),
        *(f'[hooks.state."{one.key}"]\ntrusted_hash = "{one.digest}"' for one in trusts),
    ]
    (folder / "config.toml").write_text("\n".join(lines) + "\n")


def trusted_project(root: Path) -> str:
    """What Codex writes of a folder that a person trusts."""
    return f'[projects."{root}"]\ntrust_level = "trusted"'


def prepare_gemini(home: Path, _root: Path, _port: int) -> None:
    """A key instead of a login."""
    (home / ".gemini").mkdir()
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}}}
    (home / ".gemini" / "settings.json").write_text(json.dumps(settings))


def prepare_opencode(home: Path, root: Path, port: int) -> None:
    """A model provider on loopback; and what keeps it from waiting minutes for npm before it loads a plugin."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "local",
        "options": {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "none"},
        "models": {"scripted": {"name": "scripted"}},
    }
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "provider": {"local": provider},
        "model": "local/scripted",
        "small_model": "local/scripted",
        "permission": {"*": "allow"},
    }
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(json.dumps(settings))
    needs = {"dependencies": {"@opencode-ai/plugin": "*"}}
    for place in (folder, root / ".opencode"):  # it takes the types of plugins for installed when these agree
        (place / "node_modules").mkdir()
        (place / "package.json").write_text(json.dumps(needs))
        (place / "package-lock.json").write_text(json.dumps({"packages": {"": needs}}))


CLAUDE = Client(
    name="claude",
    program="claude",
    edit=shell("Bash", "command"),
    command=["-p", "set A", "--permission-mode", "bypassPermissions"],
    environment={
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:@PORT@",
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",  # it refuses to bypass permissions as root otherwise
    },
)
CODEX = Client(
    name="codex",
    program="codex",
    edit=shell("exec_command", "cmd"),
    command=["exec", "--skip-git-repo-check", "set A"],
    prepare=prepare_codex,
)
GEMINI = Client(
    name="gemini",
    program="gemini",
    edit=write("write_file", "file_path"),
    command=["-p", "set A", "--yolo", "-m", "gemini-2.5-flash"],
    environment={
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:@PORT@",
        "GEMINI_API_KEY": "none",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    },
    prepare=prepare_gemini,
)
COPILOT = Client(
    name="copilot",
    program="copilot",
    edit=shell("bash", "command", description="edit", mode="sync"),
    command=["-p", "set A", "--allow-all-tools", "--no-auto-update"],
    environment={
        "COPILOT_PROVIDER_BASE_URL": "http://127.0.0.1:@PORT@/v1",
        "COPILOT_PROVIDER_API_KEY": "none",
        "COPILOT_MODEL": "scripted",
        "COPILOT_OFFLINE": "true",
        "COPILOT_ALLOW_ALL": "true",
    },
)
OPENCODE = Client(
    name="opencode",
    program="opencode",
    edit=write("write", "filePath"),
    environment={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    prepare=prepare_opencode,
)
COMMAND_LINES = (CLAUDE, CODEX, GEMINI, COPILOT)


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder of the clients' programs; a skip where npm cannot get them."""
    programs, stamp = CLIENTS / "node_modules" / ".bin", CLIENTS / "installed"
    if stamp.is_file() and stamp.read_bytes() == LOCK.read_bytes():
        return programs
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine, so the clients cannot be had")
    shutil.rmtree(CLIENTS, ignore_errors=True)
    CLIENTS.mkdir()
    for name in ("package.json", LOCK.name):
        shutil.copy(LOCK.with_name(name), CLIENTS)
    # Not `npm ci`: it refuses a lock without the packages of other platforms, which the lock leaves out for some clients.
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=INSTALL_LIMIT_S)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:300]
        pytest.skip(f"npm cannot get the clients: {said}")
    shutil.copy(LOCK, stamp)
    return programs


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An approved project with a daemon that has found it ready; it ends with the test."""
    project = Project.make(tmp_path.resolve(), {"calc.py": "A = 1\n", "VERIFY.md": PAGE})
    kept = (
        "PATH",
        "HOME",
        "XDG_STATE_HOME",
        "LANG",
        "TMPDIR",
        *(n for n in project.environment if n.startswith("GIT_")),
    )
    project.environment = {name: value for name, value in project.environment.items() if name in kept}
    project.approve()
    yield project
    project.verifyd("stop")


def environment(client: Client, project: Project, served: Model) -> dict[str, str]:
    """HOME below the test's folder, and no way to anywhere but loopback."""
    own = {name: value.replace("@PORT@", str(served.port)) for name, value in client.environment.items()}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "npm_config_registry"), NOBODY)
    reached = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return {**project.environment, **proxies, **reached, "npm_config_fetch_retries": "0", **own}


def begin(client: Client, project: Project, served: Model) -> None:
    """The hooks installed, the client's own settings written, the daemon ready."""
    project.verifyd("install", client.name, "--yes", expect=0)
    client.prepare(Path(project.environment["HOME"]), project.root, served.port)
    project.verifyd("watch", "--detach", expect=0)
    project.verifyd("status", "--wait", "50", expect=0)


def turn(client: Client, programs: Path, project: Project, served: Model) -> str:
    """One run of the client; all that it printed."""
    done = subprocess.run(
        [str(programs / client.program), *client.command],
        cwd=project.root,
        env=environment(client, project, served),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TURN_LIMIT_S,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def there_and_back(client: Client, project: Project) -> list[Step]:
    """Breaks the gate, says that it is done; is sent on, mends it, says so again."""
    path = project.root / "calc.py"
    return [client.edit(path, "A = 2\\n"), Say("Done."), client.edit(path, "A = 1\\n"), Say("Mended.")]


def unescaped(steps: list[Step], client: Client) -> list[Step]:
    """A tool that writes takes the line end itself, a shell its spelling."""
    if client.edit.__qualname__.startswith("shell"):
        return steps
    return [
        Call(one.name, {key: value.replace("\\n", "\n") for key, value in one.arguments.items()})
        if isinstance(one, Call)
        else one
        for one in steps
    ]


@pytest.mark.timeout(INSTALL_LIMIT_S + TURN_LIMIT_S)
@pytest.mark.parametrize("client", COMMAND_LINES, ids=lambda client: client.name)
def test_a_real_client_is_sent_on_with_the_task_until_the_tree_is_ready(
    client: Client, clients: Path, project: Project
) -> None:
    """It is briefed, breaks a gate, wants to stop, is given the task, mends it, and may stop."""
    with model(unescaped(there_and_back(client, project), client)) as served:
        begin(client, project, served)
        turn(client, clients, project, served)
    assert served.steps == [], "everything was said"
    assert served.saw(BRIEF)[:1] == [0], "the first question holds the brief"
    assert served.saw(TASK) == [2, 3], "the task came after the first stop, once"
    assert (project.root / "calc.py").read_text() == "A = 1\n"
    project.verifyd("status", "--wait", "50", expect=0)


@pytest.mark.timeout(INSTALL_LIMIT_S + TURN_LIMIT_S)
@pytest.mark.parametrize("client", COMMAND_LINES, ids=lambda client: client.name)
def test_a_real_client_whose_agent_changes_nothing_is_let_go(client: Client, clients: Path, project: Project) -> None:
    """The same task on the same tree is given once: the second stop is the last."""
    path = project.root / "calc.py"
    steps: list[Step] = [client.edit(path, "A = 2\\n"), Say("Done."), Say("I see nothing wrong."), Say("Never said.")]
    with model(unescaped(steps, client)) as served:
        begin(client, project, served)
        turn(client, clients, project, served)
    assert served.steps == [Say("Never said.")]
    assert served.saw(TASK) == [2]


@pytest.mark.timeout(INSTALL_LIMIT_S + TURN_LIMIT_S)
@pytest.mark.parametrize("client", COMMAND_LINES, ids=lambda client: client.name)
def test_a_real_client_is_let_go_where_nothing_is_approved(client: Client, clients: Path, project: Project) -> None:
    """What could not be determined sends nobody to work."""
    shutil.rmtree(project.environment["XDG_STATE_HOME"])
    with model([Say("Done."), Say("Never said.")]) as served:
        project.verifyd("install", client.name, "--yes", expect=0)
        client.prepare(Path(project.environment["HOME"]), project.root, served.port)
        turn(client, clients, project, served)
    assert served.steps == [Say("Never said.")]


@pytest.mark.timeout(INSTALL_LIMIT_S + 2 * TURN_LIMIT_S)
def test_opencode_as_a_server_is_sent_on_with_the_task(clients: Path, project: Project) -> None:
    """Its plugin prompts the session when it is idle; ``opencode run`` ends before that, which no plugin can hold up."""
    with model(unescaped(there_and_back(OPENCODE, project), OPENCODE)) as served:
        begin(OPENCODE, project, served)
        port = free_port()
        process = subprocess.Popen(
            [str(clients / "opencode"), "serve", "--port", str(port)],
            cwd=project.root,
            env=environment(OPENCODE, project, served),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: answers(port))
            session = post(port, "/session", {})["id"]
            post(port, f"/session/{session}/message", {"parts": [{"type": "text", "text": "set A"}]})
            until(lambda: not served.steps)
        finally:
            process.terminate()
            process.wait(20)
    assert served.saw(BRIEF)[:1] == [0]
    assert served.saw(TASK) == [2, 3]
    project.verifyd("status", "--wait", "50", expect=0)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def post(port: int, path: str, body: Mapping[str, Any]) -> Any:
    """Ask opencode's own server."""
    data, kind = json.dumps(body).encode(), {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, kind)
    return json.loads(DIRECT.open(request, timeout=TURN_LIMIT_S).read())


def answers(port: int) -> bool:
    """Whether opencode's server answers; a question that comes too early is never answered."""
    try:
        DIRECT.open(f"http://127.0.0.1:{port}/session", timeout=5).close()
    except OSError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + TURN_LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.timeout(INSTALL_LIMIT_S + TURN_LIMIT_S)
def test_what_codex_calls_trusted_is_what_doctor_calls_trusted(clients: Path, project: Project) -> None:
    """Key and digest of each hook as the client itself gives them; doctor names each one that it skips, and why."""
    with model([]) as served:
        project.verifyd("install", "codex", "--yes", expect=0)
        home = Path(project.environment["HOME"])
        assert "it does not trust" in project.verifyd("doctor").out
        (home / ".codex").mkdir()
        (home / ".codex" / "config.toml").write_text(trusted_project(project.root))
        unseen = hooks_list(clients, project, served)
        assert {one["trustStatus"] for one in unseen} == {"untrusted"}
        assert (
            f"it skips verifyd's hooks: {', '.join(codex.EVENTS.values())} not trusted yet"
            in project.verifyd("doctor").out
        )
        prepare_codex(home, project.root, served.port)
        listed = hooks_list(clients, project, served)
        hooks = project.root / ".codex" / "hooks.json"
        ours = hook_trusts(json.loads(hooks.read_text())["hooks"], str(hooks), {})
        assert {one.key: one.digest for one in ours} == {one["key"]: one["currentHash"] for one in listed}
        assert {one["trustStatus"] for one in listed} == {"trusted"}
        assert "it skips" not in project.verifyd("doctor").out
        hooks.write_text(hooks.read_text().replace("--wait 60", "--wait 61"))
        changed = {one["key"] for one in hooks_list(clients, project, served) if one["trustStatus"] != "trusted"}
        assert {key.rpartition("hooks.json:")[2] for key in changed} == {"stop:0:0"}
        assert "it skips verifyd's hooks: Stop changed since it was trusted" in project.verifyd("doctor").out


def hooks_list(programs: Path, project: Project, served: Model) -> list[dict[str, Any]]:
    """What ``codex app-server`` says of the hooks of a folder."""
    asked = [
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "tests", "version": "1"}}},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(project.root)]}},
    ]
    process = subprocess.Popen(
        [str(programs / "codex"), "app-server"],
        cwd=project.root,
        env=environment(CODEX, project, served),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write("".join(json.dumps(one) + "\n" for one in asked))
        process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            if answer.get("id") == 2:
                found: list[dict[str, Any]] = answer["result"]["data"][0]["hooks"]
                return found
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    raise AssertionError("codex did not answer")


@pytest.mark.timeout(INSTALL_LIMIT_S + 60)
def test_what_we_say_to_codex_fits_the_schemas_in_the_client(clients: Path) -> None:
    """They allow no key but theirs."""
    import jsonschema

    from verifyd.hosts.model import Answer, Moment

    schemas = codex_schemas(clients)
    said = 0
    for moment, name in ((Moment.START, "session-start"), (Moment.EDIT, "post-tool-use"), (Moment.STOP, "stop")):
        for answer in (Answer(agent="a", person="p"), Answer(agent="a"), Answer(person="p")):
            jsonschema.validate(json.loads(codex.make_reply(moment, answer).stdout), schemas[f"{name}.command.output"])
            said += 1
    assert said == 9
    assert "session-end.command.output" not in schemas


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", __file__]))

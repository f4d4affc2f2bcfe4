"""A Playwright configuration in, the browser gate out."""

from __future__ import annotations

import re

from msgspec import Struct

from verifyd.detect.commands import hazard, programs_in
from verifyd.detect.model import Ecosystem, Kind, ProposedGate
from verifyd.detect.node_project import BINARY, NodeProject
from verifyd.detect.tasks import NAMES, SAYS, Task

WEB_SERVER = re.compile(r"\bwebServer\s*:\s*(\{|\[)")
TEXT = r"""\s*:\s*(['"`])([^'"`\n\\]+)\1"""
OUTPUT_FOLDER = re.compile(r"\boutputDir" + TEXT)


class WebServer(Struct, frozen=True, kw_only=True):
    """
    What a configuration says about the server its tests need.

    Attributes:
        command: None when it cannot be read (several servers, computed text).
        reused: Whether Playwright takes one that already runs: ``reuseExistingServer: true``, not depending on CI.
    """

    command: str | None = None
    ready: str | None = None
    reused: bool = False


def read_web_server(text: str) -> WebServer | None:
    """The ``webServer`` of a playwright.config; None when it has none."""
    text = re.sub(r"(?s)/\*.*?\*/", "", re.sub(r"(?m)^\s*//.*$", "", text))
    found = WEB_SERVER.search(text)
    if found is None:
        return None
    if found[1] == "[":
        return WebServer()
    block = text[found.end() :]
    command, url, port = (
        re.search(pattern, block) for pattern in (r"\bcommand" + TEXT, r"\burl" + TEXT, r"\bport\s*:\s*(\d+)")
    )
    ready = url[2] if url else f"127.0.0.1:{port[1]}" if port else None
    readable = command[2] if command and "${" not in command[0] else None
    return WebServer(
        command=readable,
        ready=ready if ready and "${" not in ready else None,
        reused=re.search(r"\breuseExistingServer\s*:\s*true\b", block) is not None,
    )


def browser_gate(project: NodeProject) -> ProposedGate | None:
    """
    The browser gate of one folder; None when it has none.

    Playwright starts a configured server itself, and under ``CI=1`` most configurations refuse one that already runs; so the
    server is ours to start only where the configuration always takes a running one. Where no server can be seen, nobody knows
    whether the tests have what they need: the gate is optional.
    """
    folder = project.folder
    name = next(iter(folder.matching("playwright.config.*")), None)
    script = browser_script(project)
    if script is None and (name is None or not {"@playwright/test", "playwright"} & project.dependencies):
        return None
    server = read_web_server(folder.text(name)) if name else None
    ours = server is not None and server.reused and server.command is not None and server.ready is not None
    output = OUTPUT_FOLDER.search(folder.text(name)) if name else None
    kept = (
        output[2].removeprefix("./").rstrip("/") if output and not output[2].startswith(("/", "..")) else "test-results"
    )
    return ProposedGate(
        kind=Kind.BROWSER,
        ecosystem=Ecosystem.NODE,
        command=script.command if script else f"{BINARY[project.manager]} playwright test",
        why=script.why if script else f"there is {folder.full(name or '')}",
        says=SAYS[Kind.BROWSER],
        programs=programs_in(script.text) if script else frozenset({"playwright"}),
        tools=(
            project.manager_tool(),
            project.local_tool("cypress" if script and "cypress" in script.text else "playwright"),
        ),
        folder=folder.path,
        paths=() if folder.is_root else (f"{folder.path}/**",),
        server=server.command if ours and server else None,
        ready=server.ready if ours and server else None,
        artifacts=(f"{kept}/**",) if name else (),
        optional=server is None,
    )


def browser_script(project: NodeProject) -> Task | None:
    """The script that drives a browser, and nothing else: by its name, else a ``test`` that is Playwright's."""
    tasks = {task.name: task for task in project.tasks() if hazard(task.text) is None}
    for name in (*NAMES[Kind.BROWSER], *NAMES[Kind.TESTS]):
        task = tasks.get(name)
        if task is not None and programs_in(task.text) & {"playwright", "cypress"}:
            return task
    return None

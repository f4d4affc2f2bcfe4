"""
Who reports bad content as passing, when a file is edited while its check runs? verifyd beside the caching task runners.

Bad content is a failure of the check. Three orders of an edit beside a run, then a question about the bad content:
bad, good before the check reads, bad again before the run ends; the same, but bad again only after the run; and good, bad
after the check has read. The check tells when it begins and when it has read, so that each edit comes at the same moment for
all. A runner that answers "passed" about the bad content, in the run itself or in the one after it, was poisoned.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"]
CHECK = """#!/bin/sh
signals=$(cat {signals})
wait_for() {{ until [ -e "$signals/$1" ] || [ -e "$signals/over" ]; do sleep 0.01; done; }}
: > "$signals/began"
wait_for go
code=0
grep -q good state.txt || code=1
: > "$signals/saw"
wait_for end
[ $code = 0 ] && echo passed > out.txt
exit $code
"""
ORDERS = {
    "bad, good, bad during the run": ("bad!", "good", "bad!"),
    "bad, good, bad after the run": ("bad!", "good", None),
    "good, bad after the check read": ("good", None, "bad!"),
}
ROUNDS = 3


@dataclass(frozen=True)
class Runner:
    """A program that runs the check and may answer from what it knows."""

    name: str
    command: list[str]
    files: dict[str, str]


def files_for_node(scripts: Mapping[str, object], **more: object) -> str:
    """A package.json."""
    return json.dumps(
        {"name": "poison", "version": "1.0.0", "packageManager": "npm@10.0.0", "scripts": scripts, **more}
    )


def runners(tools: list[Path]) -> list[Runner]:
    """Those that are installed."""
    verify = "# Verification\n\n## check\n```sh {attributes} paths=state.txt,check.sh\nsh check.sh\n```\n"
    plain = {"check": "sh check.sh"}
    wireit = {"check": {"command": "sh check.sh", "files": ["state.txt", "check.sh"], "output": ["out.txt"]}}
    ours = [sys.executable, "-m", "verifyd"]
    known = [
        Runner("verifyd run, in place", [*ours, "run"], {"VERIFY.md": verify.format(attributes="isolate=tree")}),
        Runner("verifyd run, frozen", [*ours, "run"], {"VERIFY.md": verify.format(attributes="isolate=frozen")}),
        Runner(
            "verifyd watch", [*ours, "status", "--wait", "60"], {"VERIFY.md": verify.format(attributes="timeout=1m")}
        ),
        Runner(
            "turbo",
            ["turbo", "run", "check"],
            {
                "package.json": files_for_node(plain, workspaces=["packages/*"]),
                "package-lock.json": '{"name": "poison", "lockfileVersion": 3, "packages": {}}',
                "turbo.json": '{"tasks": {"//#check": {"inputs": ["state.txt", "check.sh"], "outputs": ["out.txt"]}}}',
            },
        ),
        Runner(
            "nx",
            ["nx", "run", "poison:check"],
            {
                "package.json": files_for_node({}),
                "nx.json": "{}",
                "project.json": '{"name": "poison", "targets": {"check": {"executor": "nx:run-commands", "cache": true, '
                '"inputs": ["{projectRoot}/state.txt", "{projectRoot}/check.sh"], "outputs": ["{projectRoot}/out.txt"], '
                '"options": {"command": "sh check.sh", "cwd": "{projectRoot}"}}}}',
            },
        ),
        Runner(
            "moon",
            ["moon", "run", "root:check"],
            {
                ".moon/workspace.yml": "projects:\n  root: '.'\n",
                "moon.yml": "tasks:\n  check:\n    command: 'sh check.sh'\n    inputs: ['state.txt', 'check.sh']\n    outputs: ['out.txt']\n    options: {cache: true, runInCI: true}\n",
            },
        ),
        Runner(
            "wireit",
            ["npm", "run", "-s", "check"],
            {"package.json": files_for_node({"check": "wireit"}, wireit=wireit)},
        ),
        Runner(
            "task",
            ["task", "check"],
            {
                "Taskfile.yml": "version: '3'\ntasks:\n  check:\n    sources: [state.txt, check.sh]\n    cmds: ['sh check.sh']\n"
            },
        ),
        Runner(
            "doit",
            ["doit", "-v0", "check"],
            {
                "dodo.py": "def task_check():\n    return {'actions': ['sh check.sh'], 'file_dep': ['state.txt', 'check.sh']}\n"
            },
        ),
    ]
    path = os.pathsep.join([*map(str, tools), os.environ["PATH"]])
    return [one for one in known if shutil.which("wireit" if one.name == "wireit" else one.command[0], path=path)]


class Bench:
    """One runner in a repository of its own."""

    def __init__(self, runner: Runner, tools: list[Path], folder: Path) -> None:
        self.runner, self.root, self.folder = runner, folder / "repository", folder
        self.root.mkdir(parents=True)
        path = os.pathsep.join([*map(str, tools), os.environ["PATH"]])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.environment = {**inherited, "PATH": path, "XDG_STATE_HOME": str(folder / "state"), "NX_DAEMON": "false"}
        self.environment |= {
            "TURBO_TELEMETRY_DISABLED": "1",
            "NX_TUI": "false",
            "MOON_TELEMETRY": "false",
            "CI": "",
            "DO_NOT_TRACK": "1",
        }
        ignored = "node_modules\n.turbo\n.nx\n.wireit\n.task\n.moon/cache\n.doit.db*\nout.txt\n"
        check = CHECK.format(signals=folder / "signals")
        for name, text in {**runner.files, "check.sh": check, "state.txt": "good 0\n", ".gitignore": ignored}.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        for tool in tools:
            if tool.name == ".bin" and not (self.root / "node_modules").exists():
                (self.root / "node_modules").symlink_to(tool.parent)
        self.begin("warm")
        self.say("over")
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
            subprocess.run([*GIT, *command], cwd=self.root, check=True)
        if runner.name.startswith("verifyd"):
            self.run(sys.executable, "-m", "verifyd", "approve", "--yes")
        if runner.name == "verifyd watch":
            self.run(sys.executable, "-m", "verifyd", "watch", "--detach")
        self.works = self.ask() == 0
        self.put("bad!", "warm")
        self.works = self.works and self.ask() != 0

    def run(self, *command: str) -> int:
        """Run a command to its end; its exit status."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, check=False, timeout=120
        )
        return done.returncode

    def ask(self) -> int:
        """The runner's exit status."""
        return self.run(*self.runner.command)

    def begin(self, name: str) -> None:
        """Signals of a new round."""
        (self.folder / f"signals-{name}").mkdir()
        (self.folder / "beside").write_text(str(self.folder / f"signals-{name}"))
        (self.folder / "beside").replace(self.folder / "signals")

    def say(self, what: str) -> None:
        """Let the check go on."""
        Path((self.folder / "signals").read_text(), what).touch()

    def put(self, word: str, name: str) -> None:
        """Write the content in place."""
        (self.root / "state.txt").write_text(f"{word} {name}\n")

    def poisoned(self, name: str, contents: tuple[str, str | None, str | None]) -> bool:
        """Whether the bad content is called passing."""
        first, before, after = contents
        self.begin(name)
        self.put(first, name)
        process = subprocess.Popen(
            self.runner.command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for said, word, told in (("began", before, "go"), ("saw", after, "end")):
            signal = Path((self.folder / "signals").read_text(), said)
            while not signal.exists() and process.poll() is None:
                time.sleep(0.005)
            if word is not None:
                self.put(word, name)
                time.sleep(0.05)
            self.say(told)
        self.say("over")
        process.wait()
        self.put("bad!", name)
        time.sleep(0.05)
        return self.ask() == 0

    def close(self) -> None:
        """End what was started."""
        if self.runner.name == "verifyd watch":
            self.run(sys.executable, "-m", "verifyd", "stop")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tools", type=Path, nargs="*", default=[], help="folders with programs: node_modules/.bin, a venv's bin"
    )
    parser.add_argument("--runs", type=int, default=ROUNDS)
    asked = parser.parse_args()
    tools = [tool.absolute() for tool in asked.tools]
    print("| bad content called passing | " + " | ".join(ORDERS) + " |")
    print("|---|" + "---|" * len(ORDERS))
    for runner in runners(tools):
        with tempfile.TemporaryDirectory(prefix="poison-") as folder:
            bench = Bench(runner, tools, Path(folder))
            try:
                if not bench.works:
                    print(f"| {runner.name} | could not be set up | | |", flush=True)
                    continue
                cells: list[str] = []
                for order, contents in ORDERS.items():
                    times = [
                        bench.poisoned(f"{order[:3]}{len(cells)}-{number}", contents) for number in range(asked.runs)
                    ]
                    cells.append(f"{sum(times)} of {asked.runs}")
                print(f"| {runner.name} | " + " | ".join(cells) + " |", flush=True)
            finally:
                bench.close()


if __name__ == "__main__":
    main()

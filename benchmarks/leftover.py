"""
Who leaves processes behind? A check starts a plain child, one in a session of its own and one that ignores SIGTERM, and stays;
then the runner is ended by Ctrl-C to its group, SIGTERM, SIGKILL. Three seconds later the table counts who is left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from poison import GIT, files_for_node

CHECK = """
import os, signal, subprocess, sys, time
stay = [sys.executable, "-c", "import time; time.sleep(300)", sys.argv[1]]
subprocess.Popen(stay)
subprocess.Popen(stay, start_new_session=True)
subprocess.Popen(stay, preexec_fn=lambda: [signal.signal(one, signal.SIG_IGN) for one in (signal.SIGTERM, signal.SIGINT)])
open(sys.argv[2], "w").close()
time.sleep(300)
"""
KINDS = 4
"""The check itself, and its three children."""
AFTER_S = 3.0
ENDS = {
    "Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),
    "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
    "SIGKILL": lambda pid: os.kill(pid, signal.SIGKILL),
}


def runners(check: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Name to command and files."""
    hook = f"      - id: check\n        name: check\n        entry: {check}\n        language: system\n        always_run: true\n        pass_filenames: false\n"
    return {
        "verifyd run": (
            [sys.executable, "-m", "verifyd", "run"],
            {"VERIFY.md": f"# Verification\n\n## check\n```sh\n{check}\n```\n"},
        ),
        "prek": (["prek", "run", "-a"], {".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n{hook}"}),
        "lefthook": (
            ["lefthook", "run", "check"],
            {"lefthook.yml": f"check:\n  commands:\n    check:\n      run: {check}\n"},
        ),
        "turbo": (
            ["turbo", "run", "check"],
            {
                "package.json": files_for_node({"check": check}, workspaces=["packages/*"]),
                "package-lock.json": '{"name": "poison", "lockfileVersion": 3, "packages": {}}',
                "turbo.json": '{"tasks": {"//#check": {"cache": false}}}',
            },
        ),
        "moon": (
            ["moon", "run", "root:check"],
            {
                ".moon/workspace.yml": "projects:\n  root: '.'\n",
                "moon.yml": f"tasks:\n  check:\n    command: '{check}'\n    options: {{cache: false}}\n",
            },
        ),
    }


def living(name: str) -> list[int]:
    """Processes with the name in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if name.encode() in words and any(b"python" in word for word in words[:1]):
                found.append(int(entry.name))
    return found


def left(runner: str, end: str, path: str, folder: Path) -> str:
    """How many live three seconds after the end."""
    name, began, root = f"left-{secrets.token_hex(6)}", folder / "began", folder / "repository"
    (folder / "check.py").write_text(CHECK)
    command, files = runners(f"{sys.executable} {folder / 'check.py'} {name} {began}")[runner]
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    inherited = {variable: value for variable, value in os.environ.items() if not variable.startswith("GIT_")}
    environment = {**inherited, "PATH": path, "XDG_STATE_HOME": str(folder / "state"), "TURBO_TELEMETRY_DISABLED": "1"}
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*GIT, *arguments], cwd=root, check=True)
    if runner.startswith("verifyd"):
        subprocess.run([*command[:-1], "approve", "--yes"], cwd=root, env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        process_group=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + 20
        while not began.exists() or len(living(name)) < KINDS:
            if process.poll() is not None or time.monotonic() > limit:
                return "did not start"
            time.sleep(0.02)
        ENDS[end](process.pid)
        time.sleep(AFTER_S)
        return f"{len(living(name))} of {KINDS}"
    finally:
        process.kill()
        process.wait()
        for one in living(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tools", type=Path, nargs="*", default=[], help="folders with programs: node_modules/.bin, a venv's bin"
    )
    path = os.pathsep.join([*(str(tool.absolute()) for tool in parser.parse_args().tools), os.environ["PATH"]])
    print("| processes left | " + " | ".join(ENDS) + " |\n|---|" + "---|" * len(ENDS))
    for runner, (command, _) in runners("").items():
        if shutil.which(command[0], path=path) is None:
            continue
        cells = []
        for end in ENDS:
            with tempfile.TemporaryDirectory(prefix="leftover-") as folder:
                cells.append(left(runner, end, path, Path(folder)))
        print(f"| {runner} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

"""A gate that does nothing: what verifyd run and other runners cost by themselves, on one repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from measure import VERIFYD, call, found, in_turn, print_table, program, repository, runs_from_command_line

FILES = {
    "VERIFY.md": "# Verification\n\n## nothing\n```sh\ntrue\n```\n",
    ".gitignore": "node_modules/\n.turbo/\n.nox/\n",
    ".pre-commit-config.yaml": (
        "repos:\n- repo: local\n  hooks:\n"
        "  - {id: nothing, name: nothing, entry: 'true', language: system, always_run: true, pass_filenames: false}\n"
    ),
    "lefthook.yml": "pre-commit:\n  commands:\n    nothing:\n      run: 'true'\n",
    "noxfile.py": (
        "import nox\n\n\n@nox.session(python=False)\ndef nothing(session):\n    session.run('true', external=True)\n"
    ),
    "package.json": '{"name": "nothing", "private": true, "packageManager": "npm@11.0.0", "scripts": {"nothing": "true"}}\n',
    "turbo.json": '{"tasks": {"nothing": {"cache": false}}}\n',
    **{f"src/module{number}.py": f"VALUE = {number}\n" for number in range(200)},
}


def runners(root: Path) -> dict[str, Callable[[], object]]:
    """Every runner that is installed."""
    commands = {
        "pre-commit run": ["pre-commit", "run", "--all-files"],
        "prek run": ["prek", "run", "--all-files"],
        "lefthook run": ["lefthook", "run", "pre-commit", "--force"],
        "nox": ["nox", "-s", "nothing"],
        "turbo run": ["turbo", "run", "nothing", "--no-daemon"],
    }
    left_out = [name for name, command in commands.items() if not found(command[0])]
    if left_out:
        print(f"not installed, left out: {', '.join(left_out)}")
    return {name: action_of(command, root) for name, command in commands.items() if name not in left_out}


def action_of(command: list[str], root: Path) -> Callable[[], object]:
    """Run one runner, found beside this Python first."""
    return lambda: call([program(command[0]) or command[0], *command[1:]], root)


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 15)
    os.environ.update(TURBO_TELEMETRY_DISABLED="1", DO_NOT_TRACK="1")
    with repository(FILES) as root:
        call([*VERIFYD, "approve", "--yes"], root)
        subprocess.run(["git", "status"], cwd=root, check=True, capture_output=True)
        taken = in_turn(
            {
                "verifyd run --no-reuse": lambda: call([*VERIFYD, "run", "--no-reuse"], root),
                "verifyd run, known": lambda: call([*VERIFYD, "run"], root),
                **runners(root),
            },
            runs,
        )
    print_table("A gate that does nothing, 207 files", taken, against="verifyd run --no-reuse")


if __name__ == "__main__":
    main()

"""A question to a daemon that lives: verifyd status and task beside a bare interpreter, curl, and the answer without a daemon."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from measure import VERIFYD, call, found, in_turn, print_table, program, repository, runs_from_command_line

FILES = {
    "VERIFY.md": "# Verification\n\n## nothing\n```sh\ntrue\n```\n",
    **{f"src/module{number}.py": f"VALUE = {number}\n" for number in range(200)},
}
BARE = "python -c pass"
BAR_RATIO, BAR_MS = 2, 15


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 40)
    with repository(FILES) as root:
        call([*VERIFYD, "approve", "--yes"], root)
        call([*VERIFYD, "watch", "--detach"], root)
        call([*VERIFYD, "status", "--wait", "60"], root)
        try:
            taken = in_turn({name: action_of(command, root) for name, command in commands(root).items()}, runs)
            call([*VERIFYD, "stop"], root)
            taken |= in_turn({"verifyd status, no daemon": action_of([*VERIFYD, "status"], root)}, min(runs, 10))
        finally:
            call([*VERIFYD, "stop"], root)
    print_table("A question to a daemon that lives", taken, against=BARE)
    bare_ms, status_ms = (statistics.median(taken[name]) * 1000 for name in (BARE, "verifyd status"))
    allowed_ms = BAR_RATIO * bare_ms + BAR_MS
    kept = "kept" if status_ms <= allowed_ms else "NOT kept"
    print(f"\nThe bar, {BAR_RATIO} × bare + {BAR_MS} ms = {allowed_ms:.1f} ms, is {kept}: {status_ms:.1f} ms.")


def commands(root: Path) -> dict[str, list[str]]:
    """Everything that is measured in turn."""
    script = program("verifyd") or "verifyd"
    asked = {
        BARE: [sys.executable, "-c", "pass"],
        "python -I -S -c pass": [sys.executable, "-I", "-S", "-c", "pass"],
        "verifyd status": [script, "status"],
        "verifyd task": [script, "task"],
        "verifyd status --json": [script, "status", "--json"],
        "python -m verifyd status": [*VERIFYD, "status"],
    }
    if found("curl"):
        socket = str(root / ".git/verifyd/daemon.sock")
        asked["curl"] = ["curl", "-s", "--unix-socket", socket, "http://verifyd/v1/status"]
    else:
        print("not installed, left out: curl")
    return asked


def action_of(command: list[str], root: Path) -> Callable[[], object]:
    """Run one command in the repository."""
    return lambda: call(command, root)


if __name__ == "__main__":
    main()

"""The commit hook with three real gates, beside pre-commit, prek, lefthook, and husky with lint-staged, each in a clone of its own."""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from measure import VERIFYD, call, in_turn, print_table, repository
from one_shot import COMMANDS, MODULE, TEST

MODULES = 12
HOOK = (".git/hooks/pre-commit",)
COMMON_MS, FACTOR_KNOWN, FACTOR_UNKNOWN, MORE_MS = 5.0, 1.5, 1.05, 300.0
numbers = itertools.count()


def project() -> dict[str, str]:
    """A small project with lint, types and tests, declared for each of the five."""
    files = {
        "shop/__init__.py": "",
        "conftest.py": "",
        ".gitignore": "__pycache__/\n.mypy_cache/\n.ruff_cache/\nnode_modules\n",
    }
    for number in range(MODULES):
        files[f"shop/module{number}.py"] = MODULE.format(number=number)
        files[f"tests/test_module{number}.py"] = TEST.format(number=number)
    gates = "\n".join(f"## {name}\n```sh\n{command}\n```\n" for name, command in COMMANDS.items())
    local = "".join(
        f"      - {{id: {name}, name: {name}, entry: '{command}', language: system, pass_filenames: false, always_run: true}}\n"
        for name, command in COMMANDS.items()
    )
    jobs = "".join(f"    - {{name: {name}, run: '{command}'}}\n" for name, command in COMMANDS.items())
    staged = ", ".join(f"'{command}'" for command in COMMANDS.values())
    return {
        **files,
        "VERIFY.md": f"# Verification\n\n{gates}",
        ".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n{local}",
        "lefthook.yml": f"pre-commit:\n  parallel: true\n  jobs:\n{jobs}",
        "lint-staged.config.mjs": f"export default {{'*.py': () => [{staged}]}}\n",
        ".husky/pre-commit": "npx --no-install lint-staged\n",
        "package.json": '{"name": "shop", "private": true}\n',
    }


def clones(root: Path, node_modules: Path | None) -> dict[str, Path]:
    """A clone for each runner that is installed, its hook in place; the first is ours."""
    made: dict[str, Path] = {"verifyd": clone(root, "verifyd")}
    call([*VERIFYD, "approve", "--yes"], made["verifyd"])
    call([*VERIFYD, "install", "git", "--yes"], made["verifyd"])
    for name, install in (
        ("pre-commit", ("pre-commit", "install")),
        ("prek", ("prek", "install")),
        ("lefthook", ("lefthook", "install")),
    ):
        if shutil.which(name) is None:
            print(f"{name} is not installed, so it is not measured")
            continue
        made[name] = clone(root, name)
        call(install, made[name])
    if node_modules is not None:
        folder = made["husky + lint-staged"] = clone(root, "husky")
        (folder / "node_modules").symlink_to(node_modules)
        call(["npx", "--no-install", "husky"], folder)
    else:
        print("no --node-modules, so husky and lint-staged are not measured")
    return made


def clone(root: Path, name: str) -> Path:
    """A clone beside the repository."""
    folder = root.parent / name
    call(["git", "clone", "-q", str(root), str(folder)], root.parent)
    by_hand(
        folder
    )  # the tools' caches are there then: a gate in a frozen view can use them, but makes no new folder in your files
    return folder


def stage(folders: Mapping[str, Path]) -> None:
    """The same new content in each clone, staged."""
    text = MODULE.format(number=0) + f"\n\nNUMBER = {next(numbers)}\n"
    for folder in folders.values():
        (folder / "shop/module0.py").write_text(text, "utf-8")
        subprocess.run(["git", "add", "shop/module0.py"], cwd=folder, check=True)
        subprocess.run(
            ["git", "write-tree"], cwd=folder, check=True, capture_output=True
        )  # as git commit does before hooks


def hook_of(name: str, folder: Path) -> Callable[[], None]:
    """What runs a clone's hook as git would."""
    command = (".husky/_/pre-commit",) if "husky" in name else HOOK
    environment = {**os.environ, "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": ""}
    if command is HOOK:
        command = (str(folder / HOOK[0]),)

    def run() -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{name}: exit status {done.returncode}\n{done.stdout}{done.stderr}")

    return run


def by_hand(folder: Path) -> None:
    """The three gates at once: what they take when nothing is in their way."""
    started = [
        subprocess.Popen(["sh", "-c", command], cwd=folder, stdout=subprocess.DEVNULL) for command in COMMANDS.values()
    ]
    if any(process.wait() for process in started):
        sys.exit("a gate failed by hand")


def main() -> None:
    """Measure, print, and say which bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="how often each (default 10)")
    parser.add_argument("--node-modules", type=Path, metavar="FOLDER", help="where husky and lint-staged are installed")
    options = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with repository(project()) as root:
        folders = clones(root, options.node_modules and options.node_modules.resolve())
        ours, hand = folders["verifyd"], clone(root, "hand")
        hooks = {f"{name}, hook": hook_of(name, folder) for name, folder in folders.items()}
        stage({**folders, "hand": hand})
        hooks["verifyd, hook"]()
        # The others know no verdicts: for them a tree that was verified is one that nobody has seen.
        known = in_turn(
            {
                "sh -c :": lambda: call(["sh", "-c", ":"], ours),
                "git write-tree": lambda: call(["git", "write-tree"], ours),
                "verifyd, hook": hooks["verifyd, hook"],
            },
            options.runs * 10,
        )
        new = {**folders, "hand": hand}
        unknown = in_turn(
            {"the gates by hand, at once": lambda: by_hand(hand), **hooks}, options.runs, before=lambda: stage(new)
        )
    print_table("A tree that was verified, three gates", known, against="git write-tree")
    print_table("A tree that nobody has seen, three gates", unknown, against="the gates by hand, at once")
    say_bars(known, unknown)


def say_bars(known: Mapping[str, list[float]], unknown: Mapping[str, list[float]]) -> None:
    """Which of the bars of issue 4 hold."""
    at_known = {name: statistics.median(taken) * 1000 for name, taken in known.items()}
    at_unknown = {name: statistics.median(taken) * 1000 for name, taken in unknown.items()}
    ours, bar = at_known["verifyd, hook"], FACTOR_KNOWN * at_known["git write-tree"] + COMMON_MS
    best = min(ms for name, ms in at_unknown.items() if name.endswith(", hook") and name != "verifyd, hook")
    print(
        f"\nverified: {ours:.1f} ms, bar {bar:.1f} ms; the best of the others takes {best / ours:.0f} times as long, bar 20"
    )
    limit = FACTOR_UNKNOWN * at_unknown["the gates by hand, at once"] + MORE_MS
    print(f"unknown: {at_unknown['verifyd, hook']:.0f} ms, bar {limit:.0f} ms")


if __name__ == "__main__":
    main()

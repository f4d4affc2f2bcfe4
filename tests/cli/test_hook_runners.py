"""What hook runners show a check of a partly staged commit, and do to the files meanwhile; and what ours does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hook_runners import LINT_STAGED, needs, runner
from tests.support.hooks import Hooked

LOOK = "cat calc.py > {notes}/content\nls > {notes}/names\n"
CONFIGURATIONS = {
    "pre-commit": (".pre-commit-config.yaml", "repos:\n  - repo: local\n    hooks:\n      - {id: look, name: look, entry: sh look.sh, language: system, pass_filenames: false}\n"),
    "prek": (".pre-commit-config.yaml", "repos:\n  - repo: local\n    hooks:\n      - {id: look, name: look, entry: sh look.sh, language: system, pass_filenames: false}\n"),
    "lefthook": ("lefthook.yml", "pre-commit:\n  jobs:\n    - run: sh look.sh\n"),
    LINT_STAGED: (".lintstagedrc.json", '{"*.py": "sh look.sh"}\n'),
}  # fmt: skip


def set_up_ours(hooked: Hooked) -> None:
    """VERIFY.md with the same check."""
    hooked.project.verifyd("install", "git", "--yes", expect=0)


def set_up(name: str) -> Callable[[Hooked], None]:
    """Install a runner's hook."""

    def install(hooked: Hooked) -> None:
        if name == LINT_STAGED:
            hook = hooked.hook()
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(f"#!/bin/sh\nexec '{runner(name)}'\n", "utf-8")
            hook.chmod(0o755)
        else:
            hooked.done("-c", f"alias.runner=!'{runner(name)}' install", "runner")

    return install


def commit_in_part(hooked: Hooked, install: Callable[[Hooked], None]) -> tuple[str, set[str], bool]:
    """What the check saw of calc.py, which names it saw, and whether calc.py's date is another now."""
    install(hooked)
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("add", "calc.py")
    hooked.project.write({"calc.py": "A = 3\n", "untracked": ""})
    calc = hooked.project.root / "calc.py"
    before = calc.stat().st_mtime_ns
    hooked.done("commit", "-m", "in part")
    assert calc.read_text("utf-8") == "A = 3\n"
    seen = (hooked.notes / "content").read_text("utf-8"), set((hooked.notes / "names").read_text("utf-8").split())
    return *seen, calc.stat().st_mtime_ns != before


@pytest.fixture
def looked(tmp_path: Path) -> Hooked:
    """A project where every runner is told to run the same check, and VERIFY.md as well."""
    look = LOOK.format(notes=tmp_path / "notes")
    files = {"look.sh": look, "VERIFY.md": "# V\n\n## look\n```sh\nsh look.sh\n```\n"}
    return Hooked.make(tmp_path, {**files, **dict(CONFIGURATIONS.values())}, install=False)


def test_ours_shows_what_is_committed_and_touches_nothing(looked: Hooked) -> None:
    """The staged content, no untracked file, and the file on disk keeps its date."""
    content, names, was_touched = commit_in_part(looked, set_up_ours)
    assert (content, "untracked" in names, was_touched) == ("A = 2\n", False, False)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=needs(name)) for name in CONFIGURATIONS],
)
def test_where_it_is_installed_another_runner_shows_more_and_rewrites_files(looked: Hooked, name: str) -> None:
    """Each of them puts the unstaged change away and back, which gives the file a new date, and shows what is not tracked."""
    content, names, was_touched = commit_in_part(looked, set_up(name))
    assert (content, "untracked" in names, was_touched) == ("A = 2\n", True, True)

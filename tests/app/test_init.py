"""The first VERIFY.md of a repository, against a world in memory."""

from __future__ import annotations

import pytest

from tests.support.builders import a_file_change
from tests.support.fake_world import REPOSITORY, ROOT, FakeFiles, FakeGit, FakeWorld
from verifyd.app.init import MissingTool, init
from verifyd.change import Change, ChangeKind
from verifyd.errors import StoreError, UsageError

PYPROJECT = "[project]\nname = 'shop'\n[tool.ruff]\n[tool.pytest.ini_options]\n"
SHOP = {"pyproject.toml": PYPROJECT, "tests/test_shop.py": ""}
PAGE = ROOT / "VERIFY.md"


def test_the_page_is_written_at_the_root() -> None:
    """Its text is what the result says, and it has a section for each gate."""
    fake = FakeWorld(git=FakeGit(files=SHOP), tools=frozenset({"ruff", "pytest"}))
    result = init(fake.world, REPOSITORY)
    assert result.path == PAGE
    assert fake.files.content == {PAGE: result.text.encode()}
    assert [line for line in result.text.splitlines() if line.startswith("## ")] == ["## lint", "## tests"]
    assert ([gate.name for gate in result.gates], result.missing_tools, result.notes) == (["lint", "tests"], (), ())


def test_packages_that_no_gitignore_names_are_noted() -> None:
    """The line to add is said before the first run reads them all."""
    change = Change(files=(a_file_change(".venv/pyvenv.cfg", kind=ChangeKind.ADDED),))
    fake = FakeWorld(git=FakeGit(files=SHOP, changed=change), tools=frozenset({"ruff", "pytest"}))
    assert init(fake.world, REPOSITORY).notes == (
        ".venv/ (1 file) is in no .gitignore, so every run reads it and it counts as changed; add this line to .gitignore: .venv/",
    )


@pytest.mark.parametrize(
    "fake",
    [
        FakeWorld(git=FakeGit(files={**SHOP, "VERIFY.md": "# Mine\n"})),
        FakeWorld(git=FakeGit(files=SHOP), files=FakeFiles(content={PAGE: b"# Ignored by git\n"})),
        FakeWorld(git=FakeGit(files=SHOP), files=FakeFiles(content={PAGE: b""})),
    ],
    ids=["in the tree", "ignored", "empty"],
)
def test_an_existing_page_is_never_overwritten(fake: FakeWorld) -> None:
    """Nothing is written, and the message says what to do."""
    before = dict(fake.files.content)
    with pytest.raises(UsageError) as raised:
        init(fake.world, REPOSITORY)
    assert str(raised.value) == (
        "VERIFY.md: there is one already, and it is never overwritten\n"
        "  See what it says with: verifyd plan. For a new one, move it away first: mv VERIFY.md VERIFY.old.md"
    )
    assert fake.files.content == before


def test_nothing_found_writes_nothing() -> None:
    """The usage error of detection comes through."""
    fake = FakeWorld(git=FakeGit(files={"README.md": ""}))
    with pytest.raises(UsageError, match="nothing here says how this repository is checked"):
        init(fake.world, REPOSITORY)
    assert fake.files.content == {}


def test_a_page_that_cannot_be_written() -> None:
    """The store's error comes through."""
    fake = FakeWorld(git=FakeGit(files=SHOP), files=FakeFiles(refuses="the disk is full"))
    with pytest.raises(StoreError, match="the disk is full"):
        init(fake.world, REPOSITORY)


def test_a_missing_tool_is_named_with_its_gates() -> None:
    """The gates stay on the page; the result says which tool they need and what brings it."""
    fake = FakeWorld(git=FakeGit(files={**SHOP, "ruff.toml": "[format]\n"}), tools=frozenset({"pytest"}))
    result = init(fake.world, REPOSITORY)
    remedy = "install the project's development requirements, or: pip install ruff"
    assert result.missing_tools == (MissingTool(name="ruff", gates=("lint", "format"), remedy=remedy),)
    assert str(result.missing_tools[0]) == f"ruff (for lint, format): {remedy}"
    assert "## lint" in result.text


def test_a_script_whose_file_is_not_there_is_named() -> None:
    """It is on the page, and a person knows before the first run that it cannot run."""
    package = (
        '{"scripts": {"typecheck": "node tools/types.mjs && echo done", "lint": "node lint.js", "test": "node --test"}}'
    )
    files = {"web/package.json": package, "web/lint.js": "", "web/a.test.js": "", "package.json": "{}"}
    fake = FakeWorld(git=FakeGit(files=files), tools=frozenset({"npm", "node"}))
    result = init(fake.world, REPOSITORY)
    assert result.missing_files == (
        MissingTool(
            name="web/tools/types.mjs", gates=("types-web",), remedy="write it, or change the script that starts it"
        ),
    )


def test_a_person_is_told_what_was_found_what_is_missing_and_what_comes_next() -> None:
    """The gates were found, not run: the first line says so, the last says what to do."""
    fake = FakeWorld(git=FakeGit(files=SHOP), tools=frozenset({"pytest"}))
    assert init(fake.world, REPOSITORY).lines == (
        f"wrote {PAGE} with 2 gates; none of them has been run yet",
        "not on this machine: ruff (for lint): install the project's development requirements, or: pip install ruff",
        "next: bring what lint needs, look through VERIFY.md, then: verifyd approve, then: verifyd run",
    )
    fake = FakeWorld(git=FakeGit(files=SHOP), tools=frozenset({"pytest", "ruff"}))
    assert init(fake.world, REPOSITORY).lines[1:] == (
        "next: look through VERIFY.md, then: verifyd approve, then: verifyd run",
    )


def test_a_tool_in_an_environment_that_is_not_active() -> None:
    """It is there, only not on PATH: the remedy is to activate it."""
    files = FakeFiles(content={ROOT / ".venv/bin/ruff": b"", ROOT / ".venv/bin/pytest": b""})
    result = init(FakeWorld(git=FakeGit(files=SHOP), files=files).world, REPOSITORY)
    assert [tool.remedy for tool in result.missing_tools] == [
        "it is in .venv/bin, which is not on PATH: . .venv/bin/activate"
    ] * 2


@pytest.mark.parametrize(
    "installed, missing",
    [({}, ["npm ci"]), ({ROOT / "node_modules/.bin/eslint": b""}, [])],
    ids=["not installed", "installed"],
)
def test_a_program_of_node_modules(installed: dict[object, bytes], missing: list[str]) -> None:
    """It is looked for where the package manager puts it, not only on PATH."""
    package = '{"scripts": {"lint": "eslint ."}, "devDependencies": {"eslint": "*"}}'
    git = FakeGit(files={"package.json": package, "package-lock.json": "{}"})
    fake = FakeWorld(git=git, files=FakeFiles(content=dict(installed)), tools=frozenset({"npm"}))  # type: ignore[arg-type]
    assert [tool.remedy for tool in init(fake.world, REPOSITORY).missing_tools] == missing


def test_files_that_are_no_text_are_not_read() -> None:
    """A binary of the name and a huge Makefile are left out; a large lock file is read."""
    files = {
        **SHOP,
        "Makefile": "types:\n\tpytype\n" + "#" * 1_100_000,
        "scripts/types": "#!/bin/sh\n\0",
        "uv.lock": 'name = "ruff"\n' + "#" * 1_100_000,
    }
    result = init(FakeWorld(git=FakeGit(files=files)).world, REPOSITORY)
    assert [gate.command for gate in result.gates] == ["uv run --locked ruff check", "pytest -q"]

"""Repositories of several languages and folders: which gates there are, what they are called, and the page they make."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.detection import commands, detected, gate, package
from verifyd.detect.model import Detected, Ecosystem, Kind, ProposedGate
from verifyd.detect.page import render_verify_md
from verifyd.detect.stacks import LOOKED_FOR, detect
from verifyd.detect.tree import ROOT_ONLY, WELL_KNOWN, is_well_known
from verifyd.errors import UsageError
from verifyd.pipeline import Isolate, Scope
from verifyd.verify_md.reader import parse_verify_md

PYTHON = "[project]\nname = 'shop'\n[tool.ruff]\n[tool.pytest.ini_options]\n"


def test_a_mixed_repository() -> None:
    """Gates of a folder carry its name and run there; the root's do not."""
    files = {
        "pyproject.toml": PYTHON, "tests/test_a.py": "",
        "frontend/package.json": package({"lint": "eslint .", "test": "vitest"}), "frontend/package-lock.json": "",
        "services/x/go.mod": "", "services/x/x_test.go": "",
    }  # fmt: skip
    assert list(commands(files)) == [
        "lint", "lint-frontend", "lint-services-x", "format-services-x", "tests", "tests-frontend", "tests-services-x",
    ]  # fmt: skip
    assert gate(files, "tests-frontend").folder == "frontend"


def test_two_languages_at_the_root_are_told_apart() -> None:
    """By their names, where both have a gate of the kind."""
    files = {
        "pyproject.toml": PYTHON,
        "tests/test_a.py": "",
        "package.json": package({"test": "jest", "build": "vite build"}),
    }
    assert list(commands(files)) == ["lint", "build", "tests-python", "tests-node"]


def test_a_single_folder_needs_no_suffix() -> None:
    """Where all gates run in one folder the names say enough."""
    files = {"backend/pyproject.toml": PYTHON, "backend/tests/test_a.py": ""}
    assert list(commands(files)) == ["lint", "tests"]
    assert {gate.folder for gate in detected(files).gates} == {"backend"}


@pytest.mark.parametrize(
    "folder", ["docs", "examples/shop", "tests/fixtures", "node_modules/x", "vendor/y", "a/b/c", "we ird", "-x"]
)
def test_folders_that_are_not_looked_at(folder: str) -> None:
    """Examples, fixtures and dependencies are not the project; a name that needs quoting is left to people."""
    files = {"go.mod": "", "shop_test.go": "", f"{folder}/package.json": package({"test": "jest"})}
    assert "npm test" not in commands(files).values()


def test_more_folders_than_anyone_reads() -> None:
    """Six folders have gates; the others are named in a note."""
    files = {f"service{number}/package.json": package({"test": "jest"}) for number in range(8)}
    found = detected(files)
    assert [gate.name for gate in found.gates] == [f"tests-service{number}" for number in range(6)]
    assert found.notes == ("left out, to keep the page short: the gates of service6, service7",)


def test_nothing_to_propose() -> None:
    """The message says what was looked for and how to write a page by hand."""
    with pytest.raises(UsageError) as raised:
        detected({"README.md": "# Shop\n", "main.c": ""})
    assert str(raised.value) == (
        "init: nothing here says how this repository is checked\n"
        f"  Looked at {LOOKED_FOR}. Write VERIFY.md by hand: a heading such as '## tests' and below it a ```sh fence with the command; "
        "then: verifyd plan"
    )


@pytest.mark.parametrize(
    "path, wanted",
    [
        ("pyproject.toml", True),
        ("services/api/pyproject.toml", True),
        ("a/b/c/pyproject.toml", False),
        ("examples/pyproject.toml", False),
        ("requirements/dev.txt", True),
        ("api/requirements-dev.txt", True),
        (".github/workflows/ci.yml", True),
        ("api/.github/workflows/ci.yml", False),
        ("scripts/test", True),
        ("scripts/deep/test", False),
        ("README.md", False),
        ("a/very/deep/folder/package.json", False),
    ],
)
def test_the_files_that_are_read(path: str, wanted: bool) -> None:
    """Configuration at the root and up to two folders down; nothing of the project's code."""
    assert is_well_known(path) is wanted


def a_proposal(**fields: object) -> ProposedGate:
    """A gate at the root that runs the tests."""
    known: dict[str, object] = {
        "kind": Kind.TESTS, "ecosystem": Ecosystem.REPOSITORY, "name": "tests", "command": "make test",
        "why": "Makefile has the target test", "says": "All tests pass.",
    }  # fmt: skip
    return ProposedGate(**{**known, **fields})  # type: ignore[arg-type]


def test_the_page() -> None:
    """Front matter, a heading and a sentence a gate, the fence with its attributes."""
    page = render_verify_md(
        Detected(
            gates=(
                a_proposal(
                    kind=Kind.LINT,
                    name="lint-web",
                    command="npm run lint",
                    folder="web",
                    timeout="2m",
                    fix="npm run lint -- --fix",
                ),
                a_proposal(kind=Kind.BROWSER, name="browser", optional=True, artifacts=("test-results/**",)),
            )
        )
    )
    assert page[page.index("## lint-web") :] == (
        "## lint-web\n\nAll tests pass (Makefile has the target test).\n\n"
        '```sh cwd=web timeout=2m fix="npm run lint -- --fix"\nnpm run lint\n```\n\n'
        "## browser (optional)\n\nAll tests pass (Makefile has the target test).\n\n"
        "```sh artifacts=test-results/**\nmake test\n```\n"
    )


def test_the_page_protects_itself_and_sets_no_limits() -> None:
    """VERIFY.md is protected; the limits are there to be chosen, behind a #."""
    pipeline = parse_verify_md(render_verify_md(Detected(gates=(a_proposal(),))).encode())
    assert (pipeline.scope, pipeline.limits, pipeline.left_out) == (Scope(protected=("VERIFY.md",)), None, ())


def test_every_attribute_is_read_back() -> None:
    """Whatever quoting a value needs, the reader gets it as it was."""
    fix = 'find . -name \'*.go\' -exec sh -c "gofmt -w \\"$1\\"" _ {} +'
    gate = a_proposal(
        folder="web", timeout="2m", fix=fix, paths=("web/**", "*.json"), server="npm run preview -- --port {port}",
        ready="http://127.0.0.1:{port}/", artifacts=("a/**", "b/**"), isolated=True, optional=True,
    )  # fmt: skip
    [read] = parse_verify_md(render_verify_md(Detected(gates=(gate,))).encode()).gates
    assert (read.name, read.script, read.cwd, read.timeout_s, read.fix) == ("tests", "make test", "web", 120, fix)
    assert (read.paths, read.server, read.ready) == (gate.paths, gate.server, gate.ready)
    assert (read.artifacts, read.isolate, read.optional) == (gate.artifacts, Isolate.FROZEN, True)


def test_a_file_name_cannot_write_on_the_page() -> None:
    """A test file whose name ends the line and opens a fence stays a word in a sentence."""
    files = {"setup.py": "", "tests/\n```sh\nrm -x\n```\n## evil <!--/conftest.py": "", "tests/test_a.py": ""}
    page = render_verify_md(detected(files))
    assert [line for line in page.splitlines() if line.startswith(("#", "```sh"))][-2:] == ["## tests", "```sh"]
    assert [gate.name for gate in parse_verify_md(page.encode()).gates] == ["tests"]


STACKS: dict[str, dict[str, str]] = {
    "python": {"pyproject.toml": PYTHON, "tests/test_a.py": "", ".pre-commit-config.yaml": "repos: [{hooks: [{id: ruff}, {id: x}]}]"},
    "uv": {"pyproject.toml": PYTHON + "[dependency-groups]\ndev=['ruff','pytest']\n", "uv.lock": "", "tests/test_a.py": ""},
    "django": {"manage.py": "", "shop/tests.py": ""},
    "unittest": {"setup.py": "", "tests/test_a.py": ""},
    "tox": {"tox.ini": "[testenv]\ncommands=x\n"},
    "nox": {"noxfile.py": "import nox\n@nox.session\ndef tests(session): ...\n"},
    "node": {"package.json": package({"lint": "eslint .", "test": "vitest", "build": "vite build"}), "pnpm-lock.yaml": ""},
    "playwright": {
        "package.json": package({}, "@playwright/test"),
        "playwright.config.ts": "webServer: { command: 'npm start', url: 'http://x', reuseExistingServer: true }",
    },
    "go": {"go.mod": "", "a_test.go": "", "vendor/x/y.go": ""},
    "rust": {"Cargo.toml": "[workspace]", "Cargo.lock": ""},
    "make": {"Makefile": "test:\n\t./run\nlint:\n\tshellcheck x\n"},
    "just": {"justfile": "check:\n  ./run\n"},
    "task": {"Taskfile.yml": "tasks: {test: ./run}"},
    "scripts": {"bin/test": "#!/bin/sh\n./run\n"},
    "hatch": {"hatch.toml": "[envs.hatch-test]\n", "pyproject.toml": "[project]\nname='a'\n", "tests/test_a.py": ""},
    "bun workspace": {
        "package.json": package({}, workspaces=["packages/*"]),
        "bun.lock": "", "packages/a/package.json": package({"test": "x"}), "packages/b/package.json": package({"test": "x"}),
    },
}  # fmt: skip


@pytest.mark.parametrize("files", STACKS.values(), ids=STACKS)
def test_every_page_is_read_as_it_was_meant(files: dict[str, str]) -> None:
    """Each gate comes back with its name, command and folder, runs by itself, and nothing is left out."""
    found = detected(files)
    pipeline = parse_verify_md(render_verify_md(found).encode())
    assert [(gate.name, gate.script, gate.cwd, gate.manual) for gate in pipeline.gates] == [
        (gate.name, gate.command, gate.folder, None) for gate in found.gates
    ]
    assert pipeline.left_out == ()


NAMES = [name.replace("*", "x") for name in (*WELL_KNOWN, *ROOT_ONLY)]
WORDS = st.sampled_from(
    ["[tool.ruff]\n", "[tool.hatch.envs.a.scripts]\nlint='x'\n", "test:\n\tx\n", '{"scripts": {"test": "x", "lint": 3}}', "repos: [1]", "tasks: {test: }",
     "[testenv]\n", "@session\ndef tests(): ...\n", "test a='b' *c: d\n  x\n", "[dependency-groups]\na=1\n", "webServer: { command: 'a'", "\\\n", "&a [*a]", "\ud800"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=4).map("".join))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=8), st.sets(st.text(min_size=1, max_size=20), max_size=4)
)
def test_no_text_breaks_detection(files: dict[str, str], more: set[str]) -> None:
    """Whatever the files hold: a page that is read as it was meant, or the message that there is nothing."""
    paths = frozenset({*files, *more, "tests/test_a.py", "a_test.go"})
    try:
        found = detect(files, paths)
    except UsageError:
        return
    names = [gate.name for gate in found.gates]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert [gate.name for gate in parse_verify_md(render_verify_md(found).encode()).gates] == names


def test_the_page_is_as_prettier_writes_it() -> None:
    """A blank line between front matter and heading, one between blocks, none at the end: a format gate must not fail for it."""
    page = render_verify_md(detected({"go.mod": "", "shop_test.go": ""}))
    assert "\n---\n\n# Verification\n\n" in page
    assert "\n\n\n" not in page
    assert page.endswith("```\n")

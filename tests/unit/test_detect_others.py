"""Go modules, Cargo packages, and the repository's own task runners, and the gates they get."""

from __future__ import annotations

import pytest

from tests.support.detection import commands, detected, gate, package
from verifyd.detect.commands import file_started
from verifyd.detect.task_files import read_justfile, read_makefile, read_taskfile
from verifyd.detect.tox import nox_sessions
from verifyd.errors import UsageError

GOFMT = 'unformatted=$(gofmt -l .)\necho "$unformatted"\ntest -z "$unformatted"'


def test_a_go_module() -> None:
    """vet, gofmt and the tests."""
    files = {"go.mod": "module shop\n", "shop.go": "", "shop_test.go": ""}
    assert commands(files) == {"lint": "go vet ./...", "format": GOFMT, "tests": "go test ./..."}
    assert gate(files, "format").fix == "gofmt -w ."


def test_golangci_lint_includes_vet() -> None:
    """Where it is configured it replaces vet."""
    files = {"go.mod": "", "shop.go": "", "shop_test.go": "", ".golangci.yml": ""}
    assert gate(files, "lint").command == "golangci-lint run"


def test_a_go_module_without_tests_is_built() -> None:
    """``go test`` would find none."""
    assert list(commands({"go.mod": "", "shop.go": ""})) == ["lint", "format", "build"]


def test_vendored_code_is_not_ours_to_format() -> None:
    """gofmt is kept out of vendor and testdata, where it would otherwise go."""
    files = {"go.mod": "", "shop.go": "", "vendor/x/x_test.go": ""}
    assert gate(files, "format").command.splitlines()[0] == (
        "unformatted=$(find . -name '*.go' -not -path '*/vendor/*' -not -path '*/testdata/*' -exec gofmt -l {} +)"
    )
    assert "tests" not in commands(files)


def test_modules_of_a_go_workspace() -> None:
    """Without a module at the root each folder has its own gates."""
    files = {"go.work": "", "api/go.mod": "", "api/a_test.go": "", "services/x/go.mod": "", "services/x/x_test.go": ""}
    assert [name for name in commands(files) if name.startswith("tests")] == ["tests-api", "tests-services-x"]
    assert gate(files, "tests-services-x").folder == "services/x"


def test_a_cargo_package() -> None:
    """Clippy, rustfmt and the tests."""
    assert commands({"Cargo.toml": "[package]\nname='a'\n"}) == {
        "lint": "cargo clippy --all-targets -- -D warnings",
        "format": "cargo fmt --check",
        "tests": "cargo test",
    }


def test_a_cargo_workspace_with_a_lock_file() -> None:
    """All members; and a committed lock file is never rewritten by a gate."""
    files = {"Cargo.toml": "[workspace]\nmembers=['a']\n", "Cargo.lock": "", "a/Cargo.toml": "[package]\nname='a'\n"}
    assert commands(files) == {
        "lint": "cargo clippy --workspace --all-targets --locked -- -D warnings",
        "format": "cargo fmt --all --check",
        "tests": "cargo test --workspace --locked",
    }


MAKEFILE = """
CC := gcc
CFLAGS ?= -O2
LIST = a \\
  lint: b
export PATH := $(PWD)/bin:$(PATH)
define HELP
check: this is text
endef

.PHONY: test lint types
.DEFAULT_GOAL := all
%.o: %.c
\t$(CC) -c $<
objects: %.o: %.c
test: CFLAGS += -g
all: shop
shop: main.o
\t$(CC) -o $@ $^
test unit:: shop | folders   # runs everything
\t@./shop --self-test
ifdef FAST
lint:
\t-splint *.c
endif
format-check: ; clang-format --dry-run --Werror *.c
$(BUILD)/x: y
"""


def test_targets_of_a_makefile() -> None:
    """Names that can be asked for: no variables, no patterns, no text, no special targets, nothing computed."""
    recipes = read_makefile(MAKEFILE)
    assert list(recipes) == ["all", "shop", "test", "unit", "lint", "format-check"]
    assert (recipes["test"].text, recipes["test"].needs) == ("./shop --self-test", ("shop", "folders"))
    assert recipes["lint"].text == "splint *.c"
    assert recipes["format-check"].text == "clang-format --dry-run --Werror *.c"


def test_a_makefile_fills_what_nothing_else_covers() -> None:
    """A C project has only its targets; ``all`` is nobody's gate."""
    assert commands({"Makefile": MAKEFILE, "main.c": ""}) == {
        "lint": "make lint",
        "format": "make format-check",
        "tests": "make test",
    }


def test_targets_beside_a_language_fill_its_gaps_alone() -> None:
    """``make lint`` would start Ruff again, ``make test`` pytest; ``make types`` is new."""
    files = {
        "pyproject.toml": "[project]\nname='a'\n[tool.ruff]\n[tool.pytest.ini_options]\n",
        "tests/test_a.py": "",
        "Makefile": "lint:\n\truff check\ntest:\n\tpytest\ntypes:\n\tpytype src\ncheck: lint test\n",
    }
    assert commands(files) == {"lint": "ruff check", "types": "make types", "tests": "pytest -q"}


def test_a_target_that_starts_a_tool_with_a_gate_is_left_out() -> None:
    """``make style`` only starts Ruff, which has a gate as ``lint``."""
    files = {"ruff.toml": "", "Makefile": "format-check:\n\truff check .\n"}
    assert commands(files) == {"lint": "ruff check"}


def test_what_make_test_needs_is_not_proposed_again() -> None:
    """``test: lint`` runs the linter too."""
    files = {"Makefile": "lint:\n\tshellcheck *.sh && flake8\ntest: lint\n\t./run-tests\n"}
    assert commands(files) == {"tests": "make test"}


def test_one_command_for_everything_is_the_last_resort() -> None:
    """``make check`` where there is nothing else."""
    assert commands({"Makefile": "check:\n\t./check-everything\n"}) == {"check": "make check"}


def test_dangerous_targets_are_no_gates() -> None:
    """A test target that deploys first, through what it needs, is left out."""
    with pytest.raises(UsageError):
        detected({"Makefile": "test: stage\n\t./smoke\nstage:\n\tkubectl apply -f k8s\n"})


JUSTFILE = """
set shell := ["bash", "-c"]
version := "1.0: final"
alias t := test

default:
  just --list

# runs the tests
test *args: build
  cargo nextest {{args}}

lint path="src: all":
  shellcheck {{path}}

@check: lint test

deploy target:
  ./deploy {{target}}
_hidden:
  true
[private]
secret:
  true
[group('ci')]
build mode='debug':
  make {{mode}}
"""


def test_recipes_of_a_justfile() -> None:
    """Those that start without an argument and are not private."""
    recipes = read_justfile(JUSTFILE)
    assert list(recipes) == ["default", "test", "lint", "check", "build"]
    assert recipes["test"].needs == ("build",)
    assert recipes["check"].needs == ("lint", "test")
    assert recipes["build"].text == "make {{mode}}"


def test_a_justfile_is_asked_before_a_makefile() -> None:
    """Both have a test target: just's is taken."""
    assert commands({"justfile": "test:\n  ./run\n", "Makefile": "test:\n\t./run\n"}) == {"tests": "just test"}


TASKFILE = """
version: '3'
tasks:
  test:
    deps: [build, {task: prepare}]
    cmds: [./run, {task: report}, {cmd: ./more}]
  lint: shellcheck x.sh
  build: [make, make install]
  hidden: {internal: true, cmd: x}
  release: {requires: {vars: [VERSION]}, cmd: x}
  "ns:weird name": x
"""


def test_tasks_of_a_taskfile() -> None:
    """In all their written forms; internal ones and those that need a variable are left out."""
    tasks = read_taskfile(TASKFILE)
    assert list(tasks) == ["test", "lint", "build"]
    assert (tasks["test"].text, tasks["test"].needs) == ("./run\n./more", ("build", "prepare", "report"))
    assert tasks["build"].text == "make\nmake install"
    assert commands({"Taskfile.yml": TASKFILE})["tests"] == "task test"


def test_shell_scripts_of_a_scripts_folder() -> None:
    """Started by the shell of their first line; other programs and other names are left alone."""
    files = {
        "scripts/test": "#!/usr/bin/env bash\n./run\n",
        "scripts/lint.sh": "#!/bin/sh -e\nshellcheck *.sh\n",
        "scripts/check": "#!/usr/bin/env python3\n",
        "scripts/deploy": "#!/bin/sh\n./deploy\n",
    }
    assert commands(files) == {"lint": "sh scripts/lint.sh", "tests": "bash scripts/test"}


def test_tox_where_nothing_finer_is_seen() -> None:
    """All of it."""
    assert commands({"setup.py": "", "tox.ini": "[tox]\nenvlist=py3,docs\n[testenv]\ncommands=python run.py\n"}) == {
        "check": "tox run"
    }


def test_tox_for_the_tests_alone() -> None:
    """Beside a linter's own gate, and where neither pytest nor unittest runs the tests."""
    files = {
        "setup.py": "", ".flake8": "", "tests/test_a.py": "",
        "tox.ini": "[testenv]\ncommands = {envpython} runtests.py\n",
    }  # fmt: skip
    assert commands(files) == {"lint": "flake8", "tests": "tox run -e py"}


def test_tox_beside_tests_of_another_language() -> None:
    """Node's tests do not speak for Python's."""
    files = {
        "setup.py": "", "tests/test_a.py": "", "tox.ini": "[testenv]\ncommands = python runtests.py\n",
        "package.json": package({"test": "mocha"}),
    }  # fmt: skip
    assert commands(files) == {"tests-node": "npm test", "tests-python": "tox run -e py"}


@pytest.mark.parametrize(
    "files, command",
    [
        ({"pyproject.toml": "[tool.tox]\nenv_list = ['py']\n"}, "tox run"),
        ({"pyproject.toml": "[tool.tox]\nlegacy_tox_ini = '''\n[testenv]\ncommands = x\n'''\n"}, "tox run"),
        ({"setup.cfg": "[tox:tox]\nenvlist = py\n"}, "tox run"),
        ({"tox.toml": "env_list = ['py']\n"}, "tox run"),
        ({"noxfile.py": "import nox\n@nox.session\ndef docs(session): ...\n"}, "nox"),
    ],
)
def test_the_homes_of_tox_and_nox(files: dict[str, str], command: str) -> None:
    """Each of tox's files, and a noxfile with a session."""
    assert commands(files) == {"check": command}


def test_a_tox_ini_of_other_tools_is_no_tox() -> None:
    """It often only holds their settings."""
    with pytest.raises(UsageError):
        detected({"tox.ini": "[pytest]\naddopts = -q\n"})


def test_sessions_of_a_noxfile() -> None:
    """By their decorator in any form, under the name it gives; other functions are none."""
    text = "import nox\nfrom nox import session\n@nox.session(python='3.12', name='unit')\ndef a(s): ...\n@session\ndef lint(s): ...\ndef helper(): ...\n"
    assert nox_sessions(text) == ("unit", "lint")
    assert nox_sessions("def broken(") == ()


def test_nox_for_the_tests_alone() -> None:
    """Its session of that name, started through the lock file's runner."""
    files = {
        "pyproject.toml": "[project]\nname='a'\n[dependency-groups]\ndev=['nox','ruff']\n[tool.ruff]\n",
        "noxfile.py": "import nox\n@nox.session\ndef tests(session): ...\n",
        "uv.lock": 'name = "nox"\nname = "ruff"\n',
        "tests/test_a.py": "",
    }
    assert commands(files) == {"lint": "uv run --locked ruff check", "tests": "uv run --locked nox -s tests"}


HATCH = """
[project]
name = "shop"
[tool.ruff]
[tool.hatch.envs.default.scripts]
test = "pytest {args}"
[tool.hatch.envs.types.scripts]
check = "mypy src"
[tool.hatch.envs.docs.scripts]
serve = "mkdocs serve"
[tool.hatch.envs.format.scripts]
check = ["black --check .", "isort --check-only ."]
[tool.hatch.envs."we`ird".scripts]
build = "x"
"""


def test_hatch_scripts() -> None:
    """
    hatch's own environments hold the tools, so its scripts start them; Ruff, in none of them, is started bare.

    A name that cannot stand in a command is left alone.
    """
    assert commands({"pyproject.toml": HATCH, "tests/test_a.py": ""}) == {
        "lint": "ruff check",
        "format": "hatch run format:check",
        "types": "hatch run types:check",
        "tests": "hatch run test",
    }


def test_hatchs_own_commands() -> None:
    """``hatch test`` and ``hatch fmt`` where the project sets up their environments."""
    text = "[envs.hatch-test]\nparallel = true\n[envs.hatch-static-analysis]\nconfig-path = 'x'\n"
    files = {
        "pyproject.toml": "[project]\nname='a'\n",
        "hatch.toml": text,
        "ruff.toml": "[format]\n",
        "tests/test_a.py": "",
    }
    assert commands(files) == {"lint": "hatch fmt --check", "tests": "hatch test"}
    assert gate(files, "lint").fix == "hatch fmt"


@pytest.mark.parametrize(
    "text,path",
    [
        ("node scripts/build.js --all", "scripts/build.js"),
        ("@./lint.sh; echo", "./lint.sh"),
        ("python3 tools/check.py\nnext", "tools/check.py"),
        ("node $X/build.js", None),
        ("node --check a.js", None),
        ("npm run x && node dist/made.js", None),
        ("node /opt/tool.js", None),
        ("node build", None),
        ("eslint a.js", None),
        ("sh a.shell", None),
    ],
)
def test_the_file_that_a_script_begins_with(text: str, path: str | None) -> None:
    """What an earlier command may make, or only a run could know, is not told."""
    assert file_started(text) == path

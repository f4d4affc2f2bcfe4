"""Python projects as their files declare them, and the gates they get."""

from __future__ import annotations

import pytest

from tests.support.detection import commands, detected, gate
from verifyd.errors import UsageError

TEST = {"tests/test_shop.py": ""}
PACKAGED = '[project]\nname = "shop"\n'
RUFF_HOOKS = """
repos:
  - repo: https://example.invalid/ruff-pre-commit
    hooks:
      - id: ruff-check
      - id: ruff-format
  - repo: https://example.invalid/pre-commit-hooks
    hooks:
      - id: trailing-whitespace
"""


def test_a_configured_ruff_lints() -> None:
    """[tool.ruff] alone gives a lint gate with its fixer and a short time limit, and no format gate."""
    files = {"pyproject.toml": PACKAGED + "[tool.ruff]\n"}
    found = gate(files, "lint")
    assert commands(files) == {"lint": "ruff check"}
    assert (found.fix, found.timeout, found.why) == ("ruff check --fix", "2m", "pyproject.toml has [tool.ruff]")


@pytest.mark.parametrize(
    "extra",
    [
        {"pyproject.toml": PACKAGED + "[tool.ruff.format]\nquote-style = 'single'\n"},
        {"pyproject.toml": PACKAGED + "[tool.ruff]\n", "Makefile": "style:\n\truff format --diff src\n"},
        {"pyproject.toml": PACKAGED + "[tool.ruff]\n", ".github/workflows/ci.yml": "- run: uvx ruff format --check\n"},
        {"ruff.toml": "[format]\n", "pyproject.toml": PACKAGED},
    ],
)
def test_ruff_formats_where_something_shows_it(extra: dict[str, str]) -> None:
    """A setting of the formatter, or a call of it anywhere in the project's own commands, gives the format gate."""
    assert gate(extra, "format").command == "ruff format --check"


def test_a_call_in_a_comment_shows_nothing() -> None:
    """What stands behind a # is no call."""
    files = {"pyproject.toml": PACKAGED + "[tool.ruff]\n", ".github/workflows/ci.yml": "# - run: ruff format --check\n"}
    assert list(commands(files)) == ["lint"]


def test_black_stays_where_ruff_only_lints() -> None:
    """Black is taken beside Ruff when the requirements still ask for it."""
    files = {
        "pyproject.toml": "[project]\nname='a'\n[dependency-groups]\ndev=['black','ruff']\n[tool.ruff]\n[tool.black]\n"
    }
    assert commands(files) == {"lint": "ruff check", "format": "black --check ."}


def test_one_formatter_is_enough() -> None:
    """Where Ruff formats, Black is left out, though the requirements still name it."""
    text = "[project]\nname='a'\n[dependency-groups]\ndev=['black','ruff']\n[tool.ruff.format]\n[tool.black]\n"
    assert commands({"pyproject.toml": text}) == {"lint": "ruff check", "format": "ruff format --check"}


def test_settings_that_ruff_left_behind_are_no_gates() -> None:
    """Tables of Black, isort and a section of flake8 are left out beside Ruff when nothing asks for the tools."""
    files = {
        "pyproject.toml": PACKAGED + "[tool.ruff]\n[tool.black]\n[tool.isort]\n",
        "setup.cfg": "[flake8]\nmax-line-length = 100\n",
    }
    assert commands(files) == {"lint": "ruff check"}


def test_older_tools_without_ruff() -> None:
    """flake8, Black and isort each give a gate; the second formatter's name says which it is."""
    files = {
        "pyproject.toml": PACKAGED + "[tool.black]\n[tool.isort]\n",
        "setup.cfg": "[flake8]\nexclude = .venv\n",
    }
    assert commands(files) == {"lint": "flake8", "format": "black --check .", "format-isort": "isort --check-only ."}


def test_flake8_without_exclusions_gets_targets() -> None:
    """Without them it would look into virtual environments below the root."""
    files = {
        "pyproject.toml": PACKAGED,
        "tox.ini": "[flake8]\nmax-line-length = 100\n",
        "src/shop/__init__.py": "",
        **TEST,
    }
    assert gate(files, "lint").command == "flake8 src tests"


@pytest.mark.parametrize(
    "extra, command",
    [
        ({"src/shop/__init__.py": ""}, "mypy src"),
        ({"shop/__init__.py": "", "tests/__init__.py": "", "docs/__init__.py": ""}, "mypy shop"),
        ({"shop.py": ""}, "mypy ."),
        ({"src/shop/__init__.py": "", "Makefile": "types:\n\tmypy --strict src tests\n"}, "mypy --strict src tests"),
        ({"mypy.ini": "[mypy]\nfiles = src\n", "src/shop/__init__.py": ""}, "mypy"),
        ({"setup.cfg": "[mypy]\npackages = shop\n", "shop/__init__.py": ""}, "mypy"),
    ],
)
def test_mypy_is_told_what_to_check(extra: dict[str, str], command: str) -> None:
    """It is given what the project gives it, else the project's code, unless its configuration names its targets."""
    assert gate({"pyproject.toml": PACKAGED + "[tool.mypy]\nstrict = true\n", **extra}, "types").command == command


def test_a_second_type_checker_needs_settings_and_a_requirement() -> None:
    """Pyright's settings alone are read by editors: beside mypy they are no gate; with the requirement they are."""
    settings = "[tool.mypy]\nfiles = ['src']\n[tool.pyright]\n"
    alone = {"pyproject.toml": PACKAGED + settings}
    both = {"pyproject.toml": PACKAGED + "[dependency-groups]\ndev = ['pyright']\n" + settings}
    assert commands(alone) == {"types": "mypy"}
    assert commands(both) == {"types": "mypy", "types-pyright": "pyright"}


def test_the_type_checker_with_settings_comes_first() -> None:
    """mypy is only a requirement (its plugin is tested, say), Pyright is set up: Pyright is the gate."""
    text = "[project]\nname='a'\n[dependency-groups]\ndev = ['mypy', 'pyright']\n[tool.pyright]\n"
    assert commands({"pyproject.toml": text}) == {"types": "pyright"}


def test_ty_and_pyright_alone() -> None:
    """Each is taken where it is the only type checker."""
    assert commands({"pyproject.toml": PACKAGED + "[tool.ty]\n"}) == {"types": "ty check"}
    assert commands({"pyproject.toml": PACKAGED, "pyrightconfig.json": "{}"}) == {"types": "pyright"}


@pytest.mark.parametrize(
    "extra",
    [
        {"pyproject.toml": PACKAGED + "[tool.pytest.ini_options]\n"},
        {"pyproject.toml": PACKAGED, "pytest.ini": ""},
        {"pyproject.toml": PACKAGED, "setup.cfg": "[tool:pytest]\n"},
        {"pyproject.toml": PACKAGED, "tox.ini": "[pytest]\n"},
        {"pyproject.toml": PACKAGED, "tests/conftest.py": ""},
        {"pyproject.toml": PACKAGED, "requirements-dev.txt": "pytest-cov\npytest >= 8\n"},
        {"pyproject.toml": PACKAGED, ".github/workflows/ci.yml": "- run: pytest --cov\n"},
        {"setup.py": "", "setup.cfg": "", "tox.ini": "[testenv]\ndeps =\n    pytest\n"},
    ],
)
def test_whatever_points_to_pytest(extra: dict[str, str]) -> None:
    """A setting, a conftest, a requirement or a call."""
    assert gate({**TEST, **extra}, "tests").command == "pytest -q"


def test_no_test_file_no_tests_gate() -> None:
    """pytest's settings alone give no gate: it would fail with no test collected."""
    with pytest.raises(UsageError):
        detected({"pyproject.toml": PACKAGED + "[tool.pytest.ini_options]\n"})


def test_a_project_that_is_never_installed_is_started_as_a_module() -> None:
    """``python3 -m pytest`` finds its code in the folder it is started in; both tools are looked for."""
    found = gate({"requirements.txt": "pytest\n", "app.py": "", "test_app.py": ""}, "tests")
    assert found.command == "python3 -m pytest -q"
    assert [tool.name for tool in found.tools] == ["python3", "pytest"]


def test_django_without_pytest() -> None:
    """manage.py runs the tests."""
    files = {"manage.py": "", "requirements.txt": "django\n", "shop/tests.py": ""}
    assert commands(files) == {"tests": "python3 manage.py test"}


def test_django_with_pytest() -> None:
    """pytest-django asks for pytest, which wins."""
    files = {"manage.py": "", "requirements.txt": "django\npytest\npytest-django\n", "shop/tests.py": ""}
    assert commands(files) == {"tests": "python3 -m pytest -q"}


@pytest.mark.parametrize(
    "extra, command",
    [
        ({"tests/test_a.py": ""}, "python3 -m unittest discover -s tests"),
        ({"tests/__init__.py": "", "tests/test_a.py": ""}, "python3 -m unittest"),
        ({"test_a.py": ""}, "python3 -m unittest"),
        ({"shop/__init__.py": "", "shop/test/test_a.py": ""}, "python3 -m unittest discover -s shop/test"),
    ],
)
def test_unittest_where_nothing_names_another_runner(extra: dict[str, str], command: str) -> None:
    """Discovery is started where it finds the tests."""
    assert commands({"setup.py": "", **extra}) == {"tests": command}


@pytest.mark.parametrize(
    "text, why",
    [
        ("def test_a():\n    assert 1\n", "tests/test_a.py holds test functions, which unittest does not run"),
        ("async def test_a():\n    pass\n", "tests/test_a.py holds test functions, which unittest does not run"),
        ("import unittest\nimport pytest\nclass A(unittest.TestCase): ...\n", "tests/test_a.py imports pytest"),
    ],
)
def test_what_the_tests_are_written_for_shows_in_them(text: str, why: str) -> None:
    """A small project often names pytest nowhere else, and unittest would find no test in it."""
    found = gate({"setup.py": "", "tests/__init__.py": "", "tests/test_a.py": text}, "tests")
    assert (found.command, found.why) == ("python3 -m pytest -q", why)


def test_tests_written_for_unittest_are_run_by_it() -> None:
    """Methods of a class are no functions that stand by themselves."""
    text = "import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self): ...\n"
    assert commands({"setup.py": "", "test_a.py": text}) == {"tests": "python3 -m unittest"}


def test_djangos_tests_stay_djangos() -> None:
    """A function beside them does not make a project without pytest need it."""
    files = {"manage.py": "", "requirements.txt": "django\n", "shop/tests.py": "def test_a(): ...\n"}
    assert commands(files) == {"tests": "python3 manage.py test"}


def test_unittest_finds_no_files_of_another_name() -> None:
    """``shop_test.py`` is no test for unittest's discovery, so there is no gate that would find none."""
    with pytest.raises(UsageError):
        detected({"setup.py": "", "tests/shop_test.py": ""})


def test_a_lock_file_makes_its_runner_start_the_tools() -> None:
    """uv starts what is in its lock file, and never rewrites it."""
    files = {
        "pyproject.toml": "[project]\nname='a'\n[dependency-groups]\ndev=['ruff','pytest']\n[tool.ruff]\n",
        "uv.lock": 'name = "ruff"\nname = "pytest"\n',
        **TEST,
    }
    assert commands(files) == {"lint": "uv run --locked ruff check", "tests": "uv run --locked pytest -q"}
    assert gate(files, "lint").fix == "uv run --locked ruff check --fix"
    assert [tool.name for tool in gate(files, "tests").tools] == ["uv"]


@pytest.mark.parametrize(
    "declared, command",
    [
        ("[project.optional-dependencies]\ntest = ['pytest']\n", "uv run --locked --extra test pytest -q"),
        ("[dependency-groups]\ntests = ['pytest']\n", "uv run --locked --group tests pytest -q"),
        ("[dependency-groups]\ntests = ['pytest']\ndev = [{include-group = 'tests'}]\n", "uv run --locked pytest -q"),
        (
            "[dependency-groups]\ntests = ['pytest']\n[tool.uv]\ndefault-groups = ['tests']\n",
            "uv run --locked pytest -q",
        ),
        ("[dependency-groups]\npytest = ['something']\n[tool.pytest]\n", "uv run --locked --group pytest pytest -q"),
    ],
)
def test_uv_is_told_where_the_tool_is(declared: str, command: str) -> None:
    """An extra or a group that is no default one is asked for."""
    files = {"pyproject.toml": "[project]\nname='a'\n" + declared, "uv.lock": 'name = "pytest"\n', **TEST}
    assert gate(files, "tests").command == command


def test_groups_that_include_each_other_end() -> None:
    """A cycle of included groups is read once round."""
    files = {
        "pyproject.toml": PACKAGED + "[dependency-groups]\na=[{include-group='b'},'pytest']\nb=[{include-group='a'}]\n",
        **TEST,
    }
    assert gate(files, "tests").command == "pytest -q"


@pytest.mark.parametrize(
    "lock, declared, command",
    [
        ("poetry.lock", "[tool.poetry.group.dev.dependencies]\npytest = '*'\n", "poetry run pytest -q"),
        ("pdm.lock", "[project]\nname='a'\n[tool.pdm.dev-dependencies]\ntest = ['pytest']\n", "pdm run pytest -q"),
    ],
)
def test_other_lock_files(lock: str, declared: str, command: str) -> None:
    """poetry and pdm start the tools of their lock files."""
    assert commands({"pyproject.toml": declared, lock: 'name = "pytest"\n', **TEST}) == {"tests": command}


def test_pipenv() -> None:
    """A Pipfile.lock makes pipenv start them; the project is never installed, so as a module."""
    files = {"Pipfile": "[dev-packages]\npytest = '*'\n", "Pipfile.lock": "{}", **TEST}
    assert commands(files) == {"tests": "pipenv run python3 -m pytest -q"}


def test_a_tool_that_is_not_locked_is_started_bare() -> None:
    """A lock file without mypy means that the runner's environment has none; yet the project calls it."""
    files = {
        "pyproject.toml": PACKAGED + "[tool.mypy]\nfiles = ['shop']\n",
        "uv.lock": 'name = "ruff"\n',
        "Makefile": "t:\n\tuvx mypy shop\n",
    }
    assert commands(files) == {"types": "mypy"}


def test_settings_of_a_tool_that_nothing_locks_or_calls_are_no_gate() -> None:
    """The lock file does not know mypy, and no command of the project starts it: it was left behind."""
    files = {"pyproject.toml": PACKAGED + "[tool.ruff]\n[tool.mypy]\n", "uv.lock": 'name = "ruff"\n'}
    assert list(commands(files)) == ["lint"]


def test_a_local_hook_is_known_by_its_entry() -> None:
    """``entry: uv run pyright`` is Pyright, whatever its id; one whose id cannot stand in a command is not skipped."""
    hooks = """
repos:
  - repo: local
    hooks:
      - {id: typecheck, entry: uv run pyright shop}
      - {id: lint rust, entry: cargo clippy}
"""
    files = {
        "pyproject.toml": "[project]\nname='a'\n[dependency-groups]\ndev=['pyright']\n",
        ".pre-commit-config.yaml": hooks,
    }
    assert commands(files) == {"types": "pyright", "hooks": "SKIP=typecheck pre-commit run --all-files"}


def test_what_only_a_hook_brings_is_left_to_the_hook() -> None:
    """Ruff is configured, but only pre-commit installs it: its hook checks."""
    files = {"pyproject.toml": PACKAGED + "[tool.ruff]\n", ".pre-commit-config.yaml": RUFF_HOOKS}
    assert commands(files) == {"hooks": "pre-commit run --all-files"}


def test_hooks_of_tools_with_gates_are_skipped() -> None:
    """Ruff is a requirement too: it has gates of its own, and pre-commit skips its hooks on a copy of the tree."""
    files = {
        "pyproject.toml": PACKAGED + "[dependency-groups]\ndev = ['ruff']\n[tool.ruff]\n",
        ".pre-commit-config.yaml": RUFF_HOOKS,
    }
    assert commands(files) == {
        "lint": "ruff check",
        "format": "ruff format --check",
        "hooks": "SKIP=ruff-check,ruff-format pre-commit run --all-files",
    }
    assert gate(files, "hooks").isolated


def test_hooks_with_nothing_left_are_no_gate() -> None:
    """When every hook's tool has a gate, pre-commit has nothing to add."""
    hooks = "repos:\n- repo: r\n  hooks:\n  - id: ruff\n  - id: ruff-format\n"
    files = {
        "pyproject.toml": PACKAGED + "[dependency-groups]\ndev=['ruff']\n[tool.ruff]\n",
        ".pre-commit-config.yaml": hooks,
    }
    assert list(commands(files)) == ["lint", "format"]


def test_hooks_of_other_stages_count_for_nothing() -> None:
    """A hook of the push stage does not run at a commit, so it covers nothing; one that forbids the main branch is skipped."""
    hooks = """
repos:
  - repo: r
    hooks:
      - id: ruff
        stages: [pre-push]
      - id: no-commit-to-branch
      - id: check-yaml
"""
    files = {"pyproject.toml": PACKAGED + "[tool.ruff]\n", ".pre-commit-config.yaml": hooks}
    assert commands(files) == {
        "lint": "ruff check",
        "hooks": "SKIP=no-commit-to-branch pre-commit run --all-files",
    }


def test_a_broken_pyproject_makes_a_note() -> None:
    """The rest of the project is still seen, and the note says where the text is wrong."""
    found = detected({"pyproject.toml": "[tool.ruff\n", "tests/conftest.py": "", **TEST})
    assert [gate.name for gate in found.gates] == ["tests"]
    assert found.notes == (
        (
            "pyproject.toml cannot be read, so what it declares was not seen: "
            "Expected ']' at the end of a table declaration (at line 1, column 11)"
        ),
    )


@pytest.mark.parametrize(
    "files, command",
    [
        ({"pyproject.toml": "[tool.ruff]\nfix = true\n"}, "ruff check --no-fix"),
        ({"pyproject.toml": "[tool.ruff]\nfix = false\n"}, "ruff check"),
        ({"ruff.toml": "line-length = 99\nfix = true\n[lint]\n"}, "ruff check --no-fix"),
        ({"ruff.toml": "[lint]\nfix = true\n"}, "ruff check"),
    ],
)
def test_ruff_only_says_what_is_wrong(files: dict[str, str], command: str) -> None:
    """Where the settings let every call mend files, the gate must not: it would change the tree it judges."""
    assert commands(files)["lint"] == command
    assert gate(files, "lint").fix == "ruff check --fix"

"""The command that shows a failure again: narrowed where the tool allows it, never wrong where it does not."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_finding, a_gate
from verifyd.evidence.model import FindingKind
from verifyd.pipeline import Shell
from verifyd.reproduce import reproduce_command
from verifyd.shell.simple_words import quote

NODE = "tests/test_a.py::test_x"


def narrowed(script: str, *subjects: str, paths: tuple[str, ...] = (), **fields: object) -> str:
    """Make the command for these failing tests of a gate; *paths* are where they failed."""
    places = (*paths, *(None for _ in subjects[len(paths) :]))
    findings = [a_finding(subject=subject, path=path) for subject, path in zip(subjects, places, strict=True)]
    return reproduce_command(a_gate("tests", script=script, **fields), subjects, findings)


@pytest.mark.parametrize(
    "script,expected",
    [
        ("pytest", f"pytest {NODE}"),
        ("pytest -q tests", f"pytest -q {NODE}"),
        (".venv/bin/pytest -q", f".venv/bin/pytest -q {NODE}"),
        ("python -m pytest tests/", f"python -m pytest {NODE}"),
        ("python3.12 -X dev -W error -m pytest -q", f"python3.12 -X dev -W error -m pytest -q {NODE}"),
        ("uv run pytest -q", f"uv run pytest -q {NODE}"),
        ("uv run --extra dev --with x python -m pytest", f"uv run --extra dev --with x python -m pytest {NODE}"),
        ("poetry run pytest", f"poetry run pytest {NODE}"),
        ("hatch run pytest", f"hatch run pytest {NODE}"),
        ("hatch run test:pytest -q", f"hatch run test:pytest -q {NODE}"),
        ("hatch test -q", f"hatch test -q {NODE}"),
        ("A=b C='d e' pytest", f"A=b C='d e' pytest {NODE}"),
        ("env A=b pytest", f"env A=b pytest {NODE}"),
        ("timeout -k 5 60 pytest -q", f"timeout -k 5 60 pytest -q {NODE}"),
        ("exec pytest -q", f"pytest -q {NODE}"),
        ("uv run \\\n  pytest \\\n  -q", f"uv run pytest -q {NODE}"),
        ("pytest -q  # everything", f"pytest -q {NODE}"),
    ],
)
def test_pytest_is_found_behind_whatever_starts_it(script: str, expected: str) -> None:
    """Launchers, interpreters, assignments and line breaks stay; the tests take the place of the paths."""
    assert narrowed(script, NODE) == expected


@pytest.mark.parametrize(
    "options,kept",
    [
        ("--cov=src --cov-report=xml --cov-fail-under 90 -q", "-q"),
        ("-n auto --dist loadfile -q", "-q"),
        ("-nauto -q", "-q"),
        ("--junitxml=out.xml --junitxml out.xml -q", "-q"),
        ("-xvs", "-vs"),
        ("-x --maxfail=1 --lf", ""),
        ("-k 'not slow' -m 'not net'", "-k 'not slow' -m 'not net'"),
        ("-p no:randomly -o addopts= -c other.ini", "-p no:randomly -o addopts= -c other.ini"),
        ("--tb=short -ra -W error::UserWarning", "--tb=short -ra -W error::UserWarning"),
        ("--page-url http://127.0.0.1:1/ tests", "--page-url http://127.0.0.1:1/"),
        ("--page-url=http://127.0.0.1:1/ tests", "--page-url=http://127.0.0.1:1/"),
        ("--my-flag tests", "--my-flag"),
        ("--my-flag tests/test_a.py", "--my-flag"),
        ("--ignore=tests/slow --deselect a::b --durations 10", ""),
        ("tests/test_b.py::test_y tests/unit", ""),
    ],
)
def test_pytest_options_that_matter_are_kept(options: str, kept: str) -> None:
    """Options that measure, spread, stop early or choose by path go; those that may decide the outcome stay."""
    assert narrowed(f"pytest {options}", NODE) == " ".join(part for part in ("pytest", kept, NODE) if part)


@pytest.mark.parametrize(
    "script,expected",
    [
        ("export X=1\ncd sub\npytest -q", f"(export X=1 && cd sub && pytest -q ../{NODE})"),
        ("cd sub && pytest", f"(cd sub && pytest ../{NODE})"),
        ("cd tests || exit 1\npytest", "(cd tests && pytest test_a.py::test_x)"),
        ("(cd tests && pytest)", "(cd tests && pytest test_a.py::test_x)"),
        ("source .venv/bin/activate\npytest", f"(source .venv/bin/activate && pytest {NODE})"),
        ("X=1\npytest", f"(X=1 && pytest {NODE})"),
        ("set -euo pipefail\nruff check\npytest -q", f"pytest -q {NODE}"),
        ("pytest -q 2>&1 | tee log.txt", f"pytest -q {NODE}"),
        ("pytest -q > log.txt", f"pytest -q {NODE}"),
        ("coverage run --branch -m pytest -q\ncoverage report", f"python -m pytest -q {NODE}"),
        (".venv/bin/coverage run -m pytest -q", f".venv/bin/python -m pytest -q {NODE}"),
        ("python -m coverage run -m pytest -q", f"python -m pytest -q {NODE}"),
    ],
)
def test_what_the_tool_stands_on_is_kept(script: str, expected: str) -> None:
    """Folders and variables set before the tool stay, other commands, pipes, redirections and measuring do not."""
    assert narrowed(script, NODE) == expected


def test_the_gates_folder_and_environment_are_kept() -> None:
    """The command is to be run from the root, so it enters the gate's folder, in brackets, and sets its variables."""
    assert narrowed("pytest -q", NODE, cwd="sub", env=(("A", "b c"),)) == f"(cd sub && A='b c' pytest -q {NODE})"
    with_context = narrowed("cd deep\npytest -q", NODE, cwd="sub", env=(("A", "b"),))
    assert with_context == f"(export A=b && cd sub && cd deep && pytest -q ../{NODE})"


@pytest.mark.parametrize(
    "script",
    [
        "make test",
        "npm test",
        "yarn test",
        "pnpm run test",
        "tox -e py -- -q",
        "nox -s tests",
        "./run-tests",
        "pytest $(cat list)",
        "pytest `cat list`",
        "pytest &",
        "for each in a b; do pytest $each; done",
        "if true; then pytest; fi",
        "check() { pytest; }; check",
        'cd "$SOMEWHERE" && pytest',
        "cd /elsewhere && pytest",
        "pytest 'open",
        "(cd a && pytest) && (cd b && true)",
        "cat <<END | pytest\nEND",
        "python -c 'import pytest'",
        "pytest-watch",
        "! pytest",
    ],
)
def test_a_tool_that_cannot_be_told_gives_the_gates_own_script(script: str) -> None:
    """What only a shell can follow is not guessed at."""
    assert script in narrowed(script, NODE)
    assert NODE not in narrowed(script, NODE)


def test_a_script_of_several_lines_ends_at_the_first_command_that_fails() -> None:
    """The shell's strictness, the folder and the variables are those of the gate; the caller's shell is left as it was."""
    assert narrowed("make gen\nmake test", NODE, cwd="web", env=(("A", "b c"),)) == (
        "(\nset -eo pipefail\ncd web\nexport A='b c'\nmake gen\nmake test\n)"
    )
    assert narrowed("a\nb", shell=Shell.SH) == "(\nset -eu\na\nb\n)"


@pytest.mark.parametrize(
    "script, is_wrapped",
    [
        ('for f in *.js; do node --check "$f"; done', True),
        ("make | tee log", True),
        ("make gen; make test", True),
        ("make gen && make test || exit 3", False),
        ("python -c 'import a; a.b() | c'", False),
        ('python -c "import a; a.b()"', False),
    ],
)
def test_one_line_that_may_fail_before_its_end_does_so_when_pasted(script: str, is_wrapped: bool) -> None:
    """The gate's shell stops there; the reader's own would go on and end with 0."""
    assert narrowed(script) == (f"(\nset -eo pipefail\n{script}\n)" if is_wrapped else script)


def test_two_tools_that_may_have_run_the_test_are_not_chosen_between() -> None:
    """Which of two pytest calls failed cannot be told; which of pytest and vitest can."""
    assert narrowed("pytest a\npytest b", NODE).startswith("(\nset -eo pipefail\n")
    assert narrowed("pytest -q\nnpx vitest run", NODE) == f"pytest -q {NODE}"
    assert narrowed("pytest -q\nnpx vitest run", "a.test.ts > works") == "npx vitest run a.test.ts -t 'works$'"


def test_without_a_failing_test_nothing_is_narrowed() -> None:
    """A gate that fails as a whole is reproduced as a whole."""
    assert narrowed("pytest -q") == "pytest -q"


def test_a_gate_with_a_server_is_reproduced_through_verifyd() -> None:
    """Its command alone would find no server."""
    assert narrowed("pytest -q", NODE, server="serve {port}", ready="127.0.0.1:{port}") == "verifyd run tests"


def test_at_most_five_tests_are_named_each_once() -> None:
    """A command is to be read; five failures of one cause show it."""
    ids = [f"tests/test_a.py::test_{number}" for number in (1, 1, 2, 3, 4, 5, 6)]
    assert narrowed("pytest", *ids) == "pytest " + " ".join(
        f"tests/test_a.py::test_{number}" for number in (1, 2, 3, 4, 5)
    )


def test_a_file_that_cannot_be_collected_is_named_alone() -> None:
    """pytest takes its path."""
    assert narrowed("pytest -q tests", "tests/test_broken.py") == "pytest -q tests/test_broken.py"


def test_a_test_whose_file_is_unknown_is_not_named() -> None:
    """A dotted class is no node id."""
    assert narrowed("pytest -q", "tests.test_a.TestA::test_x") == "pytest -q"


@pytest.mark.parametrize(
    "script,expected",
    [
        ("python -m unittest", "python -m unittest -k '*tests.test_a.TestA.test_x'"),
        (
            "python -m unittest discover -s tests -v",
            "python -m unittest discover -s tests -v -k '*tests.test_a.TestA.test_x'",
        ),
        (
            "python -W error -m unittest -f tests.test_a",
            "python -W error -m unittest tests.test_a -k '*tests.test_a.TestA.test_x'",
        ),
        ("coverage run -m unittest -k other", "python -m unittest -k '*tests.test_a.TestA.test_x'"),
    ],
)
def test_unittest_is_narrowed_by_whole_names(script: str, expected: str) -> None:
    """The loader stays as it is, because it decides what modules are called."""
    assert narrowed(script, "tests.test_a.TestA.test_x") == expected


def test_unittest_shows_names_in_two_ways() -> None:
    """Before Python 3.11 the class stands in brackets alone."""
    assert narrowed("python -m unittest", "test_x (tests.A)", "test_y (tests.A.test_y)") == (
        "python -m unittest -k '*tests.A.test_x' -k '*tests.A.test_y'"
    )


@pytest.mark.parametrize(
    "script,expected",
    [
        ("npx vitest run", "npx vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("npx --no vitest --coverage", "npx --no vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("pnpm vitest run --reporter=verbose", "pnpm vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("pnpm exec vitest", "pnpm exec vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("yarn vitest run src", "yarn vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("npm exec -- vitest run -c v.ts", "npm exec -- vitest run -c v.ts tests/a.test.ts -t 'calc adds \\(2\\)$'"),
        ("node_modules/.bin/vitest run", "node_modules/.bin/vitest run tests/a.test.ts -t 'calc adds \\(2\\)$'"),
    ],
)
def test_vitest_is_narrowed_by_file_and_name(script: str, expected: str) -> None:
    """Full names are a pattern, so what means something in one is escaped; it never watches."""
    assert narrowed(script, "tests/a.test.ts > calc > adds (2)") == expected


def test_vitest_files_are_named_once_and_a_broken_file_without_names() -> None:
    """Two tests of a file name it once; a file that did not load has no names to choose by."""
    assert narrowed("vitest run", "a.test.ts > x", "a.test.ts > y") == "vitest run a.test.ts -t '(x|y)$'"
    assert narrowed("vitest run", "a.test.ts > x", "b.test.ts") == "vitest run a.test.ts b.test.ts"


def test_jest_is_narrowed_by_file_where_it_is_known_and_by_name() -> None:
    """Names of jest say nothing of files; the way to the failure does."""
    assert narrowed("npx jest --ci --coverage", "calc adds", paths=("web/calc.test.js",)) == (
        "npx jest --ci -t '^calc adds$' --runTestsByPath web/calc.test.js"
    )
    assert (
        narrowed("yarn jest --ci", "calc adds", "calc takes", paths=("src/calc.js",))
        == "yarn jest --ci -t '^(calc adds|calc takes)$'"
    )


def test_a_suite_that_jest_could_not_load_is_narrowed_to_its_file() -> None:
    """Its name is its path, as the gate's folder sees it; no test in it has a name yet, so other tests' names do not choose."""
    suite = a_finding(subject="src/a.test.js", path="web/src/a.test.js", kind=FindingKind.COLLECTION)
    other = a_finding(subject="calc adds", path="web/src/b.test.js")
    gate = a_gate("tests", script="npx jest --ci src", cwd="web")
    assert (
        reproduce_command(gate, ["src/a.test.js"], [suite])
        == "(cd web && npx jest --ci --runTestsByPath src/a.test.js)"
    )
    assert reproduce_command(gate, ["src/a.test.js", "calc adds"], [suite, other]) == (
        "(cd web && npx jest --ci --runTestsByPath src/a.test.js)"
    )


@pytest.mark.parametrize(
    "script,fields,expected",
    [
        (
            "mypy --junit-xml $VERIFYD_ARTIFACTS/m.xml src",
            {},
            '(\nset -eo pipefail\nexport VERIFYD_ARTIFACTS="$(mktemp -d)"\nmypy --junit-xml $VERIFYD_ARTIFACTS/m.xml src\n)',
        ),
        (
            'build "${TMPDIR}/out" && echo $VERIFYD_GATE',
            {"shell": Shell.SH},
            '(\nset -eu\nexport TMPDIR="$(mktemp -d)"\nexport VERIFYD_GATE=tests\nbuild "${TMPDIR}/out" && echo $VERIFYD_GATE\n)',
        ),
        (
            "build ${TMPDIR:-/tmp}/out $TMPDIRS",
            {"env": (("TMPDIR", "/x"),)},
            "(\nset -eo pipefail\nexport TMPDIR=/x\nbuild ${TMPDIR:-/tmp}/out $TMPDIRS\n)",
        ),
        (
            "echo $TMPDIRS # $VERIFYD_TREE",
            {},
            "(\nset -eo pipefail\nexport VERIFYD_TREE=\"$(git rev-parse 'HEAD^{tree}')\"\necho $TMPDIRS # $VERIFYD_TREE\n)",
        ),
    ],
)
def test_what_verifyd_sets_for_a_gate_is_set_in_the_command(
    script: str, fields: dict[str, object], expected: str
) -> None:
    """Pasted into a shell, a script that writes below ``$VERIFYD_ARTIFACTS`` would write to the root of the disk."""
    assert reproduce_command(a_gate("tests", script=script, **fields), [], []) == expected


def test_a_narrowed_command_gets_the_folders_that_it_still_names() -> None:
    """Results that go elsewhere are left out, and so is their folder; what is kept has one."""
    assert narrowed("pytest --junitxml=$VERIFYD_ARTIFACTS/j.xml", NODE) == f"pytest {NODE}"
    assert narrowed("pytest --page-dir=$VERIFYD_ARTIFACTS/p", NODE) == (
        f'(export VERIFYD_ARTIFACTS="$(mktemp -d)" && pytest --page-dir=$VERIFYD_ARTIFACTS/p {NODE})'
    )


def test_playwright_is_narrowed_by_file_and_title() -> None:
    """Lines of failures are not those that tests stand on, so titles choose; tags may follow them."""
    assert narrowed(
        "npx playwright test --project chromium e2e --reporter=line", "e2e/a.spec.ts › page › has a [title]"
    ) == ("npx playwright test --project chromium 'e2e/a\\.spec\\.ts' -g 'page has a \\[title\\]( @|$)'")
    assert narrowed("npx playwright install", "e2e/a.spec.ts › page") == "npx playwright install"


@pytest.mark.parametrize(
    "subjects,paths,expected",
    [
        (("TestAdd",), ("calc/calc_test.go",), "go test -race -run '^TestAdd$' ./calc"),
        (("TestSub/a b",), ("calc_test.go",), "go test -race -run '^TestSub$/^a b$' ."),
        (("TestSub", "TestSub/a"), ("calc_test.go", "calc_test.go"), "go test -race -run '^TestSub$/^a$' ."),
        (("TestAdd", "TestSub/a"), (), "go test -race -run '^(TestAdd|TestSub)$' ./..."),
    ],
)
def test_go_is_narrowed_level_by_level(subjects: tuple[str, ...], paths: tuple[str, ...], expected: str) -> None:
    """Each level is anchored; the package is named when the failing line lies in a test file, else as declared."""
    assert narrowed("go test -race -cover -json ./...", *subjects, paths=paths) == expected


def test_cargo_takes_exact_names() -> None:
    """Options for cargo and for the test program stay on their sides of the two dashes."""
    assert narrowed("cargo test --workspace -p calc filter -- --nocapture other", "t::adds", "t::takes") == (
        "cargo test --workspace -p calc -- --nocapture --exact t::adds t::takes"
    )
    assert (
        narrowed("cargo nextest run --release", "t::adds", "b")
        == "cargo nextest run --release -E 'test(=t::adds) + test(=b)'"
    )


@pytest.mark.parametrize(
    "script,subject",
    [
        ("pytest -q", "a.test.ts > works"),
        ("python -m unittest", "tests/test_a.py::test_x"),
        ("python -m unittest", "unittest.loader._FailedTest.test_a"),
        ("npx vitest run", "tests/test_a.py::test_x"),
        ("npx jest", "a.test.ts > works"),
        ("npx playwright test", "e2e/page.spec.ts"),
        ("npx playwright test", "tests/test_a.py › works"),
        ("go test ./...", "not a test"),
        ("cargo test", "tests/test_a.py::test_x"),
        ("cargo nextest run", "a test"),
    ],
)
def test_a_name_in_another_tools_syntax_narrows_nothing(script: str, subject: str) -> None:
    """It would select nothing, and nothing fails."""
    assert narrowed(script, subject) == script


def test_an_interpreter_that_only_a_run_could_know_is_not_guessed_at() -> None:
    """``$PYTHON -m pytest`` may be anything."""
    assert narrowed('"$PYTHON" -m pytest', NODE) == '"$PYTHON" -m pytest'


def test_names_of_files_with_rubbish_stay_on_one_line() -> None:
    """A line end or an escape in a parameter's name is spelled, so that nothing in the command acts on a terminal."""
    assert (
        narrowed("pytest", "tests/test_a.py::test_x[a\n\x1b'\udcff]")
        == "pytest $'tests/test_a.py::test_x[a\\x0a\\x1b\\'\\xff]'"
    )


@given(st.text(min_size=1))
def test_printable_words_survive_the_shell(word: str) -> None:
    """Quoting changes no printable word, and nothing unprintable is left in any."""
    quoted = quote(word)
    assert quoted.isprintable()
    if word.isprintable():
        assert shlex.split(quoted) == [word]


@given(st.text(alphabet="pytest -q\n;|&><()'\"\\$#`=cd \t{}", max_size=60))
def test_any_script_gives_a_command(script: str) -> None:
    """No script makes it fail or hang, and what comes out holds the test or the script."""
    made = narrowed(f"{script}x", NODE)
    assert "test_a.py::test_x" in made or f"{script}x".strip("\n") in made

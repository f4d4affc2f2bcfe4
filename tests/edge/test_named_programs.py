"""Which programs a script names, and what is left in doubt."""

from __future__ import annotations

import pytest

from verifyd.edge.named_programs import Named, named_programs


def named(*programs: str, folders: tuple[str, ...] = (), doubts: tuple[str, ...] = ()) -> Named:
    """What is expected of a script."""
    return Named(programs=list(programs), path_folders=list(folders), doubts=list(doubts))


@pytest.mark.parametrize(
    "script, expected",
    [
        ("pytest -q", named("pytest")),
        ("ruff check . && mypy src  # don't\nnpx tsc | tee log", named("ruff", "mypy", "npx", "tee")),
        ("A=1 npm test > log 2>&1 || exit 1", named("npm")),
        ("./scripts/check --all", named("./scripts/check")),
        ("if [ -f x ]; then make y; else cmake z; fi", named("make", "cmake")),
        ("for f in a b; do sh $f; done", named("sh")),
        ("cat <<EOF | python -\nimport x\nEOF\nruff .", named("cat", "python", "ruff")),
        ("f() { go vet; }\nf\nfunction g { true; }\ng", named("go")),
        ("echo $(git status) \"$(hg id)\" 'a b'", named("git", "hg")),
        ("diff <(sort a) b", named("sort", "diff")),
        ("TOOL=ruff\n$TOOL check", named("ruff")),
        ("timeout 60 env A=b pytest", named("timeout", "env", "pytest")),
        ("time make; command -p ls; exec go", named("make", "go", doubts=("what command starts",))),
        (". .venv/bin/activate; pytest", named("pytest", folders=(".venv/bin",))),
        ("source /opt/venv/bin/activate && pytest", named("pytest", folders=("/opt/venv/bin",))),
        ("echo done; true; [ a = b ]; export A=b", named()),
        ("", named()),
        (". ./settings.sh", named(doubts=("what ./settings.sh does",))),
        ("$PYTHON -m pytest", named(doubts=("$PYTHON: computed",))),
        ("cd web && npm test", named("npm", doubts=("a changed folder",))),
        ("export PATH=bin:$PATH; tool", named("tool", doubts=("a changed PATH",))),
        ("PATH=bin tool", named("tool", doubts=("a changed PATH",))),
        ("find . -name '*.py' | xargs ruff", named("find", "xargs", doubts=("what find starts", "what xargs starts"))),
        ("eval make", named(doubts=("what eval does",))),
        ("timeout -k 5 60 pytest", named("timeout", doubts=("what timeout starts",))),
        ("echo 'open", named(doubts=("a script that cannot be read: a quote is not closed",))),
    ],
)
def test_programs_and_doubts(script: str, expected: Named) -> None:
    """Builtins, functions of the script's own, arguments and files are no programs; what is not followed is said."""
    assert named_programs(script) == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ['"', "a", "'a' ", "1", "$(", "a()", "function ", "a;", "a -", "A=1 ", "\n"], ids=ascii
)
def test_no_script_takes_long(piece: str) -> None:
    """A VERIFY.md may hold a megabyte of anything; a hundred thousand characters of the worst come back."""
    assert isinstance(named_programs(piece * (100_000 // len(piece))), Named)

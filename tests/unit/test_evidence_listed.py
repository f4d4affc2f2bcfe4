"""Tools that print nothing but the paths of files they would change."""

from __future__ import annotations

import pytest

from tests.support.evidence import a_tree, told
from verifyd.evidence.model import FindingKind, Severity
from verifyd.evidence.text import read_text

TREE = a_tree("a.go", "sub/b.go", "web/a.ts", "Makefile", "src/a.js")


@pytest.mark.parametrize(
    "script, tool",
    [
        ('test -z "$(gofmt -l . | tee /dev/stderr)"', "gofmt"),
        ("gofmt -s -l .", "gofmt"),
        ("goimports -l .", "goimports"),
        ("~/go/bin/gofumpt -l -extra .", "gofumpt"),
        ("shfmt -i 2 -l .", "shfmt"),
        ("npx prettier --list-different .", "prettier"),
        ("pnpm exec prettier -l 'web/**'", "prettier"),
        ("cargo fmt -- -l --check", "rustfmt"),
        ("terraform fmt -check -recursive", "terraform"),
    ],
)
def test_each_listed_file_is_not_formatted(script: str, tool: str) -> None:
    """Relative, absolute or with a dot in front; what is no file of the tree is left alone."""
    log = b"a.go\n./sub/b.go\n/home/user/project/web/a.ts\nno/such.go\ndone a.go\n"
    evidence = read_text(log, TREE, script)
    says = f"not formatted as {tool} would"
    assert told(evidence, "path", "line", "message", "tool", "kind", "severity") == [
        (path, None, says, tool, FindingKind.LINT, Severity.ERROR) for path in ("a.go", "sub/b.go", "web/a.ts")
    ]


def test_files_that_a_generator_changed_differ_from_what_is_committed() -> None:
    """``git diff --name-only`` lists them."""
    evidence = read_text(b"a.go\n", TREE, "make generate\ngit diff --exit-code --name-only")
    assert told(evidence, "path", "message", "tool") == [("a.go", "differs from what is committed", "git")]


@pytest.mark.parametrize(
    "echo", ["> prettier -l .", "$ prettier --list-different .", "prettier -l .", "+ prettier -l ."]
)
def test_a_command_that_a_task_runner_prints_counts_as_the_script(echo: str) -> None:
    """npm, pnpm, yarn, make and ``set -x`` print what they run."""
    evidence = read_text(f"\n> app@1.0.0 format\n{echo}\n\nweb/a.ts\n".encode(), TREE, "npm run format")
    assert told(evidence, "path", "tool") == [("web/a.ts", "prettier")]


@pytest.mark.parametrize("script", ["ls", "gofmt -d .", "prettier --check .", "ls -l", "go test ./... && ls -l"])
def test_paths_in_another_tool_s_log_are_no_findings(script: str) -> None:
    """Only a tool that lists what differs says something by a path alone."""
    assert read_text(b"a.go\nsub/b.go\n", TREE, script).findings == ()


def test_a_path_above_what_is_said_of_it_is_a_heading() -> None:
    """eslint's, in the log of a script that runs both."""
    log = b"src/a.js\n  1:5  error  'x' is assigned a value but never used  no-unused-vars\n"
    evidence = read_text(log, TREE, "prettier -l .; eslint .")
    assert told(evidence, "path", "line", "code") == [("src/a.js", 1, "no-unused-vars")]

"""A Go module in, its gates out."""

from __future__ import annotations

import re
from functools import partial

from verifyd.detect.model import Ecosystem, Found, Kind, ProposedGate, Tool
from verifyd.detect.toolchain import toolchain_gate
from verifyd.detect.tree import Folder

GO = Tool(name="go", install="install Go")
GOFMT = Tool(name="gofmt", install="install Go, which brings it")
GOLANGCI = Tool(name="golangci-lint", install="see the installation page of golangci-lint's documentation")
LINTER_FILES = (".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json")
FOREIGN = re.compile(r"(?:^|/)(?:vendor|testdata)/.*\.go$")
make_gate = partial(toolchain_gate, Ecosystem.GO)


def detect_go(folder: Folder) -> Found:
    """The gates of one folder seen as a Go module."""
    if not folder.has("go.mod") or not any(path.endswith(".go") for path in folder.inside):
        return Found()
    gates = [lint_gate(folder), format_gate(folder)]
    tests = [path for path in folder.inside if path.endswith("_test.go") and not FOREIGN.search(path)]
    if tests:
        why = f"there is {folder.full('go.mod')}, and {folder.full(tests[0])} holds tests"
        gates.append(make_gate(folder, Kind.TESTS, "go test ./...", "go test", why, "All tests pass.", GO))
    else:
        why = f"there is {folder.full('go.mod')}"
        gates.append(
            make_gate(folder, Kind.BUILD, "go build ./...", "go build", why, "Every package can be built.", GO)
        )
    return Found(gates=tuple(gates))


def lint_gate(folder: Folder) -> ProposedGate:
    """golangci-lint where it is configured (it runs vet too), else vet."""
    configured = folder.first(*LINTER_FILES) or folder.root.first(*LINTER_FILES)
    if configured is None:
        why = f"there is {folder.full('go.mod')}"
        return make_gate(folder, Kind.LINT, "go vet ./...", "go vet", why, "go vet finds nothing suspicious.", GO)
    says = "golangci-lint finds nothing to complain about."
    why = f"there is {configured}"
    return make_gate(
        folder,
        Kind.LINT,
        "golangci-lint run",
        "golangci-lint",
        why,
        says,
        GOLANGCI,
        GO,
        fix="golangci-lint run --fix",
    )


def format_gate(folder: Folder) -> ProposedGate:
    """
    gofmt, which always exits with 0 when it could read the files, so that its list must be looked at.

    The list is taken in an assignment: inside ``test -z "$(…)"`` a gofmt that is missing or fails would count as formatted.
    Vendored code and test data are not ours to format.
    """
    foreign = any(FOREIGN.search(path) for path in folder.inside)
    files = "find . -name '*.go' -not -path '*/vendor/*' -not -path '*/testdata/*'"
    listing = f"{files} -exec gofmt -l {{}} +" if foreign else "gofmt -l ."
    command = f'unformatted=$({listing})\necho "$unformatted"\ntest -z "$unformatted"'
    fix = f"{files} -exec gofmt -w {{}} +" if foreign else "gofmt -w ."
    why = f"there is {folder.full('go.mod')}"
    says = "Every file is formatted as gofmt would; the ones that are not are listed."
    return make_gate(folder, Kind.FORMAT, command, "gofmt", why, says, GOFMT, fix=fix)

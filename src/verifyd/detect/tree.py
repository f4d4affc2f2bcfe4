"""The paths of a tree and the text of its configuration files, looked at folder by folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property

from msgspec import Struct

WELL_KNOWN = (
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "tox.toml",
    "noxfile.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    "mypy.ini",
    ".mypy.ini",
    ".flake8",
    "ruff.toml",
    ".ruff.toml",
    "hatch.toml",
    "Pipfile",
    "*requirements*.txt",
    "requirements/*.txt",
    "requirements/*.in",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "package.json",
    "tsconfig.json",
    "playwright.config.*",
    "pnpm-workspace.yaml",
    "go.mod",
    "go.work",
    "Cargo.toml",
)
"""Names and globs, below the root and below each folder that is looked at, whose text detection reads."""

ROOT_ONLY = (
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    ".justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "Taskfile.dist.yaml",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    "scripts/*",
    "script/*",
    "bin/*",
)
"""The same, below the root alone."""

MARKERS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "manage.py",
    "requirements.txt",
    "package.json",
    "go.mod",
    "Cargo.toml",
)
"""A folder that holds one of these may have gates of its own."""

DEPTH = 2
"""Levels of folders below the root that are looked at: ``services/api``."""

SIDE_NAMES = """
    node_modules vendor third_party thirdparty external extern deps submodules site-packages
    test tests testing testdata test-data test_data fixtures __fixtures__ spec conformance integration integration-tests
    example examples demo demos sample samples playground playgrounds template templates tutorial tutorials snippets cookbook
    doc docs dev-docs documentation website site www blog bench benchmark benchmarks perf fuzz
    ci tools scripts script build dist out target hack contrib etc dev devel misc packaging debian
    """
SIDE = frozenset(SIDE_NAMES.split())
"""Names of folders that hold something else than the project's own code; their gates are nobody's first thought."""

PLAIN = re.compile(r"[A-Za-z0-9_@+][A-Za-z0-9._@+-]*(/[A-Za-z0-9_@+][A-Za-z0-9._@+-]*)*")
"""A folder that can stand in a command, an attribute and a heading as it is."""


def pattern_of(globs: Iterable[str]) -> re.Pattern[str]:
    """One pattern for paths that any of the globs matches; ``*`` stays within a name."""
    return re.compile("|".join(re.escape(glob).replace(r"\*", "[^/]*") for glob in globs))


AT_ROOT = pattern_of((*ROOT_ONLY, *WELL_KNOWN))
ANYWHERE = pattern_of(WELL_KNOWN)


def is_well_known(path: str) -> bool:
    """Whether detection wants the text of this path of the tree."""
    if path.count("/") > DEPTH + 1:
        return False  # most paths of a large tree
    return AT_ROOT.fullmatch(path) is not None or any(ANYWHERE.fullmatch(rest) is not None for rest in rests(path))


def rests(path: str) -> Iterable[str]:
    """The path as seen from the root and from each of its folders that may be looked at."""
    parts = path.split("/")
    for depth in range(min(len(parts), DEPTH + 1)):
        if depth and not may_be_looked_at("/".join(parts[:depth])):
            return
        yield "/".join(parts[depth:])


def may_be_looked_at(folder: str) -> bool:
    """Whether a folder of this name can be a project of its own."""
    return PLAIN.fullmatch(folder) is not None and not any(part.lower() in SIDE for part in folder.split("/"))


class Folder(Struct, frozen=True, kw_only=True, dict=True):
    """
    One folder of the tree.

    Attributes:
        path: Relative to the root; ``.`` is the root.
        files: Text of the well-known files of the whole tree, by path.
        paths: Every path of the whole tree.
    """

    path: str
    files: Mapping[str, str]
    paths: frozenset[str]

    @property
    def is_root(self) -> bool:
        """Whether this is the top of the tree."""
        return self.path == "."

    @property
    def root(self) -> Folder:
        """The top of the tree."""
        return self if self.is_root else Folder(path=".", files=self.files, paths=self.paths)

    def full(self, name: str) -> str:
        """The path, from the root, of a name in this folder."""
        return name if self.is_root else posixpath.join(self.path, name)

    def has(self, name: str) -> bool:
        """Whether the tree has this file."""
        return self.full(name) in self.paths

    def text(self, name: str) -> str:
        """A well-known file's text; empty when there is none."""
        return self.files.get(self.full(name), "")

    def first(self, *names: str) -> str | None:
        """The first of the names that the tree has."""
        return next((name for name in names if self.has(name)), None)

    @cached_property
    def inside(self) -> tuple[str, ...]:
        """Every path below this folder, relative to it, sorted."""
        if self.is_root:
            return tuple(sorted(self.paths))
        start = f"{self.path}/"
        return tuple(sorted(path.removeprefix(start) for path in self.paths if path.startswith(start)))

    @cached_property
    def top(self) -> tuple[str, ...]:
        """Names of the files directly in this folder, sorted."""
        return tuple(path for path in self.inside if "/" not in path)

    def matching(self, *patterns: str) -> tuple[str, ...]:
        """Files directly in this folder that a glob matches, sorted."""
        return tuple(name for name in self.top if any(fnmatchcase(name, pattern) for pattern in patterns))

    def texts(self, *patterns: str) -> dict[str, str]:
        """Text of the well-known files whose path, relative to this folder, a glob matches, by that path."""
        found: dict[str, str] = {}
        for path in self.files:
            name = path if self.is_root else path.removeprefix(f"{self.path}/")
            if (self.is_root or name != path) and any(fnmatchcase(name, pattern) for pattern in patterns):
                found[name] = self.files[path]
        return found


def project_folders(files: Mapping[str, str], paths: frozenset[str]) -> tuple[Folder, ...]:
    """The root, then every folder with a marker that may be a project of its own, the shallowest first."""
    marked = {posixpath.dirname(path) for path in paths if posixpath.basename(path) in MARKERS}
    below = [path for path in marked if path and path.count("/") < DEPTH and may_be_looked_at(path)]
    ordered = sorted(below, key=lambda path: (path.count("/"), path))
    return tuple(Folder(path=path, files=files, paths=paths) for path in (".", *ordered))

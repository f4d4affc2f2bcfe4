"""The Python tools that check code without running it: what configures each, and how it is called."""

from __future__ import annotations

from msgspec import Struct

from verifyd.detect.model import Kind

QUICK = "2m"
"""Time limit of a tool that reads each file once."""


class Checker(Struct, frozen=True, kw_only=True):
    """
    One tool.

    Attributes:
        name: Of its program and of its distribution.
        program: As ``programs_in`` names it.
        arguments: By which it only says what is wrong.
        fix: Arguments by which it puts that right; None when it cannot.
        tables: Names of its tables below ``[tool]`` in pyproject.toml.
        files: Its own configuration files.
        sections: Of setup.cfg and tox.ini.
    """

    name: str
    program: str
    kind: Kind
    says: str
    arguments: str = ""
    fix: str | None = None
    timeout: str | None = None
    tables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


RUFF = Checker(
    name="ruff",
    program="ruff check",
    kind=Kind.LINT,
    says="Ruff finds nothing to complain about.",
    arguments="check",
    fix="check --fix",
    timeout=QUICK,
    tables=("ruff",),
    files=("ruff.toml", ".ruff.toml"),
)
RUFF_FORMAT = Checker(
    name="ruff",
    program="ruff format",
    kind=Kind.FORMAT,
    says="Every file is formatted as Ruff would.",
    arguments="format --check",
    fix="format",
    timeout=QUICK,
    tables=RUFF.tables,
    files=RUFF.files,
)
FLAKE8 = Checker(
    name="flake8",
    program="flake8",
    kind=Kind.LINT,
    says="flake8 finds nothing to complain about.",
    timeout=QUICK,
    files=(".flake8",),
    sections=("flake8",),
)
BLACK = Checker(
    name="black",
    program="black",
    kind=Kind.FORMAT,
    says="Every file is formatted as Black would.",
    arguments="--check .",
    fix=".",
    timeout=QUICK,
    tables=("black",),
)
ISORT = Checker(
    name="isort",
    program="isort",
    kind=Kind.FORMAT,
    says="Imports are sorted as isort would.",
    arguments="--check-only .",
    fix=".",
    timeout=QUICK,
    tables=("isort",),
    files=(".isort.cfg",),
    sections=("isort",),
)
MYPY = Checker(
    name="mypy",
    program="mypy",
    kind=Kind.TYPES,
    says="mypy finds no type error.",
    tables=("mypy",),
    files=("mypy.ini", ".mypy.ini"),
    sections=("mypy",),
)
PYRIGHT = Checker(
    name="pyright",
    program="pyright",
    kind=Kind.TYPES,
    says="Pyright finds no type error.",
    tables=("pyright",),
    files=("pyrightconfig.json",),
)
BASEDPYRIGHT = Checker(
    name="basedpyright",
    program="pyright",
    kind=Kind.TYPES,
    says="Basedpyright finds no type error.",
    tables=("basedpyright",),
)
TY = Checker(
    name="ty",
    program="ty",
    kind=Kind.TYPES,
    says="ty finds no type error.",
    arguments="check",
    tables=("ty",),
    files=("ty.toml",),
)

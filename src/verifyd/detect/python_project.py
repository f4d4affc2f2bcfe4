"""A Python project as its files declare it: which tools it asks for, by which runner they start, where its code lies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from verifyd.detect.configuration import Table, read_ini, read_toml, requirement_name, strings, table
from verifyd.detect.model import Tool
from verifyd.detect.tree import SIDE, Folder

LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
"""A runner is used only where its lock file says that the project is really kept by it."""

RUNNER_SITE = {
    "uv": "see the installation page of uv's documentation, or: pipx install uv",
    "poetry": "pipx install poetry",
    "pdm": "pipx install pdm",
    "pipenv": "pipx install pipenv",
}
PROJECT_FILES = (
    *(
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "manage.py",
        "requirements.txt",
        "Pipfile",
        "tox.ini",
        "tox.toml",
        "noxfile.py",
    ),
    *("pytest.ini", "ruff.toml", ".ruff.toml", "mypy.ini", ".flake8", "pyrightconfig.json"),
)
"""One of these makes a folder a Python project."""
GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$")


class Declaration(Struct, frozen=True, kw_only=True, dict=True):
    """
    A requirement and where it stands.

    Attributes:
        option: What the runner must be given to have it in the environment (``--group tests``); empty when it always is.
    """

    name: str
    option: str = ""


class PythonProject(Struct, frozen=True, kw_only=True, dict=True):
    """One folder seen as a Python project."""

    folder: Folder

    @cached_property
    def pyproject(self) -> Table:
        """``pyproject.toml``."""
        return read_toml(self.folder.text("pyproject.toml"))

    @cached_property
    def sections(self) -> Mapping[str, Mapping[str, str]]:
        """Sections of setup.cfg and tox.ini together."""
        return {**read_ini(self.folder.text("tox.ini")), **read_ini(self.folder.text("setup.cfg"))}

    def tool(self, *keys: str) -> Table:
        """``[tool.NAME]`` of pyproject.toml."""
        return table(self.pyproject, "tool", *keys)

    @property
    def exists(self) -> bool:
        """Whether there is anything of Python's here."""
        return self.folder.first(*PROJECT_FILES) is not None

    @property
    def is_packaged(self) -> bool:
        """Whether it is installed to be used; else its code is found in the folder it is started in."""
        return bool(
            table(self.pyproject, "project") or self.tool("poetry") or table(self.pyproject, "build-system")
        ) or self.folder.has("setup.py")

    @cached_property
    def runner(self) -> str | None:
        """The program that keeps the project's environment; None when there is no lock file of one."""
        for folder in (self.folder, self.folder.root):
            for lock, runner in LOCKS.items():
                if folder.has(lock):
                    return runner
        return None

    @cached_property
    def declarations(self) -> Mapping[str, Declaration]:
        """Every requirement of any kind, by normalised name; those that need no option win."""
        found: dict[str, Declaration] = {}
        for declaration in sorted(self._declared(), key=lambda one: bool(one.option)):
            found.setdefault(declaration.name, declaration)
        return found

    def _declared(self) -> Iterable[Declaration]:
        project = table(self.pyproject, "project")
        yield from named(strings(project.get("dependencies")))
        for extra, requirements in table(project, "optional-dependencies").items():
            yield from named(strings(requirements), self._option("extra", extra))
        for group in table(self.pyproject, "dependency-groups"):
            option = "" if group in self._default_groups() else self._option("group", group)
            yield from named(self._group(group), option)
        yield from named((*table(self.tool("poetry"), "dependencies"), *table(self.tool("poetry"), "dev-dependencies")))
        for group in table(self.tool("poetry"), "group").values():
            yield from named(tuple(table(group, "dependencies")))
        yield from named(strings(self.tool("uv").get("dev-dependencies")))
        for requirements in table(self.tool("pdm"), "dev-dependencies").values():
            yield from named(strings(requirements))
        pipfile = read_toml(self.folder.text("Pipfile"))
        yield from named((*table(pipfile, "packages"), *table(pipfile, "dev-packages")))
        for text in self.folder.texts("*requirements*.txt", "requirements/*.txt", "requirements/*.in").values():
            yield from named(text.splitlines())
        for section in self.sections.values():
            yield from named(section.get("deps", "").splitlines())

    def _default_groups(self) -> tuple[str, ...]:
        return strings(self.tool("uv").get("default-groups")) or ("dev",)

    def _group(self, name: str, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Requirements of a dependency group, included groups followed (PEP 735)."""
        entries: Any = table(self.pyproject, "dependency-groups").get(name)
        if name in seen or not isinstance(entries, list):
            return ()
        included = [
            entry["include-group"]
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("include-group"), str)
        ]
        return (*strings(entries), *(one for group in included for one in self._group(group, seen | {name})))

    def _option(self, kind: str, name: str) -> str:
        return f"--{kind} {name}" if self.runner == "uv" and GROUP.fullmatch(name) else ""

    def declares(self, name: str) -> bool:
        """Whether the project asks for this tool among its requirements."""
        return name in self.declarations

    @cached_property
    def locked(self) -> frozenset[str]:
        """Names in the TOML lock file (uv, poetry, pdm); empty without one."""
        texts = (
            folder.text(name)
            for folder in (self.folder, self.folder.root)
            for name in ("uv.lock", "poetry.lock", "pdm.lock")
        )
        text = next((text for text in texts if text), "")
        return frozenset(requirement_name(name) for name in re.findall(r'^name = "([^"]+)"', text, re.MULTILINE))

    def start(self, name: str, *, of: str | None = None) -> tuple[str, tuple[Tool, ...]]:
        """
        How a tool is started here, and what must be on the machine for it.

        Args:
            name: The program (``pytest``, ``python3``).
            of: The distribution that brings it, when it is called otherwise; empty for Python itself.

        Returns:
            The words before the tool's own arguments, the tool's name included, and the tools to look for.
        """
        distribution = name if of is None else of
        runner = self.runner
        asked = self.declarations.get(distribution)
        if runner is None or (distribution and asked is None and distribution not in self.locked):
            return name, (Tool(name=name, install=install_hint(name)),)
        option = asked.option if asked is not None else self._group_called(distribution)
        options = f" {option}" if option else ""
        locked = " --locked" if runner == "uv" else ""
        return f"{runner} run{locked}{options} {name}", (Tool(name=runner, install=RUNNER_SITE[runner]),)

    def _group_called(self, name: str) -> str:
        """The option for a group that is called like a tool: it brings it, if only through another package."""
        return self._option("group", name) if name in table(self.pyproject, "dependency-groups") else ""

    def why_configured(
        self, *, tables: Iterable[str] = (), files: Iterable[str] = (), sections: Iterable[str] = ()
    ) -> str | None:
        """The first place that configures a tool: a table of pyproject.toml, a file of its own, a section; None when nothing does."""
        folder = self.folder
        for key in tables:
            if key in self.tool():
                return f"{folder.full('pyproject.toml')} has [tool.{key}]"
        found = folder.first(*files)
        if found is not None:
            return f"there is {folder.full(found)}"
        for section in sections:
            if section in self.sections:
                home = "setup.cfg" if f"[{section}]" in folder.text("setup.cfg") else "tox.ini"
                return f"{folder.full(home)} has [{section}]"
        return None

    def mentions(self, pattern: str) -> bool:
        """Whether the project's own scripts, recipes or CI workflows call something."""
        return re.search(pattern, self.signs) is not None

    def calls(self, name: str) -> bool:
        """Whether the project's own commands start a tool."""
        return self.mentions(rf"(?m)(?:^|[\s\"'])({re.escape(name)})\s")

    def called_with(self, name: str) -> str:
        """The plain arguments the project starts a tool with; empty when it never does, or not always with the same."""
        pattern = rf"(?m)(?:^|\s)(?:-m )?{re.escape(name)}((?: +[A-Za-z0-9_./=-]+)+)\s*$"
        found = {" ".join(arguments.split()) for arguments in re.findall(pattern, self.signs)}
        return found.pop() if len(found) == 1 else ""

    @cached_property
    def signs(self) -> str:
        """Text of everything that shows how the project runs its own checks, comments left out."""
        root = self.folder.root
        texts = [
            self.folder.text("tox.ini"),
            self.folder.text("noxfile.py"),
            self.folder.text("pyproject.toml"),
            self.folder.text("tox.toml"),
        ]
        names = (
            "Makefile",
            "justfile",
            "Justfile",
            "Taskfile.yml",
            ".github/workflows/*",
            "scripts/*",
            "script/*",
            "bin/*",
        )
        texts += root.texts(*names).values()
        return "\n".join(line for text in texts for line in text.splitlines() if not line.lstrip().startswith("#"))

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The project's own packages, as arguments for a checker: ``src``, or the top folders that are packages; else ``.``."""
        inside = self.folder.inside
        if any(path.startswith("src/") and path.endswith(".py") for path in inside):
            return ("src",)
        packages = {path.split("/")[0] for path in inside if path.count("/") == 1 and path.endswith("/__init__.py")}
        own = sorted(name for name in packages if name.lower() not in SIDE and re.fullmatch(r"[A-Za-z_]\w*", name))
        return tuple(own) or (".",)

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """Files that look like tests."""
        return tuple(path for path in self.folder.inside if TEST_FILE.search(path))


def named(requirements: Iterable[str], option: str = "") -> Iterable[Declaration]:
    """Requirements as declarations; lines that name nothing (options, comments, links) are left out."""
    for requirement in requirements:
        name = requirement_name(requirement)
        if name:
            yield Declaration(name=name, option=option)


def install_hint(name: str) -> str:
    """How a Python tool comes onto the machine when no lock file says it better."""
    if name in ("python3", "python"):
        return "install Python 3"
    return f"install the project's development requirements, or: pip install {name}"

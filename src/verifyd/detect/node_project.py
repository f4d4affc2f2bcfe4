"""A package.json as it stands: its scripts, its dependencies, its package manager."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from verifyd.detect.configuration import Table, read_json, table
from verifyd.detect.model import Tool
from verifyd.detect.tasks import Task
from verifyd.detect.tree import Folder

LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
INSTALL = {
    "npm": "npm ci",
    "pnpm": "pnpm install --frozen-lockfile",
    "yarn": "yarn install --immutable",
    "bun": "bun install --frozen-lockfile",
}
MANAGER_SITE = {
    "npm": "install Node.js, which brings it",
    "pnpm": "corepack enable pnpm, or: npm install --global pnpm",
    "yarn": "corepack enable yarn, or: npm install --global yarn",
    "bun": "npm install --global bun",
}
BINARY = {
    "npm": "npx --no-install",
    "pnpm": "pnpm exec",
    "yarn": "yarn run",
    "bun": "bunx --no-install",
}
"""How a program of node_modules is started without anything being downloaded."""

PROGRAM_OF_PACKAGE = {
    "typescript": "tsc",
    "@biomejs/biome": "biome",
    "@playwright/test": "playwright",
    "@angular/cli": "ng",
    "react-scripts": "react-scripts",
}
CALL = re.compile(r"(?:npm|pnpm|yarn|bun)\s+(?:run\s+|run-script\s+)?(?:-s\s+|--silent\s+)?([\w:.-]+)$")
RUN_SEVERAL = re.compile(r"(?:run-s|run-p|npm-run-all2?)\s+(.*)$")


class NodeProject(Struct, frozen=True, kw_only=True, dict=True):
    """One folder seen as a Node project."""

    folder: Folder

    @cached_property
    def package(self) -> Table:
        """``package.json``."""
        return read_json(self.folder.text("package.json"))

    @cached_property
    def scripts(self) -> Mapping[str, str]:
        """Its scripts that are text."""
        return {name: text for name, text in table(self.package, "scripts").items() if isinstance(text, str)}

    @cached_property
    def dependencies(self) -> frozenset[str]:
        """Packages it asks for, its workspace root's included: they are found from below."""
        packages = (
            [self.package] if self.folder.is_root else [self.package, read_json(self.folder.root.text("package.json"))]
        )
        kinds = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
        return frozenset(name for package in packages for kind in kinds for name in table(package, kind))

    @cached_property
    def is_member(self) -> bool:
        """Whether the root's package.json keeps this folder's dependencies too."""
        root = self.folder.root
        if self.folder.is_root or any(self.folder.has(lock) for lock in LOCKS) or not root.has("package.json"):
            return False
        above = read_json(root.text("package.json"))
        return (
            "workspaces" in above
            or "packageManager" in above
            or any(root.has(name) for name in (*LOCKS, "pnpm-workspace.yaml"))
        )

    @property
    def home(self) -> Folder:
        """The folder whose lock file counts: its own, else the root's."""
        return self.folder.root if self.is_member else self.folder

    @cached_property
    def manager(self) -> str:
        """npm, pnpm, yarn or bun: as ``packageManager`` says, else by the lock file, else npm."""
        said = [self.package.get("packageManager"), read_json(self.home.text("package.json")).get("packageManager")]
        for text in said:
            name = text.split("@")[0] if isinstance(text, str) else ""
            if name in INSTALL:
                return name
        return next((manager for lock, manager in LOCKS.items() if self.home.has(lock)), "npm")

    @property
    def install(self) -> str:
        """The command that installs what the lock file says."""
        has_lock = any(self.home.has(lock) for lock in LOCKS)
        command = INSTALL[self.manager] if has_lock else f"{self.manager} install"
        return command if self.home.is_root else f"cd {self.home.path} && {command}"

    @property
    def is_workspace(self) -> bool:
        """Whether other packages of the repository belong to this one."""
        return "workspaces" in self.package or self.folder.has("pnpm-workspace.yaml")

    def run(self, script: str) -> str:
        """The command that runs a script."""
        return f"{self.manager} test" if script == "test" and self.manager != "bun" else f"{self.manager} run {script}"

    def manager_tool(self) -> Tool:
        """The package manager as a tool."""
        return Tool(name=self.manager, install=MANAGER_SITE[self.manager])

    def node_tool(self) -> Tool:
        """Node itself as a tool."""
        return Tool(name="node", install="install Node.js")

    def starter_tool(self) -> Tool:
        """What starts a program of node_modules."""
        return Tool(name="npx", install=MANAGER_SITE["npm"]) if self.manager == "npm" else self.manager_tool()

    def local_tool(self, program: str) -> Tool:
        """A program of node_modules as a tool."""
        folders = dict.fromkeys((self.folder.full("node_modules/.bin"), self.home.full("node_modules/.bin")))
        return Tool(name=program, install=self.install, beside=tuple(folders))

    def tools_of(self, text: str) -> tuple[Tool, ...]:
        """The package manager, and the first program of a script when a dependency brings it."""
        words = text.split()
        own = frozenset(PROGRAM_OF_PACKAGE.get(name, name) for name in self.dependencies)
        program = next((word for word in words if "=" not in word and word != "cross-env"), "")
        return (self.manager_tool(), self.local_tool(program)) if program in own else (self.manager_tool(),)

    def tasks(self) -> tuple[Task, ...]:
        """Its scripts as tasks, each with the text of all that it starts."""
        home = self.folder.full("package.json")
        return tuple(
            Task(name=name, command=self.run(name), text=self.whole_text(name), why=f"{home} has the script {name}")
            for name in self.scripts
            if re.fullmatch(r"[\w:.-]+", name)
        )

    def calls(self, name: str) -> frozenset[str]:
        """The other scripts that a script starts, itself left out, to any depth, ``pre`` and ``post`` scripts included."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            direct = {*called(self.scripts.get(one, ""), self.scripts), f"pre{one}", f"post{one}"} & set(self.scripts)
            waiting.extend(direct - found)
            found |= direct
        return frozenset(found - {name})

    def whole_text(self, name: str) -> str:
        """A script's text and that of every script it starts."""
        return "\n".join(self.scripts[one] for one in (name, *sorted(self.calls(name))))

    def is_aggregate(self, name: str) -> bool:
        """Whether a script does nothing but start other scripts of the package."""
        parts = split_commands(self.scripts[name])
        return bool(parts) and all(called(part, self.scripts) for part in parts)


def split_commands(text: str) -> list[str]:
    """The commands of a script, one after the other."""
    return [part.strip() for part in re.split(r"&&|;|\n", text) if part.strip()]


def called(text: str, scripts: Iterable[str]) -> frozenset[str]:
    """The scripts that a script's text starts through the package manager or npm-run-all."""
    known = frozenset(scripts)
    found: set[str] = set()
    for part in split_commands(text):
        one, several = CALL.match(part), RUN_SEVERAL.match(part)
        found |= {one[1]} if one else set()
        for word in several[1].split() if several else ():
            found |= {
                name for name in known if name == word or (word.endswith("*") and name.startswith(word.rstrip("*")))
            }
    return frozenset(found & known)

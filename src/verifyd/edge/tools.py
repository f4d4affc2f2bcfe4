"""The programs and installed packages that a gate's scripts rest on, each with a stamp that changes when it does."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from verifyd.action_key import ToolStamp
from verifyd.edge.named_programs import Named, named_programs

READ_WHOLE_BYTES = 256 * 1024
"""Programs up to this size that lie in the repository are stamped by content: git sets their times anew at each switch."""
NODE_LOCKS = ("node_modules/.package-lock.json", "node_modules/.modules.yaml", "node_modules/.yarn-state.yml")
"""What npm, pnpm and yarn write when they install."""
SHELLS = ("bash", "sh")
"""What reads scripts: one that stands before the system's on PATH makes a pass of anything."""
TELLING = re.compile(
    r"(?:PYTHON|PYTEST_(?!CURRENT_TEST|VERSION|XDIST)|LD_|DYLD_|NODE_|npm_config_|NPM_CONFIG_|RUST|CARGO_|GO|JAVA_|JDK_|MAVEN_|GRADLE_"
    r"|MYPY|RUFF_|TOX_|NOX|COVERAGE_|DJANGO_|RUBY|BUNDLE_|PHP|DOTNET_).*|LANG|LC_\w+|TZ"
)
"""Inherited variables by which interpreters and tools are told to do otherwise (``PYTEST_ADDOPTS=--deselect=…``)."""
DISPATCHERS = frozenset({"rustup", "pyenv", "asdf", "mise", "volta", "fnm", "proto"})
"""Programs that stand for others and choose a version by rules of their own."""

ENVIRONMENT_FOLDERS = (".venv", "venv", "env")
MISSING = "not found"


def find_tools(commands: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[ToolStamp, ...] | None:
    """
    Stamp what *commands* start, looked for as a shell in *folder* would.

    Args:
        commands: Scripts.
        environment: Of the processes to be.

    Returns:
        Programs, interpreters, installed distributions of their Python environments and of those in *folder*, what node's
        package managers installed, ``.env`` files, the shells, the variables in TELLING, and a stamp for each doubt that remains. None when a program is missing
        although nothing is in doubt: there is no result worth keeping.
    """
    stamps: set[ToolStamp] = {*installed_stamps(folder), *shell_stamps(environment), *variable_stamps(environment)}
    for command in commands:
        named = named_programs(command)
        stamps.update(ToolStamp(name=doubt, path="", stamp="not followed") for doubt in named.doubts)
        search = search_path(named, environment, folder)
        for program in named.programs:
            path = shutil.which(program if "/" not in program else str(folder / program), path=search)
            if path is not None:
                stamps.update(program_stamps(program, Path(path), folder, search))
            elif named.doubts:
                stamps.add(ToolStamp(name=program, path="", stamp=MISSING))
            else:
                return None
    return tuple(sorted(stamps, key=lambda tool: (tool.name, tool.path, tool.stamp)))


def shell_stamps(environment: Mapping[str, str]) -> Iterator[ToolStamp]:
    """The shells as they are found on PATH."""
    for name in SHELLS:
        path = shutil.which(name, path=environment.get("PATH", os.defpath))
        if path is not None:
            yield file_stamp(f"shell {name}", Path(path).resolve(), by_content=False)


def variable_stamps(environment: Mapping[str, str]) -> Iterator[ToolStamp]:
    """Each variable in TELLING, its value hashed: a key is no place for what may be a secret."""
    for name, value in environment.items():
        if TELLING.fullmatch(name):
            content = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()
            yield ToolStamp(name=f"variable {name}", path="", stamp=content)


def search_path(named: Named, environment: Mapping[str, str], folder: Path) -> str:
    """PATH as the script will have it, relative entries made absolute."""
    entries = [*named.path_folders, *environment.get("PATH", os.defpath).split(os.pathsep)]
    return os.pathsep.join(str(folder / entry) for entry in entries)


def program_stamps(name: str, path: Path, folder: Path, search: str) -> Iterator[ToolStamp]:
    """A program, the interpreter of its first line, and the distributions of the environment it belongs to."""
    yield from chosen_stamps(name, path, by_content=is_below(path.resolve(), folder))
    interpreter = interpreter_of(path, search)
    if interpreter is not None:
        yield from chosen_stamps(f"interpreter of {name}", interpreter, by_content=False)
    for program in (path, interpreter):
        if program is not None:
            yield from distribution_stamps(program)


def chosen_stamps(name: str, path: Path, *, by_content: bool) -> Iterator[ToolStamp]:
    """One program; with a doubt when it only stands for another."""
    real = path.resolve()
    yield file_stamp(name, real, by_content=by_content)
    if real.name in DISPATCHERS or "shims" in path.parts:
        yield ToolStamp(name=f"what {name} stands for", path="", stamp="not followed")


def is_below(path: Path, folder: Path) -> bool:
    """Whether a file belongs to the judged files, as far as can be told from here: below the folder and not installed there."""
    return path.is_relative_to(folder.resolve()) and not {"node_modules", *ENVIRONMENT_FOLDERS} & set(path.parts)


def file_stamp(name: str, path: Path, *, by_content: bool) -> ToolStamp:
    """One file by size and modification time, or by content where that is small."""
    try:
        found = path.stat()
        if by_content and stat.S_ISREG(found.st_mode) and found.st_size <= READ_WHOLE_BYTES:
            return ToolStamp(name=name, path=str(path), stamp=hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError as error:
        return ToolStamp(name=name, path=str(path), stamp=error.strerror or MISSING)
    return ToolStamp(name=name, path=str(path), stamp=f"{found.st_size} {found.st_mtime_ns}")


def interpreter_of(path: Path, search: str) -> Path | None:
    """The program that a script's first line names; None for a binary, and for one that is not there."""
    try:
        with path.open("rb") as file:
            line = file.readline(512)
    except OSError:
        return None
    words = os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    found = shutil.which(words[0], path=search) if words else None
    return None if found is None else Path(found)


def distribution_stamps(program: Path) -> Iterator[ToolStamp]:
    """What is installed in the Python environment that a program lies in: a virtual one, or the interpreter's own."""
    if (program.parent.parent / "pyvenv.cfg").is_file():
        yield from environment_stamps(program.parent.parent)
    if re.fullmatch(r"python[\d.]*", program.name):
        yield from environment_stamps(program.resolve().parent.parent)


def environment_stamps(prefix: Path) -> Iterator[ToolStamp]:
    """One stamp for each package folder of a Python environment."""
    for pattern in ("lib/python3*/site-packages", "lib/python3*/dist-packages", "lib64/python3*/site-packages"):
        for packages in sorted(prefix.glob(pattern)):
            yield ToolStamp(name="distributions", path=str(packages.resolve()), stamp=distributions_digest(packages))


def distributions_digest(packages: Path) -> str:
    """
    Sha256 over the names of the installed distributions and the times of their RECORDs.

    Whoever installs, updates or removes a distribution writes RECORD; the files that add folders to the import path
    (``.pth``) count too.
    """
    lines = []
    try:
        with os.scandir(packages) as entries:
            for entry in entries:
                if entry.name.endswith(".dist-info"):
                    lines.append(f"{entry.name} {time_of(packages / entry.name / 'RECORD')}")
                elif entry.name.endswith((".egg-info", ".egg-link", ".pth")):
                    lines.append(f"{entry.name} {time_of(packages / entry.name)}")
    except OSError as error:
        return error.strerror or MISSING
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def time_of(path: Path) -> int:
    """Modification time in ns; 0 when it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def installed_stamps(folder: Path) -> Iterator[ToolStamp]:
    """What is installed beside the code, in *folder* and above it up to the work tree's top, and local settings git may ignore."""
    for place in places(folder):
        for name in ENVIRONMENT_FOLDERS:
            if (place / name / "pyvenv.cfg").is_file():
                yield from environment_stamps(place / name)
        for name in NODE_LOCKS:
            if (place / name).is_file():
                yield file_stamp(name, place / name, by_content=False)
        for path in sorted(place.glob(".env*")):
            if path.is_file():
                yield file_stamp(path.name, path, by_content=True)


def places(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the one that holds ``.git``."""
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return

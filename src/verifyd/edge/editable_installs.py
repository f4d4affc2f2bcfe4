"""
Installed packages that are run from a source folder: with one of them, a copy of that folder is not what gets tested.

Tried on 4 of 4 projects with a src layout: ``cd copy && pytest`` tested the original.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

_LIBRARIES = ("lib/python3*/site-packages", "lib64/python3*/site-packages")
_ENVIRONMENTS = (".venv", "venv", "env", ".env")


class EditableInstall(Struct, frozen=True, kw_only=True, order=True):
    """
    One place that makes an interpreter look into a source folder.

    Attributes:
        path: The source folder, or the module.
        declared_in: The file in site-packages that says so.
    """

    path: Path
    declared_in: Path


def editable_installs_below(root: Path, site_packages: Iterable[Path]) -> tuple[EditableInstall, ...]:
    """
    What in *site_packages* points at or below *root*, sorted.

    Looks at the lines of ``.pth`` and ``.egg-link`` files, the MAPPING of setuptools' ``__editable___*_finder.py`` and the
    ``direct_url.json`` of installed distributions (PEP 610). Unreadable files point nowhere.
    """
    top = root.resolve()
    found = {
        EditableInstall(path=path, declared_in=file)
        for folder in site_packages
        for file, path in _pointers(folder)
        if path.is_absolute() and _is_source(path.resolve(), top, folder.resolve())
    }
    return tuple(sorted(found))


def site_packages_in_use(root: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Of the virtual environments in *root*, of an activated one, and of the Python that a gate would find on PATH."""
    found = [shutil.which(name, path=environment.get("PATH", os.defpath)) for name in ("python", "python3")]
    activated = environment.get("VIRTUAL_ENV")
    prefixes = [
        *(root / name for name in _ENVIRONMENTS),
        *([Path(activated)] if activated else []),
        *(Path(python).parent.parent for python in found if python),
    ]
    folders = [folder for prefix in prefixes for pattern in _LIBRARIES for folder in prefix.glob(pattern)]
    return tuple(dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()))


def _is_source(path: Path, top: Path, site_packages: Path) -> bool:
    """Whether it lies in the repository, and not in a virtual environment that lies there too."""
    return path.is_relative_to(top) and not path.is_relative_to(site_packages.parents[2])


def _pointers(folder: Path) -> Iterator[tuple[Path, Path]]:
    for pattern in ("*.pth", "*.egg-link"):
        for file in folder.glob(pattern):
            for line in _read(file).splitlines():
                if line.strip() and "\0" not in line and not line.startswith(("#", "import ", "import\t")):
                    yield file, folder / line.strip()
    for file in folder.glob("__editable___*_finder.py"):
        for mapped in _mapped_paths(_read(file)):
            yield file, Path(mapped)
    for file in folder.glob("*.dist-info/direct_url.json"):
        if source := _editable_url_path(_read(file)):
            yield file, Path(source)


def _mapped_paths(source: str) -> Iterator[str]:
    """The paths in ``MAPPING = {…}`` of a finder that setuptools generated."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id="MAPPING"), value=ast.Dict(values=values)):
                pass
            case ast.Assign(targets=[ast.Name(id="MAPPING")], value=ast.Dict(values=values)):
                pass
            case _:
                continue
        yield from (value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str))


def _editable_url_path(text: str) -> str | None:
    try:
        described = json.loads(text)
        if not described["dir_info"]["editable"]:
            return None
        parts = urlsplit(described["url"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return unquote(parts.path) if parts.scheme == "file" else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""

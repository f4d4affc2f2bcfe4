"""What no file of the repository may hold, and what the layout must."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.support.repository import ROOT, list_files, read_pyproject, read_text

# Written in two pieces, so that this file does not name them either.
HOSTS = tuple(
    f"{name}.{domain}"
    for name, domain in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("debian", "org"),
        ("golang", "org/dl"),
    )
)


def files_that_hold(*words: str) -> list[str]:
    """Return `path: word` for each file of the repository that holds one of *words*, any encoding."""
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words))
    return [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in list_files()
        if (match := pattern.search(path.read_bytes()))
    ]


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine, never of the repository."""
    assert files_that_hold(*HOSTS) == []


def test_no_file_names_a_folder_of_this_machine() -> None:
    """Neither the checkout nor the home folder of whoever works here stands in a file."""
    assert files_that_hold(f"{ROOT}{os.sep}", f"{Path.home()}{os.sep}") == []


def test_every_layer_is_there_and_every_module_has_a_layer() -> None:
    """The import contract lists exactly the modules and folders of the package."""
    contracts = read_pyproject()["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    listed = set(re.findall(r"\w+", " ".join(layers)))
    package = ROOT / "src" / "verifyd"
    modules = {path.stem for path in package.glob("*.py") if path.stem != "__init__"}
    there = modules | {path.parent.name for path in package.glob("*/__init__.py")}
    assert {"without a layer": there - listed, "layers of nothing": listed - there} == {
        "without a layer": set(),
        "layers of nothing": set(),
    }


def test_every_python_script_is_linted_and_typed() -> None:
    """A script without a suffix is found by ruff and mypy only if their settings name it."""
    scripts = (path for path in (ROOT / "scripts").iterdir() if path.is_file())
    python = {
        f"scripts/{path.name}" for path in scripts if path.read_text("utf-8").startswith("#!/usr/bin/env python3\n")
    }
    tool = read_pyproject()["tool"]
    assert python - set(tool["ruff"]["extend-include"]) == set()
    assert python - set(tool["mypy"]["files"]) == set()


def test_a_package_init_holds_a_docstring_only() -> None:
    """An `__init__.py` imports nothing, so importing one module never imports its neighbours."""
    busy = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("__init__.py")
        if not re.fullmatch(r'""".*?"""\n', path.read_text("utf-8"), re.DOTALL)
    ]
    assert busy == []


def test_the_owners_of_banned_functions_are_in_edge() -> None:
    """No file of the package outside edge/ is exempt from ruff's list of banned functions."""
    exempt = read_pyproject()["tool"]["ruff"]["lint"]["per-file-ignores"]
    sources = [path for path, rules in exempt.items() if path.startswith("src/") and {"TID251", "T20"} & set(rules)]
    assert [path for path in sources if not path.startswith("src/verifyd/edge/")] == []
    assert [path for path in sources if not (ROOT / path).is_file()] == []


def test_decision_records_are_numbered_without_a_gap() -> None:
    """docs/adr/ counts from 0001 on, and each record's title carries its number."""
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number + 1:04}" for number in range(len(records))]
    assert [r.name for r in records if not r.read_text("utf-8").startswith(f"# {r.name[:4]}: ")] == []


def test_the_demonstration_is_not_linted_away() -> None:
    """The example project is outside our own gates: its flaws are its purpose."""
    assert "examples" in read_pyproject()["tool"]["ruff"]["extend-exclude"]
    assert "examples/" not in read_text("scripts/check")


def test_the_readme_is_the_page_of_the_package() -> None:
    """As soon as there is a README.md, `readme` in pyproject.toml names it; before that nothing could be built with it."""
    there = "README.md" if (ROOT / "README.md").is_file() else None
    assert read_pyproject()["project"].get("readme") == there

"""Which installed packages a copy of the repository would not test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verifyd.edge.editable_installs import EditableInstall, editable_installs_below, site_packages_in_use

FINDER = """
from __future__ import annotations
import sys
MAPPING: dict[str, str] = {mapping}
NAMESPACES: dict[str, list[str]] = {{}}
PATH_PLACEHOLDER = '__editable__.toy-1.0.finder' + ".__path_hook__"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a source folder."""
    (tmp_path / "repository" / "src").mkdir(parents=True)
    return tmp_path / "repository"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The packages of an environment elsewhere."""
    folder = tmp_path / "environment" / "lib" / "python3.11" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def test_a_pth_line_points_into_the_repository(root: Path, site: Path) -> None:
    """A line that is a path counts; code, comments and paths elsewhere do not."""
    (site / "toy.pth").write_text(f"# {root}\nimport sys; sys.path.append('{root}')\n\n/usr/share\n{root}/src\n")
    assert editable_installs_below(root, [site]) == (EditableInstall(path=root / "src", declared_in=site / "toy.pth"),)


def test_a_relative_line_is_relative_to_its_file(root: Path, site: Path) -> None:
    """Python reads a relative line from the folder the file is in."""
    (site / "toy.pth").write_text("../../../../repository/src\n")
    (found,) = editable_installs_below(root, [site])
    assert found.path.resolve() == root / "src"


def test_a_finder_maps_into_the_repository(root: Path, site: Path) -> None:
    """setuptools' generated finder: a path mirror with PYTHONPATH would still test the original."""
    (site / "__editable___toy_1_0_finder.py").write_text(
        FINDER.format(mapping={"toy": f"{root}/lib", "other": "/opt/x"})
    )
    (found,) = editable_installs_below(root, [site])
    assert found == EditableInstall(path=root / "lib", declared_in=site / "__editable___toy_1_0_finder.py")


def test_direct_url_says_editable(root: Path, site: Path) -> None:
    """A distribution installed from a folder counts when it is editable, its name quoted as URLs are."""
    for name, editable, path in (("toy", True, f"{root}%20x"), ("toy2", True, f"{root}"), ("copied", False, f"{root}")):
        (site / f"{name}-1.0.dist-info").mkdir()
        described = {"url": f"file://{path}", "dir_info": {"editable": editable}}
        (site / f"{name}-1.0.dist-info" / "direct_url.json").write_text(json.dumps(described))
    (found,) = editable_installs_below(root, [site])
    assert found == EditableInstall(path=root, declared_in=site / "toy2-1.0.dist-info" / "direct_url.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"url": "git+https://x", "dir_info": {"editable": true}}', '{"url": 1}']
)
def test_what_cannot_be_read_points_nowhere(root: Path, site: Path, text: str) -> None:
    """Broken and foreign metadata is no reason to fail."""
    (site / "toy-1.0.dist-info").mkdir()
    (site / "toy-1.0.dist-info" / "direct_url.json").write_text(text)
    (site / "__editable___toy_finder.py").write_text("MAPPING = {" + text)
    (site / "binary.pth").write_bytes(b"\xff\xfe\0\n")
    assert editable_installs_below(root, [site]) == ()


def test_an_environment_in_the_repository_does_not_count_itself(root: Path) -> None:
    """What an environment below the root has installed into itself is no source of the repository."""
    site = root / ".venv" / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (site / "own.pth").write_text(f"{site}/vendored\n{root}/.venv/src/pinned\n")
    (site / "toy.pth").write_text(f"{root}\n")
    assert [found.path for found in editable_installs_below(root, [site])] == [root]


def test_environments_in_use(root: Path, site: Path, tmp_path: Path) -> None:
    """Those in the repository, the activated one, and that of the Python on PATH; each once."""
    inside = root / ".venv" / "lib" / "python3.12" / "site-packages"
    inside.mkdir(parents=True)
    environment = site.parents[2]
    (environment / "bin").mkdir()
    (environment / "bin" / "python3").symlink_to(sys.executable)
    on_path = {"PATH": str(environment / "bin")}
    assert site_packages_in_use(root, {}) == (inside,)
    assert site_packages_in_use(root, on_path) == (inside, site)
    assert site_packages_in_use(root, {**on_path, "VIRTUAL_ENV": str(environment)}) == (inside, site)


def test_a_real_editable_install_is_found(root: Path, tmp_path: Path) -> None:
    """What a build backend really writes is recognised; it does import the original where a copy is meant."""
    pytest.importorskip("uv_build", reason="uv_build is not installed, which makes the editable install")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n[project]\nname = "toy"\nversion = "1"\n'
    )
    (root / "src" / "toy").mkdir()
    (root / "src" / "toy" / "__init__.py").write_text("")
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = (environment / "lib").glob("python3*/site-packages")
    build = (
        "import os, sys, zipfile, uv_build; wheel = uv_build.build_editable(sys.argv[1]); "
        "zipfile.ZipFile(os.path.join(sys.argv[1], wheel)).extractall(sys.argv[2])"
    )
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", build, str(tmp_path), str(site)]
    made = subprocess.run(command, cwd=root, env=path, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    copy = shutil.copytree(root, tmp_path / "copy")
    shows = [str(environment / "bin" / "python"), "-c", "import toy; print(toy.__file__)"]
    imported = subprocess.run(shows, cwd=copy, capture_output=True, text=True)
    assert imported.stdout.strip() == str(root / "src" / "toy" / "__init__.py")
    in_use = site_packages_in_use(root, {"VIRTUAL_ENV": str(environment)})
    assert [found.path for found in editable_installs_below(root, in_use)] == [root / "src"]

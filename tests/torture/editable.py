"""Packages that are installed as editable: an import finds the working tree, wherever the gate's copy of the tree is."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import anyio

from tests.support.project import Project, page
from tests.torture.race_gate import object_id
from tests.torture.rounds import LIMIT_S, Entries, Tally, engine_over, open_scene, overwrite

GOOD, BAD = b"ANSWER = 12\n", b"ANSWER = 13\n"
GOOD_ENTRY = f"100644 {object_id('blob', GOOD)}"
FLIPS = "ignored/flips"
"""While it exists, a gate that has begun waits until the file is gone: meanwhile the working tree is edited."""
WAITS = "echo x > ignored/began; until [ ! -e ignored/flips ]; do sleep 0.003; done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way in which setuptools makes a package editable."""

    name: str
    source: str
    settings: str
    leaves: str

    @property
    def module(self) -> str:
        """The file that is edited."""
        return f"{self.source}/toy/__init__.py"


KINDS = (
    Kind(name="pth", source="src", settings='packages.find.where = ["src"]', leaves="__editable__*.pth"),
    Kind(
        name="finder",
        source="lib",
        settings='packages = ["toy"]\npackage-dir = {toy = "lib/toy"}',
        leaves="__editable___*_finder.py",
    ),
)


def install(folder: Path, kind: Kind) -> Project:
    """A project whose package is installed as editable into an environment beside it, by pip and setuptools."""
    described = (
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "toy"\nversion = "1.0"\n[tool.setuptools]\n{kind.settings}\n'
    )
    python = folder / "environment" / "bin" / "python"
    script = f"{WAITS}\n{python} -c 'import sys, toy; sys.exit(toy.ANSWER != 12)'"
    files = {
        ".gitignore": "ignored/\n__pycache__/\n*.egg-info/\nbuild/\n",
        "pyproject.toml": described,
        kind.module: GOOD.decode(),
        "ignored/keep": "",
        "VERIFY.md": page(gate=script),
    }
    project = Project.make(folder, files)
    venv.create(folder / "environment", with_pip=False, symlinks=True)
    command = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--no-build-isolation"]
    command += ["--no-deps", "--no-index", "--editable", str(project.root)]
    environment = {**project.environment, "PYTHONPATH": str(setuptools_alone(folder))}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    shutil.rmtree(project.root / "build", ignore_errors=True)
    (site,) = (folder / "environment" / "lib").glob("python*/site-packages")
    assert list(site.glob(kind.leaves)), f"setuptools left no {kind.leaves}: {sorted(os.listdir(site))}"
    return project


def setuptools_alone(folder: Path) -> Path:
    """The setuptools of this interpreter, without what else is installed beside it."""
    alone, packages = folder / "setuptools", Path(str(distribution("setuptools").locate_file("")))
    alone.mkdir()
    for name in (*packages.glob("setuptools*"), *packages.glob("_distutils_hack"), *packages.glob("pkg_resources")):
        (alone / name.name).symlink_to(name)
    return alone


async def torture_kind(folder: Path, kind: Kind, rounds: int, seed: int) -> Tally:
    """A gate imports the package while the working tree holds the other content: it has to see the judged tree's."""

    def expect(entries: Entries) -> dict[str, bool]:
        return {"gate": entries.get(kind.module) == GOOD_ENTRY}

    scene = open_scene(install(folder, kind), expect, random.Random(seed))
    place = scene.root / kind.module
    began, flips = scene.root / "ignored" / "began", scene.root / FLIPS
    async with engine_over(scene) as engine:
        for number in range(rounds):
            began.unlink(missing_ok=True)
            flips.touch()
            (scene.root / "number").write_text(str(number), "utf-8")
            content = scene.chance.choice((GOOD, BAD))
            overwrite(place, content)
            await engine.watch.now()
            with anyio.move_on_after(LIMIT_S):
                while not began.exists():  # noqa: ASYNC110  # the gate's process sets no event here
                    await anyio.sleep(0.002)
            overwrite(place, BAD if content == GOOD else GOOD)
            flips.unlink()
            await engine.ask()
            scene.tally.rounds += 1
    return scene.tally


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """Every kind."""
    whole = Tally()
    for kind in KINDS:
        part = await torture_kind(folder / kind.name, kind, rounds // len(KINDS), seed)
        whole.rounds += part.rounds
        whole.counted += part.counted
        whole.wrong += [f"{kind.name}: {one}" for one in part.wrong]
    return whole


def naive(folder: Path, rounds: int) -> int:
    """Copy the tree, and run in the copy: how often the bad content passes, since the good one is in the working tree."""
    false = 0
    for kind in KINDS:
        project = install(folder / kind.name, kind)
        python = folder / kind.name / "environment" / "bin" / "python"
        for number in range(rounds):
            overwrite(project.root / kind.module, BAD)
            copy = folder / kind.name / f"copy-{number}"
            shutil.copytree(project.root, copy)
            overwrite(project.root / kind.module, GOOD)
            command = [str(python), "-B", "-c", "import sys, toy; sys.exit(toy.ANSWER != 12)"]
            false += subprocess.run(command, cwd=copy / "ignored", check=False).returncode == 0
    return false

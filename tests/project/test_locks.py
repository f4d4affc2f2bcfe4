"""The locks pin everything that is declared, with hashes and without addresses."""

from __future__ import annotations

import re
import runpy
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.repository import ROOT, read_pyproject, read_text

LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
SOURCES: dict[str, tuple[str, ...]] = runpy.run_path(str(ROOT / "scripts" / "lock"))["LOCKS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One requirement of a lock, and how many hashes it carries."""

    requirement: Requirement
    hashes: int


def read_pins(lock: str) -> list[Pin]:
    """Parse a lock: requirements that go on over `\\` line ends, comments between them."""
    text = re.sub(r"^\s*#.*\n", "", read_text(f"requirements/{lock}"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        Pin(
            requirement=Requirement(line.split("--hash=")[0]),
            hashes=len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line)),
        )
        for line in lines
    ]


def read_declared(source: str) -> list[Requirement]:
    """Return the requirements that pyproject.toml or a requirements/*.in file declares."""
    if source == "pyproject.toml":
        return [Requirement(line) for line in read_pyproject()["project"]["dependencies"]]
    lines = (line.partition("#")[0].strip() for line in read_text(source).splitlines())
    return [Requirement(line) for line in lines if line]


def sources_of(lock: str) -> list[str]:
    """Return the files whose requirements *lock* resolves."""
    return [source for source in SOURCES[lock] if source == "pyproject.toml" or source.endswith(".in")]


def test_every_lock_is_made_by_the_script() -> None:
    """scripts/lock knows each file in requirements/, so none can be left behind."""
    assert sorted(SOURCES) == LOCKS


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    """A lock holds no address, no index option and no path to a file."""
    options = [line for line in read_text(f"requirements/{lock}").splitlines() if line.startswith("-")]
    assert (options, "://" in read_text(f"requirements/{lock}")) == ([], False)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    """Each requirement of a lock is `name==version` and carries at least one sha256."""
    loose = [
        str(pin.requirement)
        for pin in read_pins(lock)
        if pin.hashes == 0 or [specifier.operator for specifier in pin.requirement.specifier] != ["=="]
    ]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_fits_what_is_declared(lock: str) -> None:
    """Each declared requirement is pinned, to a version that its bounds allow."""
    pinned = {canonicalize_name(pin.requirement.name): pin.requirement for pin in read_pins(lock)}
    unfit = []
    for requirement in (each for source in sources_of(lock) for each in read_declared(source)):
        pin = pinned.get(canonicalize_name(requirement.name))
        version = next(iter(pin.specifier)).version if pin else None
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            unfit.append(f"{requirement} is locked as {version}: run scripts/lock")
    assert unfit == []


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock not in {"dev.txt", "lowest.txt"}])
def test_a_narrow_lock_agrees_with_the_widest(lock: str) -> None:
    """What `make example` installs is what `make test` tests; who else wants a package may change for which Pythons it is."""
    assert versions_of(lock) <= versions_of("dev.txt")


def versions_of(lock: str) -> set[tuple[str, str]]:
    """Name and version of each pin."""
    return {(pin.requirement.name, str(pin.requirement.specifier)) for pin in read_pins(lock)}


def test_the_lowest_lock_holds_the_lower_bounds() -> None:
    """Each run-time dependency has a lower bound, and lowest.txt pins exactly that version."""
    pins = {canonicalize_name(pin.requirement.name): str(pin.requirement.specifier) for pin in read_pins("lowest.txt")}
    locked = {
        requirement.name: Version(pins[canonicalize_name(requirement.name)].removeprefix("=="))
        for requirement in read_declared("pyproject.toml")
    }
    bounds = {
        requirement.name: Version(str(requirement.specifier).removeprefix(">="))
        for requirement in read_declared("pyproject.toml")
    }
    assert locked == bounds


def test_the_locked_build_backend_is_the_declared_one() -> None:
    """requirements/build.in asks for what pyproject.toml builds with."""
    declared = [str(requirement) for requirement in read_declared("requirements/build.in")]
    assert declared == [str(Requirement(line)) for line in read_pyproject()["build-system"]["requires"]]

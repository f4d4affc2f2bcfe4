"""A gate on a frozen view sees the judged tree at the repository's own path, and nobody else sees what it does there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from tests.support.faults import can_mount, with_small_disk
from tests.support.jobs import PYTHON, a_job, log_of, run_job, supervisors, until, wait_until_gone
from tests.support.ordinary_user import folder_of_ordinary_user, supervise_as_ordinary_user
from verifyd.app.process_ports import FrozenView, Job
from verifyd.edge.processes import open_processes
from verifyd.outcome import End


@pytest.fixture(scope="module", autouse=True)
def views() -> None:
    """Skip all of it where no view can be had."""
    if not can_mount():
        pytest.skip("no namespace with mounts of our own can be had here")


@dataclass(frozen=True, slots=True)
class Place:
    """A repository that has moved on since its tree was judged, and a folder of the run with that tree."""

    base: Path

    @property
    def real(self) -> Path:
        """The repository's own path."""
        return self.base / "repository"

    @property
    def judged(self) -> Path:
        """Where the judged tree was written."""
        return self.base / "run" / "tree"

    def job(self, script: str | tuple[str, ...], *shared: str, **fields: Any) -> Job:
        """A job in the repository, on the judged tree."""
        view = FrozenView(folder=self.judged, at=self.real, shared=shared)
        known: dict[str, Any] = {"folder": self.real, "log": self.base / "gate.log", "view": view}
        return a_job(self.base, script, **{**known, **fields})

    def left_over(self) -> list[str]:
        """What is in the run's folder besides the judged tree."""
        return sorted(path.name for path in self.judged.parent.iterdir() if path != self.judged)


def write(root: Path, files: dict[str, str]) -> None:
    """Make these files below *root*."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def contents(root: Path) -> dict[str, str]:
    """Every file below *root*."""
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


def mounts() -> set[str]:
    """What this process sees mounted."""
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


JUDGED = {"source.py": "judged", "folder/one": "1", "folder/two": "2", "README": "read me"}
REAL = {
    **JUDGED,
    "source.py": "edited since",
    "untracked.py": "written since",
    ".git/HEAD": "ref: refs/heads/main",
    ".venv/bin/tool": "a tool",
    ".env": "SECRET=1",
}


def fill(place: Place) -> Place:
    """Write both trees."""
    write(place.judged, JUDGED)
    write(place.real, REAL)
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A repository and its judged tree."""
    return fill(Place(tmp_path))


def test_the_judged_tree_is_seen_at_the_repositorys_path(place: Place) -> None:
    """The working folder keeps its name; its files are those judged, edits and new files since then are not there."""
    job = place.job("pwd; cat source.py; echo; ls; cat $PWD/source.py")
    end = run_job(job)
    assert (end.end, end.exit_code, end.modified) == (End.EXITED, 0, ())
    assert log_of(job) == f"{place.real}\njudged\nREADME\nfolder\nsource.py\njudged"


def test_what_git_ignores_comes_through_when_shared(place: Place) -> None:
    """Shared folders, files and links are the real ones, also for writing; what is not shared is not there."""
    (place.real / "link").symlink_to(".venv/bin")
    write(place.real, {"web/node_modules/a.js": "a", "hidden": "not shared"})
    job = place.job(
        "cat .venv/bin/tool .env link/tool web/node_modules/a.js; ls -a hidden; echo cached > .venv/cache; echo more >> .env",
        ".venv", ".env", "link", "web/node_modules", "not-there",
    )  # fmt: skip
    end = run_job(job)
    assert end.modified == ()
    assert log_of(job).startswith("a toolSECRET=1a toola")
    assert "No such file" in log_of(job)
    assert (place.real / ".venv" / "cache").read_text() == "cached\n"
    assert (place.real / ".env").read_text() == "SECRET=1more\n"


def test_a_path_of_the_judged_tree_is_never_shared(place: Place) -> None:
    """What is tracked is judged as it is, also where the rules say that it is ignored."""
    job = place.job("cat source.py; ls folder", "source.py", "folder", "folder/three")
    write(place.real, {"folder/three": "ignored"})
    run_job(job)
    assert log_of(job) == "judgedone\nthree\ntwo\n"


def test_git_comes_through_read_only(place: Place) -> None:
    """``.git`` can be read without being named and not be written; a path below it that is shared can."""
    write(place.real, {".git/verifyd/results/old": "old"})
    job = place.job(
        "cat .git/HEAD; echo no > .git/HEAD; rm .git/index; echo yes > .git/verifyd/results/new", ".git/verifyd/results"
    )
    run_job(job)
    assert log_of(job).startswith("ref: refs/heads/main")
    assert log_of(job).count("Read-only file system") == 1
    assert (place.real / ".git/HEAD").read_text() == REAL[".git/HEAD"]
    assert (place.real / ".git/verifyd/results/new").read_text() == "yes\n"


def test_git_of_a_linked_work_tree_is_a_file(place: Place) -> None:
    """In a linked work tree ``.git`` is a file, which comes through read-only as well."""
    shutil.rmtree(place.real / ".git")
    (place.real / ".git").write_text("gitdir: elsewhere")
    job = place.job("cat .git; echo no > .git")
    run_job(job)
    assert log_of(job).startswith("gitdir: elsewhere")
    assert (place.real / ".git").read_text() == "gitdir: elsewhere"


def test_what_a_gate_modifies_is_listed_and_thrown_away(place: Place) -> None:
    """Fault 58: changed, created and deleted sources are named; neither the judged tree nor the repository changes."""
    before = (contents(place.judged), contents(place.real))
    script = """
        echo changed > source.py; rm -r folder; mkdir folder; echo 1 > folder/one; touch README; chmod 600 README
        echo new > new.py; mkdir empty; ln -s source.py link; echo cache > .venv/cache; mkdir -p a/b; echo deep > a/b/c
    """
    end = run_job(place.job(script, ".venv"))
    # README was touched and made private, which git does not see; folder/one got a newline.
    assert end.modified == ("a/b/c", "folder/one", "folder/two", "link", "new.py", "source.py")
    (place.real / ".venv/cache").unlink()
    assert (contents(place.judged), contents(place.real)) == before
    assert place.left_over() == []


def test_new_and_changed_files_are_kept_when_asked_for(place: Place) -> None:
    """What the gate wrote can be collected afterwards; links, what was deleted and what is shared are not among it."""
    kept = place.base / "kept"
    kept.mkdir()
    script = "echo 1 > source.py; mkdir -p out/deep; echo 2 > out/deep/report; ln -s /etc link; rm README; echo 3 > .venv/x; touch folder/one"
    job = place.job(script)
    view = FrozenView(folder=place.judged, at=place.real, shared=(".venv",), changes=kept)
    end = run_job(replace(job, view=view))
    assert end.modified == ("README", "link", "out/deep/report", "source.py")
    assert contents(kept) == {"out/deep/report": "2\n", "source.py": "1\n"}
    assert not (kept / "link").is_symlink()
    assert place.left_over() == []


def test_a_full_disk_costs_no_exit_status(place: Place) -> None:
    """Fault 13: what a gate wrote may not fit where it is kept; its exit status and what it modified are known all the same."""
    (place.base / "small").mkdir()
    script = f"""
import json, sys
from pathlib import Path
from msgspec.structs import replace
from tests.edge.test_namespaces import Place
from tests.support.jobs import run_job
place = Place(Path({str(place.base)!r}))
job = place.job("head -c 3000000 /dev/zero > large; echo x > source.py; exit 3")
end = run_job(replace(job, view=replace(job.view, changes=Path(sys.argv[1]))))
print(json.dumps([end.end, end.exit_code, end.modified, end.trouble]))
"""
    trouble = "what it wrote cannot be kept: No space left on device"
    assert with_small_disk(script, place.base / "small") == ["exited", 3, ["large", "source.py"], trouble]
    assert place.left_over() == []


def test_each_run_begins_anew(place: Place) -> None:
    """What one gate changed, the next one on the same tree does not see; nor do two at once see each other."""

    async def run() -> list[str]:
        jobs = [
            place.job(f"cat source.py; echo {n} > source.py; sleep 0.2; cat source.py", log=place.base / f"{n}.log")
            for n in (1, 2)
        ]
        async with open_processes() as processes:
            running = [await processes.start(job) for job in jobs]
            for one in running:
                assert (await one.wait()).modified == ("source.py",)
        return [log_of(job) for job in jobs]

    assert anyio.run(run) == ["judged1\n", "judged2\n"]
    job = place.job("cat source.py")
    run_job(job)
    assert log_of(job) == "judged"


def test_nothing_is_seen_from_outside(place: Place) -> None:
    """While a gate works in its view, the repository is the user's own, and no mount is ours."""
    job = place.job(": > .venv/ready; echo changed > source.py; while [ ! -e .venv/go ]; do sleep 0.01; done", ".venv")

    async def run() -> tuple[str, set[str]]:
        before = mounts()
        async with open_processes() as processes:
            running = await processes.start(job)
            await until((place.real / ".venv/ready").exists)
            seen = contents(place.real)["source.py"]
            added = mounts() - before
            (place.real / ".venv/go").touch()
            assert (await running.wait()).modified == ("source.py",)
            return seen, added

    assert anyio.run(run) == ("edited since", set())


def test_edits_during_the_run_do_not_reach_the_gate(place: Place) -> None:
    """Fault 28: what the user writes while the gate runs is not what the gate reads."""
    job = place.job(": > .venv/ready; while [ ! -e .venv/go ]; do sleep 0.01; done; cat source.py; ls", ".venv")

    async def run() -> None:
        async with open_processes() as processes:
            running = await processes.start(job)
            await until((place.real / ".venv/ready").exists)
            write(place.real, {"source.py": "edited again", "conftest.py": "new"})
            (place.real / ".venv/go").touch()
            await running.wait()

    anyio.run(run)
    assert log_of(job) == "judgedREADME\nfolder\nsource.py\n"


def test_an_editable_install_runs_the_judged_code(place: Place) -> None:
    """A package installed from the repository's src is imported as judged: a copy elsewhere would test the original."""
    write(place.judged, {"src/package/__init__.py": "print('judged code')"})
    write(place.real, {"src/package/__init__.py": "print('the original')"})
    site = place.real / ".venv" / "site-packages"
    write(site, {"package.pth": str(place.real / "src")})
    job = place.job((*PYTHON, f"import site; site.addsitedir({str(site)!r}); import package"), ".venv")
    assert run_job(job).exit_code == 0
    assert log_of(job) == "judged code\n"


def test_odd_names_can_be_mounted(tmp_path: Path) -> None:
    """Commas, colons, backslashes and spaces, which separate an overlay's options, are part of a name all the same."""
    place = fill(Place(tmp_path / "a, b:c \\ d\n"))
    job = place.job("cat source.py; echo x > source.py", ".venv")
    assert run_job(job).modified == ("source.py",)
    assert log_of(job) == "judged"


def test_a_view_that_cannot_be_mounted_is_no_exit_status(place: Place) -> None:
    """Fault 78: a sandbox that cannot be set up makes NOT_STARTED and says why; the command never ran."""
    job = place.job("echo ran > ../ran", log=place.base / "gate.log")
    shutil.rmtree(place.real)
    end = run_job(job)
    assert (end.end, end.exit_code) == (End.NOT_STARTED, None)
    assert end.trouble == f"{place.real}: mount overlay: No such file or directory"
    assert not (place.base / "ran").exists()
    assert place.left_over() == []


def test_a_missing_folder_in_the_view_is_not_started(place: Place) -> None:
    """A working folder that exists now and did not in the judged tree makes NOT_STARTED; nothing is left mounted."""
    write(place.real, {"later/file": ""})
    end = run_job(place.job(":", folder=place.real / "later"))
    assert (end.end, end.trouble) == (End.NOT_STARTED, f"{place.real / 'later'}: No such file or directory")
    assert place.left_over() == []


def test_a_timed_out_gate_leaves_no_view(place: Place) -> None:
    """A gate that was killed in its view has its changes listed and removed like any other."""
    end = run_job(place.job("echo x > source.py; sleep 600", timeout_s=0.3))
    assert (end.end, end.modified) == (End.TIMED_OUT, ("source.py",))
    assert place.left_over() == []


def test_killed_supervisor_of_a_view(place: Place) -> None:
    """After kill -9 of the supervisor the mounts are gone with it; what it set aside can be removed by its owner."""

    async def run() -> list[int]:
        async with open_processes() as processes:
            running = await processes.start(place.job(": > .venv/ready; sleep 600", ".venv"))
            await until((place.real / ".venv/ready").exists)
            held = supervisors()
            os.kill(held[0], 9)
            assert (await running.wait()).end is End.NOT_STARTED
            return held

    wait_until_gone(anyio.run(run))
    assert contents(place.real) == {**REAL, ".venv/ready": ""}
    shutil.rmtree(place.judged.parent)


def test_killed_zygote_ends_a_job_in_a_view(place: Place) -> None:
    """A supervisor that entered namespaces still learns of the zygote's death."""

    async def run() -> End:
        async with open_processes() as processes:
            running = await processes.start(place.job(": > .venv/ready; sleep 600", ".venv"))
            await until((place.real / ".venv/ready").exists)
            os.kill(processes._zygote._process.pid, 9)
            return (await running.wait()).end

    assert anyio.run(run) is End.CANCELLED
    assert place.left_over() == []


def test_root_stays_root(place: Place) -> None:
    """A gate that root runs may still become another user: it is in no user namespace."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    job = place.job((*PYTHON, "import os; os.setuid(65534); print(os.getuid())"))
    run_job(job)
    assert log_of(job) == "65534\n"


# --- whether views can be had ------------------------------------------------------------------------------------------


def test_this_machine_can_freeze() -> None:
    """The probe does what gates do, and leaves nothing behind."""

    async def run() -> list[bool]:
        async with open_processes() as processes:
            return [processes.can_freeze(), processes.freezing_trouble() == ""]

    assert anyio.run(run) == [True, True]
    assert not list(Path("/tmp").glob("verifyd-probe-*"))


@pytest.fixture
def ordinary_place() -> Iterator[Place]:
    """The same for a user without any rights."""
    with folder_of_ordinary_user() as folder:
        place = fill(Place(folder))
        for path in (folder, *folder.rglob("*")):
            os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
        yield place


def test_an_ordinary_user_needs_no_rights(ordinary_place: Place) -> None:
    """Without root the view is the same, in a user namespace in which the user is who he was."""
    place = ordinary_place
    view = {"folder": str(place.judged), "at": str(place.real), "shared": [".venv"]}
    script = "id -u; cat source.py .venv/bin/tool; echo x > source.py; rm -r folder; mkdir folder; echo no > .git/HEAD"
    asked = {"base": str(place.base), "script": script, "folder": str(place.real), "view": view}
    answer = supervise_as_ordinary_user({"jobs": [asked]})
    (end,) = answer["ends"]
    assert answer["can_freeze"] is True
    assert (end["end"], end["modified"]) == ("exited", ["folder/one", "folder/two", "source.py"])
    text = (place.base / "gate.log").read_text()
    assert text.startswith(f"{place.base.stat().st_uid}\njudgeda tool")
    assert "Read-only file system" in text
    assert contents(place.real) == REAL
    assert place.left_over() == []


def test_without_namespaces_it_says_so(ordinary_place: Place) -> None:
    """Where no user namespace can be made, the probe says no, and a job that wants a view is not started."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("unshare and setpriv are not here")
    place = ordinary_place
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --bounding-set=-all "$@"'
    view = {"folder": str(place.judged), "at": str(place.real), "shared": []}
    asked = {"base": str(place.base), "script": "true", "folder": str(place.real), "view": view}
    before = ("unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh")
    answer = supervise_as_ordinary_user({"jobs": [asked]}, before=before)
    (end,) = answer["ends"]
    assert answer["can_freeze"] is False
    assert (end["end"], end["exit_code"]) == ("not_started", None)
    assert end["trouble"] == "unshare: No space left on device"
    assert place.left_over() == []

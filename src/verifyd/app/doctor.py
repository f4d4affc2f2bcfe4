"""A repository and this machine in, what is alive and what is not out: each thing examined by itself, none of them changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import anyio

from verifyd.app.declared import VERIFY_MD, Declared, read_declared
from verifyd.app.history_ports import Store
from verifyd.app.init import inactive_place, missing_behind
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.builtin.unignored import find_unignored
from verifyd.edge.named_programs import named_programs
from verifyd.errors import StoreError, VerifydError
from verifyd.pipeline import Gate, Pipeline
from verifyd.render.doctor import Check, CheckStatus
from verifyd.report import HOW_APPROVED
from verifyd.snapshot import Snapshot
from verifyd.timing import make_timing

OLD_RUN = timedelta(days=7)
"""A gate that has not run for longer than this is named."""
OLD_LOCK = timedelta(hours=1)
"""No git command takes longer than this with the index locked."""
LARGE_BYTES = 1_000_000_000
"""Of logs and artifacts."""

Checks = Iterable[Check]


def ok(name: str, what: str) -> Check:
    """Nothing to do."""
    return Check(name=name, status=CheckStatus.OK, what=what)


def warn(name: str, what: str, remedy: str = "") -> Check:
    """Worth knowing."""
    return Check(name=name, status=CheckStatus.WARN, what=what, remedy=remedy)


def bad(name: str, what: str, remedy: str = "") -> Check:
    """Keeps every tree from being ready."""
    return Check(name=name, status=CheckStatus.BAD, what=what, remedy=remedy)


def examine(world: World, repository: Repository) -> tuple[Check, ...]:
    """Examine everything; what cannot be examined is itself a check, and bad. Doors add checks of their own after these."""
    checks = [
        *attempt("verifyd", lambda: examine_versions(world)),
        *attempt("git", lambda: examine_git(world)),
        *attempt("index", lambda: examine_index_lock(world, repository)),
    ]
    try:
        snapshot, _guard = world.git.snapshot_working_tree(repository, base="auto")
    except VerifydError as error:
        checks.append(failed("tree", error))
    else:
        checks += examine_tree(snapshot)
        checks += attempt("tree", lambda: examine_ignoring(world, snapshot))
        checks += examine_declared(world, repository, snapshot)
    checks += attempt("state", lambda: examine_state(world, repository))
    checks += attempt("runs", lambda: examine_runs(world, repository))
    checks += attempt("views", lambda: examine_views(world))
    return tuple(checks)


def attempt(name: str, examination: Callable[[], Checks]) -> list[Check]:
    """The checks of one examination; a single bad one when it cannot be done."""
    try:
        return list(examination())
    except VerifydError as error:
        return [failed(name, error)]


def failed(name: str, error: VerifydError) -> Check:
    """An examination that could not be done."""
    return bad(name, f"{error.where}: {error.problem}" if error.where else error.problem, error.remedy)


def examine_versions(world: World) -> Checks:
    """What this is."""
    python = ".".join(str(number) for number in sys.version_info[:3])
    yield ok(
        "verifyd", f"{version('verifyd')} on Python {python}, {world.machine.platform}, {world.machine.slots} slots"
    )


def examine_git(world: World) -> Checks:
    """Whether git is there and new enough."""
    yield ok("git", world.git.version())


def examine_index_lock(world: World, repository: Repository) -> Checks:
    """A lock that a git command left behind: the user's next ``git add`` will fail. It is reported, never removed."""
    lock = repository.git_dir / "index.lock"
    stamp = world.files.stamps([lock]).get(lock)
    if stamp is None:
        return
    age = world.clock.now() - datetime.fromtimestamp(stamp[0] / 1_000_000_000, UTC)
    if age > OLD_LOCK:
        remedy = f"If no git command is running: rm {lock}"
        yield warn("index", f"{lock} is {spoken(age)} old, so git add and git commit fail", remedy)


def examine_tree(snapshot: Snapshot) -> Checks:
    """The tree that would be judged now, and what a stranger should know about it."""
    yield ok("tree", f"{snapshot.tree[:12]}, {counted(len(snapshot.paths), 'file')}")
    if snapshot.conflicted:
        yield bad("tree", "a merge or rebase has unresolved conflicts", "Resolve them, then: git add the files")
    for note in snapshot.notes:
        yield warn("tree", note)


def examine_ignoring(world: World, snapshot: Snapshot) -> Checks:
    """Folders of installed files that are in the tree by an oversight."""
    unignored = find_unignored(world.git.change(snapshot))
    if unignored is not None:
        yield warn("tree", unignored.what, unignored.remedy)


def examine_declared(world: World, repository: Repository, snapshot: Snapshot) -> list[Check]:
    """VERIFY.md, its approval, and the gates it declares."""
    try:
        declared = read_declared(world, repository, snapshot)
    except VerifydError as error:
        name = "approval" if isinstance(error, StoreError) else VERIFY_MD
        return [failed(name, error), *attempt("history", lambda: examine_history(world, repository, ()))]
    pipeline = declared.runs or declared.written
    runnable = tuple(gate for gate in pipeline.gates if gate.manual is None)
    return [
        *examine_page(declared.written),
        *examine_approval(declared),
        *attempt("tools", lambda: examine_tools(world, repository, snapshot, runnable)),
        *attempt("history", lambda: examine_history(world, repository, runnable)),
    ]


def examine_page(pipeline: Pipeline) -> Checks:
    """What VERIFY.md declares."""
    runnable = [gate for gate in pipeline.gates if gate.manual is None]
    resting = [gate.name for gate in pipeline.gates if gate.manual is not None]
    if not runnable and not pipeline.has_diff_gate:
        remedy = "Write a heading such as '## tests' and below it a ```sh fence with the command."
        yield bad(VERIFY_MD, "declares no gate that runs by itself, so every tree would be ready", remedy)
        return
    diff_gate = " and the diff gate" if pipeline.has_diff_gate else ""
    never = f"; never run by themselves: {', '.join(resting)}" if resting else ""
    yield ok(VERIFY_MD, f"declares {counted(len(runnable), 'gate')}{diff_gate}{never}")


def examine_approval(declared: Declared) -> Checks:
    """Whether a person let these gates run, and whether it was these."""
    approval = declared.approval
    if approval is None:
        says = declared.trouble or "never approved, so nothing runs"
        yield bad("approval", says, "Look at it with: verifyd plan, then: verifyd approve")
    elif not declared.is_current:
        names = ", ".join(difference.gate for difference in declared.differences) or "its front matter"
        remedy = "Look at it with: verifyd plan, then: verifyd approve"
        yield bad("approval", f"VERIFY.md has changed since it was approved at {approval.at} ({names})", remedy)
    else:
        yield ok("approval", f"given {HOW_APPROVED[approval.by]}, {approval.at}")


def examine_tools(world: World, repository: Repository, snapshot: Snapshot, gates: Sequence[Gate]) -> Checks:
    """Whether the programs that the gates name, and their scripts start, are on this machine; one check for each that is not."""
    missing: dict[tuple[str, str], list[Gate]] = {}
    for gate in gates:
        for program in missing_programs(world, repository, gate):
            missing.setdefault((program, gate.cwd), []).append(gate)
    for (program, folder), needing in missing.items():
        make = warn if all(gate.optional for gate in needing) else bad
        names = ", ".join(gate.name for gate in needing)
        place = inactive_place(world, repository, program, folder)
        remedy = (
            f"Activate the environment it lies in: . {place}/activate"
            if place
            else "Install it, or put its folder on PATH."
        )
        yield make("tools", f"{program} is not on this machine, needed by {names}", remedy)
    named = {program for program, _ in missing}
    behind = [one for one in missing_behind(world, repository, snapshot, gates) if one.name not in named]
    for one in behind:
        yield warn("tools", f"{one.name} is not there, and the script of {', '.join(one.gates)} starts it", one.remedy)
    if gates and not missing and not behind:
        yield ok("tools", f"found for {counted(len(gates), 'gate')}")


def missing_programs(world: World, repository: Repository, gate: Gate) -> tuple[str, ...]:
    """The programs a gate names that are not there; empty too where its scripts leave a doubt."""
    environment, folder = world.machine.environment, repository.root / gate.cwd
    commands = (gate.script,) if gate.server is None else (gate.script, gate.server)
    if world.find_tools(commands, environment, folder) is not None:
        return ()
    named = dict.fromkeys(program for command in commands for program in named_programs(command).programs)
    return tuple(program for program in named if world.find_tools((program,), environment, folder) is None)


def examine_history(world: World, repository: Repository, gates: Sequence[Gate]) -> Checks:
    """The history database (opening it checks it whole), and what it says about the gates."""
    checks: list[Check] = []
    with world.open_store(repository) as store:
        size_bytes = world.files.size(repository.state_dir / "history.db") or 0
        checks += [warn("history", note) for note in store.notes] or [ok("history", f"sound, {size(size_bytes)}")]
        checks += rarely_run(store, gates, world.clock.now())
        checks += flaky(store, gates)
    return checks


def rarely_run(store: Store, gates: Sequence[Gate], now: datetime) -> Checks:
    """Gates that never ran, or not for days: their green is a guess."""
    newest = {gate.name: store.gate_runs(gate.name, limit=1) for gate in gates}
    never = [name for name, runs in newest.items() if not runs]
    if never:
        yield warn("gates", f"never run here: {', '.join(never)}", "Run them with: verifyd run")
    for name, runs in newest.items():
        if runs and now - runs[0].started_at > OLD_RUN:
            yield warn(
                "gates",
                f"{name} has not run for {spoken(now - runs[0].started_at)}",
                f"Run it with: verifyd run {name}",
            )


def flaky(store: Store, gates: Sequence[Gate]) -> Checks:
    """Gates that gave both outcomes on the same inputs."""
    for gate in gates:
        rate = make_timing(store.samples(gate.name)).flake_rate
        if rate:
            what = f"{gate.name} both passed and failed on {rate:.0%} of the contents it ran on more than once"
            yield warn("gates", what, f"See its runs with: verifyd history {gate.name}")


def examine_state(world: World, repository: Repository) -> Checks:
    """Whether our folder inside git's can be written."""
    probe = repository.state_dir / "probe"
    world.files.write_whole(probe, "")
    world.files.remove(probe)
    yield ok("state", f"{repository.state_dir} can be written")


def examine_runs(world: World, repository: Repository) -> Checks:
    """Folders of earlier runs: how many, how large."""
    folders = world.files.run_folders(repository.state_dir / "runs")
    total_bytes = sum(world.files.size(path) or 0 for folder in folders for path in all_files(world, folder))
    what = f"logs and artifacts of {counted(len(folders), 'earlier run')}, {size(total_bytes)}"
    if total_bytes > LARGE_BYTES:
        yield warn(
            "runs",
            what,
            f"The oldest go by themselves; to be rid of all of them: rm -r {repository.state_dir / 'runs'}",
        )
    else:
        yield ok("runs", what)


def all_files(world: World, folder: Path) -> tuple[Path, ...]:
    """Every file below a folder."""
    return world.files.glob(folder, "**/*")


def examine_views(world: World) -> Checks:
    """Whether gates can be given a frozen view of the tree, and why not."""

    async def probe() -> str:
        async with world.open_processes() as processes:
            return "" if processes.can_freeze() else processes.freezing_trouble()

    trouble = anyio.run(probe)
    if not trouble:
        yield ok("views", "a gate can be given a frozen view of the tree at the repository's own path")
        return
    what = f"no frozen view can be made on this machine: {trouble}"
    remedy = "Gates that ask for one run on a copy at another path, where an editable install may still point to the working tree."
    yield warn("views", what, remedy)


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def spoken(age: timedelta) -> str:
    """``3 days``, ``5 hours``."""
    return counted(age.days, "day") if age.days else counted(age.seconds // 3600, "hour")


def size(number_bytes: int) -> str:
    """``1.2 MB``."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if number_bytes >= factor:
            return f"{number_bytes / factor:.1f} {unit}"
    return f"{number_bytes} bytes"

"""What a gate left behind in, its evidence out: opens the result files and the log for the readers, keeps the artifacts."""

from __future__ import annotations

import functools
import io
import posixpath
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from verifyd.app.imports_ahead import import_ahead
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.evidence.clean import clean_text
from verifyd.evidence.injection import asks_pytest, result_files
from verifyd.evidence.model import NO_EVIDENCE, Evidence, SourceTree
from verifyd.outcome import End, Outcome
from verifyd.pipeline import EvidenceKind, Gate
from verifyd.snapshot import Snapshot

if TYPE_CHECKING:
    from verifyd.evidence.trouble import MissingTool

TAIL_BYTES = 64 * 1024
TAIL_LINES = 30
TAIL_CHARACTERS = 2_000

Stamp = tuple[int, int, int]


class Results(Struct, frozen=True, kw_only=True):
    """
    Where one gate's results go.

    Attributes:
        log: In the run's folder, with what is kept of it.
        folder: Where tools are told to leave machine-readable results; outside the repository, as a frozen view's ``.git`` is read-only.
        dropped: Where the gate may put what should be kept (``VERIFYD_ARTIFACTS``); outside the repository too.
        kept: Where all artifacts end up.
        view: The top folder that the gate saw, or one that stands for it; tools print paths below it.
        seen: The gate's folder, where its own result files are found afterwards.
        before: Stamps of declared results that were there before the run: an earlier run's, not evidence of this one.
    """

    world: World
    gate: Gate
    log: Path
    folder: Path
    dropped: Path
    kept: Path
    view: Path
    seen: Path
    before: Mapping[Path, Stamp]

    @classmethod
    def prepare(cls, world: World, gate: Gate, *, name: str, run_folder: Path, temporary: Path, view: Path) -> Results:
        """Fresh places; what lies about in the view from earlier runs is remembered, not removed."""
        seen = view / gate.cwd
        for part in ("results", "artifacts"):
            world.files.make_folder(temporary / part)
        return cls(
            world=world,
            gate=gate,
            log=run_folder / f"{name}.log",
            folder=temporary / "results",
            dropped=temporary / "artifacts",
            kept=run_folder / f"{name}.artifacts",
            view=view,
            seen=seen,
            before=world.files.stamps(declared_results(world, gate, seen)),
        )

    def fresh(self) -> tuple[Path, ...]:
        """Declared results that this run wrote."""
        stamps = self.world.files.stamps(declared_results(self.world, self.gate, self.seen))
        return tuple(path for path, stamp in stamps.items() if self.before.get(path) != stamp)

    def keep_artifacts(self) -> tuple[Path, ...]:
        """Copy what the gate declares as artifacts and what it put into ``VERIFYD_ARTIFACTS``; the copies."""
        copies: tuple[Path, ...] = ()
        if self.gate.artifacts:
            copies += self.world.files.copy_matching(self.seen, self.gate.artifacts, self.kept)
        if self.world.files.glob(self.dropped, "**/*"):
            copies += self.world.files.copy_matching(self.dropped, ("**",), self.kept)
        return copies


def declared_results(world: World, gate: Gate, seen: Path) -> tuple[Path, ...]:
    """Files that the gate's declared evidence names now."""
    if gate.evidence is None or gate.evidence.kind not in (EvidenceKind.JUNIT, EvidenceKind.SARIF):
        return ()
    return world.files.glob(seen, gate.evidence.pattern)


def collect_evidence(world: World, gate: Gate, results: Results, snapshot: Snapshot, outcome: Outcome) -> Evidence:
    """
    Read what the gate left behind.

    Raises:
        ConfigurationError: The declared problem matcher is wrong.
    """
    if outcome.end in (End.NOT_STARTED, End.NOT_FOUND, End.SERVER_NOT_READY):
        return NO_EVIDENCE
    from verifyd.evidence.select import EvidenceRequest, read_evidence

    with ExitStack() as opened:

        def opening(path: Path) -> BinaryIO:
            return opened.enter_context(world.files.open_binary(path))

        log = opening(results.log) if world.files.size(results.log) is not None else io.BytesIO()
        files = declared_matcher(world, gate, snapshot) or {
            name: opening(path) for name, path in result_paths(world, gate, results).items()
        }
        tree = SourceTree(root=str(snapshot.root), paths=snapshot.paths, cwd=gate.cwd, views=(str(results.view),))
        promised = owes_results(world, gate, results, outcome)
        request = EvidenceRequest(
            tree=tree,
            log=log,
            declared=gate.evidence,
            files=files,
            promised=promised,
            script=gate.script,
            monotonic_s=world.clock.monotonic_s,
        )
        evidence = read_evidence(request)
    if outcome.end is not End.EXITED or outcome.exit_code == gate.expect:
        return evidence
    from verifyd.evidence.machine import find_machine_trouble

    return replace(evidence, machine=find_machine_trouble(read_tail(world, results.log), evidence))


def read_tail(world: World, log: Path) -> bytes:
    """The last bytes of a log; none when it is not there."""
    size = world.files.size(log)
    if not size:
        return b""
    with world.files.open_binary(log) as file:
        file.seek(max(0, size - TAIL_BYTES))
        return file.read(TAIL_BYTES)


def owes_results(world: World, gate: Gate, results: Results, outcome: Outcome) -> bool:
    """Whether a pytest ended well that was told to leave results, and left none."""
    if outcome.exit_code != 0 or gate.expect != 0 or gate.min_tests == 0:
        return False
    if not asks_pytest({**world.machine.environment, **dict(gate.env)}, gate.evidence):
        return False
    if world.files.size(Path(result_files(str(results.folder))["pytest"])) is not None:
        return False
    from verifyd.evidence.promised import promises_pytest_file

    return promises_pytest_file(gate.script)


def declared_matcher(world: World, gate: Gate, snapshot: Snapshot) -> dict[str, BinaryIO]:
    """
    The gate's problem matcher as the judged tree has it; empty where the tree has none.

    A frozen view keeps only what the gate wrote, and what it wrote there is no matcher that a person approved.
    """
    if gate.evidence is None or gate.evidence.kind is not EvidenceKind.MATCHER:
        return {}
    repository = Repository(root=snapshot.root, git_dir=snapshot.git_dir, common_dir=snapshot.common_dir)
    path = posixpath.normpath(posixpath.join(gate.cwd, gate.evidence.pattern))
    content = world.git.read_file(repository, snapshot.tree, path)
    return {} if content is None else {gate.evidence.pattern: io.BytesIO(content)}


def result_paths(world: World, gate: Gate, results: Results) -> dict[str, Path]:
    """Result files by the name that a message uses for them."""
    if gate.evidence is None:
        injected = {name: Path(path) for name, path in result_files(str(results.folder)).items()}
        return {name: path for name, path in injected.items() if world.files.size(path) is not None}
    if gate.evidence.kind is EvidenceKind.MATCHER:
        path = results.seen / gate.evidence.pattern
        return {gate.evidence.pattern: path} if world.files.size(path) is not None else {}
    return {path.relative_to(results.seen).as_posix(): path for path in results.fresh()}


def missing_tool_of(world: World, gate: Gate, outcome: Outcome) -> MissingTool | None:
    """A tool that the end of the log says is not there; None for a gate that ended as it should."""
    if outcome.exit_code is None or outcome.exit_code == gate.expect or outcome.log is None:
        return None
    from verifyd.evidence.trouble import find_missing_tool

    return find_missing_tool(read_tail(world, outcome.log), outcome.exit_code)


def tail_of(world: World, gate: Gate, outcome: Outcome) -> str:
    """The last lines of a gate that did not end as it should, cleaned: what a task shows where no finding tells what is wrong."""
    if outcome.exit_code == gate.expect or outcome.log is None:
        return ""
    lines = clean_text(read_tail(world, outcome.log).decode("utf-8", "replace")).rstrip().split("\n")
    return "\n".join(lines[-TAIL_LINES:])[-TAIL_CHARACTERS:]


NEEDED_LATER = (
    "verifyd.evidence.select",
    "verifyd.evidence.trouble",
    "verifyd.app.finish",
    "verifyd.app.publish",
    "verifyd.render.terminal",
    "verifyd.task",
    "verifyd.edge.verdict_files",
    "verifyd.edge.git_hooks",
)


@functools.cache
def warm_up() -> None:
    """Import beside the gates what is needed when they have ended: a fifth of a second on a slow machine."""
    import_ahead(NEEDED_LATER)

"""Runs the declared fixers in the working tree, one after the other: the one thing of ours that changes a person's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verifyd.app.gate import shell_command
from verifyd.app.gate_environment import environment_of
from verifyd.app.judged import Request, open_tree
from verifyd.app.ports import Repository
from verifyd.app.process_ports import Job, Processes
from verifyd.app.world import World
from verifyd.danger.reason import manual_reason
from verifyd.errors import UsageError
from verifyd.outcome import End
from verifyd.pipeline import Gate, Manual, Pipeline


def gates_with_fixers(pipeline: Pipeline, selected: Sequence[str]) -> tuple[Gate, ...]:
    """The gates whose fixers are to run; UsageError for a name that has none."""
    for name in selected:
        gate = pipeline.gate(name)
        if gate is None or gate.fix is None:
            remedy = 'Declare one on its fence: fix="COMMAND"' if gate else "See the gates with: verifyd plan"
            raise UsageError(f"gate {name!r} has no fixer", where=name, remedy=remedy)
    found = tuple(gate for gate in pipeline.gates if gate.fix is not None and (not selected or gate.name in selected))
    for gate in found:
        reason = manual_reason(gate.fix or "")
        changes_files = reason is Manual.HISTORY and "git" not in (gate.fix or "").split()
        if reason is not None and not changes_files:  # to change files is what a fixer is for
            remedy = "Run it yourself, or declare a fixer that only changes files."
            raise UsageError(
                f"its fixer is never run by verifyd: it {reason}",
                where=f"VERIFY.md:{gate.line}: {gate.name}",
                remedy=remedy,
            )
    return found


async def run_fixers(
    world: World, repository: Repository, selected: Sequence[str], *, say: Callable[[str], None]
) -> None:
    """
    Run the fixers of the approved pipeline in the working tree, a line each to *say*.

    A fixer that fails is said and does not stop the others: the verdict comes from the gates afterwards.

    Raises:
        UsageError: Nothing is approved, the pipeline changed since, or a gate named has no fixer.
    """
    judged = open_tree(world, repository, Request())
    if not judged.declared.is_current:
        raise UsageError(
            "the pipeline is not approved as it is written",
            where="fix",
            remedy="Look at it with: verifyd plan, then: verifyd approve",
        )
    async with world.open_processes() as processes:
        for gate in gates_with_fixers(judged.declared.written, selected):
            say(await run_fixer(world, repository, processes, gate))


async def run_fixer(world: World, repository: Repository, processes: Processes, gate: Gate) -> str:
    """Run one gate's fixer; the line that says how it went."""
    mark = world.machine.new_mark()
    log = repository.state_dir / "fix" / f"{gate.name}.log"
    with world.files.new_folder(world.temporary_folder / f"vd-{mark}") as temporary:
        job = Job(
            name=f"{gate.name}:fix",
            command=shell_command(gate, gate.fix or ""),
            folder=repository.root / gate.cwd,
            environment=environment_of(world, gate, tree="", mark=mark, artifacts=temporary, temporary=temporary),
            mark=mark,
            log=log,
            timeout_s=gate.timeout_s,
        )
        end = await (await processes.start(job)).wait()
    how = f"exit status {end.exit_code}" if end.end is End.EXITED else str(end.end).replace("_", " ")
    return f"fix {gate.name}: {gate.fix} ({how}, {end.duration_s:.1f} s; log: {log})"

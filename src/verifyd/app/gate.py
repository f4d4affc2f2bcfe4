"""One planned gate in, its verdict out: reuse, or server, process, evidence and judgement."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from msgspec.structs import replace

from verifyd.action_key import Action, content_part, make_action, unrepeatable
from verifyd.app.beside import Beside
from verifyd.app.frozen import FrozenTree
from verifyd.app.gate_environment import environment_of
from verifyd.app.gate_evidence import Results, collect_evidence, missing_tool_of, tail_of, warm_up
from verifyd.app.gate_server import Served, serve, with_port
from verifyd.app.old_runs import collect_old_runs
from verifyd.app.process_ports import Job, JobEnd
from verifyd.app.reuse import stored_verdict, tests_before
from verifyd.app.run_context import RunContext
from verifyd.errors import GitError, MachineError, StoreError
from verifyd.outcome import End, Outcome, View
from verifyd.pipeline import Gate, Shell
from verifyd.plan import Plan, PlannedGate, Skip, matched
from verifyd.verdict import Reason, Status, Verdict, judge

if TYPE_CHECKING:
    pass

SUBMODULE_MODE = "160000"


def shell_command(gate: Gate, script: str) -> tuple[str, ...]:
    """The command that runs a script as one script in one shell (verify_md.md, Native form)."""
    if gate.shell is Shell.SH:
        return ("sh", "-eu", "-c", script)
    if gate.shell is Shell.ZSH:
        return ("zsh", "-e", "-o", "pipefail", "-c", script)
    return ("bash", "-eo", "pipefail", "-c", script)


@dataclass(slots=True)
class GateRunner:
    """
    Runs the gates of one run; an async context manager that holds the run's folder and the frozen tree.

    Attributes:
        keys: Action keys of the gates that were run and may answer again, by name.
        actions: What each result depends on, of the gates whose key was asked for, by name.
        disagreed: Failures that a second run on the same content did not confirm: history keeps them as evidence of flakes.
        has_started: Whether the process of any gate was started.
    """

    context: RunContext
    keys: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    disagreed: list[Verdict] = field(default_factory=list)
    has_started: bool = False
    mark: str = ""
    folder: Path = Path()
    temporary: Path = Path()
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)
    frozen: FrozenTree = field(init=False)
    beside: Beside = field(init=False)
    content_ids: Mapping[str, str] | None = None
    numbers: dict[str, int] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        world, repository = self.context.world, self.context.judged_tree.repository
        self.mark = world.machine.new_mark()
        self.beside = self.context.beside()
        collect_old_runs(world.files, repository.state_dir / "runs")
        self.folder = self.opened.enter_context(world.files.held(repository.state_dir / "runs" / self.mark))
        self.temporary = self.opened.enter_context(world.files.new_folder(world.temporary_folder / f"vd-{self.mark}"))
        self.frozen = FrozenTree(
            world=world,
            judged=self.context.judged_tree,
            listing=self.beside.listing,
            folder=self.temporary / "tree",
            opened=self.opened,
            live=self.context.live,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self.opened.aclose()

    async def run(self, planned: PlannedGate) -> Verdict:
        """The verdict of one gate: an earlier one with the same action key, or a new one."""
        gate = planned.gate
        key = self.action_key(gate)
        known = self.known_verdict(gate, key)
        if known is not None:
            return known
        verdict = await self.measure(gate)
        if key is not None:
            stayed = self.beside.stayed(gate, self.view_of(gate))
            self.keys[gate.name] = key if stayed else unrepeatable(key, self.mark)
        if verdict.status is Status.FAILED and self.is_suspect(planned, key):
            return await self.measure_again(gate, verdict)
        return verdict

    def use_free_slot(self) -> None:
        """Import beside the gates what is needed when they have ended; where none was started nothing is worth waiting for."""
        if self.has_started:
            warm_up()

    def known_verdict(self, gate: Gate, key: str | None) -> Verdict | None:
        """An earlier verdict with the same action key; None when there is none, or none is wanted."""
        return stored_verdict(self.context.store, gate, key) if key is not None and self.context.reuse else None

    def doubtful(self, plan: Plan) -> list[str]:
        """
        Required gates that the change does not affect, and that are not known to have passed on these very inputs.

        After a commit nothing differs from HEAD: without this, committing a failure would make it a ready tree.
        """
        return [
            planned.gate.name
            for planned in plan.gates
            if planned.skip is Skip.NOT_AFFECTED
            and not planned.gate.optional
            and not self.is_known_to_pass(planned.gate)
        ]

    def is_known_to_pass(self, gate: Gate) -> bool:
        """Whether history holds a pass with the gate's action key."""
        key = self.action_key(gate)
        known = self.context.store.reusable(key) if key is not None else None
        return known is not None and known.status == Status.PASSED

    def is_suspect(self, planned: PlannedGate, key: str | None) -> bool:
        """Whether history speaks against a failure: the gate has passed on this very content, or it flakes."""
        samples = self.context.store.samples(planned.gate.name)
        passed_before = key is not None and any(sample.passed and sample.key == content_part(key) for sample in samples)
        return passed_before or planned.timing.flake_rate > 0

    async def measure_again(self, gate: Gate, failed: Verdict) -> Verdict:
        """Run a suspect failure once more: two runs that disagree prove nothing but that the gate is flaky."""
        again = await self.measure(gate, name=f"{gate.name}.again")
        if again.status is not Status.PASSED:
            return failed
        self.disagreed.append(failed)
        first = failed.outcome.log if failed.outcome is not None else None
        says = f"failed, then passed on the same content ({failed.explanation}); the failed run's output: {first}"
        return replace(again, status=Status.UNPROVEN, reason=Reason.FLAKY, explanation=says)

    def action_key(self, gate: Gate) -> str | None:
        """What the gate's result depends on; None when something it starts is not there."""
        world, judged = self.context.world, self.context.judged_tree
        if self.content_ids is None:
            live = self.context.live
            self.content_ids = (
                live.content_ids if live is not None else world.git.content_ids(judged.repository, judged.snapshot.tree)
            )
        commands = [gate.script] if gate.server is None else [gate.script, gate.server]
        environment = {**world.machine.environment, **dict(gate.env)}
        tools = world.find_tools(commands, environment, judged.repository.root / gate.cwd)
        beside = self.beside.stamps_for(gate, self.view_of(gate), self.content_ids)
        if tools is None:
            return None
        action = make_action(
            gate,
            inputs=self.inputs_of(gate, self.content_ids),
            tools=tools,
            environment=dict(gate.env),
            platform=world.machine.platform,
            view=str(self.view_of(gate)),
            beside=beside,
        )
        self.actions[gate.name] = action
        return action.key if beside is not None else unrepeatable(action.key, self.mark)

    def inputs_of(self, gate: Gate, contents: Mapping[str, str]) -> Mapping[str, str]:
        """
        What the gate reads of the tree, by path.

        A gate that declares nothing reads all: then the tree's own id stands for it. With submodules it does not, because
        their files may be on this machine or not.
        """
        live = self.context.live
        has_submodules = (
            live.has_submodules
            if live is not None
            else any(one.startswith(SUBMODULE_MODE) for one in contents.values())
        )
        if gate.paths:
            files = frozenset(contents) if has_submodules else self.context.judged_tree.snapshot.paths
            return {path: contents[path] for path in matched(gate.paths, files)}
        return contents if has_submodules else {"": self.context.judged_tree.snapshot.tree}

    def view_of(self, gate: Gate) -> View:
        """Which files the gate sees: the working tree when it is the one judged, unless the gate asks for a frozen view."""
        if gate.isolate in self.context.runs_in_tree:
            return View.TREE
        return View.FROZEN if self.context.processes.can_freeze() else View.COPY

    async def measure(self, gate: Gate, *, name: str | None = None) -> Verdict:
        """Run the gate and judge what it did; *name* tells its files from those of another run of it."""
        context = self.context
        results = Results.prepare(
            context.world,
            gate,
            name=name or gate.name,
            run_folder=self.folder,
            temporary=self.temporary_of(gate, "again" if name else "results"),
            view=self.view_after(gate),
        )
        outcome = await self.outcome_of(gate, results)
        outcome = replace(outcome, artifacts=results.keep_artifacts(), tail=tail_of(context.world, gate, outcome))
        evidence = collect_evidence(context.world, gate, results, context.judged_tree.snapshot, outcome)
        missing = missing_tool_of(context.world, gate, outcome)
        before = tests_before(context.world, context.judged_tree, context.store, gate)
        verdict = judge(gate, outcome, evidence, missing=missing, tests_before=before)
        if verdict.status is not Status.PASSED:
            from verifyd.absent_path import blame_page  # a pass needs none of it

            judged = context.judged_tree
            return blame_page(verdict, paths=judged.snapshot.paths, changed=judged.change.paths)
        if outcome.view is not View.FROZEN:
            return verdict
        moved = await self.frozen.moved()  # whoever runs as the user can write in there: only a pass is worth the look
        return judge(gate, replace(outcome, moved=moved), evidence, tests_before=before) if moved else verdict

    def view_after(self, gate: Gate) -> Path:
        """Where the files that the gate wrote in its view are found when it has ended."""
        match self.view_of(gate):
            case View.TREE:
                return self.context.judged_tree.repository.root
            case View.FROZEN:
                return self.temporary_of(gate, "changes")
            case View.COPY:
                return self.frozen.folder

    async def outcome_of(self, gate: Gate, results: Results) -> Outcome:
        """Run the gate, its server beside it, with the guard looking at the tree afterwards."""
        started_at = self.context.world.clock.now()
        try:
            end = await self.end_of(gate, results)
        except (GitError, MachineError, StoreError) as error:
            end = JobEnd(end=End.NOT_STARTED, exit_code=None, duration_s=0.0, trouble=str(error))
        guard = self.context.judged_tree.guard
        view = self.view_of(gate)
        return Outcome(
            gate=gate.name,
            end=end.end,
            exit_code=end.exit_code,
            started_at=started_at,
            duration_s=end.duration_s,
            cpu_s=end.cpu_s,
            peak_rss_bytes=end.peak_rss_bytes,
            log=results.log,
            log_bytes=end.log_bytes,
            log_lost=end.log_lost,
            view=view,
            moved=guard.moved() if guard is not None and view is View.TREE else (),
            modified=tuple(path for path in end.modified if path in self.context.judged_tree.snapshot.paths),
            leaked=end.leaked,
            trouble=end.trouble,
        )

    async def end_of(self, gate: Gate, results: Results) -> JobEnd:
        """Start the server when there is one, then the gate; both are gone afterwards."""
        job = await self.job_for(gate, results)
        if gate.server is None:
            running = await self.context.processes.start(job)
            self.has_started = True
            return await running.wait()
        port = self.context.processes.free_port()
        server = replace(
            job,
            name=f"{gate.name}:server",
            command=shell_command(gate, with_port(gate.server, port)),
            log=results.log.with_suffix(".server.log"),
            timeout_s=None,
        )
        served = Served(gate=gate, job=server, address=with_port(gate.ready or "", port))
        job = replace(job, command=shell_command(gate, with_port(gate.script, port)))
        return await serve(self.context.processes, served, job)

    async def job_for(self, gate: Gate, results: Results) -> Job:
        """The gate's process with its environment, limits and view."""
        judged, view = self.context.judged_tree, self.view_of(gate)
        seen = await self.frozen.copy(gate) if view is View.COPY else judged.repository.root
        environment = environment_of(
            self.context.world,
            gate,
            tree=judged.snapshot.tree,
            mark=self.mark,
            artifacts=results.dropped,
            temporary=self.temporary_of(gate, "tmp"),
            injected=results.folder,
        )
        return Job(
            name=gate.name,
            command=shell_command(gate, gate.script),
            folder=seen / gate.cwd,
            environment={**environment, **self.frozen.environment(view, lambda: self.temporary_of(gate, "compiled"))},
            mark=self.mark,
            log=results.log,
            timeout_s=gate.timeout_s,
            view=await self.frozen.view(gate, self.temporary_of(gate, "changes")) if view is View.FROZEN else None,
        )

    def temporary_of(self, gate: Gate, purpose: str) -> Path:
        """A folder of the gate's own; its path is short, because Unix sockets in its ``TMPDIR`` must stay below 108 bytes."""
        number = self.numbers.setdefault(gate.name, len(self.numbers))
        folder = self.temporary / f"{number}{purpose}"
        self.context.world.files.make_folder(folder)
        return folder

"""What would run, shown before a person lets it run; and the approval itself."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from verifyd.app.declared import Declared
from verifyd.app.history_ports import Store
from verifyd.app.judged import Judged, Request, open_tree
from verifyd.app.ports import Repository
from verifyd.app.verify import plan_for
from verifyd.app.world import World
from verifyd.pipeline import Approval, ApprovedBy
from verifyd.plan import Plan, PlannedGate, Skip, with_doubtful
from verifyd.snapshot import Snapshot


class Proposal(Struct, frozen=True, kw_only=True):
    """The pipeline as written, and what of it would run on this tree."""

    plan: Plan
    declared: Declared
    snapshot: Snapshot


def propose(world: World, repository: Repository, request: Request) -> Proposal:
    """Plan the pipeline as it is written, approved or not; nothing runs."""
    judged = open_tree(world, repository, request, anew=True)
    with world.open_store(repository) as store:
        plan = plan_for(world, judged, judged.declared.written, store, request)
        if not judged.has_known_base and any(is_in_question(planned) for planned in plan.gates):
            import anyio  # most plans leave no gate out

            plan = with_doubtful(plan, anyio.run(doubtful_gates, world, judged, store, plan), slots=world.machine.slots)
    return Proposal(plan=plan, declared=judged.declared, snapshot=judged.snapshot)


def is_in_question(planned: PlannedGate) -> bool:
    """Whether a run would ask history before it leaves this gate out."""
    return planned.skip is Skip.NOT_AFFECTED and not planned.gate.optional


async def doubtful_gates(world: World, judged: Judged, store: Store, plan: Plan) -> list[str]:
    """Gates that the change does not affect and that a run would not leave out; it is the run's own code that says so."""
    from verifyd.app.gate import GateRunner
    from verifyd.app.run_context import RunContext

    async with world.open_processes() as processes:
        runner = GateRunner(RunContext(world=world, judged_tree=judged, processes=processes, store=store, reuse=True))
        runner.beside = runner.context.beside()  # not opened: nothing runs, so it needs no folder
        return runner.doubtful(plan)


def approve_pipeline(world: World, repository: Repository, declared: Declared, *, by: ApprovedBy) -> Path:
    """Record that this very pipeline may run; the file it was recorded in. StoreError when that fails."""
    at = world.clock.now().isoformat(timespec="seconds")
    approval = Approval(digest=declared.written.digest, by=by, at=at, pipeline=declared.written, page=declared.page)
    return world.approvals.write(repository, approval)

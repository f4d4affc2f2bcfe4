"""What would run, shown before a person lets it run; and the approval itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verifyd.app.declared import Declared
from verifyd.app.judged import Request, open_tree
from verifyd.app.ports import Repository
from verifyd.app.verify import plan_for
from verifyd.app.world import World
from verifyd.pipeline import Approval, ApprovedBy
from verifyd.plan import Plan
from verifyd.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The pipeline as written, and what of it would run on this tree."""

    plan: Plan
    declared: Declared
    snapshot: Snapshot


def propose(world: World, repository: Repository, request: Request) -> Proposal:
    """Plan the pipeline as it is written, approved or not; nothing runs."""
    judged = open_tree(world, repository, request, anew=True)
    with world.open_store(repository) as store:
        plan = plan_for(world, judged, judged.declared.written, store, request)
    return Proposal(plan=plan, declared=judged.declared, snapshot=judged.snapshot)


def approve_pipeline(world: World, repository: Repository, declared: Declared, *, by: ApprovedBy) -> Path:
    """Record that this very pipeline may run; the file it was recorded in. StoreError when that fails."""
    at = world.clock.now().isoformat(timespec="seconds")
    approval = Approval(digest=declared.written.digest, by=by, at=at, pipeline=declared.written, page=declared.page)
    return world.approvals.write(repository, approval)

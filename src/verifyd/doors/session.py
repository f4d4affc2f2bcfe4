"""A run at a terminal: the question before it, progress and signals during it, the exit code after it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.abc
import click

from verifyd.app.judged import Opened, Request
from verifyd.app.ports import Repository
from verifyd.app.run import Listener
from verifyd.app.verify import verify
from verifyd.app.world import World
from verifyd.errors import ExitCode
from verifyd.pipeline import ApprovedBy
from verifyd.report import Readiness, Report
from verifyd.verdict import Status

if TYPE_CHECKING:
    from verifyd.app.finish import Result

Found = TypeVar("Found")

STOPPING = "stopping: the gates are asked to end; once more to end them at once"


class Listing(Enum):
    """When an answer follows that lists each gate of the run, so that progress need not leave it on the screen."""

    NEVER = "never"
    UNLESS_READY = "unless ready"
    ALWAYS = "always"


def ask_for_approval(world: World, repository: Repository, request: Request) -> None:
    """On a terminal, offer to approve a pipeline that was never approved; elsewhere do nothing: the report will say so."""
    if not world.console.can_ask():
        return
    from verifyd.app.approve import approve_pipeline, propose
    from verifyd.render.plan import render_plan

    proposal = propose(world, repository, request)
    if proposal.declared.approval is not None:
        return
    world.console.say(render_plan(proposal.plan, proposal.declared, proposal.snapshot))
    if world.console.ask("This pipeline was never approved. Let these commands run in this repository?"):
        approve_pipeline(world, repository, proposal.declared, by=ApprovedBy.TERMINAL)


def verify_with_progress(
    world: World,
    repository: Repository,
    request: Request,
    opened_tree: Opened | None = None,
    *,
    listing: Listing = Listing.NEVER,
) -> Result:
    """Verify with progress on stderr, *listing* when stdout gets each gate afterwards; click.Abort when a signal ended it."""
    with world.console.progress(is_listed=listing is not Listing.NEVER) as progress:
        listener = Listener(
            started=lambda planned: progress.started(planned.gate.name, planned.expected_s),
            ended=lambda verdict: progress.ended(
                verdict.gate.name,
                str(verdict.status),
                str(verdict.reason) if verdict.reason is not None else None,
                verdict.outcome.duration_s if verdict.outcome is not None else None,
                reused=verdict.reused,
            ),
        )
        result = run_interruptibly(
            world, lambda: verify(world, repository, request, listener=listener, opened_tree=opened_tree)
        )
        if listing is Listing.UNLESS_READY and result.report.readiness is Readiness.READY:
            progress.keep()
        return result


def fix_with_progress(world: World, repository: Repository, gates: tuple[str, ...]) -> None:
    """Run the fixers, a line each on stderr."""
    from verifyd.app.fix import run_fixers

    run_interruptibly(world, lambda: run_fixers(world, repository, gates, say=world.console.say))


def run_interruptibly(world: World, work: Callable[[], Awaitable[Found]]) -> Found:
    """
    Run async work to its end; the first SIGINT, SIGTERM or SIGHUP cancels it, which ends its processes first.

    A second signal ends those processes at once. Either way nothing of them is left.

    Raises:
        click.Abort: A signal ended it.
    """

    found: list[Found] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                await tasks.start(cancel_on_signal, world, scope)
                found.append(await work())
            tasks.cancel_scope.cancel()

    try:
        anyio.run(main)
    except BaseExceptionGroup as group:
        raise only_error(group) from None
    if not found:
        raise click.Abort
    return found[0]


def only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, to any depth: one message is what a person can act on."""
    first = group.exceptions[0]
    return only_error(first) if isinstance(first, BaseExceptionGroup) else first


async def cancel_on_signal(world: World, scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Cancel *scope* on the first signal; on any later one, end what is left at once."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for _ in signals:
            if scope.cancel_called:
                world.end_all_now()
            else:
                world.console.say(STOPPING)
                scope.cancel()


def exit_code_for(report: Report) -> ExitCode:
    """
    The exit code of a run.

    A run of gates asked for by name answers for these alone: it never calls the tree ready, but passes when they passed.
    """
    if report.readiness is Readiness.READY:
        return ExitCode.READY
    if report.readiness is Readiness.NOT_READY:
        return ExitCode.NOT_READY
    asked = [gate.verdict for gate in report.gates if gate.verdict.gate.name in report.selected]
    if asked and report.reason == "not_selected" and all(verdict.status is Status.PASSED for verdict in asked):
        return ExitCode.READY
    return ExitCode.UNPROVEN

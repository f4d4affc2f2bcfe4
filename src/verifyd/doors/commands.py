"""
The bodies of the commands: each asks the application and prints the answer.

Each imports what it needs itself: what is imported up here is what all of them need to find the repository.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verifyd.app.declared import VERIFY_MD, read_approval
from verifyd.app.judged import Request
from verifyd.app.ports import Repository
from verifyd.app.wiring import make_world, open_here
from verifyd.app.world import World
from verifyd.errors import ExitCode, StoreError, UsageError
from verifyd.pipeline import ApprovedBy
from verifyd.snapshot import Source

if TYPE_CHECKING:
    from verifyd.app.finish import Result
    from verifyd.report import Report
    from verifyd.task import Task


def open_world(folder: str) -> tuple[World, Repository]:
    """The real world, and the work tree that *folder* lies in."""
    world = make_world()
    return world, open_here(world, folder)


def end(code: int) -> None:
    """End the command with an exit code."""
    raise click.exceptions.Exit(int(code))


def init(folder: str) -> None:
    """``verifyd init``."""
    from verifyd.app.approve import propose
    from verifyd.app.init import init as write_page
    from verifyd.render.plan import render_plan

    world, repository = open_world(folder)
    result = write_page(world, repository)
    for line in result.lines:
        world.console.say(line)
    proposal = propose(world, repository, Request())
    world.console.write_answer(render_plan(proposal.plan, proposal.declared, proposal.snapshot))


def plan(folder: str, *, as_json: bool, base: str | None, ref: str | None, staged: bool) -> None:
    """``verifyd plan``."""
    from verifyd.app.approve import propose
    from verifyd.render.plan import render_plan, render_plan_json

    world, repository = open_world(folder)
    proposal = propose(world, repository, request_of(base=base, ref=ref, staged=staged))
    for line in proposal.declared.difference_lines:
        world.console.say(line)
    render = render_plan_json if as_json else render_plan
    world.console.write_answer(render(proposal.plan, proposal.declared, proposal.snapshot))


def approve(folder: str, *, yes: bool) -> None:
    """``verifyd approve``."""
    from verifyd.app.approve import approve_pipeline, propose
    from verifyd.render.plan import render_plan

    world, repository = open_world(folder)
    proposal = propose(world, repository, Request())
    world.console.say(render_plan(proposal.plan, proposal.declared, proposal.snapshot))
    for line in proposal.declared.difference_lines:
        world.console.say(line)
    if not yes and not world.console.can_ask():
        raise UsageError(
            "there is no terminal to ask on",
            where="approve",
            remedy="Approve without being asked: verifyd approve --yes",
        )
    if not yes and not world.console.ask("Let these commands run in this repository?"):
        raise click.Abort
    by = ApprovedBy.FLAG if yes else ApprovedBy.TERMINAL
    path = approve_pipeline(world, repository, proposal.declared, by=by)
    world.console.write_answer(f"approved {proposal.declared.written.digest[:12]} ({path})\n")


def request_of(
    *,
    base: str | None = None,
    ref: str | None = None,
    staged: bool = False,
    gates: tuple[str, ...] = (),
    fail_fast: bool = False,
    reuse: bool = True,
) -> Request:
    """The request that a command line makes; UsageError when it names two trees."""
    if ref is not None and staged:
        raise UsageError("--tree and --staged name two trees", where="--staged", remedy="Give one of them.")
    source = Source.COMMITTED if ref is not None else Source.STAGED if staged else Source.WORKING_TREE
    return Request(source=source, ref=ref, base=base, selected=gates, fail_fast=fail_fast, reuse=reuse)


def run(
    folder: str,
    *,
    gates: tuple[str, ...],
    base: str | None,
    ref: str | None,
    staged: bool,
    fail_fast: bool,
    no_reuse: bool,
    output_format: str,
    output: str | None,
) -> None:
    """``verifyd run``."""
    from verifyd.doors.opening import open_interruptibly

    world, repository = open_world(folder)
    if output is not None:
        check_output(repository, Path(output))
    request = request_of(base=base, ref=ref, staged=staged, gates=gates, fail_fast=fail_fast, reuse=not no_reuse)
    offer_approval(world, repository, request)
    opened_tree = open_interruptibly(world, repository, request)
    from verifyd.doors.session import (
        Listing,
        exit_code_for,
        verify_with_progress,
    )  # not for a tree that cannot be opened

    is_listed = output is None and output_format == "text"
    listing = Listing.ALWAYS if is_listed else Listing.NEVER
    result = verify_with_progress(world, repository, request, opened_tree, listing=listing)
    publish_or_say(world, repository, result)
    answer(world, result, output_format, output)
    if not is_listed:
        say_unproven(world, result.report)
    end(exit_code_for(result.report))


def say_unproven(world: World, report: Report) -> None:
    """Say why nothing is proved where stdout does not: an exit status of 3 never comes without its reason."""
    from verifyd.render.shown import shown_line
    from verifyd.report import Readiness

    if report.readiness is Readiness.UNPROVEN:
        world.console.say(shown_line(f"UNPROVEN  tree {report.snapshot.tree[:12]}  {report.explanation}"))


def check_output(repository: Repository, path: Path) -> None:
    """UsageError for an answer in the place of what git or we live by: its index, VERIFY.md, or a file of the report."""
    from verifyd.app.publish import report_files

    real = path.resolve()
    is_gits = any(real.is_relative_to(folder) for folder in (repository.git_dir, repository.common_dir))
    ours = (repository.root / VERIFY_MD, repository.root / ".git", *report_files(repository))
    if is_gits or real in ours:
        whose = (
            "is part of git's folder"
            if is_gits or real.name == ".git"
            else "is a file that verifyd itself reads or writes"
        )
        raise UsageError(f"{str(path)!r} {whose}", where="--output", remedy="Name another file: --output report.json")


def offer_approval(world: World, repository: Repository, request: Request) -> None:
    """On a terminal, offer to approve a pipeline that was never approved."""
    if not world.console.can_ask() or read_approval(world, repository)[0] is not None:
        return
    from verifyd.doors.session import ask_for_approval

    ask_for_approval(world, repository, request)


def publish_or_say(world: World, repository: Repository, result: Result) -> None:
    """Write the report's files; where that fails the answer is still given, and what is missing is said."""
    from verifyd.app.publish import publish

    try:
        publish(world, repository, result)
    except StoreError as error:
        world.console.say(f"the report's files were not written: {error}")


def answer(world: World, result: Result, output_format: str, output: str | None) -> None:
    """The report in the form asked for, to stdout or a file."""
    text = renderer(world, output_format, coloured=output is None and world.console.answer_is_coloured())(
        result.report, result.task
    )
    if output is None:
        world.console.write_answer(text)
    else:
        world.files.write_out(Path(output), text)


def renderer(world: World, output_format: str, *, coloured: bool) -> Callable[[Report, Task | None], str]:
    """The function that renders a report in one of FORMATS."""
    import importlib

    if output_format == "text":
        from verifyd.render.terminal import render_terminal

        return lambda report, task: render_terminal(report, task, colour=coloured, width=world.console.width())
    module = importlib.import_module(f"verifyd.render.{output_format}")
    found: Callable[[Report, Task | None], str] = getattr(module, f"render_{output_format}")
    return found


def task(folder: str, *, as_json: bool) -> None:
    """``verifyd task``."""
    from verifyd.render.task_markdown import render_task_entry

    world, repository = open_world(folder)
    from verifyd.app.history import known_now

    known = known_now(world, repository)
    entry = known.report.get("task")
    if isinstance(entry, Mapping):
        world.console.write_answer(json.dumps(entry, indent=2) + "\n" if as_json else render_task_entry(entry))
    end(code_of_readiness(str(known.report["readiness"])))


def code_of_readiness(readiness: str) -> ExitCode:
    """The exit code of a stored report's readiness."""
    return {"ready": ExitCode.READY, "not_ready": ExitCode.NOT_READY}.get(readiness, ExitCode.UNPROVEN)


def log(folder: str, gate: str, *, lines: int | None, follow: bool) -> None:
    """``verifyd log``."""
    from verifyd.doors.log import print_log

    world, repository = open_world(folder)
    from verifyd.app.history import newest_log

    print_log(world, repository, newest_log(world, repository, gate), lines=lines, follow=follow)


def history(folder: str, gate: str | None, *, as_json: bool) -> None:
    """``verifyd history``."""
    from verifyd.render.history import history_json, render_history

    world, repository = open_world(folder)
    from verifyd.app.history import read_past

    past = read_past(world, repository, gate)
    runs = {one.gate: one.runs for one in past}
    timings = {one.gate: one.timing for one in past}
    world.console.write_answer(history_json(runs, timings) if as_json else render_history(runs, timings))


def fix(folder: str, *, gates: tuple[str, ...]) -> None:
    """``verifyd fix``."""
    from verifyd.doors.session import Listing, exit_code_for, fix_with_progress, verify_with_progress

    world, repository = open_world(folder)
    request = request_of(gates=gates)
    offer_approval(world, repository, request)
    fix_with_progress(world, repository, gates)
    result = verify_with_progress(world, repository, request, listing=Listing.ALWAYS)
    publish_or_say(world, repository, result)
    answer(world, result, "text", None)
    end(exit_code_for(result.report))


def doctor(folder: str, *, as_json: bool) -> None:
    """``verifyd doctor``."""
    from verifyd.app.doctor import attempt, examine
    from verifyd.app.doctor_daemon import examine_daemon
    from verifyd.app.doctor_hosts import examine_hosts
    from verifyd.app.git_hooks import examine_hooks
    from verifyd.app.mcp_install import examine_mcp
    from verifyd.doors.mcp_extra import how_to_install
    from verifyd.render.doctor import is_bad, render_doctor, render_doctor_json

    world, repository = open_world(folder)
    checks = (
        *examine(world, repository),
        *attempt("daemon", lambda: examine_daemon(world, repository)),
        *attempt("hooks", lambda: examine_hooks(world, repository)),
        *attempt("agents", lambda: examine_hosts(world, repository)),
        *attempt("mcp", lambda: examine_mcp(world, repository, how_to_install=how_to_install())),
    )
    world.console.write_answer(render_doctor_json(checks) if as_json else render_doctor(checks))
    end(ExitCode.NOT_READY if is_bad(checks) else ExitCode.READY)

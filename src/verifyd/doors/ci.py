"""``verifyd ci``: what the host says the job is about, one pass over the checkout, and the answer in every form the host reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from verifyd.app.ci import find_base, open_for_ci
from verifyd.app.ci_accept import Consent, read_accepted
from verifyd.app.ci_files import (
    Uploaded,
    append,
    bytes_in,
    check_folder,
    end_of_log,
    write_files,
    write_outputs,
)
from verifyd.app.judged import Opened, Request
from verifyd.app.ports import Repository
from verifyd.app.publish import publish
from verifyd.app.world import World
from verifyd.clone import Missing
from verifyd.doors.ci_context import CiContext, Host, read_context
from verifyd.doors.ci_messages import heading, missing_base, no_base_note, unnamed_base
from verifyd.doors.commands import end, open_world, renderer
from verifyd.doors.opening import signals_interrupt
from verifyd.errors import ConfigurationError, ExitCode, StoreError, VerifydError
from verifyd.pipeline import Door
from verifyd.render.ci_log import Folding, harmless, render_ci_log, render_error
from verifyd.render.ci_summary import SUMMARY_BYTES, render_ci_summary, render_error_summary
from verifyd.render.shown import shown
from verifyd.render.terminal import render_terminal

if TYPE_CHECKING:
    from verifyd.app.finish import Result

EVENT_BYTES = 32 * 1024 * 1024
"""GitHub caps payloads at 25 MB."""
TAIL_BYTES = 64 * 1024
TAIL_LINES = 200
FOLDINGS = {Host.GITHUB: Folding.GITHUB, Host.GITLAB: Folding.GITLAB, Host.AZURE: Folding.AZURE}
HOST_FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")
"""Files by which a step speaks to its host: they are ours, a gate is not told of them."""


def ci(
    folder: str,
    *,
    base: str | None,
    output_dir: str,
    output_format: str,
    accept: str,
    no_reuse: bool,
    fail_fast: bool,
) -> None:
    """``verifyd ci``."""
    world, repository = open_world(folder)
    environment = world.machine.environment
    event, trouble = read_event(world, environment)
    context = read_context(environment, event)
    context = replace(context, notes=(*context.notes, *trouble))
    world = for_job(world, context)
    request = Request(base=base, door=Door.CI, reuse=not no_reuse, fail_fast=fail_fast)
    try:
        report_folder = check_folder(world, repository, output_dir)
        result, about = verify_job(world, repository, request, context, accept)
        uploaded = Uploaded(folder=output_dir)
        result = uploaded.naming_log(result)
    except VerifydError as error:
        end(tell_error(world, environment, context, error))
        return
    tell_host(world, repository, environment, report_folder, result, about, uploaded)
    tell(world, context, result, output_format, uploaded)
    from verifyd.doors.session import exit_code_for

    end(exit_code_for(result.report))


def verify_job(
    world: World, repository: Repository, request: Request, context: CiContext, accept: str
) -> tuple[Result, str]:
    """One pass over the job's tree, with progress on stderr; with it the line that says what the job is about."""
    opened = open_job(world, repository, request, context, accept)
    from verifyd.doors.session import verify_with_progress

    base = opened.judged.snapshot.base
    about = heading(context, base)
    world.console.say(harmless(about))
    return verify_with_progress(world, repository, replace(request, base=base), opened), about


def read_event(world: World, environment: Mapping[str, str]) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """GitHub's payload; None, with a word about it, where the file is not what it should be: variables tell most of it."""
    path = environment.get("GITHUB_EVENT_PATH")
    if not path or environment.get("GITHUB_ACTIONS") != "true":
        return None, ()
    problem = "is not there"
    try:
        content = world.files.read(Path(path), limit_bytes=EVENT_BYTES)
        if content is not None:
            event = json.loads(content) if len(content) <= EVENT_BYTES else None
            if isinstance(event, dict):
                return event, ()
            problem = "holds no object" if len(content) <= EVENT_BYTES else f"is over {EVENT_BYTES:,} bytes"
    except StoreError as error:
        problem = error.problem
    except (ValueError, RecursionError):
        problem = "is no JSON"
    return None, (f"GitHub's event payload {problem}, so the job is known by its variables alone",)


def for_job(world: World, context: CiContext) -> World:
    """
    The same world as a CI job has it.

    A gate does not learn of the files by which this step speaks to its host. Not every host sets ``CI``. What runs by the job's
    own consent is nothing that a commit hook may believe.
    """
    kept = {name: value for name, value in world.machine.environment.items() if name not in HOST_FILES}
    world = replace(world, machine=replace(world.machine, environment=kept))
    if context.host is Host.NONE:
        return world
    machine = replace(world.machine, environment={**kept, "CI": kept.get("CI") or "true"})
    return replace(world, machine=machine, verdict_files=None)


def open_job(world: World, repository: Repository, request: Request, context: CiContext, accept: str) -> Opened:
    """
    The job's tree, counted from the base that was asked for, else from what the host says.

    Raises:
        GitError: The base is not in this clone; with the lines that bring it there.
    """
    consent = Consent(given=context.host is not Host.NONE, accepted=read_accepted(accept))
    names, merged = ((request.base,), None) if request.base is not None else (context.bases, context.merged)
    with signals_interrupt():
        clone, found = find_base(world, repository, names, merged)
        notes = list(context.notes)
        if found is None and context.needs_base:
            raise unnamed_base(context)
        if isinstance(found, Missing):
            if request.base is not None or context.needs_base or clone.is_shallow:
                raise missing_base(found, context, clone)
            notes.append(no_base_note(found))
            found = None
        before = context.before if request.base is None else None
        trusted = request.base is not None or context.has_trusted_base
        # Not what VERIFY.md says: that is the change's own.
        counted = replace(request, base=found or ("auto" if consent.given else None))
        opened = open_for_ci(world, repository, counted, consent, clone, trusted=trusted, before=before)
    judged = opened.judged
    snapshot = replace(judged.snapshot, notes=(*judged.snapshot.notes, *notes))
    return replace(opened, judged=replace(judged, snapshot=snapshot))


def tell_host(
    world: World,
    repository: Repository,
    environment: Mapping[str, str],
    folder: Path,
    result: Result,
    about: str,
    uploaded: Uploaded,
) -> None:
    """The report's files, the step's summary and outputs; what cannot be written is said, and changes no verdict."""
    report = result.report
    summary, outputs = environment.get("GITHUB_STEP_SUMMARY"), environment.get("GITHUB_OUTPUT")
    said: list[str] = []
    try:
        publish(world, repository, result, keeps_progress=False)
        write_files(world, folder, result)
    except StoreError as error:
        said.append(f"the report's files were not all written: {error}")
    try:
        if summary:
            room = SUMMARY_BYTES - bytes_in(world, Path(summary)) - 1
            page = render_ci_summary(report, result.task, title=about, log_of=uploaded.log_of, room_bytes=room)
            append(world, Path(summary), page)
        if outputs:
            told = {
                "readiness": str(report.readiness),
                "reason": str(report.reason or ""),
                "tree": report.snapshot.tree,
                "base": report.snapshot.base or "",
                "report": str(folder),
                "sarif": str(folder / "verifyd.sarif"),
                "junit": str(folder / "junit.xml"),
            }
            write_outputs(world, Path(outputs), told)
    except StoreError as error:
        said.append(f"the step's summary or outputs were not written: {error}")
    for line in said:
        world.console.say(harmless(line))


def tell(world: World, context: CiContext, result: Result, output_format: str, uploaded: Uploaded) -> None:
    """The answer to stdout: the job's log, or the one form that was asked for."""
    if output_format == "log":
        text = render_ci_log(
            result.report,
            result.task,
            folding=FOLDINGS.get(context.host, Folding.PLAIN),
            tails=tails_of(world, result),
            task_file=uploaded.task_file,
            log_of=uploaded.log_of,
            token=f"{world.machine.new_mark()}{world.machine.new_mark()}",
            moment_s=int(world.clock.now().timestamp()),
        )
    elif output_format == "text":
        text = harmless(
            render_terminal(result.report, result.task, task_file=uploaded.task_file, log_of=uploaded.log_of)
        )
    else:
        text = renderer(world, output_format, coloured=False)(result.report, result.task)
        text = harmless(text) if output_format == "markdown" else text
    world.console.write_answer(text)


def tails_of(world: World, result: Result) -> dict[str, str]:
    """The end of what each gate printed that makes a task or is unproven."""
    return {
        gate.verdict.gate.name: end_of_log(world, gate.verdict.outcome.log, TAIL_BYTES, lines=TAIL_LINES)
        for gate in result.report.gates
        if gate.verdict.outcome is not None and gate.verdict.outcome.log is not None
    }


def tell_error(world: World, environment: Mapping[str, str], context: CiContext, error: VerifydError) -> ExitCode:
    """An error before there is a report, where the host shows it; its exit code."""
    problem = shown(f"{error.where}: {error.problem}" if error.where else error.problem)
    remedy = shown(error.remedy)
    path, line = (error.file, error.line) if isinstance(error, ConfigurationError) else (None, None)
    folding = FOLDINGS.get(context.host, Folding.PLAIN)
    world.console.say(render_error(problem, remedy, folding=folding, path=path, line=line))
    with suppress(StoreError):
        if summary := environment.get("GITHUB_STEP_SUMMARY"):
            append(world, Path(summary), render_error_summary(problem, remedy))
        if outputs := environment.get("GITHUB_OUTPUT"):
            write_outputs(world, Path(outputs), {"readiness": "unproven", "reason": "no_report"})
    return error.exit_code

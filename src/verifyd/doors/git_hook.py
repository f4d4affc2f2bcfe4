"""``verifyd hook pre-commit|pre-push``: the answer where the hook's own script has none; any code but 0 stops the commit or push."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from verifyd.app.daemon_client import JSON, TEXT, ask_daemon
from verifyd.app.history_ports import RunRecord
from verifyd.app.judged import Opened, Request
from verifyd.app.ports import Repository
from verifyd.app.verdict_files import ANY_BASE, NO_COMMIT
from verifyd.app.world import World
from verifyd.doors.commands import end, open_world
from verifyd.doors.opening import open_interruptibly
from verifyd.errors import ExitCode, GitError, StoreError, UsageError
from verifyd.evidence.clean import clean_text
from verifyd.pipeline import Door
from verifyd.report import Readiness
from verifyd.snapshot import Source
from verifyd.verdict import Reason

if TYPE_CHECKING:
    from verifyd.app.finish import Result

SKIP = "VERIFYD_SKIP"
SKIPPED = "skipped"
LONGEST_REASON = 500
WAIT_S = 5.0
"""For one answer: a daemon that gives none within this, and a little more, is not waited for."""
MOST_WAITS = 360
"""Half an hour in all: no gate's own limit is likely to be longer, and a hook must come to an end."""
OK = 200
NO_OBJECT = "0"


def run_git_hook(folder: str, name: str, arguments: tuple[str, ...]) -> None:
    """Answer one hook."""
    if name == "pre-commit":
        pre_commit(folder, arguments[0] if arguments else None)
    elif name == "pre-push":
        pre_push(folder)
    else:
        raise UsageError(
            "no such hook is answered by the program", where=f"hook {name}", remedy="See: verifyd hook --help"
        )


def pre_commit(folder: str, tree: str | None) -> None:
    """Let a commit of the staged tree through, or stop it with the reason and the way on."""
    world, repository = open_world(folder)
    reason = world.machine.environment.get(SKIP, "").strip()
    if reason:
        staged = tree or world.git.staged_id(repository)
        record_skip(world, repository, staged, reason)
        end(ExitCode.READY)
    request = Request(source=Source.STAGED, door=Door.HOOK)
    opened = open_interruptibly(world, repository, request)
    found = opened.judged.snapshot.tree
    refuse_another(found, tree or found)
    said = said_by_daemon(world, repository, opened)
    if said is None:
        code = verified(world, repository, request, opened)
    else:
        code, text = said
        world.console.write_answer(text)
    if code is ExitCode.READY:  # git reads the index again when we have ended
        refuse_another(world.git.staged_id(repository), found)
    else:
        world.console.say(f'no commit; to commit all the same, with a reason that is kept: {SKIP}="…" git commit')
    end(code)


def refuse_another(now: str, before: str) -> None:
    """GitError when something was staged since: git would commit what nobody has verified."""
    if now != before:
        problem = f"the index holds tree {now[:12]} by now, and held {before[:12]} when this commit began"
        raise GitError(problem, where="pre-commit", remedy="Commit again.")


def pre_push(folder: str) -> None:
    """Let the pushed commits through, or stop the push at the first whose tree is not ready."""
    world, repository = open_world(folder)
    reason = world.machine.environment.get(SKIP, "").strip()
    for commit in pushed_commits(sys.stdin.read()):
        request = Request(source=Source.COMMITTED, ref=commit, door=Door.HOOK)
        opened = open_interruptibly(world, repository, request)
        if reason:
            record_skip(world, repository, opened.judged.snapshot.tree, reason)
            continue
        if known_at_hook(world, opened) is Readiness.READY:
            continue
        world.console.say(f"verifying commit {commit[:12]}")
        code = verified(world, repository, request, opened)
        if code is not ExitCode.READY:
            world.console.say(f'no push; to push all the same, with a reason that is kept: {SKIP}="…" git push')
            end(code)


def pushed_commits(lines: str) -> tuple[str, ...]:
    """The commits that arrive at the other side, each once; what is deleted there has none."""
    fields = [line.split() for line in lines.splitlines()]
    return tuple(dict.fromkeys(named[1] for named in fields if len(named) == 4 and named[1].strip(NO_OBJECT)))


def verified(world: World, repository: Repository, request: Request, opened: Opened) -> ExitCode:
    """Run the gates on a frozen copy; the report goes to stdout when the tree is not ready. No file in the work tree is written."""
    from verifyd.doors.session import Listing, exit_code_for, verify_with_progress  # a known tree needs none of it

    result: Result = verify_with_progress(world, repository, request, opened, listing=Listing.UNLESS_READY)
    code = exit_code_for(result.report)
    if code is not ExitCode.READY:
        from verifyd.render.terminal import render_terminal

        # A hook writes no file of the task: what lies there may be about another tree.
        world.console.write_answer(render_terminal(result.report, result.task, task_file=None))
    return code


def said_by_daemon(world: World, repository: Repository, opened: Opened) -> tuple[ExitCode, str] | None:
    """What the daemon found out about the tree, waited for where it is at it; None where the gates have to be run here."""
    tree = opened.judged.snapshot.tree
    looked = ask_daemon(repository, "/v1/status", headers=JSON)  # it looks at the work tree before it answers
    if looked.trouble:
        world.console.say(looked.trouble)
    if looked.answer is None or looked.answer.status != OK:
        return None
    target = f"/v1/status?tree={tree}"
    for count in range(MOST_WAITS):
        asked = ask_daemon(repository, f"{target}&wait={WAIT_S:g}", headers=JSON, wait_s=WAIT_S)
        if asked.answer is None or asked.answer.status != OK:
            break
        standing = json.loads(asked.answer.body)
        if standing["tree"] != tree or not is_under_way(standing):
            break
        if count == 0:
            world.console.say(f"the daemon is verifying tree {tree[:12]}")
    known = known_at_hook(world, opened)
    if known is Readiness.READY:
        return ExitCode.READY, ""
    if known is not Readiness.NOT_READY:
        return None
    told = ask_daemon(repository, f"{target}&width={world.console.width()}", headers=TEXT).answer
    if told is None or told.headers.get("verifyd-exit") != str(int(ExitCode.NOT_READY)):
        return None
    return ExitCode.NOT_READY, told.body.decode("utf-8", "replace")


def is_under_way(standing: Mapping[str, Any]) -> bool:
    """Whether gates still run; a tree may be certain not to be ready before they are done."""
    from verifyd.standing import Phase

    return standing["reason"] == Reason.VERIFYING or any(gate["phase"] != Phase.DONE for gate in standing["gates"])


def known_at_hook(world: World, opened: Opened) -> Readiness | None:
    """What the tree's verdict file says, if it is about a commit on this base; None where nothing is known."""
    judged = opened.judged
    if world.verdict_files is None or not judged.declared.is_current:
        return None
    found = world.verdict_files.read(judged.repository, judged.snapshot.tree, world.machine.environment)
    if found is None or found.base not in (ANY_BASE, judged.snapshot.base or NO_COMMIT):
        return None
    return Readiness(found.readiness)


def record_skip(world: World, repository: Repository, tree: str, reason: str) -> None:
    """Keep in history that a tree was let through unverified, and why; where that fails it is let through all the same."""
    says = clean_text(" ".join(reason.split()))[:LONGEST_REASON]
    newest = world.git.newest_commits(repository, limit=1)
    record = RunRecord(
        tree=tree,
        base=None,
        head=newest[0].commit if newest else None,
        pipeline="",
        door=str(Door.HOOK),
        readiness=SKIPPED,
        reason=says,
        started_at=world.clock.now(),
        duration_s=0.0,
        whole=False,
    )
    world.console.say(f"not verified, by {SKIP}: {says}")
    try:
        with world.open_store(repository) as store:
            store.add_run(record)
    except StoreError as error:
        world.console.say(f"this could not be kept: {error}")

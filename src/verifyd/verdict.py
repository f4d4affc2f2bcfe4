"""An outcome and its evidence in, a verdict out: a pass needs a clean exit and evidence that agrees."""

from __future__ import annotations

import signal
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.evidence.model import NO_EVIDENCE, Evidence, Lack, MachineTrouble, TestCounts
from verifyd.outcome import End, Outcome, View
from verifyd.pipeline import Gate

if TYPE_CHECKING:
    from verifyd.evidence.trouble import MissingTool


class Status(StrEnum):
    """What can be said of one gate on one tree."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNPROVEN = "unproven"


class Reason(StrEnum):
    """
    Why a status is what it is. The first group goes with FAILED, the second with UNPROVEN.

    Skips carry a Skip's value, or ``needs:<gate>``.
    """

    EXIT_STATUS = "exit_status"
    FINDINGS = "findings"
    TESTS_FAILED = "tests_failed"
    TIMED_OUT = "timed_out"
    LIMITS = "limits_exceeded"
    TOO_MANY_PROCESSES = "too_many_processes"
    TOO_FEW_TESTS = "too_few_tests"

    TOOL_MISSING = "tool_missing"
    PATH_MISSING = "path_missing"
    TREE_MOVED = "tree_moved"
    CANCELLED = "cancelled"
    EVIDENCE_MISSING = "evidence_missing"
    EVIDENCE_CONTRADICTS = "evidence_contradicts"
    NO_TESTS_RAN = "no_tests_ran"
    UNAPPROVED = "unapproved"
    PIPELINE_CHANGED = "pipeline_changed"
    KILLED = "killed"
    FLAKY = "flaky"
    SERVER_NOT_READY = "server_not_ready"
    NOT_STARTED = "not_started"
    CONFLICTED = "conflicted"
    UNSAVED = "unsaved"
    NOT_SELECTED = "not_selected"
    NO_GATES = "no_gates"
    VERIFYING = "verifying"
    NOT_VERIFIED = "not_verified"
    CANNOT_VERIFY = "cannot_verify"


MACHINE_READABLE = frozenset({"sarif", "junit", "matcher", "builtin"})
"""Sources of evidence that contradict an exit status; words in a log do not."""

TASK_REASONS = frozenset({Reason.NO_TESTS_RAN, Reason.EVIDENCE_CONTRADICTS})
"""The unproven reasons that are work for an agent all the same: the task says so."""


class Verdict(Struct, frozen=True, kw_only=True):
    """
    One gate's status with its reason.

    Attributes:
        reason: A Reason, a Skip or ``needs:<gate>``; None only when PASSED.
        explanation: One sentence for people: what was seen, and what to do where there is something to do.
        evidence: What was read; NO_EVIDENCE's twin when nothing was.
        outcome: None when nothing was run.
        reused: True when an earlier run with the same action key answers.
    """

    gate: Gate
    status: Status
    reason: str | None = None
    explanation: str = ""
    evidence: Evidence = NO_EVIDENCE
    outcome: Outcome | None = None
    reused: bool = False

    @property
    def makes_task(self) -> bool:
        """Whether an agent may be sent to work on it."""
        return self.status is Status.FAILED or (self.status is Status.UNPROVEN and self.reason in TASK_REASONS)


def judge(
    gate: Gate,
    outcome: Outcome,
    evidence: Evidence,
    *,
    missing: MissingTool | None = None,
    tests_before: int | None = None,
) -> Verdict:
    """
    Judge one gate.

    Args:
        missing: A tool that the log says is not there; only counts when the gate did not pass.
        tests_before: Tests that ran when the gate last passed; fewer now is never a silent pass.

    Returns:
        UNPROVEN when the gate did not end by itself, the tree moved under it, or exit status and evidence disagree.
    """
    status, reason, explanation = (
        judge_ending(gate, outcome, missing)
        or judge_counts(gate, outcome, evidence, tests_before)
        or judge_exit(gate, outcome, evidence)
    )
    return Verdict(gate=gate, status=status, reason=reason, explanation=explanation, evidence=evidence, outcome=outcome)


Judgement = tuple[Status, Reason | None, str]
NEVER_RAN = {End.NOT_STARTED: Reason.NOT_STARTED, End.NOT_FOUND: Reason.TOOL_MISSING}


def judge_ending(gate: Gate, outcome: Outcome, missing: MissingTool | None) -> Judgement | None:
    """Everything that makes the exit status meaningless; None when the gate ended by itself on an unmoved tree."""
    unproven = Status.UNPROVEN
    if outcome.end is End.CANCELLED:
        return unproven, Reason.CANCELLED, "the run was cancelled before this gate ended"
    if outcome.end in NEVER_RAN:
        return unproven, NEVER_RAN[outcome.end], outcome.trouble or "its process could not be started"
    if outcome.moved:
        return unproven, Reason.TREE_MOVED, moved_text(outcome)
    if outcome.end is End.SERVER_NOT_READY:
        return unproven, Reason.SERVER_NOT_READY, outcome.trouble or f"its server did not answer at {gate.ready}"
    if outcome.end is End.TIMED_OUT:
        return Status.FAILED, Reason.TIMED_OUT, f"still running after {gate.timeout_s:g} s, its time limit, and ended"
    if outcome.end is End.TOO_MANY_PROCESSES:
        return Status.FAILED, Reason.TOO_MANY_PROCESSES, outcome.trouble or "started too many processes and was ended"
    if outcome.exit_code == gate.expect:
        return (
            (unproven, Reason.EVIDENCE_MISSING, "its output could not be stored (disk full?)")
            if outcome.log_lost
            else None
        )
    if missing is not None:
        remedy = f"; install it with: {missing.install}" if missing.install else ""
        return unproven, Reason.TOOL_MISSING, f"{missing.name} is not on this machine{remedy}"
    if outcome.exit_code in (126, 127):
        return (
            unproven,
            Reason.TOOL_MISSING,
            f"exit status {outcome.exit_code}: a command was not found or may not be executed",
        )
    return judge_signal(outcome)


CACHES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"})
"""Folders that tools write whenever they run."""


def moved_text(outcome: Outcome) -> str:
    """Names what moved, at most three paths, and what to do: for a tool's cache, the line that .gitignore lacks."""
    named = ", ".join(outcome.moved[:3])
    more = f" and {len(outcome.moved) - 3} more" if len(outcome.moved) > 3 else ""
    if outcome.view is View.FROZEN:
        return (
            f"{named}{more} changed in verifyd's own copy of the tree while the gate ran: another process wrote there"
        )
    caches = [cache_of(path) for path in outcome.moved]
    if all(caches):
        lines = " ".join(f"{name}/" for name in dict.fromkeys(caches))
        return f"{named}{more} changed while the gate ran; its own tools write there: add to .gitignore: {lines}"
    return f"{named}{more} changed while the gate ran; what the gate itself writes belongs into .gitignore, else try isolate=frozen"


def cache_of(path: str) -> str:
    """The outermost folder of CACHES that a path lies in; empty for none."""
    return next((part for part in path.split("/")[:-1] if part in CACHES), "")


def judge_signal(outcome: Outcome) -> Judgement | None:
    """
    Death by a signal: nobody's verdict, except a crash of the code under test.

    SIGSEGV, SIGABRT and their like come from the code; SIGKILL and SIGTERM come from outside (the kernel out of memory, a
    person). Shells report a child's death as 128 + number.
    """
    code = outcome.exit_code
    number = -code if code is not None and code < 0 else code - 128 if code is not None and code > 128 else 0
    if number not in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        return None
    name = signal.Signals(number).name
    peak = (
        f"; it held {outcome.peak_rss_bytes / 1_000_000:.0f} MB at its peak: was memory short?"
        if number == signal.SIGKILL
        else ""
    )
    return Status.UNPROVEN, Reason.KILLED, f"killed by {name} from outside{peak}"


def judge_counts(gate: Gate, outcome: Outcome, evidence: Evidence, tests_before: int | None) -> Judgement | None:
    """An expected exit that the evidence does not carry; None when it does, or when the exit was another."""
    if outcome.exit_code != gate.expect:
        return None
    if evidence.trouble is not None:
        return Status.UNPROVEN, Reason.EVIDENCE_MISSING, evidence.trouble
    tests = evidence.tests
    if tests is None and gate.min_tests:
        says = f"min_tests={gate.min_tests}, but no test count was found in its results or output"
        return Status.UNPROVEN, Reason.EVIDENCE_MISSING, says
    if tests is None and tests_before and gate.min_tests is None:
        says = (
            f"no test count was found in its results or output, {counted(tests_before, 'test')} ran when it last passed; "
            "if it runs none any more, declare min_tests=0"
        )
        return Status.UNPROVEN, Reason.EVIDENCE_MISSING, says
    if tests is not None:
        return judge_tests(gate, outcome, tests, tests_before) or judge_silent(gate, outcome, evidence)
    return judge_silent(gate, outcome, evidence)


def judge_tests(gate: Gate, outcome: Outcome, tests: TestCounts, tests_before: int | None) -> Judgement | None:
    """Counts that speak against an expected exit: failures, too few, fewer than before; None when they do not."""
    if tests.failed:
        says = f"exit status {outcome.exit_code}, as expected, yet its results hold {tests.failed} failed of {counted(tests.total, 'test')}"
        return Status.UNPROVEN, Reason.EVIDENCE_CONTRADICTS, says
    needed = 1 if gate.min_tests is None else gate.min_tests
    if tests.ran < needed:
        says = f"{counted(tests.ran, 'test')} ran ({tests.skipped} skipped), at least {needed} must"
        if tests.ran <= 0:
            return Status.UNPROVEN, Reason.NO_TESTS_RAN, says
        return Status.FAILED, Reason.TOO_FEW_TESTS, says
    if tests_before is not None and gate.min_tests is None and tests.ran < tests_before:
        says = (
            f"{counted(tests.ran, 'test')} ran, {tests_before} when it last passed; "
            f"if tests were meant to go, declare min_tests={tests.ran}"
        )
        return Status.UNPROVEN, Reason.EVIDENCE_CONTRADICTS, says
    return None


def judge_silent(gate: Gate, outcome: Outcome, evidence: Evidence) -> Judgement | None:
    """A clean exit with a machine-readable result that reports errors: the two contradict each other."""
    if gate.expect == 0 and evidence.source in MACHINE_READABLE and evidence.errors:
        says = f"exit status {outcome.exit_code}, yet its results hold {counted(len(evidence.errors), 'error')}"
        return Status.UNPROVEN, Reason.EVIDENCE_CONTRADICTS, says
    return None


def judge_exit(gate: Gate, outcome: Outcome, evidence: Evidence) -> Judgement:
    """The exit status, once nothing speaks against believing it."""
    if outcome.end is End.EXITED and outcome.exit_code == gate.expect:
        return Status.PASSED, None, ""
    if evidence.machine is not None:
        return judge_machine(evidence.machine)
    tests = evidence.tests
    if tests is not None and tests.failed:
        return Status.FAILED, Reason.TESTS_FAILED, f"{tests.failed} of {counted(tests.total, 'test')} failed"
    if evidence.errors:
        return Status.FAILED, Reason.FINDINGS, f"{counted(len(evidence.errors), 'error')} reported"
    if tests is not None and tests.ran <= 0:
        return Status.UNPROVEN, Reason.NO_TESTS_RAN, f"exit status {outcome.exit_code} and no test ran"
    if gate.expect == 0 and tests is not None and not evidence.findings:
        ran = f"the {counted(tests.ran, 'test')} that ran passed" if tests.ran > 1 else "the one test that ran passed"
        says = f"exit status {outcome.exit_code}, yet {ran}: something else in the command fails"
        return Status.UNPROVEN, Reason.EVIDENCE_CONTRADICTS, says
    return Status.FAILED, Reason.EXIT_STATUS, f"exit status {outcome.exit_code}, expected {gate.expect}"


LACKS = {
    Lack.DISK: (Reason.TOOL_MISSING, "the disk is full", "free some space and run again"),
    Lack.MEMORY: (
        Reason.KILLED,
        "memory was short",
        "declare more cpus, so that fewer gates run beside it, or exclusive",
    ),
    Lack.FILES: (
        Reason.TOOL_MISSING,
        "too many files are open or watched",
        "raise the limit (ulimit -n) and run again",
    ),
    Lack.NETWORK: (Reason.TOOL_MISSING, "a host could not be reached", "check its name and the network, and run again"),
}
"""Reason, what is the matter, and what to do, by what the machine lacked."""


def judge_machine(machine: MachineTrouble) -> Judgement:
    """Could not run is never sent to anybody as a bug."""
    reason, matter, remedy = LACKS[machine.lack]
    return Status.UNPROVEN, reason, f"{matter} ({machine.said}); {remedy}"


def counted(number: int, noun: str) -> str:
    """``1 test``, ``2 tests``, ``20,000 tests``: the one place that says a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

"""Which readiness a commit hook may take from another door's run, and when a verdict rests on its base."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import a_failure, a_gate, a_gate_report, a_pass, a_report, a_skip, a_snapshot
from verifyd.app.declared import Declared
from verifyd.app.judged import Judged
from verifyd.app.ports import Repository
from verifyd.app.verdict_files import readiness_at_hook, rests_on_base
from verifyd.change import Change
from verifyd.pipeline import Door, Limits, Pipeline
from verifyd.report import Readiness
from verifyd.verdict import Verdict

CI_ONLY = a_gate("slow", when=frozenset({Door.CI}))


def skipped_by_when(name: str, doors: frozenset[Door]) -> Verdict:
    """A gate that another door left out."""
    skip = a_skip(name, "when")
    return Verdict(gate=a_gate(name, when=doors), status=skip.status, reason=skip.reason, explanation=skip.explanation)


@pytest.mark.parametrize(
    "verdicts, expected",
    [
        ((a_pass(),), Readiness.READY),
        ((a_pass(), skipped_by_when("slow", frozenset({Door.CI}))), Readiness.READY),
        ((a_pass(), skipped_by_when("fast", frozenset({Door.HOOK}))), Readiness.UNPROVEN),
        ((a_failure(),), Readiness.NOT_READY),
        ((a_pass(), a_failure(gate=CI_ONLY)), Readiness.UNPROVEN),
        ((a_failure(), a_failure(gate=CI_ONLY)), Readiness.NOT_READY),
    ],
    ids=["ready", "left out for ci", "left out for the hook", "failed", "failed in ci's gate", "failed in both"],
)
def test_the_readiness_is_the_hooks(verdicts: tuple[Verdict, ...], expected: Readiness) -> None:
    """A run that left out gates of the hook's, or failed only in others', says nothing of what the hook would find."""
    assert readiness_at_hook(a_report(*verdicts)) is expected


def judged(*, has_named_base: bool) -> Judged:
    """A tree, and whether a person named its base."""
    snapshot = a_snapshot()
    repository = Repository(root=Path("/repository"), git_dir=snapshot.git_dir, common_dir=snapshot.common_dir)
    declared = Declared(written=Pipeline(), approval=None)
    return Judged(
        repository=repository,
        snapshot=snapshot,
        guard=None,
        change=Change(),
        declared=declared,
        has_named_base=has_named_base,
    )


def test_a_verdict_rests_on_its_base_with_limits_or_where_a_named_base_left_out_a_gate() -> None:
    """Otherwise the tree alone decides."""
    plain, limited = Pipeline(), Pipeline(limits=Limits(changed_lines=3))
    all_run, one_left_out = a_report(a_pass()), a_report(a_gate_report(a_pass()), a_skip("web", "not_affected"))
    assert rests_on_base(judged(has_named_base=False), limited, all_run)
    assert rests_on_base(judged(has_named_base=True), plain, one_left_out)
    assert not rests_on_base(judged(has_named_base=False), plain, one_left_out)
    assert not rests_on_base(judged(has_named_base=True), plain, all_run)

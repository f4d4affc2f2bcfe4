"""A job's log and summary: nothing in them is a command to a host, and both keep within its bounds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import (
    TREE,
    a_failure,
    a_finding,
    a_gate,
    a_lint_finding,
    a_pass,
    a_report,
    a_skip,
    a_task,
    an_unproven,
)
from tests.support.hostile import hostile
from verifyd.render.ci_log import Folding, folded, harmless, render_ci_log, render_error
from verifyd.render.ci_summary import CUT, SUMMARY_BYTES, render_ci_summary, render_error_summary
from verifyd.report import Hold, Report
from verifyd.task import Task
from verifyd.verdict import Reason

TOKEN = "5e" * 12
GITHUB = re.compile(r"^\s*::[^:\n]|##[\w.-]*\[", re.MULTILINE)


def log_of(gate: str) -> str:
    """Where a gate's output is in what the job uploads."""
    return f"verifyd-report/logs/{gate}.txt"


def log(report: Report, task: Task | None = None, *, folding: Folding = Folding.GITHUB, **tails: str) -> str:
    """The log of a job."""
    return render_ci_log(
        report,
        task,
        folding=folding,
        tails=tails,
        task_file="verifyd-report/TASK.md",
        log_of=log_of,
        token=TOKEN,
        moment_s=1_800_000_000,
    )


# --- commands -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, safe",
    [
        ("::set-output name=a::b", "\\::set-output name=a::b"),
        ("  \t::add-mask::b", "  \t\\::add-mask::b"),
        ("a\n\u2003::b::", "a\n\u2003\\::b::"),
        (":::", "\\:::"),
        ("a ##[add-mask]b", "a #\\#[add-mask]b"),
        ("##vso[task.complete]", "#\\#vso[task.complete]"),
        ("##teamcity[buildStop]", "#\\#teamcity[buildStop]"),
        ("###[a]", "##\\#[a]"),
        ("--- deploy", "\\--- deploy"),
        ("a\n+++\n~~~ b", "a\n\\+++\n\\~~~ b"),
    ],
)
def test_a_backslash_stands_where_a_command_began(text: str, safe: str) -> None:
    """For every host's way of giving one."""
    assert harmless(text) == safe


@pytest.mark.parametrize(
    "text", ["a::b", "std::vector<int>", "## Heading [1]", "# [a]", "---a", "a --- b", "1 + +", "", ":"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    """Scopes of C++, headings, rules."""
    assert harmless(text) == text


@given(st.text(alphabet=st.sampled_from(list(":# [vso]\n\t\u2003a-+~")), max_size=40))
def test_no_text_gives_a_command(text: str) -> None:
    """Whatever stands together; and what is harmless stays as it is."""
    safe = harmless(text)
    assert GITHUB.findall(safe) == []
    assert harmless(safe) == safe


# --- the log ------------------------------------------------------------------------------------------------------------


def test_a_failing_gates_last_lines_are_folded_away_and_read_by_nobody() -> None:
    """The group and its end are ours, between them the runner is told to stop; the annotations come last."""
    text = log(a_report(a_failure(), a_pass("lint")), tests="::error::no", lint="fine")
    assert text.splitlines()[:5] == [
        "::group::tests: failed: the end of its output",
        f"::stop-commands::{TOKEN}",
        "\\::error::no",
        f"::{TOKEN}::",
        "::endgroup::",
    ]
    assert "fine" not in text
    assert text.splitlines()[-2:] == [
        "::error file=VERIFY.md,line=31,title=tests%3A failed::exit_status: exit status 1, expected 0",
        f"verifyd: not_ready: tree {TREE}",
    ]


def test_other_hosts_fold_in_their_own_way() -> None:
    """GitLab by sections with a moment, Azure by groups, others with a title alone."""
    start = "\x1b[0Ksection_start:5:verifyd_a_b[collapsed=true]\r\x1b[0Ka/b: failed"
    end = "\x1b[0Ksection_end:5:verifyd_a_b\r\x1b[0K"
    assert folded("a/b: failed", "x", Folding.GITLAB, name="a/b", moment_s=5) == f"{start}\nx\n{end}"
    assert folded("t", "x", Folding.AZURE, name="t", moment_s=5) == "##[group]t\nx\n##[endgroup]"
    assert folded("t", "x", Folding.PLAIN, name="t", moment_s=5) == "t\nx"
    assert "::" not in log(a_report(a_failure()), folding=Folding.PLAIN, tests="x")


def test_a_changed_pipeline_is_the_first_annotation() -> None:
    """An error where the tree waits for a person, a warning where it is only told; ten of a kind stay ten."""
    findings = [a_lint_finding(line=number) for number in range(1, 30)]
    hold = Hold(reason=Reason.PIPELINE_CHANGED, explanation="look at it")
    notes = ("VERIFY.md: lint: removed (the base has it: it ran)", "another note")
    report = a_report(a_pass(), holds=(hold,), notes=notes)
    first = "::error file=VERIFY.md,line=1,title=verifyd%3A pipeline changed::look at it%0AVERIFY.md: lint: removed"
    assert next(line for line in log(report).splitlines() if line.startswith("::error")).startswith(first)
    failing = log(a_report(a_failure(*findings), notes=notes)).splitlines()
    assert len([line for line in failing if line.startswith("::error")]) == 10
    assert next(line for line in failing if line.startswith("::warning")).startswith("::warning file=VERIFY.md,line=1")


def test_the_log_says_where_the_task_is_in_what_the_job_uploads() -> None:
    """Whoever reads it has the report's folder, and no work tree."""
    report = a_report(a_failure(a_finding()))
    assert "\n  in full:   verifyd-report/TASK.md\n" in log(report, a_task(report))
    assert ".verifyd/TASK.md" not in log(report, a_task(report))


def test_the_log_and_the_summary_say_where_a_gates_output_is_in_what_the_job_uploads() -> None:
    """``verifyd log`` prints nothing where the run was not."""
    findings = [a_lint_finding(line=number) for number in range(1, 30)]
    report = a_report(a_failure(*findings, gate=a_gate("lint")))
    summary = render_ci_summary(report, None, title="t", log_of=log_of)
    assert "    and 26 more: verifyd-report/logs/lint.txt\n" in log(report)
    assert re.search(r"and \d+ more: `verifyd-report/logs/lint.txt`", summary)
    silent = a_report(a_failure(tail="make: no rule"))
    assert "make: no rule (all of it: verifyd-report/logs/tests.txt)\n" in log(silent, a_task(silent))
    assert "verifyd log" not in log(report) + summary + log(silent, a_task(silent))


def test_the_next_task_is_the_first_finding_that_is_annotated() -> None:
    """Before whatever else failed."""
    report = a_report(
        a_failure(a_lint_finding(), gate=a_gate("lint", optional=True)), a_failure(a_finding(message="the next one"))
    )
    annotated = [line for line in log(report, a_task(report)).splitlines() if line.startswith("::error")]
    assert annotated[0].endswith("::the next one")


@given(said=hostile)
def test_no_text_of_a_tool_is_a_command(said: str) -> None:
    """In a finding, a subject or a tail: even with the runner reading on, it finds our commands alone."""
    report = a_report(a_failure(a_finding(message=said, subject=said, path=None, line=None)))
    text = log(report, a_task(report), tests=said)
    ours = re.compile(rf"^::(?:(?:group|endgroup|{TOKEN}|(?:error|warning|notice) [^\n]*)::|stop-commands::{TOKEN}$)")
    lines = [line for line in text.split("\n") if GITHUB.search(line)]
    assert [line for line in lines if ours.match(line) is None] == []


def test_an_error_before_the_report_is_an_annotation_at_its_line() -> None:
    """On GitHub; elsewhere it is text."""
    told = render_error("VERIFY.md:3: ::bad::", "Do this.", folding=Folding.GITHUB, path="VERIFY.md", line=3)
    assert told.split("\n") == [
        "VERIFY.md:3: ::bad::",
        "  Do this.",
        "::error file=VERIFY.md,line=3,title=verifyd::VERIFY.md:3: ::bad::%0ADo this.",
    ]
    assert render_error("a", "", folding=Folding.GITLAB, path=None, line=None) == "a"


def test_an_error_about_no_file_is_annotated_at_none() -> None:
    """A shallow clone is no mistake in VERIFY.md; a file that is wrong as a whole is shown at its first line."""
    told = render_error("this is a shallow clone", "Fetch more.", folding=Folding.GITHUB, path=None, line=None)
    assert told.split("\n")[-1] == "::error title=verifyd::this is a shallow clone%0AFetch more."
    told = render_error("VERIFY.md: no gate", "", folding=Folding.GITHUB, path="VERIFY.md", line=None)
    assert told.split("\n")[-1] == "::error file=VERIFY.md,line=1,title=verifyd::VERIFY.md: no gate"


# --- the summary --------------------------------------------------------------------------------------------------------


def test_the_summary_begins_with_the_verdict_and_what_the_job_is_about() -> None:
    """Then the gates, and the task folded away; no heading is larger than its own."""
    report = a_report(a_failure(a_finding()), a_skip("lint"))
    page = render_ci_summary(report, a_task(report), title="GitHub, pull request 12 into main_x", log_of=log_of)
    head = f"## Not ready: tree `{TREE}`\n\n**failed: tests (1 of 6 tests failed)**\n\nGitHub, pull request 12 into main\\_x\n"
    assert page.startswith(head.replace("main\\_x", "main_x"))
    assert "<details><summary>Next task: tests: test_add fails: assert 3 == 4</summary>\n\n# tests:" in page
    outside = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert [line for line in outside.splitlines() if re.match("#{1,2} ", line)] == [f"## Not ready: tree `{TREE}`"]


def test_markup_in_a_title_is_shown() -> None:
    """A summary line is HTML: it cannot be closed from within."""
    report = a_report(a_failure(a_finding(message="</summary><b>x</b>")))
    page = render_ci_summary(report, a_task(report), title="t", log_of=log_of)
    assert "&lt;/summary&gt;&lt;b&gt;" in page
    titles = [line for line in page.splitlines() if line.startswith("<details>")]
    assert [re.findall("<[^>]*>", line) for line in titles] == [["<details>", "<summary>", "</summary>"]]


def test_a_page_keeps_to_its_bound() -> None:
    """Whole sections are left out, and a word says so; without room there is no page."""
    report = a_report(*(a_failure(a_finding(message="é" * 900), name=f"gate{number}") for number in range(60)))
    page = render_ci_summary(report, None, title="t", log_of=log_of, room_bytes=20_000)
    assert 18_000 < len(page.encode()) <= 20_000
    assert SUMMARY_BYTES == 1_048_576
    assert page.endswith(CUT.lstrip("\n"))
    assert render_ci_summary(report, None, title="t", log_of=log_of, room_bytes=100) == ""
    assert render_ci_summary(a_report(an_unproven()), None, title="t", log_of=log_of, room_bytes=-5) == ""


def test_a_job_without_a_report_has_a_page_too() -> None:
    """What it said, in a fence that it cannot close."""
    page = render_error_summary("a\n```\nb", "Do this.")
    assert page == "## Unproven: no report\n\n````text\na\n```\nb\n\nDo this.\n````\n"

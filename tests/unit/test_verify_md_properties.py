"""What holds for every VERIFY.md: nothing makes the reader crash, prose never counts, and meaning always does."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from verifyd.errors import ConfigurationError
from verifyd.pipeline import Pipeline
from verifyd.pipeline_difference import compare
from verifyd.verify_md.reader import parse_verify_md

NATIVE = """\
---
base: auto
limits:
  changed_lines: 200
  changed_files: 20
scope:
  only: [src/**]
  protected: [VERIFY.md, .github/**]
progress: PROGRESS.md
plan: PLAN.md
---
# Verification

## lint
```sh timeout=30s paths=**/*.py fix="ruff check --fix ." when=ci,hook
ruff check .
ruff format --check .
```

1. nested

   ```bash needs=lint cwd=web env=A=1,B=2 expect=exit:3 min_tests=4 evidence=junit:r/*.xml
   $ pytest -q \\
       --strict
   ```

## browser (optional)
```
npx playwright test
```

```sh server="npm run preview" ready=http://127.0.0.1:{port} artifacts=shots/** cpus=2 exclusive
npx playwright test --project={port}
```
"""
BETWEEN = [
    "# Verification\n\n",
    "ruff format --check .\n```\n\n",
    "--strict\n   ```\n\n",
    "npx playwright test\n```\n\n",
]
"""Ends of blocks of NATIVE between which prose may stand."""

# --- no page makes the reader crash -------------------------------------------------------------------------------------


def reads(content: bytes) -> Pipeline | None:
    """The pipeline of a page; None when it gives an error, which must have a place and a remedy."""
    error: ConfigurationError | None = None
    try:
        return parse_verify_md(content)
    except ConfigurationError as caught:
        error = caught
    assert error.where.startswith("VERIFY.md")
    assert error.problem == error.problem.strip()
    assert error.remedy
    return None


MARKS = [
    "```sh\n", "```\n", "````console x=1\n", "~~~bash timeout=5s\n", "---\n", "# h\n", "## `make x`\n", "- ", "1. ", "> ", "| a |\n|---|\n",
    "    ", "\t", "`git push`", "$ ", "needs=a", "needs=b optional", "<x>", "<!-- ", "-->", "<div>", "[a](b)", "**", "Expected:\n", "\\", "'",
    '"', "(optional)", "(30 s)", "base: ", "limits:\n", "  changed_lines: 1\n", "*a", "&a", "!a", "{", "[", "\r", "\ufeff", "\u2028", "é", "🚀",
    "make x\n", "cat <<E\n", "E\n", "ls a && (b", "\n\n",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=40).map("".join))
@example("---\n? [a]\n: b\n---\n")
@example("# x\n```sh '\n```\n")
@example("- ```sh\n# x\n```\n")
def test_no_page_of_markdown_makes_it_crash(text: str) -> None:
    """Either a pipeline or a ConfigurationError."""
    reads(text.encode())


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_crash(content: bytes) -> None:
    """Text or not."""
    reads(content)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_it_crash(text: str) -> None:
    """Of any script, with any signs."""
    reads(text.encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=120))
def test_no_info_string_makes_it_crash(info: str) -> None:
    """Whatever stands behind the marker."""
    reads(f"# x\n```sh {info}\nls a\n```\n".encode())
    reads(f"# x\n```{info}\nls a\n```\n".encode())


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_front_matter_makes_it_crash(source: str) -> None:
    """YAML or not."""
    reads(f"---\n{source}\n---\n# x\n".encode())


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=120))
def test_no_heading_makes_it_crash(heading: str) -> None:
    """Names are unique and never empty."""
    pipeline = reads(f"# {heading}\n```sh\nls a\n```\n```sh\nls b\n```\n".encode())
    if pipeline is not None:
        names = [gate.name for gate in pipeline.gates]
        assert all(names)
        assert len(set(names)) == len(names)


@settings(deadline=None)
@given(st.integers(0, len(NATIVE.encode())))
def test_a_page_cut_short_anywhere_does_not_make_it_crash(length: int) -> None:
    """As a reader sees it while it is being written."""
    reads(NATIVE.encode()[:length])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, len(NATIVE) - 1), st.sampled_from(string.printable))
def test_one_wrong_character_does_not_make_it_crash(position: int, char: str) -> None:
    """Wherever it stands."""
    reads((NATIVE[:position] + char + NATIVE[position + 1 :]).encode())


@pytest.mark.parametrize(
    "piece",
    [
        "> ",
        "- ",
        "1. ",
        "* * ",
        "|a",
        "`",
        "``` `",
        "# ",
        "- `make x`\n",
        "[a](",
        "![",
        "<a ",
        "\\",
        "&amp;",
        "$(",
        "<!-- ",
        "[x]: y\n",
    ],
)
def test_long_pages_of_one_piece_end_soon(piece: str) -> None:
    """Twenty thousand characters are read, or refused, in time that does not run away."""
    text = (piece * 20_000)[:20_000]
    reads(text.encode())
    reads(f"# x\n{text}".encode())


# --- prose never counts ---------------------------------------------------------------------------------------------------

WORDS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " .,;:!?'\"()%$&=+/@é漢🚀*_"), min_size=1, max_size=60
)


def is_prose(line: str) -> bool:
    """Whether a line stays prose: it starts no block of its own, and introduces no output."""
    start = line.strip()
    return bool(start) and start[0].isalnum() and not start.rstrip(" *_").endswith((":", "："))


LINE = WORDS.filter(is_prose).map(str.strip)
COMMAND = st.sampled_from(
    ["make lint", "pytest -q", "git push", "rm -rf build", "npm run dev", "npx playwright test", "ls -a"]
)
PROSE = st.one_of(
    LINE,
    st.lists(LINE, min_size=2, max_size=4).map("\n".join),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=4).map(
        lambda lines: "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
    ),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"- [x] {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"> {line}" for line in lines)),
    st.tuples(COMMAND, LINE).map(lambda parts: f"- `{parts[0]}` — PASS, {parts[1]}"),
    st.tuples(COMMAND, LINE).map(lambda parts: f"{parts[1]}, then `{parts[0]}`."),
    st.tuples(COMMAND, LINE).map(
        lambda parts: f"| {parts[1].replace('|', '')} | what |\n|---|---|\n| 1 | `{parts[0]}` |"
    ),
    st.tuples(COMMAND, LINE).map(lambda parts: f"> - `{parts[0]}`\n>\n> {parts[1]}"),
    COMMAND.map(lambda command: f"<!--\n```sh\n{command}\n```\n-->"),
    COMMAND.map(lambda command: f"> ```sh\n> {command}\n> ```"),
    COMMAND.map(lambda command: f"```txt\n{command}\n```"),
    COMMAND.map(lambda command: f"```json\n{command}\n```"),
    LINE.map(lambda line: f"Expected: {line}"),
    LINE.map(lambda line: f"<details><summary>{line.replace('<', '')}</summary></details>"),
    LINE.map(lambda line: f"**{line.strip('*_ ')}**"),
    st.just("---\n\n***"),
    st.just("[link]: http://example.org 'title'"),
)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(BETWEEN), st.lists(PROSE, min_size=1, max_size=3))
def test_prose_on_a_native_page_never_changes_the_digest(after: str, prose: list[str]) -> None:
    """Paragraphs, lists, tables, quotations, comments, data and results between the blocks of a page."""
    page = NATIVE.replace(after, after + "\n\n".join(prose) + "\n\n", 1)
    assert parse_verify_md(page.encode()).digest == parse_verify_md(NATIVE.encode()).digest


@pytest.mark.parametrize(
    "edit",
    [
        lambda page: page.replace("\n", "\r\n"),
        lambda page: "\ufeff" + page,
        lambda page: page.replace("```\n\n", "```\n\n\n\n"),
        lambda page: page.replace("## ", "### "),
        lambda page: page.replace("## lint", "## 1. Lint"),
        lambda page: page.replace("## lint", "## ✅ Lint (30 s)"),
        lambda page: page.replace("## lint", "## Lint (slow)"),
        lambda page: page.replace("## lint", "lint\n----"),
        lambda page: page.replace("# Verification", "# What we check"),
        lambda page: page.replace("timeout=30s paths=**/*.py", "  paths=**/*.py   timeout='30s' "),
        lambda page: page.replace("timeout=30s", "timeout=0.5m"),
        lambda page: page.replace("when=ci,hook", "when=hook,ci"),
        lambda page: page.replace("cwd=web", "cwd=./web/"),
        lambda page: page.replace("```sh timeout", "~~~~sh timeout").replace("--check .\n```", "--check .\n~~~~"),
        lambda page: page.replace("  changed_lines: 200\n  changed_files: 20", "  changed_files: 20   # few\n  changed_lines: 200"),
        lambda page: page.replace("only: [src/**]", "only:\n    - 'src/**'"),
        lambda page: page.replace("(optional)\n```\n", "\n```bash optional\n").replace('ready=http', 'optional ready=http'),
        lambda page: page.replace("   ```bash", "   ```shell"),
        lambda page: page.replace("1. nested", "- nested").replace("\n   ", "\n  "),
        lambda page: page.replace("ruff check .\n", "\n\nruff check .\n", 1),
    ],
)  # fmt: skip
def test_layout_never_changes_the_digest(edit: Callable[[str], str]) -> None:
    """Line ends, blank lines, heading levels, numbering, order and spelling of attributes, markers, comments in YAML."""
    page = edit(NATIVE)
    assert page != NATIVE
    assert parse_verify_md(page.encode()).digest == parse_verify_md(NATIVE.encode()).digest


# --- meaning always counts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "old, new",
    [
        ("ruff check .\n", "ruff check src\n"),
        ("ruff check .\n", "ruff check . || true\n"),
        ("ruff check .\n", "ruff check .  # why\n"),
        ("ruff check .\n", ""),
        ("    --strict", "  --strict"),
        ("timeout=30s", "timeout=31s"),
        ("timeout=30s ", ""),
        ("paths=**/*.py", "paths=**/*.py,a"),
        ("paths=**/*.py ", ""),
        ('fix="ruff check --fix ."', 'fix="ruff check --fix"'),
        ("when=ci,hook", "when=ci"),
        ("needs=lint ", ""),
        ("cwd=web", "cwd=app"),
        ("A=1", "A=2"),
        ("A=1,B=2", "A=1"),
        ("exit:3", "exit:0"),
        ("min_tests=4", "min_tests=3"),
        ("junit:r", "sarif:r"),
        (" evidence=junit:r/*.xml", ""),
        ("(optional)", ""),
        ("(optional)", "(optional, manual)"),
        ("preview", "dev"),
        ("ready=http", "ready=https"),
        ("shots/**", "shots"),
        ("cpus=2", "cpus=3"),
        (" exclusive", ""),
        (" exclusive", " exclusive isolate=tree"),
        (" exclusive", " exclusive ignored=hide"),
        (" exclusive", " exclusive on_change=finish"),
        ("## lint", "## linter"),
        ("```bash needs", "```sh needs"),
        ("base: auto", "base: main"),
        ("changed_lines: 200", "changed_lines: 201"),
        ("  changed_files: 20\n", ""),
        ("  changed_files: 20\n", "  changed_files: 20\n  deleted_files: 0\n"),
        ("[src/**]", "[]"),
        ("[src/**]", "[src/**, web/**]"),
        ("VERIFY.md, .github", ".github"),
        ("progress: PROGRESS.md", "progress: P.md"),
        ("plan: PLAN.md\n", ""),
    ],
)
def test_a_change_of_meaning_changes_the_digest(old: str, new: str) -> None:
    """Every command, limit, attribute and setting; and the difference names it."""
    page = NATIVE.replace(old, new, 1)
    if old == "## lint":
        page = page.replace("needs=lint", "needs=linter")
    before, after = parse_verify_md(NATIVE.encode()), parse_verify_md(page.encode())
    assert after.digest != before.digest
    assert compare(before, after)


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("abc -./=|&;$'\"\n#"), min_size=1, max_size=30))
def test_every_other_script_has_another_digest(script: str) -> None:
    """Down to a blank inside a line; blank lines around a script, and blanks at its end, are layout."""
    assume("```" not in script)
    alone = NATIVE.replace("needs=lint ", "")
    page = alone.replace("ruff check .\nruff format --check .\n", script + "\n", 1)
    before, after = parse_verify_md(alone.encode()), parse_verify_md(page.encode())
    assert after.digest != before.digest


NUMBERS = st.none() | st.integers(0, 5)


@settings(deadline=None, max_examples=50)
@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_limits_are_equal_exactly_when_their_digests_are(
    lines: int | None, files: int | None, other: int | None, more: int | None
) -> None:
    """And a difference is found exactly then."""

    def page(changed_lines: int | None, changed_files: int | None) -> Pipeline:
        lines = [f"  changed_lines: {changed_lines}\n"] if changed_lines is not None else []
        files = [f"  changed_files: {changed_files}\n"] if changed_files is not None else []
        body = "".join([*lines, *files])
        return parse_verify_md(f"---\nlimits:{' {}' if not body else ''}\n{body}---\n# x\n".encode())

    first, second = page(lines, files), page(other, more)
    assert (first.digest == second.digest) == ((lines, files) == (other, more))
    assert (compare(first, second) == ()) == (first.digest == second.digest)

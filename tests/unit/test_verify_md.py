"""VERIFY.md in the native form: gates, names, attributes, front matter, scripts."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from verifyd.pipeline import (
    Door,
    EvidenceKind,
    EvidenceSource,
    Gate,
    Ignored,
    Isolate,
    LeftOut,
    Limits,
    Manual,
    OnChange,
    Pipeline,
    Scope,
    Shell,
)
from verifyd.verify_md.reader import parse_verify_md

PAGE = """\
---
base: auto                  # auto | a ref
limits:
  changed_lines: 200
  changed_files: 20
  deleted_files: 0
scope:
  only: []
  protected: [VERIFY.md, .github/**]
progress: PROGRESS.md
plan: PLAN.md
---
# Verification

## lint
```sh timeout=30s paths=**/*.py fix="ruff check --fix ."
ruff check .
```

## types
```sh paths=**/*.py,pyproject.toml
mypy src
```

## tests
```sh timeout=5m needs=lint min_tests=1
pytest -q
```

## browser (optional)
```sh paths=web/** server="npm run preview" ready=http://127.0.0.1:4173 artifacts=test-results/**
npx playwright test
```
"""


def parse(text: str) -> Pipeline:
    """The pipeline of a page."""
    return parse_verify_md(text.encode())


def only_gate(text: str) -> Gate:
    """The one gate of a page."""
    (gate,) = parse(text).gates
    return gate


def gate_with(info: str, script: str = "ruff check .") -> Gate:
    """The gate of a fence with this info string."""
    return only_gate(f"## lint\n```{info}\n{script}\n```\n")


def test_the_native_form() -> None:
    """The page that the design shows, value by value."""
    assert parse(PAGE) == Pipeline(
        title="Verification",
        base="auto",
        limits=Limits(changed_lines=200, changed_files=20, deleted_files=0),
        scope=Scope(only=(), protected=("VERIFY.md", ".github/**")),
        progress="PROGRESS.md",
        plan="PLAN.md",
        gates=(
            Gate(
                name="lint",
                line=16,
                script="ruff check .",
                shell=Shell.SH,
                timeout_s=30.0,
                paths=("**/*.py",),
                fix="ruff check --fix .",
            ),
            Gate(name="types", line=21, script="mypy src", shell=Shell.SH, paths=("**/*.py", "pyproject.toml")),
            Gate(
                name="tests", line=26, script="pytest -q", shell=Shell.SH, timeout_s=300.0, needs=("lint",), min_tests=1
            ),
            Gate(
                name="browser",
                line=31,
                script="npx playwright test",
                shell=Shell.SH,
                optional=True,
                paths=("web/**",),
                server="npm run preview",
                ready="http://127.0.0.1:4173",
                artifacts=("test-results/**",),
            ),
        ),
    )


@pytest.mark.parametrize(
    "attribute, field, value",
    [
        ("timeout=250ms", "timeout_s", 0.25),
        ("timeout=30s", "timeout_s", 30.0),
        ("timeout=1.5m", "timeout_s", 90.0),
        ("timeout=2h", "timeout_s", 7200.0),
        ("paths=**/*.py", "paths", ("**/*.py",)),
        ("paths=src/**,!src/gen/**,/a.toml", "paths", ("src/**", "!src/gen/**", "/a.toml")),
        ('paths="src dir/**, b"', "paths", ("src dir/**", "b")),
        ("optional", "optional", True),
        ("manual", "manual", Manual.DECLARED),
        ("when=ci", "when", frozenset({Door.CI})),
        ("when=watch,hook", "when", frozenset({Door.WATCH, Door.HOOK})),
        ("cwd=web", "cwd", "web"),
        ("cwd=./web//app/", "cwd", "web/app"),
        ("cwd=.", "cwd", "."),
        ("env=A=1", "env", (("A", "1"),)),
        ("env='A=1,B=two words,C=,D=a=b'", "env", (("A", "1"), ("B", "two words"), ("C", ""), ("D", "a=b"))),
        ("expect=exit:0", "expect", 0),
        ("expect=exit:255", "expect", 255),
        ("min_tests=0", "min_tests", 0),
        ("min_tests=120", "min_tests", 120),
        ("evidence=junit:reports/*.xml", "evidence", EvidenceSource(kind=EvidenceKind.JUNIT, pattern="reports/*.xml")),
        ("evidence=sarif:out.sarif", "evidence", EvidenceSource(kind=EvidenceKind.SARIF, pattern="out.sarif")),
        ("evidence=matcher:ci/m.json", "evidence", EvidenceSource(kind=EvidenceKind.MATCHER, pattern="ci/m.json")),
        ("evidence=text", "evidence", EvidenceSource(kind=EvidenceKind.TEXT)),
        ("fix='black .'", "fix", "black ."),
        ("on_change=restart", "on_change", OnChange.RESTART),
        ("on_change=finish", "on_change", OnChange.FINISH),
        ("isolate=frozen", "isolate", Isolate.FROZEN),
        ("isolate=tree", "isolate", Isolate.TREE),
        ("reads=a.cfg,local/**", "reads", ("a.cfg", "local/**")),
        ("ignored=hide", "ignored", Ignored.HIDE),
        ("exclusive", "exclusive", True),
        ("cpus=4", "cpus", 4),
        ("server='npm run dev' ready=127.0.0.1:3000", "server", "npm run dev"),
        ("server='x {port}' ready=http://localhost:{port}/up", "ready", "http://localhost:{port}/up"),
        ("server=x ready=db:{port}", "ready", "db:{port}"),
        ("artifacts=shots/**,trace.zip", "artifacts", ("shots/**", "trace.zip")),
        ("slow", "estimate_s", 60.0),
    ],
)
def test_each_attribute_sets_its_field(attribute: str, field: str, value: Any) -> None:
    """And, but for a server and its sign of readiness, nothing else."""
    gate, plain = gate_with(f"sh {attribute}"), gate_with("sh")
    assert getattr(gate, field) == value
    if "server" not in attribute:
        assert replace(gate, **{field: getattr(plain, field)}) == plain


def test_what_is_not_written_has_the_default() -> None:
    """The defaults of the model are those of the page."""
    assert gate_with("sh") == Gate(name="lint", line=2, script="ruff check .", shell=Shell.SH)


@pytest.mark.parametrize(
    "language, shell",
    [
        ("sh", Shell.SH),
        ("bash", Shell.BASH),
        ("shell", Shell.BASH),
        ("zsh", Shell.ZSH),
        ("console", Shell.BASH),
        ("", Shell.BASH),
        ("Bash", Shell.BASH),
        ("SH", Shell.SH),
    ],
)
def test_the_language_chooses_the_shell(language: str, shell: Shell) -> None:
    """A fence without a language is bash's; case does not matter."""
    assert gate_with(language).shell is shell


@pytest.mark.parametrize("marker", ["```", "````", "~~~", "~~~~~"])
def test_any_fence_marker(marker: str) -> None:
    """Backticks and tildes of any length."""
    assert only_gate(f"# x\n{marker}sh\nls a\n{marker}\n").script == "ls a"


class TestNames:
    """A gate is named after the heading above it."""

    @pytest.mark.parametrize(
        "heading, name",
        [
            ("lint", "lint"),
            ("Unit Tests!", "unit-tests"),
            ("`make check`", "make-check"),
            ("**Type** _checks_ in [docs](http://x.y)", "type-checks-in-docs"),
            ("1. Lint", "lint"),
            ("2) Lint", "lint"),
            ("1.2. Lint", "lint"),
            ("(3) Lint", "lint"),
            ("Step 2: Lint", "lint"),
            ("Step 2 - Lint", "lint"),
            ("Schritt 3: Prüfen", "prüfen"),
            ("步骤 2：检查", "检查"),
            ("✅ Lint", "lint"),
            ("1️⃣ Lint 🚀", "lint"),
            ("1.1 Lint", "1-1-lint"),
            ("3 browsers", "3-browsers"),
            ("P0-1: Python", "p0-1-python"),
            ("Step 2", "step-2"),
            ("Don't break", "dont-break"),
            ("min_tests", "min-tests"),
            ("Größe — Ça va?", "größe-ça-va"),
            ("Проверка типов", "проверка-типов"),
            ("परीक्षण", "परीक्षण"),
            ("検証（全部）", "検証-全部"),
            ("lint (fast)", "lint-fast"),
            ("a" * 80, "a" * 60),
            ("word " * 20, "word-" * 11 + "word"),
        ],
    )
    def test_slug(self, heading: str, name: str) -> None:
        """Letters of any script stay; numbering, emoji and punctuation go."""
        assert only_gate(f"## {heading}\n```sh\nls a\n```\n").name == name

    @pytest.mark.parametrize("heading", ["🚀", "---x".replace("x", ""), "!!!"])
    def test_a_heading_without_letters_gives_a_number(self, heading: str) -> None:
        """Nameless gates are counted apart."""
        text = f"# x\n```sh\nls a\n```\n## {heading}\n```sh\nls b\n```\n```sh\nls c\n```\n"
        assert [gate.name for gate in parse(text).gates] == ["x", "gate-1", "gate-2"]

    def test_a_fence_above_all_headings_gives_a_number(self) -> None:
        """It is a check like the others, so it is not dropped."""
        assert [gate.name for gate in parse("```sh\nls a\n```\n# x\n```sh\nls b\n```\n").gates] == ["gate-1", "x"]

    def test_several_fences_below_one_heading(self) -> None:
        """The second is ``-2``, the third ``-3``; data between them does not count."""
        text = "## a\n```sh\nls 1\n```\n```json\n{}\n```\n```bash\nls 2\n```\n\n- item\n\n  ```sh\n  ls 3\n  ```\n"
        assert [(gate.name, gate.script) for gate in parse(text).gates] == [
            ("a", "ls 1"),
            ("a-2", "ls 2"),
            ("a-3", "ls 3"),
        ]

    @pytest.mark.parametrize(
        "suffix, changes",
        [
            ("(optional)", {"optional": True}),
            ("(manual)", {"manual": Manual.DECLARED}),
            ("(slow)", {"estimate_s": 60.0}),
            ("(30 s)", {"estimate_s": 30.0}),
            ("(~2 min)", {"estimate_s": 120.0}),
            ("(1.5h)", {"estimate_s": 5400.0}),
            ("(250 ms)", {"estimate_s": 0.25}),
            ("(Optional, 5s)", {"optional": True, "estimate_s": 5.0}),
            ("(optional) (manual)", {"optional": True, "manual": Manual.DECLARED}),
            ("(slow) (10 s)", {"estimate_s": 10.0}),
        ],
    )
    def test_suffixes(self, suffix: str, changes: dict[str, Any]) -> None:
        """A suffix sets what it says and leaves the name alone; for all fences below the heading."""
        fence = "```sh\nls a\n```\n"
        plain = parse(f"## e2e\n{fence}{fence}").gates
        assert parse(f"## e2e {suffix}\n{fence}{fence}").gates == tuple(replace(gate, **changes) for gate in plain)

    def test_the_order_of_gates_is_that_of_the_page(self) -> None:
        """Whatever they are called."""
        text = "## b\n```sh\nls 1\n```\n## a\n```sh\nls 2\n```\n"
        assert [gate.name for gate in parse(text).gates] == ["b", "a"]


class TestScripts:
    """A fence is one script."""

    @pytest.mark.parametrize(
        "language, content, script",
        [
            ("sh", "cd a\nexport B=1\nmake b", "cd a\nexport B=1\nmake b"),
            ("sh", "\n\n  ls a\n\nls b\n\n", "  ls a\n\nls b"),
            ("sh", "make \\\n  a", "make \\\n  a"),
            ("bash", "$ make a", "make a"),
            ("bash", "$ make a\n$ make b\n", "make a\nmake b"),
            ("bash", "$ make a\nall is well\n$ make b", "make a\nmake b"),
            ("console", "$ make a\nall is well\n\n$ make b\n", "make a\nmake b"),
            ("console", "welcome\n$ make a", "make a"),
            ("console", "make a\nmake b", "make a\nmake b"),
            ("console", "$ make \\\n>  a\ndone", "make \\\n a"),
            ("console", "$ cat <<E\nx\nE\nx\n$ ls b", "cat <<E\nx\nE\nls b"),
            ("console", '$ echo "a\nb"\na\nb', 'echo "a\nb"'),
            ("console", "$ for i in 1 2; do\n> make $i\n> done\n1\n2", "for i in 1 2; do\nmake $i\ndone"),
            ("console", "$ npm test\n> app@1.0.0 test\n> vitest run\nok", "npm test"),
            ("console", "$ echo 'never closed\n$ make b", "echo 'never closed\nmake b"),
            ("sh", "cat <<E\n$ 5\nE\nls b", "cat <<E\n$ 5\nE\nls b"),
            ("", "$ make lint\nok", "make lint"),
        ],
    )
    def test_prompts_and_output(self, language: str, content: str, script: str) -> None:
        """Prompts are stripped; in a copied session, what has none is output, but for what goes on with a command."""
        assert only_gate(f"## x\n```{language}\n{content}\n```\n").script == script

    def test_a_fence_in_a_list_item_loses_its_indentation(self) -> None:
        """It is the same gate as at the margin."""
        text = "## x\n\n1. **First**\n\n   ```sh\n   if a; then\n     ls b\n   fi\n   ```\n"
        assert only_gate(text).script == "if a; then\n  ls b\nfi"
        assert only_gate(text).line == 5

    @pytest.mark.parametrize("newline", ["\r\n", "\r"])
    def test_line_ends_do_not_matter(self, newline: str) -> None:
        """Pages from any system are the same page."""
        assert parse(PAGE.replace("\n", newline)) == parse(PAGE)

    def test_a_byte_order_mark_does_not_matter(self) -> None:
        """Front matter is still at the top."""
        assert parse_verify_md(b"\xef\xbb\xbf" + PAGE.encode()) == parse(PAGE)


class TestLeftOut:
    """What is no gate, though it may look like one."""

    @pytest.mark.parametrize(
        "fence, reason",
        [
            ("```json\n{}\n```", "its language is 'json': output or data"),
            ("```txt\nmake a\n```", "its language is 'txt': output or data"),
            ("```python\nimport a\n```", "its language is 'python': output or data"),
            (
                "```shell-session\nmake a\n```",
                "its language is 'shell-session': write 'sh' or 'console' to make it a gate",
            ),
            (
                "```\n41 passed\n```",
                "names no language and does not read as commands: write 'sh' after its marker to make it a gate",
            ),
            (
                "```\nmake a\n41 passed\n```",
                "names no language and does not read as commands: write 'sh' after its marker to make it a gate",
            ),
            ("```sh\n```", "checks nothing: it holds no command, or only such as prepare a shell"),
            ("```sh\n# later\n```", "checks nothing: it holds no command, or only such as prepare a shell"),
            ("```sh\ncd web\nexport A=1\n```", "checks nothing: it holds no command, or only such as prepare a shell"),
            ("> ```sh\n> make a\n> ```", "stands in a quotation"),
        ],
    )
    def test_fences(self, fence: str, reason: str) -> None:
        """A fence that is no gate is listed with the reason."""
        pipeline = parse(f"## x\n{fence}\n")
        assert pipeline.gates == ()
        assert [entry.reason for entry in pipeline.left_out] == [reason]

    @pytest.mark.parametrize("script", ["[[ -f dist/app ]]", "(( 1 < 2 ))", "cd web\n[[ -d dist ]]"])
    def test_a_test_of_the_shell_s_own_is_a_gate(self, script: str) -> None:
        """``[[ … ]]`` and ``(( … ))`` start nothing and decide all the same."""
        assert [gate.script for gate in parse(f"## x\n```sh\n{script}\n```\n").gates] == [script]

    def test_long_output_in_a_fence_without_language_is_output(self) -> None:
        """What names no language may be as long as it likes."""
        (entry,) = parse("## x\n```\n" + "ls a " * 40_000 + "\n```\n").left_out
        assert (
            entry.reason
            == "names no language and does not read as commands: write 'sh' after its marker to make it a gate"
        )

    def test_an_entry_has_its_line_and_first_words(self) -> None:
        """Enough to find it on the page."""
        (entry,) = parse("## x\n\n```json\n\n  {\n}\n```\n").left_out
        assert entry == LeftOut(line=3, text="{", reason="its language is 'json': output or data")

    def test_a_long_first_line_is_cut(self) -> None:
        """Lists stay readable."""
        (entry,) = parse(f"## x\n```json\n{'a' * 200}\n```\n").left_out
        assert entry.text == "a" * 98 + " …"

    @pytest.mark.parametrize("text", ["<!--\n```sh\nmake a\n```\n-->\n# x\n", "# x\n\n    make a\n", "# x\n\nmake a\n"])
    def test_comments_and_unfenced_text_hold_no_gates(self, text: str) -> None:
        """HTML comments are not even looked into."""
        assert parse(text).gates == ()

    def test_output_that_a_line_introduces(self) -> None:
        """What stands below ``Expected:`` without a language is output, even when it reads as a command."""
        text = "## x\n```sh\nls a\n```\nExpected:\n```\nmake done\n```\n"
        assert only_gate(text).expected_text == "make done"
        assert [entry.reason for entry in parse(text).left_out] == ["is what is expected of the gate before it"]


class TestManual:
    """Gates that never run by themselves."""

    @pytest.mark.parametrize("info, heading", [("sh manual", "e2e"), ("sh", "e2e (manual)")])
    def test_declared(self, info: str, heading: str) -> None:
        """By attribute or by heading."""
        assert only_gate(f"## {heading}\n```{info}\nls a\n```\n").manual is Manual.DECLARED

    def test_what_a_script_does_weighs_more_than_what_is_declared(self) -> None:
        """Only what is declared may be run by naming it, so a push is never declared away."""
        assert only_gate("## x\n```sh manual\ngit push\n```\n").manual is Manual.HISTORY

    @pytest.mark.parametrize("language", ["powershell", "pwsh", "ps1", "PowerShell"])
    def test_powershell(self, language: str) -> None:
        """Listed, because it is a check, if not one for this machine."""
        assert only_gate(f"## x\n```{language}\nGet-Item a\n```\n").manual is Manual.POWERSHELL

    def test_a_server_that_does_not_end_is_what_a_server_is(self) -> None:
        """The server attribute is judged for everything else."""
        head = "## x\n```sh ready=127.0.0.1:1 server="
        assert only_gate(f"{head}'npm run dev'\nls a\n```\n").manual is None
        assert only_gate(f"{head}'git push'\nls a\n```\n").manual is Manual.HISTORY

    def test_a_variable_that_another_fence_sets(self) -> None:
        """It is not there in this one, unless ``env`` sets it."""
        text = "## a\n```sh\nexport HOST=x\nls a\n```\n## b\n```sh{}\nls $HOST\n```\n"
        assert [gate.manual for gate in parse(text.format("")).gates] == [None, Manual.PLACEHOLDER]
        assert [gate.manual for gate in parse(text.format(" env=HOST=y")).gates] == [None, None]


class TestFrontMatter:
    """The settings of the page."""

    def test_none(self) -> None:
        """Everything has its default."""
        assert parse("# x\n") == Pipeline(title="x")

    @pytest.mark.parametrize("source", ["", "\n", "# a comment\n"])
    def test_empty(self, source: str) -> None:
        """It says nothing, and makes the page a native one."""
        assert parse(f"---\n{source}---\n# x\n- `make lint`\n").gates == ()

    @pytest.mark.parametrize("end", ["---", "...", "---  "])
    def test_its_end(self, end: str) -> None:
        """Three dashes or dots."""
        assert parse(f"---\nbase: main\n{end}\n# x\n").base == "main"

    @pytest.mark.parametrize(
        "written, base",
        [
            ("main", "main"),
            ("origin/main", "origin/main"),
            ("3.10", "3.10"),
            ("no", "no"),
            ("0x10", "0x10"),
            ("1e3", "1e3"),
            ("'a-b'", "a-b"),
            ("HEAD~2", "HEAD~2"),
            ("v1.0", "v1.0"),
            ("2026-11-22", "2026-11-22"),
        ],
    )
    def test_text_is_taken_as_written(self, written: str, base: str) -> None:
        """A branch called 3.10 is not the number 3.1, and one called no is not false."""
        assert parse(f"---\nbase: {written}\n---\n").base == base

    def test_limits_and_scope_make_the_built_in_gate(self) -> None:
        """As soon as one of them is declared, be it empty."""
        assert [
            parse(text).has_diff_gate for text in ("# x", "---\nlimits: {}\n---\n", "---\nscope: {only: [a]}\n---\n")
        ] == [
            False,
            True,
            True,
        ]

    def test_block_lists(self) -> None:
        """Lists may be written over lines, with quotes where YAML needs them."""
        text = "---\nscope:\n  only:\n    - src/**\n    - '**/*.py'\n    - \"!src/gen/**\"\n---\n"
        assert parse(text).scope == Scope(only=("src/**", "**/*.py", "!src/gen/**"))

    def test_another_programs_front_matter_is_not_read(self) -> None:
        """Pages of site builders and agents' skills work as they are."""
        pipeline = parse("---\nname: verify\ndescription: Run it.\n---\n# x\n- `make lint`\n")
        assert [gate.name for gate in pipeline.gates] == ["make-lint"]
        assert pipeline.left_out == (
            LeftOut(line=1, text="---", reason="front matter without a setting of ours is not read"),
        )

    def test_needs_may_name_the_built_in_gate(self) -> None:
        """Where it exists."""
        assert parse("---\nlimits: {}\n---\n# x\n```sh needs=diff\nls a\n```\n").gates[0].needs == ("diff",)

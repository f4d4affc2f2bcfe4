"""Pages that were written without us in mind: each form that is read, and what is left alone."""

from __future__ import annotations

import pytest

from verifyd.pipeline import Gate, LeftOut, Manual, Pipeline, Shell
from verifyd.verify_md.reader import parse_verify_md

NATIVE = "stands in prose: on a page with front matter, or an attribute on a fence, only fences are gates"
BESIDE = "stands beside a fence of commands: in such a section only fences are gates"


def parse(text: str) -> Pipeline:
    """The pipeline of a page."""
    return parse_verify_md(text.encode())


def scripts(text: str) -> list[str]:
    """The scripts of a page's gates."""
    return [gate.script for gate in parse(text).gates]


def reasons(text: str) -> list[tuple[str, str]]:
    """What was left out of a page, and why."""
    return [(entry.text, entry.reason) for entry in parse(text).left_out]


class TestFences:
    """Fences work as on a page in the native form."""

    def test_several_commands_below_a_heading(self) -> None:
        """One gate, named after the heading."""
        assert parse("# Checks\n\n## Local\n\n```bash\npnpm install\npnpm test\n```\n").gates == (
            Gate(name="local", line=5, script="pnpm install\npnpm test"),
        )

    def test_a_fence_without_a_language(self) -> None:
        """It is a gate when every line reads as a command."""
        assert scripts("## Build\n```\ncargo build --release   # must finish clean\ncargo clippy --release\n```\n") == [
            "cargo build --release   # must finish clean\ncargo clippy --release"
        ]

    def test_shell_and_powershell_in_one_fence(self) -> None:
        """Not for this machine, as a whole."""
        text = "## Run\n```bash\n# Linux\ncd ~/app && ./verify.sh\n# Windows\ncd ~\\app; .\\verify.ps1\n```\n"
        assert [gate.manual for gate in parse(text).gates] == [Manual.POWERSHELL]

    def test_a_command_with_its_result(self) -> None:
        """The result is left out."""
        text = "# Log\n\nCommand:\n```bash\npytest -q\n```\n\nResult:\n```txt\n41 passed\n```\n"
        assert scripts(text) == ["pytest -q"]
        assert reasons(text) == [("41 passed", "its language is 'txt': output or data")]


class TestHeadings:
    """A heading that is a command in code style."""

    def test_it_is_a_gate(self) -> None:
        """Named after the command."""
        assert parse("# Checks\n\n### `pnpm verify:all`\n\nRuns everything.\n").gates == (
            Gate(name="pnpm-verify-all", line=3, script="pnpm verify:all"),
        )

    @pytest.mark.parametrize(
        "heading", ["1. `make lint`", "✅ `make lint`", "`make lint` (optional)", "**`make lint`**"]
    )
    def test_numbers_signs_and_suffixes_may_stand_beside_it(self, heading: str) -> None:
        """They are not part of it."""
        assert scripts(f"# x\n## {heading}\n") == ["make lint"]

    @pytest.mark.parametrize(
        "heading", ["Run `make lint`", "`make lint` and `make test`", "`src/app.py`", "make lint", "`the plan`"]
    )
    def test_anything_else_is_a_name(self, heading: str) -> None:
        """A heading that mentions a command names a section."""
        assert scripts(f"# x\n## {heading}\n") == []

    def test_with_a_fence_below_it_it_is_the_fences_name(self) -> None:
        """And no second gate."""
        assert [(gate.name, gate.script) for gate in parse("## `make lint`\n```sh\nmake -k lint\n```\n").gates] == [
            ("make-lint", "make -k lint")
        ]

    def test_its_suffixes_hold(self) -> None:
        """As for a fence."""
        (gate,) = parse("## `make lint` (optional, 5 s)\n").gates
        assert (gate.optional, gate.estimate_s) == (True, 5.0)


class TestItems:
    """Bullets and numbered items."""

    @pytest.mark.parametrize(
        "item, script",
        [
            ("`make smoke` — PASS, five rows", "make smoke"),
            ("`npm run check`: types, lint and tests", "npm run check"),
            ("**`make smoke`** first", "make smoke"),
            ("[x] `make smoke` done", "make smoke"),
            ("[ ] `make smoke`", "make smoke"),
            ("✅ `make smoke`", "make smoke"),
            ("Types alone: `node bin/tsc --noEmit`", "node bin/tsc --noEmit"),
            ("**Types**: `npx tsc --noEmit`.", "npx tsc --noEmit"),
            ("Запустить: `make smoke`", "make smoke"),
            ("检查：`make smoke`", "make smoke"),
            ("Run `make smoke`.", "make smoke"),
            ("Führe `make smoke`", "make smoke"),
            ("`make smoke` writes `out.csv`", "make smoke"),
            ("`make smoke` then `make test`", "make smoke"),
            ("Run `make smoke`\n  **Expected**: five rows", "make smoke"),
        ],
    )
    def test_a_command_that_begins_or_ends_an_item(self, item: str, script: str) -> None:
        """What follows it, or labels it, is prose; the language does not matter."""
        assert scripts(f"# x\n- {item}\n") == [script]
        assert scripts(f"# x\n3. {item}\n") == [script]

    @pytest.mark.parametrize(
        "item",
        [
            "Before a push, run `make smoke`",
            "tsc: `grep error log`, then count",
            "Run `make smoke` if nothing is there.",
            "`out.csv` comes from `make smoke -k`",
            "No unpinned `pip install flask`",
        ],
    )
    def test_a_command_inside_an_item_is_left_out(self, item: str) -> None:
        """It is listed, so that it can be put into a fence."""
        assert scripts(f"# x\n- {item}\n") == []
        assert [reason for _, reason in reasons(f"# x\n- {item}\n")] == [
            "neither begins its list item nor ends it after a colon"
        ]

    @pytest.mark.parametrize(
        "code", ["src/app.py", "the plan", "git", "41 passed", "a: b", "http://x", "PASS", "run()", "x == y"]
    )
    def test_other_code_is_not_worth_a_word(self, code: str) -> None:
        """File names, values and results are no commands."""
        assert parse(f"# x\n- `{code}` is fine\n").gates == ()
        assert parse(f"# x\n- `{code}` is fine\n").left_out == ()

    def test_names(self) -> None:
        """After the command, cut and numbered where that is needed."""
        text = "# x\n- `make lint`\n- `make lint --strict`\n- `make lint -strict`\n- `pytest tests/very/long/path/of/things.py -k one`\n"
        assert [gate.name for gate in parse(text).gates] == [
            "make-lint",
            "make-lint-strict",
            "make-lint-strict-2",
            "pytest-tests-very-long-path-of-things-py",
        ]

    def test_the_same_command_is_one_gate(self) -> None:
        """Headings and fences before items, whatever comes first on the page."""
        text = "# x\n- `make lint` passes\n- `make test` passes\n## `make lint`\n## Tests\n```sh\nmake test\n```\n"
        assert [(gate.name, gate.line) for gate in parse(text).gates] == [("make-lint", 4), ("tests", 6)]
        assert reasons(text) == [
            ("make lint", "is the same command as another gate"),
            ("make test", "is the same command as another gate"),
        ]

    @pytest.mark.parametrize("command", ["npm ci", "pnpm install", "pip install -e .", "cd web && yarn", "uv sync"])
    def test_an_installation_is_no_check(self, command: str) -> None:
        """Alone it proves nothing; in a fence it may be what others need."""
        assert reasons(f"# x\n- `{command}`\n") == [(command, "installs, and checks nothing")]
        assert scripts(f"# x\n```sh\n{command}\n```\n") == [command]

    def test_what_is_never_run_unasked_is_listed(self) -> None:
        """With its reason, like a fence."""
        text = "# x\n- Start: `npm run dev`\n- `git push`\n"
        assert [gate.manual for gate in parse(text).gates] == [Manual.SERVER, Manual.HISTORY]

    def test_nested_items_are_items(self) -> None:
        """Each is read for itself."""
        assert scripts("# x\n- all of\n  - `make lint`\n  - `make test`\n") == ["make lint", "make test"]


class TestTables:
    """A column of commands is known by its cells."""

    def test_each_row_is_a_gate(self) -> None:
        """Whatever the header says."""
        text = "# x\n\n| Nr | Befehl | Sonst |\n|---|---|---|\n| 1 | `make lint` | `a` |\n| 2 | `make test` and look | - |\n"
        assert [(gate.name, gate.line, gate.script) for gate in parse(text).gates] == [
            ("make-lint", 5, "make lint"),
            ("make-test", 6, "make test"),
        ]

    def test_a_row_without_a_command_is_left(self) -> None:
        """Most rows decide."""
        text = "# x\n\n| a | b |\n|---|---|\n| 1 | `make lint` |\n| 2 | by hand |\n| 3 | `make test` |\n"
        assert scripts(text) == ["make lint", "make test"]

    def test_a_column_that_holds_other_things_is_none(self) -> None:
        """A command among other code is only mentioned."""
        text = "# x\n\n| a | b |\n|---|---|\n| 1 | `src/a.py` |\n| 2 | `make lint` |\n"
        assert scripts(text) == []
        assert reasons(text) == [("make lint", "stands in a table's column that does not hold commands alone")]

    def test_a_cell_must_begin_with_it(self) -> None:
        """Text before it makes it a mention."""
        assert scripts("# x\n\n| a |\n|---|\n| see `make lint` |\n") == []

    def test_pipes_in_a_command(self) -> None:
        """As Markdown wants them."""
        assert scripts("# x\n\n| a |\n|---|\n| `ls -a \\| wc -l` |\n") == ["ls -a | wc -l"]


class TestWhereProseCounts:
    """On which pages, and in which sections, commands outside fences are gates."""

    PROSE = "- `make lint`\n\n| a |\n|---|\n| `make test` |\n\n### `make build`\n"

    def test_on_a_page_without_front_matter_and_attributes(self) -> None:
        """All three forms."""
        assert scripts(f"# x\n{self.PROSE}") == ["make lint", "make test", "make build"]

    @pytest.mark.parametrize(
        "text",
        [
            "---\n---\n# x\n{}",
            "---\nbase: main\n---\n# x\n{}",
            "# x\n{}\n# y\n```sh timeout=5s\nls -a\n```\n",
            "# x\n{}\n# y\n```sh optional\nls -a\n```\n",
        ],
    )
    def test_not_on_a_page_in_the_native_form(self, text: str) -> None:
        """Its prose is prose, and says so."""
        page = text.format(self.PROSE)
        assert [script for script in scripts(page) if script != "ls -a"] == []
        assert [reason for _, reason in reasons(page)] == [NATIVE] * 3

    def test_not_beside_a_fence_of_commands(self) -> None:
        """There the list explains the fence."""
        text = "# x\n```sh\nmake all\n```\n- `make lint` first\n## y\n- `make test`\n"
        assert scripts(text) == ["make all", "make test"]
        assert reasons(text) == [("make lint", BESIDE)]

    def test_but_beside_a_fence_of_data(self) -> None:
        """Output does not make a section one of fences."""
        assert scripts("# x\n- `make lint`\n```txt\nok\n```\n") == ["make lint"]

    def test_never_in_a_quotation(self) -> None:
        """What is quoted is not said."""
        assert parse("# x\n> - `make lint`\n> ## `make test`\n") == Pipeline(title="x")


class TestLeftOut:
    """What else looks like a command."""

    def test_running_text(self) -> None:
        """Never a gate."""
        assert reasons("# x\n\nRun `make lint` first.\n") == [
            ("make lint", "stands in running text: put it into a fence to make it a gate")
        ]

    @pytest.mark.parametrize("text", ["git status\ngit log --oneline -5", "    make lint\n"])
    def test_lines_without_a_fence(self, text: str) -> None:
        """Whether or not they are indented."""
        assert parse(f"# x\n\n{text}\n").left_out == (
            LeftOut(line=3, text=text.strip().split("\n")[0], reason="is not in a fence"),
        )

    def test_sentences_that_begin_like_commands(self) -> None:
        """They are no commands."""
        assert parse("# x\n\nmake sure the server is up\n\n- `go` ahead\n\ntest it, then read the log\n").left_out == ()


class TestExpected:
    """Lines such as ``Expected:`` are shown beside a gate."""

    @pytest.mark.parametrize(
        "line, text",
        [
            ("Expected: exits 0", "exits 0"),
            ("**Expected:** exits 0", "exits 0"),
            ("**Expected**: exits `0`", "exits 0"),
            ("Pass: `0 failed`, and no *new* warnings", "0 failed, and no new warnings"),
            ("Expected output (4 lines): four", "four"),
            ("Expected last lines: four", "four"),
            ("Esperado: 0 resultados", "0 resultados"),
            ("**Erwartet:** nichts", "nichts"),
            ("预期：通过", "通过"),
            ("- Expected: a bullet", "a bullet"),
            ("Expected: two\nlines", "two\nlines"),
            ("Expected: this\n**Maps to**: that", "this"),
        ],
    )
    def test_the_text(self, line: str, text: str) -> None:
        """Without markup."""
        (gate,) = parse(f"# x\n```sh\nls -a\n```\n\n{line}\n").gates
        assert gate.expected_text == text

    @pytest.mark.parametrize(
        "line", ["It is expected that it works: yes", "Passing: no", "Passage: no", "Unexpected: no", "Then look."]
    )
    def test_other_lines(self, line: str) -> None:
        """Are prose."""
        (gate,) = parse(f"# x\n```sh\nls -a\n```\n\n{line}\n").gates
        assert gate.expected_text is None

    @pytest.mark.parametrize("fence", ["```\nok\n```", "```json\nok\n```", "```\nmake lint\n```"])
    def test_the_output_below_it(self, fence: str) -> None:
        """When the line ends with its colon."""
        (gate,) = parse(f"# x\n```sh\nls -a\n```\n\nExpected:\n\n{fence}\n").gates
        assert gate.expected_text == fence.split("\n")[1]

    def test_each_gate_has_the_first_line_after_it(self) -> None:
        """Up to the next gate, and not beyond its section."""
        text = "# x\n```sh\nls 1\n```\nExpected: one\n\nExpected: more\n```sh\nls 2\n```\n## y\nExpected: none\n- `ls -a`\n\nExpected: three\n"
        assert [gate.expected_text for gate in parse(text).gates] == ["one", None, "three"]

    def test_a_shells_fence_is_a_gate_even_below_it(self) -> None:
        """A language says more than a word before it."""
        assert scripts("# x\n\nExpected:\n```sh\nls -a\n```\n") == ["ls -a"]

    def test_it_is_never_an_assertion(self) -> None:
        """The digest does not know it."""
        with_it, without = parse("# x\n```sh\nls -a\n```\nExpected: b\n"), parse("# x\n```sh\nls -a\n```\n")
        assert with_it.digest == without.digest


def test_a_page_of_prose_declares_nothing() -> None:
    """And is no error: what it is good for is for others to say."""
    assert parse("persistence works") == Pipeline()


def test_a_page_in_another_language() -> None:
    """No English word is needed anywhere."""
    text = (
        "# 検証\n\n## 1. 型\n\n```bash\nmypy src\n```\n\n## テスト\n\n- `pytest -q`: 全部\n\n"
        "| 確認 | コマンド |\n|---|---|\n| 体裁 | `ruff format --check .` |\n"
    )
    assert parse(text).gates == (
        Gate(name="型", line=5, script="mypy src", shell=Shell.BASH),
        Gate(name="pytest-q", line=11, script="pytest -q"),
        Gate(name="ruff-format-check", line=15, script="ruff format --check ."),
    )

"""What VERIFY.md may not say: whole messages with line, column, problem and remedy."""

from __future__ import annotations

import pytest

from verifyd.errors import ConfigurationError, ExitCode
from verifyd.verify_md.reader import MOST_GATES, MOST_LINES, parse_verify_md

ATTRIBUTES = (
    "timeout, paths, reads, needs, when, cwd, env, expect, min_tests, evidence, fix, on_change, isolate, ignored, cpus, server, ready, "
    "artifacts, optional, manual, exclusive, slow"
)


def message_of(content: str | bytes, file: str = "VERIFY.md") -> str:
    """The whole message of the error that a page gives."""
    with pytest.raises(ConfigurationError) as caught:
        parse_verify_md(content.encode() if isinstance(content, str) else content, file=file)
    assert caught.value.exit_code is ExitCode.USAGE
    return str(caught.value)


def fence(info: str, *, name: str = "unit", script: str = "ls a") -> str:
    """One gate; its fence is in the second of its lines."""
    return f"## {name}\n```{info}\n{script}\n```\n"


@pytest.mark.parametrize(
    "info, column, problem, remedy",
    [
        ("sh timout=5s", 7, "unknown attribute 'timout'", "Did you mean 'timeout'?"),
        ("sh  optinal", 8, "unknown attribute 'optinal'", "Did you mean 'optional'?"),
        ("sh Timeout=5s", 7, "unknown attribute 'Timeout'", "Did you mean 'timeout'?"),
        ("sh title='x'", 7, "unknown attribute 'title'", f"Attributes are: {ATTRIBUTES}."),
        ("sh copy", 7, "unknown attribute 'copy'", f"Attributes are: {ATTRIBUTES}."),
        ("sh =5", 7, "unknown attribute ''", f"Attributes are: {ATTRIBUTES}."),
        (
            "sh timeout=5s cpus=1 timeout=6s",
            25,
            "attribute 'timeout' stands here a second time; the first is in column 7",
            "Keep one of them.",
        ),
        ("sh optional=yes", 7, "optional: takes no value", "Write the word alone: optional."),
        ("sh manual=", 7, "manual: takes no value", "Write the word alone: manual."),
        ("sh timeout", 7, "timeout: has no value", "Write one: timeout=5m."),
        ("sh timeout=", 7, "timeout: has no value", "Write one: timeout=5m."),
        ("sh paths=''", 7, "paths: has no value", "Write one: paths=**/*.py,pyproject.toml."),
        ("sh timeout=5", 7, "timeout: '5' is no duration", "Write a number and ms, s, m or h: timeout=30s."),
        ("sh timeout=1h30m", 7, "timeout: '1h30m' is no duration", "Write a number and ms, s, m or h: timeout=30s."),
        ("sh timeout=-1s", 7, "timeout: '-1s' is no duration", "Write a number and ms, s, m or h: timeout=30s."),
        ("sh timeout=1:30", 7, "timeout: '1:30' is no duration", "Write a number and ms, s, m or h: timeout=30s."),
        ("sh timeout=٣s", 7, "timeout: '٣s' is no duration", "Write a number and ms, s, m or h: timeout=30s."),
        ("sh timeout=0s", 7, "timeout: '0s' is not between 1ms and a week", "Write a time in which the gate should end: timeout=5m."),
        ("sh timeout=999h", 7, "timeout: '999h' is not between 1ms and a week", "Write a time in which the gate should end: timeout=5m."),
        ("sh paths=a,,b", 7, "paths: 'a,,b' holds an empty part", "Take the comma away, or quote the whole value."),
        ("sh paths=*.{ts,js}", 7, "paths: holds braces, which .gitignore patterns do not have", "Write the patterns out: src/*.ts,src/*.tsx."),
        ("sh reads=../a", 7, "reads: '../a' leaves the root", "Name files below the root: reads=settings/*.cfg,.env.local."),
        ("sh reads=/a", 7, "reads: '/a' must be a path below the root", "Name files below the root: reads=settings/*.cfg,.env.local."),
        ("sh reads=a,!b", 7, "reads: '!b' takes files away", "Name the files that are read: reads=settings/*.cfg."),
        ("sh paths=!a", 7, "paths: '!a' holds nothing but exclusions, so nothing matches", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths=../a", 7, "paths: '../a' holds a pattern that leaves the root", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths=~/a", 7, "paths: '~/a' holds a pattern outside the root", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths=/", 7, "paths: '/' holds an empty pattern", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths='#a'", 7, "paths: '#a' holds a pattern that .gitignore would read as a comment", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths=[z-a]", 7, "paths: '[z-a]' holds a pattern that cannot be read", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh paths=" + "*a" * 9, 7, f"paths: {'*a' * 9!r} holds a pattern with too many wildcards", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh artifacts=/../x", 7, "artifacts: '/../x' holds a pattern that leaves the root", "Write patterns as in .gitignore: **/*.py,pyproject.toml."),
        ("sh needs=a,a", 7, "needs: 'a,a' names a gate twice", "Write the names of gates with commas between them: needs=lint,types."),
        ("sh when=cli", 7, "when: unknown value 'cli'", "Did you mean 'ci'?"),
        ("sh when=ci,never", 7, "when: unknown value 'never'", "Write one of watch, hook, ci: when=ci or when=watch,hook."),
        ("sh cwd=' '", 7, "cwd: ' ' is empty", "Name a folder of the repository: cwd=web."),
        ("sh cwd=/etc", 7, "cwd: '/etc' must be a path below the root", "Name a folder of the repository: cwd=web."),
        ("sh cwd=~", 7, "cwd: '~' must be a path below the root", "Name a folder of the repository: cwd=web."),
        ("sh cwd=a/../../b", 7, "cwd: 'a/../../b' leaves the root", "Name a folder of the repository: cwd=web."),
        (
            "sh env=A=1,B",
            7,
            "env: 'B' is not NAME=value",
            "Write names and values with commas between them: env=CI=1,TZ=UTC. For a comma in a value, export it in the script.",
        ),
        (
            "sh env=1A=1",
            7,
            "env: '1A=1' is not NAME=value",
            "Write names and values with commas between them: env=CI=1,TZ=UTC. For a comma in a value, export it in the script.",
        ),
        ("sh env=A=1,A=2", 7, "env: 'A' is set twice", "Keep one of them."),
        ("sh expect=1", 7, "expect: '1' is no exit status", "Write exit: and a number from 0 to 255: expect=exit:1."),
        ("sh expect=exit:256", 7, "expect: 'exit:256' is no exit status", "Write exit: and a number from 0 to 255: expect=exit:1."),
        ("sh min_tests=1.0", 7, "min_tests: '1.0' is no whole number from 0 to 1000000000", "Write digits alone: min_tests=1."),
        ("sh min_tests=" + "9" * 5000, None, "", ""),
        ("sh cpus=0", 7, "cpus: '0' is no whole number from 1 to 1024", "Write digits alone: cpus=2."),
        ("sh cpus=half", 7, "cpus: 'half' is no whole number from 1 to 1024", "Write digits alone: cpus=2."),
        ("sh evidence=junt:a", 7, "evidence: unknown value 'junt'", "Did you mean 'junit'?"),
        ("sh evidence=junit", 7, "evidence: junit names no file", "Say where the result is: evidence=junit:reports/*.xml."),
        ("sh evidence=text:a", 7, "evidence: text names no file", "Write the word alone: evidence=text."),
        ("sh evidence=sarif:/x", 7, "evidence: '/x' must be a path below the root", "Name files below the gate's folder: evidence=sarif:reports/*.xml."),
        ("sh fix=' '", 7, "fix: is empty", 'Write a command in quotes: fix="ruff check --fix .".'),
        ("sh on_change=stop", 7, "on_change: unknown value 'stop'", "Write one of auto, restart, finish: on_change=finish."),
        ("sh isolate=frosen", 7, "isolate: unknown value 'frosen'", "Did you mean 'frozen'?"),
        ("sh ignored=no", 7, "ignored: unknown value 'no'", "Write one of show, hide: ignored=hide."),
        ("sh server=a", 7, "server without ready", "Say when it has started: ready=http://127.0.0.1:{port}."),
        ("sh cpus=1 ready=a:1", 14, "ready without server", 'Say what starts it: server="npm run preview".'),
        (
            "sh server=a ready=soon",
            16,
            "ready: 'soon' is neither a URL nor host:port",
            "Write an address that answers once the server is up: ready=http://127.0.0.1:{port} or ready=127.0.0.1:5432.",
        ),
    ],
)  # fmt: skip
def test_attributes(info: str, column: int | None, problem: str, remedy: str) -> None:
    """Each bad attribute is named with the gate, at its line and column."""
    if column is None:
        expected = (
            "VERIFY.md:4: the line that opens the fence is longer than 4000 characters\n"
            "  Move long commands into a script of the repository."
        )
    else:
        expected = f"VERIFY.md:4:{column}: gate 'unit': {problem}\n  {remedy}"
    assert message_of("# Page\n\n" + fence(info)) == expected


@pytest.mark.parametrize("prefix, column", [("- ", 9), ("1. ", 10), ("   ", 10)])
def test_columns_count_from_the_margin(prefix: str, column: int) -> None:
    """Also in a list item."""
    text = f"# x\n{prefix}```sh timout=5s\n{' ' * len(prefix)}ls a\n{' ' * len(prefix)}```\n"
    assert message_of(text).splitlines()[0] == f"VERIFY.md:2:{column}: gate 'x': unknown attribute 'timout'"


def test_an_open_quote() -> None:
    """At the place from which on the attributes cannot be read."""
    assert message_of(fence("sh fix='a")) == (
        'VERIFY.md:2:6: a quote in the fence\'s attributes is not closed\n  Close it: fix="ruff check --fix ."'
    )


@pytest.mark.parametrize(
    "info, problem, remedy",
    [
        (
            "timeout=5s",
            "'timeout=5s' stands where the fence's language should",
            "Write the language first: sh timeout=5s.",
        ),
        ("optional", "'optional' stands where the fence's language should", "Write the language first: sh optional."),
        (
            "sh,timeout=5s",
            "unknown language 'sh,timeout=5s'",
            "Put a blank after 'sh': attributes follow the language.",
        ),
        (" bash;cwd=a", "unknown language 'bash;cwd=a'", "Put a blank after 'bash': attributes follow the language."),
    ],
)
def test_a_language_with_attributes_in_it(info: str, problem: str, remedy: str) -> None:
    """It would hide a gate, so it is an error."""
    column = 5 if info.startswith(" ") else 4
    assert message_of(fence(info)) == f"VERIFY.md:2:{column}: {problem}\n  {remedy}"


@pytest.mark.parametrize(
    "yaml, where, problem, remedy",
    [
        ("limit:\n  changed_lines: 3", ":2:1", "unknown setting 'limit'", "Did you mean 'limits'?"),
        ("base: a\ntitle: b", ":3:1", "unknown setting 'title'", "Known are: base, limits, scope, progress, plan."),
        ("base: a\n[]: b", ":3:1", "a setting's name is not plain text", "Known are: base, limits, scope, progress, plan."),
        ("limits:\n  changed_line: 3", ":3:3", "unknown limit 'changed_line'", "Did you mean 'changed_lines'?"),
        ("scope:\n  exclude: [a]", ":3:3", "unknown scope 'exclude'", "Known are: only, protected."),
        ("base: a\nplan: b\nbase: c", ":4:1", "setting 'base' stands here a second time; the first is in line 2", "Keep one of them."),
        ("base:", ":2:1", "'base' has no value", "Write one after the colon, or take the line away."),
        ("base: [a]", ":2:7", "'base' must be one piece of text", "Write it after the colon, in the same line."),
        ("base: 1:30", ":2:7", "'base' cannot be a git ref: '1:30'", "Write auto, or a branch, tag or commit: base: origin/main."),
        ("base: -x", ":2:7", "'base' cannot be a git ref: '-x'", "Write auto, or a branch, tag or commit: base: origin/main."),
        ("base: a..b", ":2:7", "'base' cannot be a git ref: 'a..b'", "Write auto, or a branch, tag or commit: base: origin/main."),
        ("limits: 3", ":2:9", "'limits' must have settings of its own", "Write them below it, two blanks further in: changed_lines: 200."),
        ("scope:", ":2:1", "'scope' must have settings of its own", "Write them below it, two blanks further in: protected: [VERIFY.md]."),
        ("limits:\n  changed_files:", ":3:3", "'limits.changed_files' has no value", "Write a whole number, or take the line away for no limit."),
        *(
            (f"limits:\n  changed_lines: {text}", ":3:18", f"'limits.changed_lines' must be a whole number from 0 on: {shown!r}", "Write digits alone: changed_lines: 200.")
            for text, shown in [("-1", "-1"), ("1.0", "1.0"), ("1_000", "1_000"), ("0x10", "0x10"), ("010", "010"), ("1:30", "1:30"), ("no", "no"), ("'5'", "5"), ("many", "many"), ("9999999999", "9999999999")]
        ),
        ("limits:\n  changed_lines: [1]", ":3:18", "'limits.changed_lines' must be a whole number from 0 on", "Write digits alone: changed_lines: 200."),
        ("scope:\n  only: src/**", ":3:9", "'scope.only' must be a list", "Write it in square brackets: only: [src/**]."),
        ("scope:\n  only: ['*.{a,b}']", ":3:10", "'scope.only' holds braces, which .gitignore patterns do not have: '*.{a,b}'", "Write a pattern as in .gitignore: src/**."),
        ("scope:\n  only: {a: b}", ":3:9", "'scope.only' must be a list", "Write it in square brackets: only: [src/**]."),
        ("scope:\n  only: [a, ]\n  protected: [[b]]", ":4:15", "'scope.protected' holds something that is not one piece of text", "Write a pattern as in .gitignore: src/**."),
        ("scope:\n  only: ['!a']", ":3:9", "'scope.only' holds nothing but exclusions, so nothing matches", "Write a pattern as in .gitignore: src/**."),
        ("scope:\n  only: [a, '../b']", ":3:13", "'scope.only' holds a pattern that leaves the root: '../b'", "Write a pattern as in .gitignore: src/**."),
        ("scope:\n  only: [**/*.py]", ":3:11", "the front matter is not valid YAML: expected alphabetic or numeric character, but found '*'", "In YAML an unquoted * begins an alias: put the pattern in quotes, '**/*.py'."),
        ("scope:\n  only: [*py]", ":3:10", "the front matter uses a YAML alias", "In YAML an unquoted * begins an alias: put the pattern in quotes, '**/*.py'."),
        ("scope:\n  only: [!docs]", ":3:10", "the front matter uses a YAML tag", "In YAML an unquoted ! begins a tag: put the pattern in quotes, '!docs/**'."),
        ("base: &x a", ":2:7", "the front matter uses a YAML anchor", "Write the value out; anchors and aliases are not read."),
        ("base: " + "[" * 30, ":2:14", "the front matter is nested too deep", "No setting has lists inside lists."),
        ("base: [a", ":3:1", "the front matter is not valid YAML: expected ',' or ']', but got '<stream end>'", "Write one setting a line, a colon and a blank after its name, and quotes around odd text."),
        ("\tbase: a", ":2:1", "the front matter is not valid YAML: found character '\\t' that cannot start any token", "Write one setting a line, a colon and a blank after its name, and quotes around odd text."),
        ("plan: a\x07", ":2:8", "the front matter holds a character that YAML does not allow: U+0007", "Take the character away."),
        ("just text", ":2:1", "the front matter is not a list of settings", "Write one setting a line: base, limits, scope, progress, plan."),
        ("- base", ":2:1", "the front matter is not a list of settings", "Write one setting a line: base, limits, scope, progress, plan."),
        ("plan: /etc/x", ":2:7", "'plan' must be a path below the root: '/etc/x'", "Name a file below the root of the repository: docs/PROGRESS.md."),
        ("plan: ../x", ":2:7", "'plan' leaves the root: '../x'", "Name a file below the root of the repository: docs/PROGRESS.md."),
        ("progress: ./VERIFY.md", ":2:11", "'progress' names this page itself", "Keep the progress in a file of its own: PROGRESS.md."),
        ("base: " + "a" * 70_000, ":1", "the front matter is longer than 64 KiB", "Keep text below the front matter."),
    ],
)  # fmt: skip
def test_front_matter(yaml: str, where: str, problem: str, remedy: str) -> None:
    """Each wrong setting is named at its line and column of the page."""
    assert message_of(f"---\n{yaml}\n---\n# x\n") == f"VERIFY.md{where}: {problem}\n  {remedy}"


def test_an_alias_bomb_is_refused_at_once() -> None:
    """Nothing is expanded."""
    lines = [
        "a: &a [x]",
        *(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join('*' + chr(97 + n) for _ in range(9))}]" for n in range(20)),
    ]
    assert message_of("---\nbase: x\n" + "\n".join(lines) + "\n---\n").startswith(
        "VERIFY.md:3:4: the front matter uses a YAML anchor\n"
    )


def test_front_matter_that_never_ends() -> None:
    """Its settings would be lost without a word."""
    assert message_of("---\nbase: main\n# x\n") == (
        "VERIFY.md:1: the front matter is opened and never closed\n"
        "  End it with a line of three dashes, or take the dashes of line 1 away."
    )


@pytest.mark.parametrize(
    "text, line",
    [
        ("# x\n```sh\nls a\n", 2),
        ("# x\n```sh\nls a", 2),
        ("# x\n```sh", 2),
        ("# x\n````sh\nls a\n```\n", 2),
        ("# x\n```sh\nls a\n~~~\n", 2),
        ("# x\n```sh\nls a\n    ```\n", 2),
        ("# x\n```json\n{}\n\n## y\n```sh\nls a\n```x\n", 2),
        ("# x\n- ```sh\n  ls a\n\ntext\n", 2),
        ("# x\n```sh\nls a\n```\n\n~~~\n", 6),
    ],
)
def test_a_fence_that_is_never_closed(text: str, line: int) -> None:
    """It would swallow the gates below it; so would one of output."""
    assert message_of(text) == (
        f"VERIFY.md:{line}: the fence that is opened here is never closed\n"
        "  End it with a line of as many backticks as it starts with."
    )


@pytest.mark.parametrize(
    "text, problem, remedy",
    [
        (
            fence("sh", name="tests") + fence("sh", name="Tests!"),
            ":6: two gates are named 'tests'; the first is in line 2",
            "Rename one of their headings.",
        ),
        (
            fence("sh", name="a") + "```sh\nls b\n```\n" + fence("sh", name="a 2"),
            ":9: two gates are named 'a-2'; the first is in line 5",
            "Rename one of their headings.",
        ),
        (
            fence("sh", name="Diff"),
            ":2: the name 'diff' is taken by the built-in gate for limits and scope",
            "Rename the heading.",
        ),
        (
            fence("sh needs=lnt", name="a") + fence("sh", name="lint"),
            ":2: gate 'a' needs 'lnt', which is not there",
            "Did you mean 'lint'?",
        ),
        (fence("sh needs=zzz", name="a"), ":2: gate 'a' needs 'zzz', which is not there", "Gates are: a."),
        (fence("sh needs=diff", name="a"), ":2: gate 'a' needs 'diff', which is not there", "Gates are: a."),
        (fence("sh needs=a", name="a"), ":2: gates need each other in a circle: a → a", "Take one of these needs away."),
        (
            fence("sh needs=c", name="a") + fence("sh needs=a", name="b") + fence("sh needs=b", name="c") + fence("sh needs=a", name="d"),
            ":2: gates need each other in a circle: a → c → b → a",
            "Take one of these needs away.",
        ),
        (
            fence("sh needs=b", name="a") + fence("sh manual", name="b"),
            ":2: gate 'a' needs 'b', which never runs by itself: it is declared manual",
            "Take it out of needs, or make 'a' manual too.",
        ),
        (
            fence("sh needs=b", name="a") + fence("sh", name="b", script="rm -rf build"),
            ":2: gate 'a' needs 'b', which never runs by itself: it changes the repository's history or files",
            "Take it out of needs, or make 'a' manual too.",
        ),
    ],
)  # fmt: skip
def test_names_and_needs(text: str, problem: str, remedy: str) -> None:
    """Names are unique, and what a gate needs is there, runs, and does not need it in turn."""
    assert message_of(text) == f"VERIFY.md{problem}\n  {remedy}"


def test_a_manual_gate_may_need_a_manual_one() -> None:
    """Naming the one runs both."""
    pipeline = parse_verify_md((fence("sh manual needs=b", name="a") + fence("sh manual", name="b")).encode())
    assert pipeline.gates[0].needs == ("b",)


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"# a\nx\xff\n", "VERIFY.md:2:2: byte 0xff is not UTF-8\n  Save the page as UTF-8 text."),
        ("é\xe9".encode() + b"\xc3", "VERIFY.md:1:3: byte 0xc3 is not UTF-8\n  Save the page as UTF-8 text."),
        ("# x".encode("utf-16"), "VERIFY.md:1:1: byte 0xff is not UTF-8\n  Save the page as UTF-8 text."),
        (b"\xef\xbb\xbfab\r\nc\0", "VERIFY.md:2:2: byte 0x00 is not text\n  Save the page as UTF-8 text."),
        (
            b"",
            (
                "VERIFY.md: the page is empty\n  Write a heading and below it a fence of commands; "
                "verifyd init writes such a page where there is none."
            ),
        ),
        (
            b" \r\n\t\n",
            (
                "VERIFY.md: the page is empty\n  Write a heading and below it a fence of commands; "
                "verifyd init writes such a page where there is none."
            ),
        ),
        (b"a" * (1024 * 1024 + 1), "VERIFY.md: the page is larger than 1 MiB\n  Keep logs and results in other files."),
        (
            b"a\n" * (MOST_LINES + 1),
            f"VERIFY.md:{MOST_LINES}: the page has more than {MOST_LINES} lines\n  Keep logs and results in other files.",
        ),
        (
            b"# x\n" + b"```sh\nls a\n```\n" * (MOST_GATES + 1),
            (
                f"VERIFY.md:{2 + 3 * MOST_GATES}: the page declares more than {MOST_GATES} gates\n"
                "  Put commands that belong together into one fence."
            ),
        ),
        (
            b"# x\n```sh\n" + b"ls " + b"a" * 100_000 + b"\n```\n",
            (
                "VERIFY.md:2: the fence's script is longer than 100 KB\n"
                "  Move it into a script of the repository and call that."
            ),
        ),
    ],
    ids=["byte", "cut short", "utf-16", "nul", "empty", "blank", "size", "lines", "gates", "script"],
)
def test_pages_that_are_not_read(content: bytes, expected: str) -> None:
    """Not text, nothing, or too much: said in one message."""
    assert message_of(content) == expected


@pytest.mark.parametrize("content", ["ls " + "a" * 900_000, "$ ls " + "a" * 900_000, "ls a\n" * 19_000 + "x" * 9_000])
def test_a_script_that_is_too_long_is_not_read_to_be_refused(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is looked at first: reading 900 KB as shell takes as long as a person waits."""

    def refuse(text: str) -> None:
        raise AssertionError(f"{len(text)} characters were read")

    monkeypatch.setattr("verifyd.verify_md.sessions.parse_shell", refuse)
    assert message_of(fence("sh", script=content)).startswith("VERIFY.md:2: the fence's script is longer than 100 KB\n")


@pytest.mark.parametrize("script", ["if then", "fi", "{ }", "if\n  then\nfi", "for f in a b; do\ndone"])
def test_a_script_without_a_command_in_its_grammar(script: str) -> None:
    """It was meant as a check: left out unsaid it would be one that never runs."""
    assert message_of(fence("sh", script=script)) == (
        f"VERIFY.md:2: the fence holds words of the shell's grammar and no command: {script.splitlines()[0]!r}\n"
        "  Complete its script, or name a language such as text for what is not to be run."
    )


def test_the_largest_page_is_read() -> None:
    """One MiB exactly."""
    assert parse_verify_md(b"# x\n" + b"a" * (1024 * 1024 - 4)).title == "x"


def test_errors_name_the_file_that_was_read() -> None:
    """A page may be called otherwise."""
    assert message_of("---\nprogress: docs/V.md\n---\n", file="docs/V.md").startswith(
        "docs/V.md:2:11: 'progress' names"
    )

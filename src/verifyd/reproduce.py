"""A gate and its failing tests in, the narrowest command that shows the failure again out."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence

from msgspec import Struct

from verifyd.evidence.model import Finding
from verifyd.narrow import (
    MOST_TESTS,
    Failing,
    Narrow,
    narrow_cargo,
    narrow_go,
    narrow_jest,
    narrow_nextest,
    narrow_playwright,
    narrow_pytest,
    narrow_unittest,
    narrow_vitest,
)
from verifyd.pipeline import Gate, Shell
from verifyd.shell.simple_words import quote, words_set

# One piece of a shell line. What is in none of the groups (a substitution, a bracket, an open quote) is not followed.
_TOKEN = re.compile(
    r"(?P<space>(?:[ \t]|\\\n)+)|(?P<comment>#[^\n]*)"
    r"|(?P<redirect>\d*(?:&>>?|>>|>&|>\||<&|<(?!<)|>)[ \t]*)"
    r"|(?P<operator>&&|\|\|?&?|;|\n)"
    r"|(?P<word>(?:[^\s;&|<>()'\"\\`$#]|(?<=\S)#|\\[^\n]|'[^']*'|\"(?:[^\"\\`$]|\\.|\$(?!\())*\"|\$(?!\())+)"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_STRUCTURE = words_set(
    "if then else elif fi for while until do done case esac function select { } [[ ! coproc trap eval"
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_SEVERAL = re.compile(r"[\n;]|(?<!\|)\|(?!\|)")
_GIVEN = {
    "VERIFYD_ARTIFACTS": '"$(mktemp -d)"',
    "TMPDIR": '"$(mktemp -d)"',
    "VERIFYD_TREE": "\"$(git rev-parse 'HEAD^{tree}')\"",
}
"""A folder of its own for each; the tree's id is that of the last commit, which is as near as a shell comes."""
_CONTEXT = frozenset({"cd", "export", "source", "."})
_STRICT = {Shell.BASH: "set -eo pipefail", Shell.SH: "set -eu", Shell.ZSH: "set -e -o pipefail"}

# Programs that start another one in some environment, with those of their options that take a value.
_LAUNCHERS: dict[tuple[str, ...], frozenset[str]] = {
    ("uv", "run"): words_set(
        "--with --extra --group --python -p --package --env-file --project --directory --only-group --no-group"
    ),
    ("poetry", "run"): frozenset(),
    ("pdm", "run"): frozenset({"-p", "--project"}),
    ("pipenv", "run"): frozenset(),
    ("rye", "run"): frozenset(),
    ("pixi", "run"): frozenset({"-e", "--environment"}),
    ("hatch", "run"): frozenset(),
    ("conda", "run"): frozenset({"-n", "--name", "-p", "--prefix"}),
    ("npx",): frozenset({"-p", "--package"}),
    ("bunx",): frozenset(),
    ("npm", "exec"): frozenset({"-w", "--workspace", "--package"}),
    ("pnpm", "exec"): frozenset(),
    ("pnpm", "dlx"): frozenset(),
    ("pnpm",): frozenset({"--filter", "-F", "-C", "--dir"}),
    ("yarn", "exec"): frozenset(),
    ("yarn", "run"): frozenset(),
    ("yarn",): frozenset({"--cwd"}),
    ("xvfb-run",): frozenset({"-s", "--server-args", "-n"}),
    ("env",): frozenset({"-u"}),
    ("time",): frozenset(),
    ("command",): frozenset(),
    ("timeout",): frozenset({"-k", "--kill-after", "-s", "--signal"}),
    ("nice",): frozenset({"-n"}),
    ("dotenv", "run"): frozenset({"-f"}),
}
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_TOOLS: tuple[tuple[re.Pattern[str], Narrow], ...] = (
    (re.compile(r"(?:(?:\S*/)?(?:[\w.-]+:)?(?:pytest|py\.test)|PYTHON -m pytest|hatch test)"), narrow_pytest),
    (re.compile(r"PYTHON -m unittest"), narrow_unittest),
    (re.compile(r"(?:\S*/)?vitest"), narrow_vitest),
    (re.compile(r"(?:\S*/)?jest"), narrow_jest),
    (re.compile(r"(?:\S*/)?playwright test"), narrow_playwright),
    (re.compile(r"(?:\S*/)?go test"), narrow_go),
    (re.compile(r"(?:\S*/)?cargo nextest run"), narrow_nextest),
    (re.compile(r"(?:\S*/)?cargo test"), narrow_cargo),
)


class ToolCommand(Struct, frozen=True, kw_only=True):
    """
    The command of a script that runs the tests.

    Attributes:
        context: Commands before it that it needs: ``cd``, ``export``, assignments, ``source``; as written.
        head: Assignments, launcher and tool, as written.
        rest: The tool's own words, as written.
        folder: Where it is started, relative to the root.
    """

    context: tuple[str, ...]
    head: tuple[str, ...]
    rest: tuple[str, ...]
    narrow: Narrow
    folder: str


def reproduce_command(gate: Gate, subjects: Sequence[str], findings: Sequence[Finding]) -> str:
    """
    The command that shows a gate's failure again, to be run in bash from the root.

    Args:
        subjects: The failing tests in their tool's own selector syntax; without any, nothing is narrowed.
        findings: Those that the subjects belong to.

    Returns:
        The test tool's own command for at most MOST_TESTS of these tests; the gate's own script where the tool cannot be
        told or cannot be narrowed; ``verifyd run`` for a gate that needs its server.
    """
    if gate.server is not None:
        return f"verifyd run {quote(gate.name)}"
    return narrowed(gate, subjects, findings) or whole(gate)


def narrowed(gate: Gate, subjects: Sequence[str], findings: Sequence[Finding]) -> str | None:
    """The narrowed command; None where there is none, or more than one could have run these tests."""
    chosen = tuple(dict.fromkeys(subjects))[:MOST_TESTS]
    its_findings = tuple(finding for finding in findings if finding.subject in chosen)
    fitting: list[tuple[ToolCommand, list[str]]] = []
    for tool in find_tools(gate) if chosen else ():
        failing = Failing(subjects=chosen, findings=its_findings, gate_folder=gate.cwd, folder=tool.folder)
        rest = tool.narrow(tool.rest, failing)
        if rest is not None:
            fitting.append((tool, rest))
    return command_line(gate, *fitting[0]) if len(fitting) == 1 else None


def command_line(gate: Gate, tool: ToolCommand, rest: Sequence[str]) -> str:
    """A tool's command on one line, in the gate's folder and environment; in brackets where it changes the folder."""
    enter = [f"cd {quote(gate.cwd)}"] if gate.cwd != "." else []
    environment = [f"{name}={quote(value)}" for name, value in gate.env]
    if tool.context and environment:
        enter, environment = [f"export {' '.join(environment)}", *enter], []
    command = " ".join([*environment, *tool.head, *rest])
    given = exports_for(gate, " ".join([*tool.context, command]))
    before = [*given, *enter, *tool.context]
    return f"({' && '.join([*before, command])})" if before else command


def whole(gate: Gate) -> str:
    """The gate's own script, in its folder and environment, ending at the first command that fails."""
    script = gate.script.strip("\n")
    enter = [f"cd {quote(gate.cwd)}"] if gate.cwd != "." else []
    enter += [*exports_for(gate, script), *(f"export {name}={quote(value)}" for name, value in gate.env)]
    if not enter and not needs_strictness(script):
        return script
    strict = [_STRICT[gate.shell]]
    return "\n".join(["(", *strict, *enter, script, ")"])


def exports_for(gate: Gate, text: str) -> list[str]:
    """What verifyd itself sets for a gate, for the names that a script uses: in the reader's shell they are empty."""
    own = {name for name, _ in gate.env}
    values = {**_GIVEN, "VERIFYD_GATE": quote(gate.name)}
    return [
        f"export {name}={value}"
        for name, value in values.items()
        if name not in own and re.search(rf"(?<!\w){name}(?!\w)", text) is not None
    ]


def needs_strictness(script: str) -> bool:
    """
    Whether more than its last command can fail it: then it must end at the first that does, as it does in the gate.

    A loop and a pipe count too: pasted as it is, ``for f in *.js; do node --check $f; done`` ends well when the last file is.
    """
    return _SEVERAL.search(_QUOTED.sub("", script)) is not None


def find_tools(gate: Gate) -> list[ToolCommand]:
    """The commands of the script that are test tools we know; none when the script is more than a list of commands."""
    segments = split_script(unwrapped(gate.script)) or []
    if any(words[0] in _STRUCTURE for words in segments):
        return []
    folder, context, tools = gate.cwd, list[str](), list[ToolCommand]()
    for words in segments:
        found = recognise(words)
        if found is not None:
            head, rest, narrow = found
            tools.append(ToolCommand(context=tuple(context), head=head, rest=rest, narrow=narrow, folder=folder))
        elif words[0] in _CONTEXT or all(_ASSIGNMENT.match(word) for word in words):
            context.append(" ".join(words))
        if words[0] == "cd":
            target = literal(words[1]) if len(words) == 2 else None
            if target is None or target.startswith(("/", "~", "-")):
                return []
            folder = posixpath.normpath(posixpath.join(folder, target))
    return tools


def unwrapped(script: str) -> str:
    """The inside of a script that is one subshell."""
    text = script.strip()
    inside = text[1:-1]
    return inside if text.startswith("(") and text.endswith(")") and not set("()") & set(inside) else script


def split_script(script: str) -> list[list[str]] | None:
    """
    The simple commands of a script, each as its raw words; redirections are gone, and what follows a pipe or ``||`` is too.

    None when there is anything in it that only a shell can follow: substitutions, brackets, here-documents, background jobs.
    """
    segments: list[list[str]] = [[]]
    at, follows_pipe, drop_next_word = 0, False, False
    while at < len(script):
        token = _TOKEN.match(script, at)
        if token is None:
            return None
        at = token.end()
        text = token[0]
        if token.lastgroup == "redirect":
            drop_next_word = True
        elif token.lastgroup == "operator":
            follows_pipe = text.startswith("|")
            segments.append([])
        elif token.lastgroup == "word":
            if not drop_next_word and not follows_pipe:
                segments[-1].append(text)
            drop_next_word = False
    return [words for words in segments if words]


def literal(word: str) -> str | None:
    """What a raw word says; None when only a run could know."""
    if "$" in word or "*" in word:
        return None
    try:
        parts = shlex.split(word)
    except ValueError:
        return None
    return parts[0] if len(parts) == 1 else None


def recognise(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], Narrow] | None:
    """A test tool's command as (assignments, launcher and tool; the tool's own words; how to narrow it)."""
    at = 0
    while at < len(words) and _ASSIGNMENT.match(words[at]):
        at += 1
    if words[at : at + 1] == ["exec"]:  # pasted, it would end the reader's own shell
        words = [*words[:at], *words[at + 1 :]]
    while (step := launcher_length(words[at:])) > 0:
        at += step
    head = list(words[:at])
    tool = without_coverage(words[at:])
    for length in (3, 2, 1):
        said = spoken(tool[:length])
        for pattern, narrow in _TOOLS:
            if said is not None and len(tool) >= length and pattern.fullmatch(said):
                return (*head, *tool[:length]), tuple(without_separator(tool[length:], narrow)), narrow
    return python_module(head, tool)


def spoken(words: Sequence[str]) -> str | None:
    """Words as the tools' table writes them; None when one is not literal."""
    said = [literal(word) for word in words]
    known = [word for word in said if word is not None]
    if len(known) < len(said) or not known:
        return None
    return " ".join(["PYTHON" if _PYTHON.fullmatch(known[0]) else known[0], *known[1:]])


def python_module(head: Sequence[str], tool: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...], Narrow] | None:
    """``python -X dev -W error -m pytest …``: options of the interpreter before the module."""
    if "-m" not in tool or not tool or not _PYTHON.fullmatch(literal(tool[0]) or ""):
        return None
    at = tool.index("-m")
    module = tool[at + 1] if at + 1 < len(tool) else ""
    narrow = {"pytest": narrow_pytest, "unittest": narrow_unittest}.get(module)
    options = tool[1:at]
    plain = all(
        word.startswith("-") or before in ("-X", "-W") for before, word in zip(["", *options], options, strict=False)
    )
    return ((*head, *tool[: at + 2]), tuple(tool[at + 2 :]), narrow) if narrow is not None and plain else None


def without_coverage(words: Sequence[str]) -> list[str]:
    """``coverage run --branch -m pytest`` as ``python -m pytest``: measuring shows no failure."""
    parts = list(words)
    start = 3 if parts[1:3] == ["-m", "coverage"] and _PYTHON.fullmatch(parts[0]) else 1
    is_coverage = start == 3 or (bool(parts) and posixpath.basename(parts[0]) == "coverage")
    if not is_coverage or parts[start : start + 1] != ["run"] or "-m" not in parts[start:]:
        return parts
    interpreter = parts[0] if start == 3 else posixpath.join(posixpath.dirname(parts[0]), "python")
    return [interpreter, *parts[parts.index("-m", start) :]]


def without_separator(words: Sequence[str], narrow: Narrow) -> list[str]:
    """Without the ``--`` that some launchers want before a tool's own words; cargo's means something else."""
    return (
        [word for word in words if word != "--"]
        if narrow not in (narrow_cargo, narrow_nextest, narrow_go)
        else list(words)
    )


def launcher_length(words: Sequence[str]) -> int:
    """How many words at the start launch another program in some environment; 0 when they do not."""
    for launcher, valued in _LAUNCHERS.items():
        if tuple(words[: len(launcher)]) == launcher and len(words) > len(launcher):
            at = len(launcher)
            while at < len(words) and (
                words[at].startswith("-") or (launcher == ("env",) and _ASSIGNMENT.match(words[at]))
            ):
                at += 2 if words[at] in valued else 1
            return at + (launcher == ("timeout",))  # the time itself stands before the command
    return 0

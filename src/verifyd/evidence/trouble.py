"""A failed gate's last lines and exit status in; the tool that is missing, when that is the trouble, out."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from msgspec import Struct

from verifyd.evidence.clean import clean_line, strip_sequences

TAIL_LINES = 200
"""Lines from the end that are looked at: a missing tool is the last thing a script tells of, Playwright apart."""

_TAIL_BYTES = 64 * 1024
_NAME = r"(?P<name>[^\s'\"`‘’:]{1,200})"


class MissingTool(Struct, frozen=True, kw_only=True):
    """
    A tool that is not on this machine, or cannot be started: not the code's fault.

    Attributes:
        name: As the message names it.
        install: The command that installs it, where the tool itself says so; None otherwise.
    """

    name: str
    install: str | None = None


class _Sign(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        exits: Exit statuses this message goes with; a failing test that prints it ends with another.
        within: How many lines from the end it may stand: tests print such lines too, but seldom last.
        install: None, or what the whole tail says the remedy is.
    """

    pattern: re.Pattern[str]
    exits: frozenset[int]
    within: int = 6
    install: Callable[[str, re.Match[str]], str | None] = lambda _, __: None


def _rustup(tail: str, _: re.Match[str]) -> str | None:
    said = re.search(r"run `(rustup component add [\w -]{1,80})`", tail)
    return said[1] if said is not None else None


def _playwright(tail: str, _: re.Match[str]) -> str | None:
    said = re.search(
        r"(?:^|║)\s{0,20}((?:(?:npx|pnpm exec|yarn|bunx) )?playwright install[\w -]{0,40}?)\s{0,80}(?:║|$)",
        tail,
        re.MULTILINE,
    )
    return said[1].strip() if said is not None else None


def _playwright_dependencies(tail: str, _: re.Match[str]) -> str | None:
    said = re.search(r"(?:sudo )?npx playwright install-deps[\w -]{0,40}", tail)
    return said[0].strip() if said is not None else None


def _playwright_channel(tail: str, _: re.Match[str]) -> str | None:
    said = re.search(r'Run "(npx playwright install [\w -]{1,40})"', tail)
    return said[1] if said is not None else None


def _chmod(_: str, match: re.Match[str]) -> str:
    return f"chmod +x {match['name']}"


def _pre_commit(_: str, __: re.Match[str]) -> str:
    return "pre-commit install-hooks"


_NOT_FOUND = frozenset({127})
_NOT_EXECUTABLE = frozenset({126})
_FROM_MAKE = frozenset({2, 127})
_ONE = frozenset({1})


@functools.cache
def _signs() -> tuple[_Sign, ...]:
    """Compiled when a gate has failed, and not before."""
    return (
        # a script's own last word: NAME: what is missing; install it with: COMMAND
        _Sign(
            pattern=re.compile(
                r"(?:Exit: )?(?P<name>[\w .-]{1,80}): .{1,200}; install it with: (?P<install>.{1,200})$"
            ),
            exits=_NOT_FOUND,
            install=lambda _, match: clean_line(match["install"]),
        ),
        # bash, with "line 3:" or not; zsh; dash and BusyBox
        _Sign(pattern=re.compile(rf".{{0,300}}: {_NAME}: command not found$"), exits=_NOT_FOUND),
        _Sign(pattern=re.compile(rf"(?:.{{0,300}}: )?command not found: {_NAME}$"), exits=_NOT_FOUND),
        _Sign(pattern=re.compile(rf".{{1,300}}: \d{{1,7}}: {_NAME}: not found$"), exits=_NOT_FOUND),
        _Sign(
            pattern=re.compile(rf"\S{{0,100}}env: [‘'\"]?{_NAME}[’'\"]?: No such file or directory$"), exits=_NOT_FOUND
        ),
        _Sign(
            pattern=re.compile(
                rf".{{0,300}}: {_NAME}: (?:cannot execute: required file not found|bad interpreter:.{{0,300}}|No such file or directory)$"
            ),
            exits=_NOT_FOUND,
        ),
        _Sign(pattern=re.compile(rf".{{0,300}}: {_NAME}: Permission denied$"), exits=_NOT_EXECUTABLE, install=_chmod),
        # make ends with 2 and says 127 in its last line
        _Sign(pattern=re.compile(rf"make(?:\[\d{{1,3}}\])?: {_NAME}: No such file or directory$"), exits=_FROM_MAKE),
        _Sign(pattern=re.compile(rf".{{0,300}}: {_NAME}: (?:command )?not found$"), exits=frozenset({2})),
        _Sign(pattern=re.compile(rf"\[WebServer\] .{{0,300}}: {_NAME}: (?:command )?not found$"), exits=_ONE),
        _Sign(
            pattern=re.compile(rf"(?:/.{{0,300}}/|\S{{0,300}})python[\d.]{{0,6}}: No module named {_NAME}$"),
            exits=_ONE,
            within=2,
        ),
        _Sign(
            pattern=re.compile(r"npm (?:error|ERR!) [Mm]issing script: \"?(?P<name>[^\"]{1,200})\"?$"),
            exits=_ONE,
            within=16,
        ),
        _Sign(
            pattern=re.compile(
                r"npm (?:error|ERR!) npx canceled due to missing packages and no YES option: \[\"(?P<name>[^\"]{1,200})\""
            ),
            exits=_ONE,
        ),
        _Sign(pattern=re.compile(r"npm (?:error|ERR!) (?P<name>could not determine executable to run)$"), exits=_ONE),
        _Sign(
            pattern=re.compile(rf"error: no such (?:sub)?command: [`']{_NAME}[`']$"), exits=frozenset({101}), within=10
        ),
        _Sign(
            pattern=re.compile(r"error: '(?P<name>[\w-]{1,80})' is not installed for the toolchain '.{1,200}'\.?"),
            exits=_ONE,
            install=_rustup,
        ),
        _Sign(pattern=re.compile(rf"error: Failed to spawn: [`']?{_NAME}[`']?$"), exits=frozenset({2})),
        _Sign(pattern=re.compile(rf"Executable `{_NAME}` not found$"), exits=_ONE, within=20),
        _Sign(
            pattern=re.compile(r"(?P<name>An unexpected error has occurred): "),
            exits=frozenset({3}),
            within=TAIL_LINES,
            install=_pre_commit,
        ),
        _Sign(
            pattern=re.compile(
                r".{0,80}[Bb]rowserType\.launch: (?:Executable|Failed to launch \w{1,20} because executable) doesn't exist at (?P<name>\S{1,400})"
            ),
            exits=_ONE,
            within=TAIL_LINES,
            install=_playwright,
        ),
        _Sign(
            pattern=re.compile(r".{0,60}(?:Chromium )?[Dd]istribution '(?P<name>[\w-]{1,40})' is not found at "),
            exits=_ONE,
            within=TAIL_LINES,
            install=_playwright_channel,
        ),
        _Sign(
            pattern=re.compile(r"\s{0,20}║?\s{0,20}(?P<name>Host system is missing dependencies to run browsers)"),
            exits=_ONE,
            within=TAIL_LINES,
            install=_playwright_dependencies,
        ),
    )


_NAMES = {
    "An unexpected error has occurred": "the environment of a pre-commit hook",
    "could not determine executable to run": "the package's executable",
    "Host system is missing dependencies to run browsers": "what browsers need of the system",
}
_NEEDS_MAKE = re.compile(r"make(?:\[\d{1,3}\])?: \*\*\* \[.{1,300}\] Error 127$", re.MULTILINE)


@functools.cache
def _witnesses() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Words that a test could print too need a second witness in the tail."""
    return (
        (re.compile(r".*rowserType\.launch: Executable"), re.compile(r"playwright install")),
        (
            re.compile(r"npm \S+ [Mm]issing script"),
            re.compile(r"^npm \S+ To see a list of scripts, run:", re.MULTILINE),
        ),
        (
            re.compile(r"\[WebServer\]"),
            re.compile(r"^Error: Process from config\.webServer was not able to start\.", re.MULTILINE),
        ),
        (
            re.compile(r"An unexpected error has occurred: "),
            re.compile(r"^\[INFO\] (?:Initializing|Installing) environment for ", re.MULTILINE),
        ),
        (re.compile(r"Executable `"), re.compile(r"^- hook id: ", re.MULTILINE)),
    )


def find_missing_tool(log_tail: bytes, exit_code: int | None) -> MissingTool | None:
    """
    The tool that is not there.

    Args:
        log_tail: The end of the log; the last 64 KiB are enough.
        exit_code: None when the gate did not end by itself: then nothing is said.
    """
    if exit_code is None or exit_code <= 0:
        return None
    text = strip_sequences(log_tail[-_TAIL_BYTES:].decode("utf-8", "replace"))
    lines = [line.rstrip() for line in text.split("\n") if line.strip()][-TAIL_LINES:]
    tail = "\n".join(lines)
    for sign in _signs():
        match = _last_match(sign, lines) if exit_code in sign.exits else None
        if match is not None and _is_borne_out(match, exit_code, tail):
            name = clean_line(_NAMES.get(match["name"], match["name"]), 200)
            return MissingTool(name=name, install=sign.install(tail, match))
    return None


def _last_match(sign: _Sign, lines: list[str]) -> re.Match[str] | None:
    for line in reversed(lines[-sign.within :]):
        match = sign.pattern.match(line[:1_000])
        if match is not None:
            return match
    return None


def _is_borne_out(match: re.Match[str], exit_code: int, tail: str) -> bool:
    """make ends with 2 whatever happened, so its own last line must say 127; other signs have their witness or need none."""
    if exit_code == 2 and "Failed to spawn" not in match[0]:
        return _NEEDS_MAKE.search(tail) is not None
    return all(witness.search(tail) for sign, witness in _witnesses() if sign.match(match[0]))

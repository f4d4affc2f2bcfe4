"""
Fences below headings -> drafts of gates: language, attributes, prompts.

Which fences are gates: those in ``sh``, ``bash``, ``shell``, ``zsh``, ``console`` or PowerShell, and those that name no
language when every line reads as a command. A fence that a line such as ``Expected:`` introduces is output, whatever it holds,
unless it names a shell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from verifyd.danger.shape import reads_as_command
from verifyd.pipeline import LeftOut, Manual, Shell
from verifyd.verify_md.attributes import ATTRIBUTES, FLAGS, Info, parse_info, parse_settings
from verifyd.verify_md.expected import introduced_lines
from verifyd.verify_md.gate_draft import GateDraft, left_out
from verifyd.verify_md.headings import SLOW_ESTIMATE_S, HeadingName, parse_heading
from verifyd.verify_md.markdown_page import Fence, Section
from verifyd.verify_md.place import Place
from verifyd.verify_md.sessions import checks_nothing, is_unfinished, make_script

LONGEST_SCRIPT_BYTES = 100_000
"""Linux passes at most 128 KiB in one argument, and the shell gets the script as one."""
SHELLS = {
    "sh": Shell.SH,
    "bash": Shell.BASH,
    "shell": Shell.BASH,
    "console": Shell.BASH,
    "zsh": Shell.ZSH,
    "": Shell.BASH,
}
POWERSHELLS = frozenset({"powershell", "pwsh", "ps1", "ps"})
NEARLY_SHELLS = frozenset(
    {"shell-session", "shellsession", "sh-session", "session", "terminal", "shellscript", "ksh", "dash"}
)
NO_COMMANDS = "names no language and does not read as commands: write 'sh' after its marker to make it a gate"
GLUED = re.compile(r"(sh|bash|shell|zsh|console)[^\w{-].*")


class ReadFences(Struct, frozen=True, kw_only=True):
    """
    The fences of a page.

    Attributes:
        gates: In the order of the page; their names may still collide.
        native: Whether any of them carries an attribute.
        headings: Lines of the headings that have a fence of commands below them.
    """

    gates: tuple[GateDraft, ...]
    left_out: tuple[LeftOut, ...]
    native: bool
    headings: frozenset[int]


def read_fences(sections: Sequence[Section], *, file: str) -> ReadFences:
    """
    Read all fences of a page.

    Raises:
        ConfigurationError: A fence is not closed, its attributes are wrong, or its script is too long.
    """
    gates: list[GateDraft] = []
    omitted: list[LeftOut] = []
    headings: set[int] = set()
    native = False
    for section in sections:
        heading = parse_heading(section.heading.content) if section.heading else HeadingName(name="")
        introduced = introduced_lines(section)
        here = 0
        for fence in (block for block in section.blocks if isinstance(block, Fence)):
            check_closed(fence, file=file)
            info = parse_info(fence.info, file=file, line=fence.line, column=fence.info_column)
            reason = why_not(fence, info, introduced=fence.line in introduced, file=file)
            if reason:
                omitted.append(left_out(fence.line, fence.content, reason))
                continue
            here += 1
            native = native or bool(info.attributes)
            headings.add(section.heading.line if section.heading else 0)
            nameless = sum(1 for gate in gates if gate.name.startswith("gate-") and not gate.fixed_name)
            name = numbered(heading.name, here) if heading.name else f"gate-{nameless + 1}"
            gates.append(make_draft(fence, info, heading, name=name, file=file))
    return ReadFences(gates=tuple(gates), left_out=tuple(omitted), native=native, headings=frozenset(headings))


def numbered(name: str, number: int) -> str:
    """The name of the gate that is the *number*-th below its heading."""
    return name if number == 1 else f"{name}-{number}"


def check_closed(fence: Fence, *, file: str) -> None:
    """A fence that is not closed swallows the rest of the page, and the gates in it."""
    if not fence.closed and not fence.quoted:
        raise Place(file=file, line=fence.line).error(
            "the fence that is opened here is never closed",
            "End it with a line of as many backticks as it starts with.",
        )


def why_not(fence: Fence, info: Info, *, introduced: bool, file: str) -> str:
    """Why a fence is no gate; empty when it is one."""
    check_language(fence, info, file=file)
    language = info.language
    if fence.quoted:
        return "stands in a quotation"
    if language in POWERSHELLS:
        return ""
    if language not in SHELLS:
        if language in NEARLY_SHELLS:
            return f"its language is {language!r}: write 'sh' or 'console' to make it a gate"
        return f"its language is {language!r}: output or data"
    script = make_script(fence.content, language)
    if language:  # without one, whatever is long or broken is output
        check_script(script, fence, file=file)
    elif len(script) > LONGEST_SCRIPT_BYTES:
        return NO_COMMANDS
    if checks_nothing(script):
        return "checks nothing: it holds no command, or only such as prepare a shell"
    if language == "" and introduced:
        return "is what is expected of the gate before it"
    if language == "" and not reads_as_command(script):
        return NO_COMMANDS
    return ""


def check_script(script: str, fence: Fence, *, file: str) -> None:
    """What the shell could not be given, or would refuse as a whole, is an error and not left out; long ones are not looked into."""
    place = Place(file=file, line=fence.line)
    if len(script) > LONGEST_SCRIPT_BYTES or len(script.encode()) > LONGEST_SCRIPT_BYTES:
        problem = f"the fence's script is longer than {LONGEST_SCRIPT_BYTES // 1000} KB"
        raise place.error(problem, "Move it into a script of the repository and call that.")
    if is_unfinished(script):
        problem = (
            f"the fence holds words of the shell's grammar and no command: {script.splitlines()[0].strip()[:60]!r}"
        )
        raise place.error(problem, "Complete its script, or name a language such as text for what is not to be run.")


def check_language(fence: Fence, info: Info, *, file: str) -> None:
    """A language with attributes glued to it would hide a gate, so it is an error."""
    place = Place(file=file, line=fence.line, column=fence.info_column + fence.info.index(fence.info.strip()[:1]))
    word = info.language
    if word.partition("=")[0] in (*ATTRIBUTES, *FLAGS):
        raise place.error(f"{word!r} stands where the fence's language should", f"Write the language first: sh {word}.")
    if "=" in word and (found := GLUED.fullmatch(word)):
        raise place.error(
            f"unknown language {word!r}", f"Put a blank after {found.group(1)!r}: attributes follow the language."
        )


def make_draft(fence: Fence, info: Info, heading: HeadingName, *, name: str, file: str) -> GateDraft:
    """The gate of one fence."""
    place = Place(file=file, line=fence.line)
    script = make_script(fence.content, info.language)
    settings = parse_settings(info.attributes, gate=name, place=place)
    slow_s = SLOW_ESTIMATE_S if settings.pop("slow", False) else None
    powershell = Manual.POWERSHELL if info.language in POWERSHELLS else None
    declared = Manual.DECLARED if settings.pop("manual", False) or heading.manual else None
    return GateDraft(
        name=name,
        line=fence.line,
        script=script,
        shell=SHELLS.get(info.language, Shell.BASH),
        manual=powershell or declared,
        optional=bool(settings.pop("optional", False)) or heading.optional,
        estimate_s=heading.estimate_s or slow_s,
        settings=settings,
        fixed_name=bool(heading.name),
    )

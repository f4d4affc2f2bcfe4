"""Two pipelines -> what differs gate by gate, and which of it lets through what was held back before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from verifyd.json_shape import names_of
from verifyd.pipeline import (
    DIFF_GATE,
    EvidenceKind,
    EvidenceSource,
    Gate,
    Ignored,
    Isolate,
    Limits,
    Pipeline,
    Scope,
    Shell,
)
from verifyd.shell.commands import parse_shell
from verifyd.shell.script import ShellSyntaxError

FRONT_MATTER = "(front matter)"
"""Stands for a gate's name where a setting of the page belongs to none; no gate can have it."""
NOTHING = "none"
UNSEEN = frozenset({"name", "line", "estimate_s", "expected_text"})
"""Fields of a gate that bear on no verdict."""


class Kind(StrEnum):
    """What happened to a gate."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldChange(Struct, frozen=True, kw_only=True):
    """
    One field of a gate, or one setting of the page.

    Attributes:
        field: As VERIFY.md writes it: ``timeout``, ``script``, ``changed_lines``.
        old: As VERIFY.md would write it; ``none`` when it was not set. *new* likewise.
        weakened: Whether the new value lets through what the old one held back, or may.
    """

    field: str
    old: str
    new: str
    weakened: bool


class GateDifference(Struct, frozen=True, kw_only=True):
    """
    One gate that is not the same in both pipelines.

    Attributes:
        gate: Its name; ``diff`` for limits, scope and base, FRONT_MATTER for other settings of the page.
        changes: In the order of the fields; empty for a gate that was added or removed.
        weakened: Whether something that was checked is checked no more, or less.
    """

    gate: str
    kind: Kind
    changes: tuple[FieldChange, ...] = ()
    weakened: bool = False


def compare(old: Pipeline, new: Pipeline) -> tuple[GateDifference, ...]:
    """
    What differs: settings of the page first, then the old pipeline's gates in their order, then new ones in theirs.

    Empty exactly when both pipelines have the same digest.
    """
    found = [
        changed(DIFF_GATE, diff_changes(old, new)),
        changed(FRONT_MATTER, tuple(setting_changes(old, new))),
        *(compare_gate(gate, new.gate(gate.name)) for gate in old.gates),
        *(GateDifference(gate=gate.name, kind=Kind.ADDED) for gate in new.gates if old.gate(gate.name) is None),
    ]
    return tuple(difference for difference in found if difference is not None)


def changed(name: str, changes: tuple[FieldChange, ...]) -> GateDifference | None:
    """A changed gate; None when nothing changed."""
    if not changes:
        return None
    return GateDifference(
        gate=name, kind=Kind.CHANGED, changes=changes, weakened=any(change.weakened for change in changes)
    )


def compare_gate(old: Gate, new: Gate | None) -> GateDifference | None:
    """One gate of the old pipeline; a gate that never ran by itself protects nothing when it goes."""
    if new is None:
        return GateDifference(gate=old.name, kind=Kind.REMOVED, weakened=old.manual is None)
    changes = tuple(gate_changes(old, new))
    if old.manual is not None and new.manual is not None:
        changes = tuple(
            FieldChange(field=change.field, old=change.old, new=change.new, weakened=False) for change in changes
        )
    return changed(old.name, changes)


def gate_changes(old: Gate, new: Gate) -> Iterator[FieldChange]:
    """The fields that differ."""
    for field in names_of(Gate):
        if field not in UNSEEN and getattr(old, field) != getattr(new, field):
            weakened = WEAKENED.get(field, never)(old, new)
            yield FieldChange(
                field=WRITTEN.get(field, field),
                old=written(field, getattr(old, field)),
                new=written(field, getattr(new, field)),
                weakened=weakened,
            )


def setting_changes(old: Pipeline, new: Pipeline) -> Iterator[FieldChange]:
    """The settings of the page that belong to no gate."""
    for field in ("progress", "plan"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield FieldChange(field=field, old=written(field, before), new=written(field, after), weakened=False)


# --- the built-in gate --------------------------------------------------------------------------------------------------


def diff_changes(old: Pipeline, new: Pipeline) -> tuple[FieldChange, ...]:
    """Limits, scope and base: what the built-in gate is made of."""
    changes = [*limit_changes(old.limits, new.limits), *scope_changes(old.scope, new.scope)]
    if old.base != new.base:
        changes.append(FieldChange(field="base", old=old.base, new=new.base, weakened=True))
    return tuple(changes)


def limit_changes(old: Limits | None, new: Limits | None) -> Iterator[FieldChange]:
    """Limits that differ; a higher one, or none, is weaker."""
    if (old is None) != (new is None) and (old or Limits()) == (new or Limits()):
        yield presence_change("limits", old, new)
    for field in names_of(Limits):
        before, after = getattr(old or Limits(), field), getattr(new or Limits(), field)
        if before != after:
            weakened = before is not None and (after is None or after > before)
            yield FieldChange(field=field, old=written(field, before), new=written(field, after), weakened=weakened)


def scope_changes(old: Scope | None, new: Scope | None) -> Iterator[FieldChange]:
    """Globs that differ: fewer protected ones are weaker, and so are more allowed ones, or no bound at all."""
    if (old is None) != (new is None) and (old or Scope()) == (new or Scope()):
        yield presence_change("scope", old, new)
    before, after = old or Scope(), new or Scope()
    if before.only != after.only:
        weakened = bool(before.only) and (
            not after.only or not set(before.only) >= set(after.only) or exclusions_lost(before.only, after.only)
        )
        yield FieldChange(
            field="only", old=written("only", before.only), new=written("only", after.only), weakened=weakened
        )
    if before.protected != after.protected:
        weakened = narrower(before.protected, after.protected)
        yield FieldChange(
            field="protected",
            old=written("protected", before.protected),
            new=written("protected", after.protected),
            weakened=weakened,
        )


def presence_change(field: str, old: Limits | Scope | None, new: Limits | Scope | None) -> FieldChange:
    """A setting that is declared without saying anything, and one that is not declared."""
    return FieldChange(
        field=field, old="declared" if old else NOTHING, new="declared" if new else NOTHING, weakened=False
    )


def exclusions_lost(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether a pattern that took something back is gone."""
    return any(glob.startswith("!") and glob not in new for glob in old)


def narrower(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether a list of patterns may match less: one is gone, one takes back, or the order lets another one take back."""
    taking_back = [glob for glob in new if glob.startswith("!")]
    kept = [glob for glob in new if glob in old]
    return (
        any(glob not in new and not glob.startswith("!") for glob in old)
        or any(glob not in old for glob in taking_back)
        or (bool(taking_back) and kept != [glob for glob in old if glob in new])
    )


# --- what is weaker -----------------------------------------------------------------------------------------------------


def never(old: Gate, new: Gate) -> bool:
    """For fields of which no value holds back more than another."""
    del old, new
    return False


def weaker_script(old: Gate, new: Gate) -> bool:
    """The new script cannot fail, forgives more, or is the old one with commands left out."""
    if not can_fail(new.script):
        return can_fail(old.script)
    if forgiven(new.script) > forgiven(old.script):
        return True
    before, after = command_texts(old.script), command_texts(new.script)
    return before is not None and after is not None and len(after) < len(before) and is_part(after, before)


def command_texts(script: str) -> list[tuple[str, ...]] | None:
    """The words of each command that could fail; None when the script cannot be read."""
    try:
        commands = parse_shell(script).commands
    except ShellSyntaxError:
        return None
    texts = [tuple(word.raw for word in command.words) for command in commands]
    return [words for words in texts if words and words[0] not in NEVER_FAIL]


def is_part(part: list[tuple[str, ...]], whole: list[tuple[str, ...]]) -> bool:
    """Whether all of one list stands in another, in the same order."""
    rest = iter(whole)
    return all(item in rest for item in part)


NEVER_FAIL = frozenset({"true", ":", "echo", "exit"})
FORGIVING = re.compile(
    r"\|\|[ \t]*(?:true|:|exit[ \t]+0|echo\b[^\n;|&]*)[ \t]*\)?[ \t]*(?=$|[;}])"
    r"|(?:^|[;&])[ \t]*(?:exit[ \t]+0|true|:|set[ \t]+\+e)[ \t]*$"
    r"|(?<!\S)--(?:exit-zero|passWithNoTests|warn-only|soft-fail|no-fail|ignore-failures|continue-on-error|allow-failure)(?!\S)"
    r"|(?<!\S)--(?:exit-code[= ]0|max-warnings[= ]\d{4,})(?!\S)",
    re.MULTILINE,
)
"""``|| true`` and its like, and options with which well-known tools end well whatever they find."""


def forgiven(script: str) -> int:
    """How many times a script lets a failure go."""
    return len(FORGIVING.findall(script))


def can_fail(script: str) -> bool:
    """Whether any command of a script could fail: an emptied one has none."""
    return command_texts(script) != []


def weaker_shell(old: Gate, new: Gate) -> bool:
    """``sh`` does not see a failure in the middle of a pipe."""
    del old
    return new.shell is Shell.SH


def weaker_paths(old: Gate, new: Gate) -> bool:
    """It runs for fewer files; without patterns it runs for all."""
    if not new.paths:
        return False
    return not old.paths or narrower(old.paths, new.paths)


def weaker_reads(old: Gate, new: Gate) -> bool:
    """An earlier pass answers although a file has changed that it no longer names; without globs, all files count."""
    return bool(new.reads) and (not old.reads or narrower(old.reads, new.reads))


def weaker_min_tests(old: Gate, new: Gate) -> bool:
    """None means one test when tests are counted."""
    return (1 if new.min_tests is None else new.min_tests) < (1 if old.min_tests is None else old.min_tests)


def weaker_evidence(old: Gate, new: Gate) -> bool:
    """Declared evidence that goes or becomes another's; ``text`` turns off what is found by itself."""
    return old.evidence is not None or (new.evidence is not None and new.evidence.kind is EvidenceKind.TEXT)


def changed_environment(old: Gate, new: Gate) -> bool:
    """Any other variable: ``PATH`` puts another program in place of the tool, ``PYTEST_ADDOPTS`` deselects its tests."""
    return dict(new.env) != dict(old.env)


WEAKENED: Mapping[str, Callable[[Gate, Gate], bool]] = {
    "script": weaker_script,
    "shell": weaker_shell,
    "timeout_s": lambda old, new: new.timeout_s > old.timeout_s,
    "paths": weaker_paths,
    "reads": weaker_reads,
    "optional": lambda old, new: new.optional and not old.optional,
    "manual": lambda old, new: old.manual is None and new.manual is not None,
    "when": lambda old, new: not new.when >= old.when,
    "expect": lambda old, new: new.expect != old.expect,
    "env": changed_environment,
    "cwd": lambda old, new: new.cwd != old.cwd,
    "server": lambda old, new: new.server != old.server,  # one that is new may do what the script is to find undone
    "ready": lambda old, new: new.ready != old.ready,
    "min_tests": weaker_min_tests,
    "evidence": weaker_evidence,
    "isolate": lambda old, new: new.isolate is Isolate.TREE or old.isolate is Isolate.FROZEN,
    "ignored": lambda old, new: old.ignored is Ignored.HIDE,  # noqa: ARG005 - one signature for all fields
}
"""For each field whose change can let more through, whether this one does."""


# --- text ---------------------------------------------------------------------------------------------------------------

WRITTEN: Mapping[str, str] = {"timeout_s": "timeout"}
"""Fields that VERIFY.md writes by another name."""


def written(field: str, value: object) -> str:
    """A value as VERIFY.md would write it, for people."""
    if value is None or value in ((), ""):
        return NOTHING
    if field == "timeout_s" and isinstance(value, float):
        return written_duration(value)
    if field == "expect":
        return f"exit:{value}"
    if field == "env" and isinstance(value, tuple):
        return ",".join(f"{name}={text}" for name, text in value)
    if isinstance(value, EvidenceSource):
        return f"{value.kind}:{value.pattern}" if value.pattern else str(value.kind)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ",".join(sorted(map(str, value)))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def written_duration(seconds: float) -> str:
    """``90.0`` is ``90s``, ``600.0`` is ``10m``."""
    for unit, length in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds * 1000:g}ms"

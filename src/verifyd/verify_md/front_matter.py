"""The YAML block at the top of VERIFY.md -> the settings of the page, each error with its line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct
from msgspec.structs import replace
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from verifyd.errors import ConfigurationError
from verifyd.json_shape import names_of
from verifyd.nearest import nearest_of
from verifyd.pipeline import Limits, Scope
from verifyd.verify_md.globs import glob_problem, globs_problem, path_problem
from verifyd.verify_md.place import Place

LONGEST = 64 * 1024
"""Characters of front matter."""
DEEPEST = 8
"""Lists and mappings inside each other; the settings need three."""
SETTINGS = ("base", "limits", "scope", "progress", "plan")
FENCE_LINES = ("---", "...")
WHOLE_NUMBER = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
REF = re.compile(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*")
QUOTE_STAR = "In YAML an unquoted * begins an alias: put the pattern in quotes, '**/*.py'."
PATTERN_REMEDY = "Write a pattern as in .gitignore: src/**."
QUOTE_BANG = "In YAML an unquoted ! begins a tag: put the pattern in quotes, '!docs/**'."


class FrontMatter(Struct, frozen=True, kw_only=True):
    """
    The settings of a page.

    Attributes:
        declared: Whether the page has front matter of ours, be it empty: then it is a page in the native form.
        ignored_line: Line of front matter that is not ours, which is not read; None when there is none.
    """

    declared: bool = False
    ignored_line: int | None = None
    base: str = "auto"
    limits: Limits | None = None
    scope: Scope | None = None
    progress: str | None = None
    plan: str | None = None


def split_front_matter(text: str, *, file: str) -> tuple[str | None, str]:
    """
    Take the front matter off a page.

    Returns:
        Its YAML, None when the page has none; and the page with empty lines in its place, so that line numbers hold.

    Raises:
        ConfigurationError: It is opened in line 1 and never closed.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE_LINES[0]:
        return None, text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in FENCE_LINES:
            return "\n".join(lines[1:number]) + "\n", "\n".join([""] * (number + 1) + lines[number + 1 :])
    raise Place(file=file, line=1).error(
        "the front matter is opened and never closed",
        "End it with a line of three dashes, or take the dashes of line 1 away.",
    )


def parse_front_matter(source: str | None, *, file: str) -> FrontMatter:
    """
    Read the YAML of the front matter; line 1 of it is line 2 of the page.

    Raises:
        ConfigurationError: It is no YAML, uses what only costs time (aliases, depth), or says something that is not known.
    """
    if source is None:
        return FrontMatter()
    node = compose(source, file=file)
    if node is None:
        return FrontMatter(declared=True)
    if not isinstance(node, MappingNode):
        raise place_of(node, file).error(
            "the front matter is not a list of settings", f"Write one setting a line: {', '.join(SETTINGS)}."
        )
    if is_foreign(node):
        return FrontMatter(ignored_line=2)
    settings = FrontMatter(declared=True)
    for name, key, value in entries(node, SETTINGS, file, of="setting"):
        place = place_of(value if is_something(value) else key, file)
        settings = replace(settings, **{name: READERS[name](value, place, name)})
    return settings


def compose(source: str, *, file: str) -> Node | None:
    """The YAML as nodes with positions; nothing is constructed, so no tag can start anything."""
    if len(source) > LONGEST:
        raise Place(file=file, line=1).error(
            f"the front matter is longer than {LONGEST // 1024} KiB", "Keep text below the front matter."
        )
    try:
        check_events(source, file=file)
        node: Node | None = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise yaml_error(error, file=file) from error
    except yaml.reader.ReaderError as error:
        line, column = position(source, error.position)
        raise Place(file=file, line=line + 1, column=column).error(
            f"the front matter holds a character that YAML does not allow: U+{ord(source[error.position]):04X}",
            "Take the character away.",
        ) from error
    return node


def check_events(source: str, *, file: str) -> None:
    """Refuse aliases, tags and depth before anything recursive sees them."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.SafeLoader):
        depth += {
            yaml.MappingStartEvent: 1,
            yaml.SequenceStartEvent: 1,
            yaml.MappingEndEvent: -1,
            yaml.SequenceEndEvent: -1,
        }.get(type(event), 0)
        place = place_of_mark(event.start_mark, file)
        if isinstance(event, yaml.AliasEvent):
            raise place.error("the front matter uses a YAML alias", QUOTE_STAR)
        if getattr(event, "anchor", None):
            raise place.error(
                "the front matter uses a YAML anchor", "Write the value out; anchors and aliases are not read."
            )
        if getattr(event, "tag", None):
            raise place.error("the front matter uses a YAML tag", QUOTE_BANG)
        if depth > DEEPEST:
            raise place.error("the front matter is nested too deep", "No setting has lists inside lists.")


def yaml_error(error: yaml.MarkedYAMLError, *, file: str) -> ConfigurationError:
    """What PyYAML says, at its place on the page."""
    problem = f"the front matter is not valid YAML: {error.problem or error.context}"
    alias = (error.context or "").startswith("while scanning an alias")
    remedy = (
        QUOTE_STAR
        if alias
        else "Write one setting a line, a colon and a blank after its name, and quotes around odd text."
    )
    if error.problem_mark is None:
        return Place(file=file, line=1).error(problem, remedy)
    return Place(file=file, line=error.problem_mark.line + 2, column=error.problem_mark.column + 1).error(
        problem, remedy
    )


def position(source: str, index: int) -> tuple[int, int]:
    """1-based line and column of a character."""
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def place_of(node: Node, file: str) -> Place:
    """Where a node stands on the page."""
    return place_of_mark(node.start_mark, file)


def place_of_mark(mark: Any, file: str) -> Place:
    """Where PyYAML's 0-based mark points to on the page; line 1 when it gives none."""
    return Place(file=file, line=1) if mark is None else Place(file=file, line=mark.line + 2, column=mark.column + 1)


def is_foreign(node: MappingNode) -> bool:
    """
    Whether front matter is meant for another program: it has no setting of ours and nothing that looks like a misspelt one.
    """
    names = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
    return bool(names) and not any(name in SETTINGS or nearest_of(name, SETTINGS) for name in names)


def is_something(node: Node) -> bool:
    """Whether a setting has a value."""
    return not (isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null")


def entries(node: MappingNode, known: tuple[str, ...], file: str, *, of: str) -> Iterator[tuple[str, Node, Node]]:
    """Name, key and value of each entry; unknown and repeated names are errors."""
    seen: dict[str, int] = {}
    for key, value in node.value:
        place = place_of(key, file)
        name = key.value if isinstance(key, ScalarNode) else ""
        if name not in known:
            raise place.error(
                f"unknown {of} {name!r}" if name else f"a {of}'s name is not plain text",
                nearest_of(name, known) or f"Known are: {', '.join(known)}.",
            )
        if name in seen:
            raise place.error(
                f"{of} {name!r} stands here a second time; the first is in line {seen[name]}", "Keep one of them."
            )
        seen[name] = place.line
        yield name, key, value


def last_of(name: str) -> str:
    """``scope.only`` is ``only``."""
    return name.rpartition(".")[2]


# --- values -----------------------------------------------------------------------------------------------------------


def read_text(node: Node, place: Place, name: str) -> str:
    """
    A scalar exactly as written: to YAML ``1:30`` would be 90, ``no`` false and ``3.10`` the number 3.1.
    """
    if not is_something(node):
        raise place.error(f"{name!r} has no value", "Write one after the colon, or take the line away.")
    if not isinstance(node, ScalarNode) or not node.value.strip():
        raise place.error(f"{name!r} must be one piece of text", "Write it after the colon, in the same line.")
    return str(node.value)


def read_ref(node: Node, place: Place, name: str) -> str:
    """``auto`` or the name of a branch, tag or commit."""
    ref = read_text(node, place, name)
    if REF.fullmatch(ref.rstrip("~^0123456789")) is None or "@{" in ref or ".." in ref:
        raise place.error(
            f"{name!r} cannot be a git ref: {ref!r}", "Write auto, or a branch, tag or commit: base: origin/main."
        )
    return ref


def read_file(node: Node, place: Place, name: str) -> str:
    """A file of the repository."""
    path = read_text(node, place, name)
    if problem := path_problem(path):
        raise place.error(
            f"{name!r} {problem}: {path!r}", "Name a file below the root of the repository: docs/PROGRESS.md."
        )
    if name == "progress" and path.removeprefix("./") == place.file:
        raise place.error(f"{name!r} names this page itself", "Keep the progress in a file of its own: PROGRESS.md.")
    return path


def read_limits(node: Node, place: Place, name: str) -> Limits:
    """The three limits."""
    numbers = {
        key: read_number(value, place_of(value if is_something(value) else key_node, place.file), f"{name}.{key}")
        for key, key_node, value in entries(mapping(node, place, name), names_of(Limits), place.file, of="limit")
    }
    return Limits(**numbers)


def read_number(node: Node, place: Place, name: str) -> int:
    """A whole number, written as one."""
    text = node.value if isinstance(node, ScalarNode) and node.style is None else ""
    if not is_something(node):
        raise place.error(f"{name!r} has no value", "Write a whole number, or take the line away for no limit.")
    if WHOLE_NUMBER.fullmatch(text) is None:
        shown = f": {node.value!r}" if isinstance(node, ScalarNode) else ""
        raise place.error(
            f"{name!r} must be a whole number from 0 on{shown}", f"Write digits alone: {last_of(name)}: 200."
        )
    return int(text)


def read_scope(node: Node, place: Place, name: str) -> Scope:
    """The two lists of globs."""
    globs = {
        key: read_globs(value, place_of(value if is_something(value) else key_node, place.file), f"{name}.{key}")
        for key, key_node, value in entries(mapping(node, place, name), names_of(Scope), place.file, of="scope")
    }
    return Scope(**globs)


def read_globs(node: Node, place: Place, name: str) -> tuple[str, ...]:
    """A list of globs, each checked."""
    if not isinstance(node, SequenceNode):
        shown = node.value if isinstance(node, ScalarNode) and is_something(node) else "src/**"
        raise place.error(f"{name!r} must be a list", f"Write it in square brackets: {last_of(name)}: [{shown}].")
    globs = tuple(read_glob(item, place_of(item, place.file), name) for item in node.value)
    if globs and (problem := globs_problem(globs)):
        raise place.error(f"{name!r} {problem}", PATTERN_REMEDY)
    return globs


def read_glob(node: Node, place: Place, name: str) -> str:
    """One glob of a list."""
    if not isinstance(node, ScalarNode) or not is_something(node):
        raise place.error(f"{name!r} holds something that is not one piece of text", PATTERN_REMEDY)
    if problem := glob_problem(node.value):
        raise place.error(f"{name!r} {problem}: {node.value!r}", PATTERN_REMEDY)
    return str(node.value)


def mapping(node: Node, place: Place, name: str) -> MappingNode:
    """A setting that has settings of its own."""
    if not isinstance(node, MappingNode):
        known = "changed_lines: 200" if name == "limits" else "protected: [VERIFY.md]"
        raise place.error(
            f"{name!r} must have settings of its own", f"Write them below it, two blanks further in: {known}."
        )
    return node


READERS: Mapping[str, Callable[[Node, Place, str], Any]] = {
    "base": read_ref,
    "limits": read_limits,
    "scope": read_scope,
    "progress": read_file,
    "plan": read_file,
}

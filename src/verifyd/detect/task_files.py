"""Makefile, justfile, Taskfile and scripts folder in, named tasks out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from verifyd.detect.configuration import list_of, read_yaml, table
from verifyd.detect.tasks import Task
from verifyd.detect.tree import Folder

MAKE_FILES = ("GNUmakefile", "makefile", "Makefile")
JUST_FILES = ("justfile", "Justfile", ".justfile")
TASK_FILES = (
    "Taskfile.yml",
    "taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "Taskfile.dist.yaml",
)
SCRIPT_FOLDERS = ("scripts", "script", "bin")
NAME = re.compile(r"[A-Za-z][\w:-]*")


class Recipe(Struct, frozen=True, kw_only=True):
    """
    One entry of a task file.

    Attributes:
        text: Its own commands, one a line.
        needs: Other entries that are run with it.
    """

    text: str = ""
    needs: tuple[str, ...] = ()


def whole_text(name: str, recipes: Mapping[str, Recipe]) -> str:
    """An entry's commands and those of all it needs, to any depth."""
    seen: dict[str, None] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in recipes and one not in seen:
            seen[one] = None
            waiting.extend(recipes[one].needs)
    return "\n".join(recipes[one].text for one in seen if recipes[one].text)


def file_tasks(
    folder: Folder, names: tuple[str, ...], program: str, recipes: Mapping[str, Recipe], what: str
) -> tuple[Task, ...]:
    """The entries of the first of some files as tasks."""
    home = folder.first(*names)
    return tuple(
        Task(
            name=name, command=f"{program} {name}", text=whole_text(name, recipes), why=f"{home} has the {what} {name}"
        )
        for name in recipes
    )


def first_text(folder: Folder, names: tuple[str, ...]) -> str:
    """Text of the first of some files; empty when there is none."""
    return folder.text(folder.first(*names) or "")


# --- make ------------------------------------------------------------------------------------------------------------

MAKE_RULE = re.compile(r"(?P<targets>[^\s:=#][^:=#]*?)\s*::?(?![=:])(?P<rest>.*)$")
MAKE_VARIABLE = re.compile(r"\s*(?:(?:override|export|private)\s+)*[\w.-]+\s*(?::{0,3}|\?|\+|!)=")
MAKE_DIRECTIVE = re.compile(
    r"\s*(?:(?:if\w*|else|endif|-?include|sinclude|vpath|export|unexport|undefine)\b(?!\s*:)|#|$)"
)


def make_tasks(folder: Folder) -> tuple[Task, ...]:
    """The targets of a Makefile; variables, pattern rules and special targets are none."""
    return file_tasks(folder, MAKE_FILES, "make", read_makefile(first_text(folder, MAKE_FILES)), "target")


def read_makefile(text: str) -> dict[str, Recipe]:
    """Targets that can be asked for by name."""
    recipes: dict[str, Recipe] = {}
    current: tuple[str, ...] = ()
    for line in make_lines(text):
        if line.startswith("\t"):
            for target in current:
                add(recipes, target, line.strip().lstrip("@-+ "))
        elif MAKE_DIRECTIVE.match(line):
            continue
        else:
            rule = None if MAKE_VARIABLE.match(line) else MAKE_RULE.match(line)
            # ``target: NAME = value`` sets a variable for a target, and ``a: %.b: %.c`` is a pattern: neither is a rule of a name.
            if rule is None or MAKE_VARIABLE.match(rule["rest"]) or "%" in line:
                current = ()
                continue
            current = tuple(target for target in rule["targets"].split() if NAME.fullmatch(target))
            needs, _, command = rule["rest"].partition(";")
            for target in current:
                add(recipes, target, command.strip(), tuple(needs.replace("|", " ").split("#")[0].split()))
    return recipes


def make_lines(text: str) -> Iterable[str]:
    """Logical lines, those of ``define`` blocks left out."""
    inside = False
    for line in text.replace("\\\n", " ").split("\n"):
        if inside:
            inside = re.match(r"\s*endef\b", line) is None
        elif re.match(r"\s*define\s", line):
            inside = True
        else:
            yield line


def add(recipes: dict[str, Recipe], name: str, line: str, needs: tuple[str, ...] = ()) -> None:
    """One more line, and more needs, for a recipe that may have been begun before."""
    known = recipes.get(name, Recipe())
    text = f"{known.text}\n{line}" if known.text and line else known.text or line
    recipes[name] = Recipe(text=text, needs=(*known.needs, *needs))


# --- just ------------------------------------------------------------------------------------------------------------

JUST_HEAD = re.compile(r"@?(?P<name>[A-Za-z_][\w-]*)(?P<parameters>(?:\s+[^\s:][^:]*)?)\s*:(?!=)(?P<needs>.*)$")
JUST_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|`[^`]*`")


def just_tasks(folder: Folder) -> tuple[Task, ...]:
    """The recipes of a justfile that need no argument."""
    return file_tasks(folder, JUST_FILES, "just", read_justfile(first_text(folder, JUST_FILES)), "recipe")


def read_justfile(text: str) -> dict[str, Recipe]:
    """Recipes that can be started without an argument; private ones and aliases are left out."""
    recipes: dict[str, Recipe] = {}
    private, current = False, ""
    for line in text.replace("\\\n", " ").split("\n"):
        if line[:1] in (" ", "\t"):
            if current:
                add(recipes, current, line.strip().lstrip("@-"))
            continue
        if line.startswith("["):
            private = private or "private" in line
            continue
        head = JUST_HEAD.match(JUST_TEXT.sub('""', line))
        if head is None:
            continue
        wants_argument = any(
            "=" not in word and not word.startswith("*") for word in head["parameters"].replace(" = ", "=").split()
        )
        is_open = not private and not wants_argument and not head["name"].startswith("_")
        current, private = head["name"] if is_open else "", False
        if current:
            add(recipes, current, "", tuple(re.findall(r"[A-Za-z_][\w-]*", head["needs"].split("#")[0])))
    return recipes


# --- Taskfile --------------------------------------------------------------------------------------------------------


def taskfile_tasks(folder: Folder) -> tuple[Task, ...]:
    """The tasks of a Taskfile that are no internal ones and need no variable."""
    return file_tasks(folder, TASK_FILES, "task", read_taskfile(first_text(folder, TASK_FILES)), "task")


def read_taskfile(text: str) -> dict[str, Recipe]:
    """Tasks that can be started by name."""
    found: dict[str, Recipe] = {}
    for name, content in table(read_yaml(text), "tasks").items():
        known = table(content)
        is_open = not known.get("internal") and not table(known, "requires").get("vars")
        if is_open and NAME.fullmatch(str(name)):
            found[name] = taskfile_recipe(content)
    return found


def taskfile_recipe(content: object) -> Recipe:
    """One task in any of its written forms: a command, a list of commands, a mapping."""
    if isinstance(content, str):
        return Recipe(text=content)
    known = table(content)
    commands = list_of(content) or list_of(known.get("cmds")) or [known.get("cmd")]
    texts = [command if isinstance(command, str) else table(command).get("cmd") for command in commands]
    called = [table(command).get("task") for command in commands]
    needs = [need if isinstance(need, str) else table(need).get("task") for need in list_of(known.get("deps"))]
    return Recipe(
        text="\n".join(text for text in texts if isinstance(text, str)),
        needs=tuple(name for name in (*needs, *called) if isinstance(name, str)),
    )


# --- scripts ---------------------------------------------------------------------------------------------------------

SHEBANG = re.compile(r"#!\s*(?:\S*/env\s+)?(?:\S*/)?(?P<shell>bash|zsh|dash|sh)\b")


def script_tasks(folder: Folder) -> tuple[Task, ...]:
    """Shell scripts of a scripts folder, each started by its shell, so that no mode bit matters."""
    found = []
    for path, text in folder.texts(*(f"{name}/*" for name in SCRIPT_FOLDERS)).items():
        shell = SHEBANG.match(text)
        if shell is None or not re.fullmatch(r"[\w./-]+", path):
            continue
        name = posixpath.basename(path).removesuffix(".sh").removesuffix(".bash")
        found.append(Task(name=name, command=f"{shell['shell']} {path}", text=text, why=f"there is {path}"))
    return tuple(found)

"""Our reading of shell words held against bash itself."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from verifyd.shell.commands import parse_shell
from verifyd.shell.script import ShellSyntaxError

PIECES = [
    "a",
    "b c",
    "'x y'",
    '"p q"',
    "\\ ",
    "\\n",
    '\\"',
    "$'t\\tu'",
    "''",
    " ",
    "  ",
    "#",
    "x#y",
    "\\\n",
    "=",
    "{",
    "}",
    "é",
    '"\\$"',
    "~x",
]
SEPARATORS = ["\n", "; ", " && ", "\n\n# comment ' \"\n"]


def make_script(chance: random.Random) -> str:
    """Calls of ``say`` with odd words between odd separators."""
    calls = ["say " + "".join(chance.choices(PIECES, k=chance.randint(1, 8))) for _ in range(chance.randint(1, 4))]
    return "".join(call + chance.choice(SEPARATORS[:1] if "#" in call else SEPARATORS) for call in calls) + "say end"


def arguments_of(script: str) -> list[list[str]]:
    """The arguments of each call of ``say``, as they are read here."""
    commands = [[word.text for word in command.words] for command in parse_shell(script).commands]
    return [words[1:] for words in commands if words[0] == "say"]


def as_said(arguments: list[str]) -> str:
    """What ``say`` prints for its arguments."""
    return "".join(f"{part}\0" for part in (len(arguments), *arguments))


def test_words_are_those_that_bash_gives_a_command(tmp_path: Path) -> None:
    """For 300 random scripts, each command's arguments are read exactly as bash passes them."""
    chance = random.Random(20_261_122)
    scripts = [make_script(chance) for _ in range(300)]
    body = "\n".join(f"{{ {script}\n}}\nprintf '\\0\\0'" for script in scripts)
    program = f'say() {{ printf \'%s\\0\' "$#" "$@"; }}\n{body}\n'
    (tmp_path / "script.sh").write_text(program)
    ended = subprocess.run(["bash", "script.sh"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    said = ended.stdout.decode()
    expected = "".join("".join(map(as_said, arguments_of(script))) + "\0\0" for script in scripts)
    assert said == expected


def test_what_bash_refuses_is_refused(tmp_path: Path) -> None:
    """Of 400 random texts with open quotes and brackets, none that is read whole here is incomplete to bash."""
    chance = random.Random(7)
    marks = ["a", "'", '"', "`", "$(", ")", "(", "${x", "}", "\\", "\n", ";", " ", "x=("]
    for number in range(400):
        text = "".join(chance.choices(marks, k=chance.randint(1, 6)))
        try:
            parse_shell(text)
        except ShellSyntaxError:
            continue
        (tmp_path / "text.sh").write_text(text + "\n")
        ended = subprocess.run(["bash", "-n", "text.sh"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
        says = ended.stderr.decode()
        assert "unexpected EOF" not in says, (number, text, says)

"""
Edits random files of a work tree at random moments, as an agent and its tools would: the race's other side, a process of its own.

Each edit ends in a log line with what it touched and how the tree looks after it, so that every answer about "now" can be
checked against what "now" was.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.race_gate import MODULES, PACK, TOKENS, list_files, module_text, read_files
from tests.torture.race_progress import Progress

COUNTER = "counter"
"""Names the last edit that wrote it; never tracked, so no branch switch takes it back."""
RULES = ("ignored/\n", "ignored/\nlogs/*.log\n")
LONGEST_HALF_S = 0.05


@dataclass
class Editor:
    """
    One editor.

    Attributes:
        gaps_s: Shortest and longest pause between two edits, log-uniform.
        hold_s: Shortest and longest time that an edit is held before it is taken back, log-uniform.
        counted: Share of the edits that end in the counter; without it the tree may be what it was before.
        touched: Paths that the edit under way has touched; None for any.
        before: How the tree looked after the last edit.
    """

    root: Path
    chance: random.Random
    progress: Progress
    gaps_s: tuple[float, float]
    hold_s: tuple[float, float]
    counted: float
    touched: set[str] | None = field(default_factory=set)
    before: Mapping[str, str] = field(default_factory=dict)
    branches: int = 0

    # --- what edits are made of ----------------------------------------------------------------------------------

    def wait(self, shortest_s: float, longest_s: float) -> None:
        """Some time between, log-uniform."""
        time.sleep(math.exp(self.chance.uniform(math.log(shortest_s), math.log(longest_s))))

    def touch(self, path: str) -> Path:
        """Where a path is; it counts as touched."""
        if self.touched is not None:
            self.touched.add(path)
        return self.root / path

    def text(self, size: int | None = None) -> bytes:
        """Something that was never written before, usually."""
        wanted = size if size is not None else self.chance.choice((0, 7, 60, 600, 6_000))
        return (b"%032x\n" % self.chance.getrandbits(128) * (wanted // 33 + 1))[:wanted]

    def some_file(self, *, only: str = "") -> str:
        """A file that is there, usually."""
        known = [path for path in list_files(str(self.root)) if path.startswith(only or ("src/", "lib/"))]
        plain = [path for path in known if not (self.root / path).is_symlink()]
        return self.chance.choice(plain) if plain else f"{only or 'src/'}first.txt"

    def new_name(self) -> str:
        """A file that is not there, usually, some of them in folders that are not there."""
        folders = [f"n{self.chance.randrange(4)}" for _ in range(self.chance.randrange(4))]
        return "/".join([self.chance.choice(("src", "lib")), *folders, f"x{self.chance.randrange(12)}.txt"])

    def make_room(self, path: str) -> Path:
        """The place of a file: its folders made, and whatever is in the way removed."""
        place = self.touch(path)
        for folder in reversed(place.parents):
            if folder.is_relative_to(self.root) and folder != self.root and (folder.is_symlink() or folder.is_file()):
                self.touch(str(folder.relative_to(self.root))).unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            place.unlink()  # lest the link's target is written
        elif place.is_dir():
            self.remove_below(path)
        return place

    def remove_below(self, path: str) -> None:
        """A whole folder."""
        for inside in list_files(str(self.root)):
            if inside.startswith(f"{path}/"):
                self.touch(inside)
        shutil.rmtree(self.root / path)

    def overwrite(self, place: Path, content: bytes) -> None:
        """In place, without making it empty first."""
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT)
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
        os.close(descriptor)

    def git(self, *arguments: str) -> None:
        """A command of the user's; it may not fail."""
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")

    # --- edits -----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """A file made empty and written."""
        self.touch(path := self.some_file())
        (self.root / path).write_bytes(self.text())

    def append(self) -> None:
        """A line more."""
        with self.touch(self.some_file()).open("ab") as file:
            file.write(self.text(33))

    def rename_over(self) -> None:
        """As careful editors save."""
        place = self.touch(path := self.some_file())
        beside = self.touch(f"{path}~") if self.chance.random() < 0.5 else self.root / "ignored" / "beside"
        beside.write_bytes(self.text())
        beside.replace(place)

    def truncate(self) -> None:
        """A file cut short, or grown by zeros."""
        os.truncate(self.touch(self.some_file()), self.chance.randrange(200))

    def delete(self) -> None:
        """A file gone, or a folder with all in it."""
        path = self.some_file()
        folder = path.rpartition("/")[0]
        if folder.count("/") and self.chance.random() < 0.4:
            self.remove_below(folder)
        else:
            self.touch(path).unlink()

    def create(self) -> None:
        """New files in new folders, at once."""
        for _ in range(self.chance.randrange(1, 5)):
            self.make_room(self.new_name()).write_bytes(self.text())

    def change_mode(self) -> None:
        """Executable, or no more."""
        place = self.touch(self.some_file())
        place.chmod(place.stat().st_mode ^ 0o111)

    def link(self) -> None:
        """A link in place of whatever there is."""
        place = self.make_room(self.new_name())
        place.unlink(missing_ok=True)
        place.symlink_to(self.chance.choice(("../src", "nowhere", self.some_file(), f"{self.chance.random()}")))

    def folder_for_file(self) -> None:
        """A folder takes a file's place."""
        place = self.touch(path := self.some_file())
        place.unlink()
        place.mkdir()
        self.touch(f"{path}/inside.txt").write_bytes(self.text(33))

    def same_size(self) -> None:
        """Other content of the same size, twice within a second, at times with the old modification time put back."""
        place = self.touch(self.some_file())
        seen = place.stat()
        for _ in range(2):
            self.overwrite(place, self.text(seen.st_size))
            if self.chance.random() < 0.5:
                os.utime(place, ns=(seen.st_atime_ns, seen.st_mtime_ns))
            self.wait(0.001, 0.02)

    def swap_token(self) -> None:
        """A module of the same size in place of another, in a way that may be a rename."""
        path = f"{PACK}{self.chance.choice(MODULES)}.py"
        content = module_text(self.chance.choice(TOKENS))
        if self.chance.random() < 0.5:
            self.overwrite(self.make_room(path), content)
        else:
            (self.root / "ignored/module").write_bytes(content)
            (self.root / "ignored/module").replace(self.touch(path))

    def break_module(self) -> None:
        """A module half-written, or gone, for a while."""
        place = self.touch(f"{PACK}{self.chance.choice(MODULES)}.py")
        content = module_text(self.chance.choice(TOKENS))
        place.write_bytes(content[: self.chance.randrange(len(content))])
        self.wait(0.001, LONGEST_HALF_S)
        self.overwrite(place, content)

    def revert(self) -> None:
        """Another content for some moments, then the first one again: the tree is what it was."""
        place = self.touch(self.some_file(only=self.chance.choice(("", "", PACK))))
        content, seen = place.read_bytes(), place.stat()
        self.overwrite(place, self.text(len(content)))
        self.wait(*self.hold_s)
        self.overwrite(place, content)
        if self.chance.random() < 0.5:
            os.utime(place, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def lure(self) -> None:
        """A new tree, long enough to be run; another content for some moments, then the new one again."""
        place = self.touch(self.some_file())
        content = self.text()
        for held in (content, self.text(len(content)), content):
            self.overwrite(place, held)
            self.wait(*self.hold_s)

    def come_and_go(self) -> None:
        """A file that is there for some moments only."""
        path = f"{self.chance.choice(('src', 'lib'))}/passing{self.chance.randrange(9)}.txt"
        place = self.make_room(path)
        place.write_bytes(self.text())
        self.wait(*self.hold_s)
        place.unlink()

    def half_written(self) -> None:
        """A file that stays open, half of it written."""
        content = self.text(6_000)
        with self.touch(self.some_file()).open("wb", buffering=0) as file:
            file.write(content[: self.chance.randrange(6_000)])
            self.wait(0.001, LONGEST_HALF_S)
            file.write(content[file.tell() :])

    def burst(self) -> None:
        """Many files at once."""
        for number in range(30):
            self.make_room(f"lib/many/b{number % 6}/y{number}.txt").write_bytes(self.text(33))

    def page(self) -> None:
        """VERIFY.md, half-written for a moment."""
        place = self.touch("VERIFY.md")
        content = place.read_bytes()
        with place.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            self.wait(0.001, LONGEST_HALF_S)
            file.write(content[len(content) // 2 :])

    def rules(self) -> None:
        """Logs that are ignored, or no more."""
        self.make_room(f"logs/{self.chance.randrange(5)}.log").write_bytes(self.text(33))
        self.touched = None
        (self.root / ".gitignore").write_text(self.chance.choice(RULES), "utf-8")

    def commit(self) -> None:
        """What is tracked, and what is new in two folders."""
        self.touched = None
        if self.chance.random() < 0.5:
            self.git("add", "--all", "--", "src", "pack")
        self.git("commit", "--quiet", "--all", "--allow-empty", "--message", "An edit")

    def switch(self) -> None:
        """Another branch, begun some commits ago, and whatever was not committed thrown away; at times back at once."""
        self.touched = None
        self.branches += 1
        self.git("checkout", "--quiet", "--force", "-B", f"branch{self.branches % 5}", self.commit_before())
        if self.chance.random() < 0.5:
            self.wait(*self.hold_s)
            self.git("checkout", "--quiet", "--force", "main")

    def commit_before(self) -> str:
        """A commit up to three before HEAD."""
        done = subprocess.run(
            ["git", "rev-list", "--max-count=4", "HEAD"], cwd=self.root, capture_output=True, text=True, check=True
        )
        return self.chance.choice(done.stdout.split())

    def stash(self) -> None:
        """Put aside and taken back."""
        self.touched = None
        self.git("commit", "--quiet", "--all", "--allow-empty", "--message", "Before")
        path = self.some_file(only=PACK)
        self.overwrite(self.root / path, module_text(self.chance.choice(TOKENS)))
        done = subprocess.run(["git", "stash", "--quiet"], cwd=self.root, capture_output=True, check=True)
        self.wait(*self.hold_s)
        listed = subprocess.run(["git", "stash", "list"], cwd=self.root, capture_output=True, check=True)
        if listed.stdout and not done.stderr:
            self.git("stash", "pop", "--quiet")

    def reset(self) -> None:
        """Everything as it was at some commit."""
        self.touched = None
        self.git("reset", "--quiet", "--hard", self.commit_before())

    EDITS: Mapping[str, float] = field(
        default_factory=lambda: {
            "write": 3,
            "append": 3,
            "rename_over": 3,
            "truncate": 1,
            "delete": 2,
            "create": 3,
            "change_mode": 1,
            "link": 1,
            "folder_for_file": 0.5,
            "same_size": 3,
            "swap_token": 3,
            "break_module": 1,
            "revert": 4,
            "lure": 1,
            "come_and_go": 2,
            "half_written": 2,
            "burst": 0.5,
            "page": 0.3,
            "rules": 0.3,
            "commit": 0.7,
            "switch": 0.5,
            "stash": 0.5,
            "reset": 0.4,
        }
    )

    # --- the race --------------------------------------------------------------------------------------------------

    def edit(self, number: int, names: list[str]) -> str:
        """One edit, its counter last of all, and then its line in the log."""
        known = {name: self.EDITS.get(name, 1.0) for name in names or self.EDITS}
        name = self.chance.choices(list(known), weights=list(known.values()))[0]
        self.touched = set()
        self.progress.begun = number
        act: Callable[[], None] = getattr(self, name)
        with suppress(FileNotFoundError):  # the file that was chosen is not there at the moment
            act()
        if self.chance.random() < self.counted:
            (self.root / "ignored/counter").write_text(f"{number}\n", "utf-8")
            (self.root / "ignored/counter").replace(self.touch(COUNTER))
        self.progress.done = number
        return name

    def line(self, number: int, name: str) -> str:
        """The log's line after an edit: what differs from the line before."""
        files = read_files(str(self.root))
        if "logs" in (self.root / ".gitignore").read_text("utf-8"):
            files = {path: entry for path, entry in files.items() if not path.startswith("logs/")}
        changed = {
            path: files.get(path) for path in files.keys() | self.before if files.get(path) != self.before.get(path)
        }
        self.before = files
        touched = sorted(self.touched) if self.touched is not None else None
        return json.dumps({"number": number, "edit": name, "touched": touched, "changed": changed})


def main() -> int:
    """Edit as often as asked, with rests in between."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path, help="of the log and the shared numbers")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--edits", type=int, required=True)
    parser.add_argument("--gaps", type=float, nargs=2, required=True)
    parser.add_argument("--hold", type=float, nargs=2, required=True)
    parser.add_argument("--counted", type=float, required=True)
    parser.add_argument("--rest-after", type=int, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    editor = Editor(
        root=asked.root,
        chance=random.Random(asked.seed),
        progress=Progress(asked.folder / "progress"),
        gaps_s=tuple(asked.gaps),
        hold_s=tuple(asked.hold),
        counted=asked.counted,
    )
    with (asked.folder / "edits.log").open("a", buffering=1) as log:
        log.write(editor.line(0, "begin") + "\n")
        for number in range(1, asked.edits + 1):
            name = editor.edit(number, asked.only)
            log.write(editor.line(number, name) + "\n")
            if number % asked.rest_after == 0 or number == asked.edits:
                editor.progress.resting = 1
                while editor.progress.resting:
                    time.sleep(0.01)
            editor.wait(*editor.gaps_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())

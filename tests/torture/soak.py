"""
The soak: a real daemon under an agent's edits for hours, whose answers are checked and whose memory, files, watches, processes and disk are sampled.

The daemon keeps little and cleans up often, unless it is told to be as usual, so that hours show what else takes weeks.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.daemons import wait_for
from tests.support.repository import ROOT
from tests.torture.soak_sample import Sample, folders_of, sample, trends

PAGE = """# Verify

```sh
sleep 0.2; ! grep -rq BAD src
```

## Scoped

```sh paths="docs/**"
! grep -rq BAD docs
```
"""
FOLDERS = ("src", "src/deep/er", "docs", "assets")
FILES = 400
GAPS_S = (0.02, 0.2, 1.0, 2.0, 4.0)
LARGEST_BYTES = 20_000
ASKED_LIMIT_S = 60
ENDED_LIMIT_S = 30
WHO = ("-c", "user.name=Soak", "-c", "user.email=soak@example.invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What is asked of a soak.

    Attributes:
        seed: Of what is edited and when.
        every_s: Between two samples.
        gaps_s: Between two edits, one of these.
        asks: Share of the edits after which a question is asked.
        is_usual: Whether the daemon has its usual limits and rhythm.
        out: Gets a line of JSON for each sample.
    """

    seconds: float
    seed: int = 1
    every_s: float = 20.0
    gaps_s: Sequence[float] = GAPS_S
    asks: float = 0.1
    is_usual: bool = False
    out: Path | None = None
    tell: Callable[[str], None] = lambda line: None


@dataclass(slots=True, kw_only=True)
class Soaked:
    """
    What came of it.

    Attributes:
        wrong: What should not have been, a sentence each.
    """

    edits: int = 0
    answers: int = 0
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """What was wrong, and what grew."""
        return [*self.wrong, *(f"grew: {trend.name}" for trend in trends(self.samples) if trend.grew)]

    def summary(self) -> str:
        """Counts and the table."""
        first = (
            f"{self.edits} edits, {self.answers} answers, {len(self.wrong)} things wrong, {len(self.samples)} samples"
        )
        return "\n".join([first, *self.wrong, *map(str, trends(self.samples))])


def soak(options: Options, folder: Path) -> Soaked:
    """Edit, ask and sample for as long as asked, in a new folder."""
    soaking = Soaking(folder=folder, options=options)
    soaking.prepare()
    with soaking.daemon() as daemon:
        soaking.go_on(daemon)
    return soaking.found


@dataclass(slots=True, kw_only=True)
class Soaking:
    """
    One soak.

    Attributes:
        folder: Holds the repository and everything beside it.
    """

    folder: Path
    options: Options
    found: Soaked = field(default_factory=Soaked)
    chance: random.Random = field(init=False)
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.options.seed)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        self.environment = {
            **inherited,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.temporary),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        }

    @property
    def root(self) -> Path:
        """The work tree."""
        return self.folder / "repository"

    @property
    def temporary(self) -> Path:
        """Temporary files of the daemon and its gates."""
        return self.folder / "t"

    def prepare(self) -> None:
        """A repository with an approved page."""
        self.temporary.mkdir(parents=True)
        for number in range(FILES):
            path = self.root / FOLDERS[number % len(FOLDERS)] / f"file{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"line of {number}\n" * 20)
        (self.root / "VERIFY.md").write_text(PAGE)
        self.git("init", "-q")
        self.commit("Begin")
        self.run([sys.executable, "-m", "verifyd", "approve", "--yes"])

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon, ended afterwards."""
        module = "verifyd" if self.options.is_usual else "tests.torture.soak_daemon"
        with (self.folder / "daemon.out").open("wb") as said:
            daemon = subprocess.Popen(
                [sys.executable, "-m", module, "watch", "--plain"],
                cwd=self.root,
                env=self.environment,
                stdout=said,
                stderr=said,
            )
        try:
            wait_for((self.root / ".git/verifyd/daemon.sock").exists, "the daemon answers")
            yield daemon
        finally:
            daemon.terminate()
            daemon.wait(ENDED_LIMIT_S)

    def go_on(self, daemon: subprocess.Popen[bytes]) -> None:
        """Edit, ask, sample until the time is over or the daemon ends."""
        began_s, sampled_s = time.monotonic(), 0.0
        self.ask()
        while (now_s := time.monotonic()) - began_s < self.options.seconds:
            self.edit()
            time.sleep(self.chance.choice(self.options.gaps_s))
            if self.chance.random() < self.options.asks:
                self.ask()
            if daemon.poll() is not None:
                self.found.wrong.append(f"the daemon ended with {daemon.returncode}")
                return
            if now_s - sampled_s >= self.options.every_s:
                sampled_s = now_s
                self.keep(sample(daemon.pid, now_s - began_s, root=self.root, temporary=self.temporary))

    def keep(self, taken: Sample) -> None:
        """Keep a sample, and tell of it."""
        self.found.samples.append(taken)
        line = json.dumps(asdict(taken))
        self.options.tell(line)
        if self.options.out is not None:
            with self.options.out.open("a") as file:
                file.write(f"{line}\n")

    # --- edits -----------------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """One edit, as an agent or a person makes it."""
        self.found.edits += 1
        files = [Path(top, name) for top, names in folders_of(self.root) for name in names if name.endswith(".txt")]
        path = self.chance.choice(files)
        match self.chance.randrange(12):
            case 0 if len(files) > FILES // 2:
                path.unlink()
            case 1:
                new = path.parent / f"new{self.chance.randrange(40)}.txt"
                new.write_text("new\n")
            case 2:
                beside = path.with_suffix(".tmp")
                beside.write_text("renamed over\n")
                beside.rename(path)
            case 3:
                path.write_text("BAD\n")
            case 4 | 5:
                for bad in files:
                    if "BAD" in bad.read_text():
                        bad.write_text("good again\n")
            case 6 if self.chance.random() < 0.2:
                self.commit(f"Edit {self.found.edits}")
            case 7:
                self.nest(path)
            case _:
                self.append(path)

    def append(self, path: Path) -> None:
        """A line more, until it is enough."""
        with path.open("a") as file:
            file.write(f"edit {self.found.edits}\n")
        if path.stat().st_size > LARGEST_BYTES:
            path.write_text("short again\n")

    def nest(self, path: Path) -> None:
        """A folder of its own comes, or goes."""
        folder = self.root / FOLDERS[0] / f"folder{self.chance.randrange(40)}"
        if folder.is_dir():
            for one in folder.iterdir():
                one.unlink()
            folder.rmdir()
        else:
            folder.mkdir()
            (folder / "file.txt").write_text(path.read_text())

    def commit(self, message: str) -> None:
        """Commit all there is."""
        self.git("add", "-A")
        self.git(*WHO, "commit", "-q", "--allow-empty", "-m", message)

    # --- questions -------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """The answer about now must be about what git says is there now."""
        asked = [sys.executable, "-m", "verifyd", "status", "--json"]
        done = subprocess.run(
            asked, cwd=self.root, env=self.environment, capture_output=True, timeout=ASKED_LIMIT_S, text=True
        )
        self.found.answers += 1
        tree = self.tree()
        try:
            about = json.loads(done.stdout)["tree"]
        except ValueError:
            about = f"{done.stdout} {done.stderr}"
        if about != tree:
            self.found.wrong.append(f"answer {self.found.answers} was about {about[:300]}, not {tree}")
            self.options.tell(self.found.wrong[-1])

    def tree(self) -> str:
        """What git says is there, by an index of its own."""
        index = self.folder / "index"
        index.unlink(missing_ok=True)
        aside = {"GIT_INDEX_FILE": str(index)}
        self.git("add", "-A", **aside)
        return self.git("write-tree", **aside).strip()

    def git(self, *arguments: str, **variables: str) -> str:
        """Run git in the work tree; what it printed."""
        return self.run(["git", *arguments], **variables)

    def run(self, command: Sequence[str], **variables: str) -> str:
        """Run a command in the work tree; what it printed."""
        environment = {**self.environment, **variables}
        return subprocess.run(
            command, cwd=self.root, env=environment, check=True, capture_output=True, text=True
        ).stdout

"""Gates that start processes which try to stay, ended in every way; nothing of them may be left."""

from __future__ import annotations

import os
import random
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from tests.support.jobs import ESCAPES, KINDS
from tests.support.project import Project, page
from tests.torture.rounds import Tally

SOON_S = 20.0
"""How long may pass until all are gone, however loaded the machine: it takes 50 ms on one that is not."""
NAMED = "os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[3]], {})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """
    A project whose gate starts one process of every kind, and stays.

    Attributes:
        name: Stands in the command line of each of these processes, which hide from every other search.
        born: Where each of them writes its id.
    """

    project: Project
    name: str
    born: Path

    def processes(self) -> list[int]:
        """Those of them that live, found by the name alone."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.name.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def are_born(self) -> bool:
        """Whether one of every kind is there, and the gate's own process."""
        return self.born.is_dir() and len([one for one in self.born.iterdir() if not one.suffix]) == len(KINDS)


STARTER = ESCAPES.replace('os.execve("/bin/sh", ["sh", "-c", "exec sleep 600"], {})', NAMED)
"""As in the tests of the supervisor, but the process without an environment keeps the name in its command line."""


def make_stage(folder: Path, attributes: str = "", *, beside: str = "") -> Stage:
    """The project; *beside*: another gate's script."""
    name, born = f"left-{secrets.token_hex(8)}", folder / "born"
    starter = folder / "starter.py"
    folder.mkdir(parents=True)
    starter.write_text(STARTER, "utf-8")
    script = f"mkdir -p {born}; exec {shlex.quote(sys.executable)} -I -S {starter} {born} stay {name}"
    gates = {"long": f"{attributes} | {script}" if attributes else script}
    if beside:
        (folder / "beside.sh").write_text(beside, "utf-8")
        gates["beside"] = f"sh -eu {folder / 'beside.sh'}"
    project = Project.make(folder / "project", {"calc.py": "A = 1\n", "VERIFY.md": page(**gates)})
    project.approve()
    return Stage(project=project, name=name, born=born)


def wait(condition: Callable[[], object], limit_s: float = SOON_S * 2) -> bool:
    """Whether it comes to hold."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def children(pid: int) -> list[int]:
    """Of a process, by the kernel's list."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text("utf-8").split()]
    return found


def zygote_of(daemon: subprocess.Popen[bytes]) -> int:
    """The process that forks the supervisors."""
    (found,) = [one for one in children(daemon.pid) if b"zygote" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return found


def start(stage: Stage, *arguments: str) -> subprocess.Popen[bytes]:
    """Start verifyd in a process group of its own, as a shell does."""
    return subprocess.Popen(
        stage.project.command(*arguments),
        cwd=stage.project.root,
        env=stage.project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


# --- the ways of ending ------------------------------------------------------------------------------------------------


def by_signal(number: signal.Signals) -> Callable[[Stage, subprocess.Popen[bytes]], None]:
    """To the daemon's own process."""
    return lambda stage, daemon: daemon.send_signal(number)


def by_ctrl_c(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """As a terminal does it: to the whole group."""
    os.killpg(daemon.pid, signal.SIGINT)


def by_killing_zygote(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """What forks the supervisors is killed."""
    os.kill(zygote_of(daemon), signal.SIGKILL)


def by_killing_supervisor(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """What holds the gate's processes is killed."""
    for one in children(zygote_of(daemon)):
        os.kill(one, signal.SIGKILL)


def by_stopping(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """``verifyd stop``."""
    stage.project.verifyd("stop", expect=0)


def by_edit(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """The gate is of another tree now, and quick."""
    stage.project.write({"VERIFY.md": page(long="true")})
    stage.project.approve()


def by_nothing(stage: Stage, daemon: subprocess.Popen[bytes]) -> None:
    """It ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """
    A way in which a run comes to its end.

    Attributes:
        command: What runs the gate.
        attributes: Of the gate.
        beside: Another gate's script; ``{born}`` in it is where the processes write their ids.
    """

    end: Callable[[Stage, subprocess.Popen[bytes]], None]
    command: tuple[str, ...] = ("watch", "--plain")
    attributes: str = ""
    beside: str = ""


FAILS = f'until [ "$(ls {{born}} | grep -vc new)" = {len(KINDS)} ]; do sleep 0.02; done; exit 1'
WAYS = {
    "SIGKILL": Way(end=by_signal(signal.SIGKILL)),
    "Ctrl-C": Way(end=by_ctrl_c),
    "an edit": Way(end=by_edit),
    "fail-fast": Way(end=by_nothing, command=("run", "--fail-fast"), beside=FAILS),
    "SIGKILL to the zygote": Way(end=by_killing_zygote),
    "a timeout": Way(end=by_nothing, attributes="timeout=3s"),
    "Ctrl-C, one run": Way(end=by_ctrl_c, command=("run",)),
    "SIGINT": Way(end=by_signal(signal.SIGINT)),
    "SIGTERM": Way(end=by_signal(signal.SIGTERM)),
    "SIGKILL, one run": Way(end=by_signal(signal.SIGKILL), command=("run",)),
    "SIGHUP": Way(end=by_signal(signal.SIGHUP)),
    "stop": Way(end=by_stopping),
    "SIGKILL to the supervisor": Way(end=by_killing_supervisor),
}
ENDS_RUN = frozenset(WAYS) - {"an edit", "a timeout", "SIGKILL to the zygote", "SIGKILL to the supervisor"}
"""After the others the daemon lives."""


def end_in(way: str, folder: Path, attributes: str = "") -> list[str]:
    """One run that is ended in a way; what was wrong."""
    how = WAYS[way]
    beside = how.beside.format(born=folder / "born")
    stage = make_stage(folder, " ".join(filter(None, (how.attributes, attributes))), beside=beside)
    daemon = start(stage, *how.command)
    try:
        if not wait(stage.are_born):
            return [f"{way}: the gate did not start: nothing was tried"]
        living = len(stage.processes())
        how.end(stage, daemon)
        if way in ENDS_RUN and not wait(lambda: daemon.poll() is not None):
            return [f"{way}: verifyd did not end"]
        # In the ways that leave the daemon alive it may try the gate again: first what was there has to be gone.
        if way not in ENDS_RUN:
            first = set(stage.processes())
            if not wait(lambda: not first & set(stage.processes()), SOON_S):
                return [f"{way}: {len(first & set(stage.processes()))} of {living} processes are left"]
            daemon.kill()
            daemon.wait()
        if not wait(lambda: not stage.processes(), SOON_S):
            return [f"{way}: {len(stage.processes())} of {living} processes are left"]
        return []
    finally:
        daemon.kill()
        daemon.wait()
        for one in stage.processes():
            os.kill(one, signal.SIGKILL)


async def torture(folder: Path, rounds: int, seed: int) -> Tally:
    """Every way in turn, the gate in a frozen view or in place."""
    chance, tally = random.Random(seed), Tally()
    for number in range(rounds):
        way = list(WAYS)[number % len(WAYS)]
        attributes = chance.choice(("", "isolate=tree"))
        tally.wrong += await anyio.to_thread.run_sync(end_in, way, folder / str(number), attributes)
        tally.counted[way] += 1
        tally.rounds += 1
    return tally


def naive(folder: Path, rounds: int) -> int:
    """End the gate's process group, with SIGTERM and then with SIGKILL: how many processes are left."""
    left = 0
    for number in range(rounds):
        name, born = f"left-{secrets.token_hex(8)}", folder / str(number)
        born.mkdir(parents=True)
        stage = Stage(project=Project(root=folder), name=name, born=born)
        command = [sys.executable, "-I", "-S", "-c", STARTER, str(born), "stay", name]
        gate = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
        wait(stage.are_born)
        for number_of in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(gate.pid, number_of)
            time.sleep(0.05)
        gate.wait()
        left += len(stage.processes())
        for one in stage.processes():
            os.kill(one, signal.SIGKILL)
    return left

"""What a supervisor holds does not get away, whatever it does and whoever is killed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tests.support.jobs import (
    KINDS,
    PYTHON,
    a_job,
    escaping,
    kill,
    log_of,
    marked,
    pids_in,
    run_job,
    supervisors,
    until,
    wait_until_gone,
    zygotes,
)
from tests.support.ordinary_user import (
    environment,
    folder_of_ordinary_user,
    supervise_as_ordinary_user,
)
from verifyd.app.process_ports import JobEnd
from verifyd.edge import process_tree
from verifyd.edge.processes import open_processes
from verifyd.outcome import End

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

BOMB = "bomb() { bomb | bomb & }; bomb; sleep 600"
THREAD_LIBRARYS_OWN = 0b11 << 31
"""Signals 32 and 33, which glibc lets no program touch."""
SESSIONS_BOMB = '#!/bin/sh\nwhile :; do setsid "$0" & sleep 0.02; done\n'


# --- seven ways to get away --------------------------------------------------------------------------------------------


def test_nothing_outlives_a_job_that_exits(tmp_path: Path) -> None:
    """Fault 44: daemons, setsid, an emptied environment, closed files, ignored signals: all are ended, and counted."""
    pids = tmp_path / "pids"
    job = a_job(tmp_path, escaping(pids))
    end = run_job(job)
    assert (end.end, end.exit_code, end.leaked) == (End.EXITED, 0, len(KINDS))
    assert sorted(pids_in(pids)) == sorted(KINDS)
    assert process_tree.alive(pids_in(pids).values()) == []
    assert log_of(job) == "all there\n"


def test_nothing_outlives_a_job_that_is_stopped(tmp_path: Path) -> None:
    """Of a job that is stopped and ignores it, no process is left; none of them is called leaked."""
    pids = tmp_path / "pids"
    job = a_job(tmp_path, escaping(pids, then="stay"))

    async def run() -> JobEnd:
        async with open_processes() as processes:
            running = await processes.start(job)
            await until(lambda: job.log.exists() and "all there" in log_of(job))
            return await running.stop()

    end = anyio.run(run)
    assert (end.end, end.leaked) == (End.CANCELLED, 0)
    assert process_tree.alive(pids_in(pids).values()) == []


def test_nothing_outlives_a_job_that_times_out(tmp_path: Path) -> None:
    """Of a job that is past its time limit, no process is left."""
    pids = tmp_path / "pids"
    end = run_job(a_job(tmp_path, escaping(pids, then="stay"), timeout_s=1.0))
    assert end.end is End.TIMED_OUT
    assert process_tree.alive(pids_in(pids).values()) == []


def test_an_ordinary_users_jobs_do_not_get_away_either() -> None:
    """No kind of escape needs root's rights to be ended."""
    with folder_of_ordinary_user() as folder:
        asked = {"base": str(folder), "script": [*PYTHON[:0], *escape_command(folder)]}
        (end,) = supervise_as_ordinary_user({"jobs": [asked]})["ends"]
        assert (end["end"], end["exit_code"], end["leaked"]) == ("exited", 0, len(KINDS))
        assert process_tree.alive(pids_in(folder / "pids").values()) == []


def escape_command(folder: Path) -> list[str]:
    """The escapes with a Python that the ordinary user may use, writing into a folder that is his."""
    command = list(escaping(folder / "pids"))
    (folder / "pids").chmod(0o777)
    return ["python3" if os.geteuid() == 0 else command[0], *command[1:]]


def test_last_words_of_a_helper_are_kept(tmp_path: Path) -> None:
    """What still works when the job's own process exits may finish: ``exec > >(tee log)`` loses nothing and is no leak."""
    job = a_job(tmp_path, ("bash", "-c", "exec > >(cat); seq 200000"))
    end = run_job(job)
    assert (end.exit_code, end.leaked) == (0, 0)
    assert log_of(job) == "".join(f"{number}\n" for number in range(1, 200_001))


def test_leaked_server_may_clean_up(tmp_path: Path) -> None:
    """A leaked process with a handler for SIGTERM gets a moment for it."""
    server = "import signal, sys, time\n"
    server += "signal.signal(signal.SIGTERM, lambda number, frame: (print('cleaned up', flush=True), sys.exit()))\n"
    server += "print('ready', flush=True)\ntime.sleep(600)"
    job = a_job(
        tmp_path,
        ("bash", "-c", f'{shlex.join(PYTHON)} "{server}" & while ! grep -q ready gate.log; do sleep 0.02; done'),
    )
    assert run_job(job).leaked == 1
    assert log_of(job) == "ready\ncleaned up\n"


def test_background_process_with_the_output_delays_nothing(tmp_path: Path) -> None:
    """A grandchild that holds the pipe open for minutes does not keep the job from ending."""
    end = run_job(a_job(tmp_path, "sleep 600 & echo done"))
    assert (end.end, end.exit_code, end.leaked) == (End.EXITED, 0, 1)


# --- too many ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["one group", "a session each"])
def test_fork_bomb(kind: str) -> None:
    """Fault 45: a bomb, held by the test to 400 processes, ends at the job's own limit; nothing of it is left."""
    with folder_of_ordinary_user() as folder:
        script = folder / "bomb"
        script.write_text(SESSIONS_BOMB)
        script.chmod(0o755)
        asked = {
            "base": str(folder),
            "script": ["bash", "-c", BOMB if kind == "one group" else str(script)],
            "max_processes": 100,
            "timeout_s": 50.0,
            "mark": f"bomb{os.getpid()}{kind[0]}",
        }
        (end,) = supervise_as_ordinary_user({"jobs": [asked], "most_processes": 400})["ends"]
        assert (end["end"], end["exit_code"]) == ("too_many_processes", None)
        assert marked(str(asked["mark"])) == []


def test_many_processes_below_the_limit_are_fine(tmp_path: Path) -> None:
    """Fifty at once are not too many when sixty are allowed."""
    end = run_job(a_job(tmp_path, "for i in $(seq 50); do sleep 0.4 & done; wait", max_processes=60))
    assert (end.end, end.exit_code) == (End.EXITED, 0)


# --- somebody is killed ------------------------------------------------------------------------------------------------


def ends_after(tmp_path: Path, kill_whom: Callable[[], None]) -> tuple[JobEnd, JobEnd, dict[str, int]]:
    """Kill somebody while all kinds of escape live; that job's end, the end of one started later, the escapes' ids."""
    pids = tmp_path / "pids"
    job = a_job(tmp_path, escaping(pids, then="stay"))

    async def run() -> tuple[JobEnd, JobEnd]:
        async with open_processes() as processes:
            running = await processes.start(job)
            await until(lambda: job.log.exists() and "all there" in log_of(job))
            kill_whom()
            end = await running.wait()
            assert process_tree.alive(pids_in(pids).values()) == []
            return end, await (await processes.start(a_job(tmp_path, "exit 6"))).wait()

    end, later = anyio.run(run)
    assert marked(job.mark) == []
    return end, later, pids_in(pids)


def test_killed_supervisor(tmp_path: Path) -> None:
    """When a supervisor gets kill -9, the zygote ends what it held before the job's end is told; others can be started."""
    end, later, _ = ends_after(tmp_path, lambda: kill(supervisors()[0]))
    assert (end.end, end.exit_code) == (End.NOT_STARTED, None)
    assert end.trouble == "its supervisor was killed; all that it had started was ended"
    assert (later.end, later.exit_code) == (End.EXITED, 6)


def test_killed_zygote(tmp_path: Path) -> None:
    """When the zygote gets kill -9, each supervisor ends its own job; the next job has a new zygote."""
    end, later, _ = ends_after(tmp_path, lambda: kill(zygotes()[0]))
    assert (end.end, end.trouble) == (End.CANCELLED, "the process that looks after all supervisors was killed")
    assert (later.end, later.exit_code) == (End.EXITED, 6)
    assert zygotes() == []


def test_supervisor_asked_to_end(tmp_path: Path) -> None:
    """SIGTERM to a supervisor stops its job in order."""
    end, _, _ = ends_after(tmp_path, lambda: os.kill(supervisors()[0], signal.SIGTERM))
    assert (end.end, end.trouble) == (End.CANCELLED, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_main_program(tmp_path: Path, number: signal.Signals) -> None:
    """Fault 1: however the main program ends, no process of its jobs, no supervisor and no zygote outlives it."""
    pids = tmp_path / "pids"
    asked = {
        "jobs": [{"base": str(tmp_path), "script": list(escaping(pids, then="stay")), "mark": f"main{os.getpid()}"}]
    }
    command = [sys.executable, "-m", "tests.support.supervision", json.dumps(asked)]
    with subprocess.Popen(command, env=environment(), cwd="/", stderr=subprocess.DEVNULL) as main:
        anyio.run(
            until, lambda: (tmp_path / "gate.log").exists() and "all there" in (tmp_path / "gate.log").read_text()
        )
        everyone = process_tree.descendants(main.pid)
        assert len(everyone) >= 2 + len(KINDS)
        main.send_signal(number)
    wait_until_gone([*everyone, *pids_in(pids).values()])
    assert marked(f"main{os.getpid()}") == []


# --- what a job is given -----------------------------------------------------------------------------------------------


def test_standard_input_is_at_its_end(tmp_path: Path) -> None:
    """Fault 49: a job that reads its input gets the end of it at once."""
    job = a_job(tmp_path, "cat; read line || echo nothing to read; readlink /proc/self/fd/0")
    assert run_job(job).exit_code == 0
    assert log_of(job) == "nothing to read\n/dev/null\n"


def test_there_is_no_terminal(tmp_path: Path) -> None:
    """Fault 50: a job that opens /dev/tty fails at once, also when we have a terminal: it cannot wait for a password."""
    ours, theirs = os.openpty()
    asked = {"jobs": [{"base": str(tmp_path), "script": ": < /dev/tty && echo asked"}]}
    opens = "import sys; open('/dev/tty').close(); import runpy; runpy.run_module('tests.support.supervision', run_name='__main__')"
    try:
        done = subprocess.run(
            ["setsid", "--ctty", "--wait", sys.executable, "-c", opens, json.dumps(asked)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd="/",
            check=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    (end,) = json.loads(done.stdout)["ends"]
    assert end["exit_code"] == 2
    assert "No such device or address" in (tmp_path / "gate.log").read_text()


def test_only_three_files_are_open(tmp_path: Path) -> None:
    """Fault 51: a job finds 0, 1 and 2 open and nothing else, whatever we have open and let children inherit."""
    inherited = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    try:
        listing = "import os; print(sorted(os.listdir('/proc/self/fd')), 'where 3 is the folder')"
        job = a_job(tmp_path, (*PYTHON, listing))
        run_job(job)
    finally:
        os.close(inherited)
    assert log_of(job) == "['0', '1', '2', '3'] where 3 is the folder\n"


def test_job_that_closes_its_output_goes_on(tmp_path: Path) -> None:
    """Fault 51: closing stdout and stderr is no end."""
    job = a_job(tmp_path, "echo before; exec >&- 2>&-; sleep 0.1; exit 5")
    assert run_job(job).exit_code == 5
    assert log_of(job) == "before\n"


def test_signals_have_their_defaults(tmp_path: Path) -> None:
    """A job ignores and blocks no signal, whatever Python, a shell's nohup or we ignore."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        job = a_job(tmp_path, ("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"))
        run_job(job)
    finally:
        signal.signal(signal.SIGHUP, before)
    blocked, ignored = (int(line.split()[1], 16) for line in log_of(job).splitlines())
    assert (blocked, ignored & ~THREAD_LIBRARYS_OWN) == (0, 0)


# --- output ------------------------------------------------------------------------------------------------------------


def test_a_gigabyte_of_output(tmp_path: Path) -> None:
    """Fault 46: 1 GB costs neither us nor the supervisor memory; head and tail are kept, and how much is missing is said."""
    before = peak_kib("self")
    script = "echo first; yes | head -c 1000000000; grep VmHWM /proc/$PPID/status; echo last"
    job = a_job(tmp_path, script, log_cap_bytes=1 << 20)
    end = run_job(job)
    text = job.log.read_bytes()
    assert (end.exit_code, end.log_lost) == (0, False)
    assert text.startswith(b"first\ny\ny\n")
    assert text.endswith(b"kB\nlast\n")
    marker = b"\n[verifyd: %d bytes left out]\n" % (end.log_bytes - (1 << 20))
    assert text.count(marker) == 1
    assert len(text) == (1 << 20) + len(marker)
    supervisor_kib = int(text.rsplit(b"VmHWM:", 1)[1].split()[0])
    assert supervisor_kib < 40_000
    assert peak_kib("self") - before < 5_000


def test_a_line_of_half_a_gigabyte(tmp_path: Path) -> None:
    """Fault 47: one line without an end is output like any other."""
    job = a_job(tmp_path, "head -c 500000000 /dev/zero", log_cap_bytes=100_000)
    end = run_job(job)
    assert (end.exit_code, end.log_bytes) == (0, 500_000_000)
    text = job.log.read_bytes()
    assert text.strip(b"\0") == b"\n[verifyd: 499900000 bytes left out]\n"
    assert text.count(b"\0") == 100_000


def test_output_is_kept_as_it_is(tmp_path: Path) -> None:
    """Fault 48: control sequences, NUL and bytes that are not UTF-8 stand in the log as they were written."""
    odd = rb"\033]52;c;aGk=\a\033[2J\033]0;title\a\0\377\376\342\200\256"
    job = a_job(tmp_path, ("printf", odd.decode()))
    run_job(job)
    assert job.log.read_bytes() == b"\x1b]52;c;aGk=\x07\x1b[2J\x1b]0;title\x07\0\xff\xfe\xe2\x80\xae"


def test_full_disk(tmp_path: Path) -> None:
    """Fault 13: a job whose log cannot be written goes on to its own end, and the log is called lost."""
    (tmp_path / "gate.log").symlink_to("/dev/full")
    end = run_job(a_job(tmp_path, "head -c 5000000 /dev/zero; exit 3"))
    assert (end.end, end.exit_code, end.log_lost, end.log_bytes) == (End.EXITED, 3, True, 5_000_000)


def test_log_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Fault 13: neither does a log that cannot even be created hold a job up."""
    end = run_job(a_job(tmp_path, "echo hello; exit 3", log=tmp_path / "gone" / "gate.log"))
    assert (end.exit_code, end.log_lost, end.log_bytes) == (3, True, 6)


def test_log_is_its_owners_alone(tmp_path: Path) -> None:
    """Output may hold secrets: the file is created with mode 0600."""
    job = a_job(tmp_path, ":")
    run_job(job)
    assert job.log.stat().st_mode & 0o777 == 0o600


def peak_kib(pid: int | str) -> int:
    """The most memory a process ever held."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])

"""Jobs as the application starts, waits for and stops them: real processes, real signals, real files."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tests.support.jobs import PYTHON, a_job, log_of, marked, pids_in, run_job, until, zygotes
from verifyd.app.process_ports import Job, JobEnd, Processes, ProcessesFactory
from verifyd.edge import process_tree
from verifyd.edge.processes import SupervisedProcesses, open_processes
from verifyd.outcome import End

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

SIGNALS = """
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: print(signal.Signals(number).name, flush=True))
open(sys.argv[1], "w").close()
while True:
    time.sleep(600)
"""
"""Tells the signals that come, and goes on."""


def stopped_when_ready(job: Job, ready: Path) -> JobEnd:
    """The end of a job that was stopped as soon as *ready* was there."""

    async def run() -> JobEnd:
        async with open_processes() as processes:
            running = await processes.start(job)
            await until(ready.exists)
            return await running.stop()

    return anyio.run(run)


def test_fits_the_port() -> None:
    """The classes have all that the application asks for: these lines are checked by mypy."""
    factory: ProcessesFactory = open_processes
    provider: type[Processes] = SupervisedProcesses
    assert factory is open_processes
    assert provider is SupervisedProcesses


# --- how a job ends ----------------------------------------------------------------------------------------------------


def test_exit_status_is_the_jobs_own(tmp_path: Path) -> None:
    """A job that exits ends as EXITED with its status, and its output is in the log."""
    job = a_job(tmp_path, "echo to stdout; echo to stderr >&2; exit 3")
    end = run_job(job)
    assert (end.end, end.exit_code, end.leaked, end.trouble) == (End.EXITED, 3, 0, "")
    assert (log_of(job), end.log_bytes, end.log_lost) == ("to stdout\nto stderr\n", 20, False)


@pytest.mark.parametrize(
    "script, exit_code",
    [
        ("exit 126", 126),
        ("exit 127", 127),
        ("no-such-command-anywhere", 127),
        ("exit 137", 137),
        ("kill -9 $$", -9),
        ("kill $$", -15),
    ],
)
def test_exit_status_and_signal_stay_apart(tmp_path: Path, script: str, exit_code: int) -> None:
    """Fault 52: an exit status above 125 is positive, death by a signal is negative; neither is taken for the other."""
    end = run_job(a_job(tmp_path, script))
    assert (end.end, end.exit_code) == (End.EXITED, exit_code)


def test_missing_command_is_not_an_exit_status(tmp_path: Path) -> None:
    """Fault 53: a shell that is not there makes NOT_FOUND with its name, never exit status 127."""
    end = run_job(a_job(tmp_path, ("no-such-shell", "-c", "true")))
    assert (end.end, end.exit_code, end.trouble) == (End.NOT_FOUND, None, "no-such-shell: not found on PATH")


def test_command_that_may_not_be_executed_is_not_started(tmp_path: Path) -> None:
    """Fault 52: a file without the executable bit makes NOT_STARTED with its path, never exit status 126."""
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    end = run_job(a_job(tmp_path, (str(tool),)))
    assert (end.end, end.exit_code, end.trouble) == (End.NOT_STARTED, None, f"{tool}: Permission denied")


def test_missing_folder_is_not_started(tmp_path: Path) -> None:
    """A folder that is not there makes NOT_STARTED with its path."""
    end = run_job(a_job(tmp_path, "true", folder=tmp_path / "gone"))
    assert (end.end, end.trouble) == (End.NOT_STARTED, f"{tmp_path / 'gone'}: No such file or directory")


@pytest.mark.parametrize(
    "command, environment, trouble",
    [
        (("true", "a\0b"), {"PATH": os.environ["PATH"]}, "embedded null byte"),
        (("true",), {"PATH": os.environ["PATH"], "A": "\0"}, "embedded null byte"),
        (("true",), {"PATH": os.environ["PATH"], "A=B": "C"}, "illegal environment variable name"),
        (("true", "x" * 3_000_000), {"PATH": os.environ["PATH"]}, f"{shutil.which('true')}: Argument list too long"),
    ],
)
def test_what_no_process_can_be_given_is_not_started(
    tmp_path: Path, command: tuple[str, ...], environment: dict[str, str], trouble: str
) -> None:
    """NUL, impossible names and too much of everything make NOT_STARTED with the reason."""
    end = run_job(a_job(tmp_path, command, environment=environment))
    assert (end.end, end.trouble) == (End.NOT_STARTED, trouble)


def test_members_of_enums_are_text(tmp_path: Path) -> None:
    """A subclass of str in the command or the environment is the text it stands for."""
    job = a_job(tmp_path, ("printenv", End.EXITED), environment={"PATH": os.environ["PATH"], End.EXITED: End.CANCELLED})
    assert run_job(job).exit_code == 0
    assert log_of(job) == "cancelled\n"


def test_command_is_looked_up_on_the_jobs_own_path(tmp_path: Path) -> None:
    """PATH is the job's, not ours; an entry that may not be run does not hide a later one."""
    for folder, mode in (("first", 0o644), ("second", 0o755)):
        (tmp_path / folder).mkdir()
        tool = tmp_path / folder / "tool"
        tool.write_text("#!/bin/sh\necho from $0\n")
        tool.chmod(mode)
    job = a_job(tmp_path, ("tool",), environment={"PATH": f"{tmp_path}/gone:{tmp_path}/first:{tmp_path}/second"})
    assert run_job(job).exit_code == 0
    assert log_of(job) == f"from {tmp_path}/second/tool\n"


def test_environment_is_whole(tmp_path: Path) -> None:
    """A job's environment is exactly what it was given, bytes that are not UTF-8 included."""
    job = a_job(tmp_path, ("env",), environment={"PATH": os.environ["PATH"], "ODD": "\udcff=\n"}, mark="m")
    run_job(job)
    assert job.log.read_bytes() == f"PATH={os.environ['PATH']}\nODD=".encode() + b"\xff=\n\nVERIFYD_RUN=m\n"


# --- limits and stopping -----------------------------------------------------------------------------------------------


def test_hanging_job_times_out(tmp_path: Path) -> None:
    """Fault 42: a job that hangs is ended at its time limit, with what it wrote until then in the log."""
    job = a_job(tmp_path, "echo before; sleep 600", timeout_s=0.3)
    end = run_job(job)
    assert (end.end, end.exit_code, end.leaked) == (End.TIMED_OUT, None, 0)
    assert end.duration_s >= 0.3
    assert log_of(job) == "before\n"
    assert marked(job.mark) == []


def test_job_that_ignores_every_polite_signal_is_killed(tmp_path: Path) -> None:
    """Fault 43: SIGINT, then SIGTERM after the grace period, then SIGKILL after another."""
    ready = tmp_path / "ready"
    job = a_job(tmp_path, (*PYTHON, SIGNALS, str(ready)))
    end = stopped_when_ready(job, ready)
    assert (end.end, end.exit_code) == (End.CANCELLED, None)
    assert log_of(job) == "SIGINT\nSIGTERM\n"
    assert marked(job.mark) == []


def test_interrupted_job_may_write_its_results(tmp_path: Path) -> None:
    """The first signal is SIGINT, on which pytest still writes its JUnit file; a job that ends on it gets no other."""
    ready = tmp_path / "ready"
    script = "trap 'echo wrote results; exit 0' INT; trap 'echo too late' TERM; : > ready; while :; do sleep 0.05; done"
    job = a_job(tmp_path, script, grace_s=600.0)
    assert stopped_when_ready(job, ready).end is End.CANCELLED
    assert log_of(job) == "wrote results\n"


def test_stopped_job_is_woken_for_its_end(tmp_path: Path) -> None:
    """A job that is held by SIGSTOP still gets the signals that end it."""
    ready = tmp_path / "ready"
    job = a_job(tmp_path, ": > ready; kill -STOP $$; echo never", grace_s=600.0)
    assert stopped_when_ready(job, ready).end is End.CANCELLED
    assert log_of(job) == ""


def test_stopping_an_ended_job_gives_its_end(tmp_path: Path) -> None:
    """A job that has ended by itself stays EXITED when it is stopped later, however often."""

    async def run() -> list[JobEnd]:
        async with open_processes() as processes:
            running = await processes.start(a_job(tmp_path, "exit 4"))
            return [await running.wait(), await running.stop(), await running.stop(), await running.wait()]

    ends = anyio.run(run)
    assert [end.exit_code for end in ends] == [4, 4, 4, 4]
    assert len(set(map(id, ends))) == 1


def test_cancelled_wait_ends_the_job_first(tmp_path: Path) -> None:
    """When a wait is cancelled, nothing of the job is left by the time the cancellation goes on."""
    job = a_job(tmp_path, "sleep 600 & echo $! > child; exec sleep 600")

    async def run() -> list[int]:
        async with open_processes() as processes:
            running = await processes.start(job)
            with anyio.CancelScope() as scope:
                await until((tmp_path / "child").exists)
                scope.cancel()
                await running.wait()
            assert scope.cancelled_caught
            return marked(job.mark)

    assert anyio.run(run) == []


def test_cancelling_one_job_leaves_the_others(tmp_path: Path) -> None:
    """Of two jobs at once, one is stopped and the other ends by itself, with its own status."""

    async def run() -> tuple[JobEnd, JobEnd]:
        async with open_processes() as processes:
            stopped = await processes.start(a_job(tmp_path, "sleep 600", log=tmp_path / "stopped.log"))
            script = "while [ ! -e go ]; do sleep 0.01; done; exit 7"
            other = await processes.start(a_job(tmp_path, script, log=tmp_path / "other.log"))
            first = await stopped.stop()
            (tmp_path / "go").touch()
            return first, await other.wait()

    first, second = anyio.run(run)
    assert (first.end, second.end, second.exit_code) == (End.CANCELLED, End.EXITED, 7)


def test_leaving_ends_every_job(tmp_path: Path) -> None:
    """Whatever still runs when the supervision is left is ended, and the zygote with it."""
    jobs = [a_job(tmp_path, "exec sleep 600", log=tmp_path / f"{number}.log") for number in range(3)]

    async def run() -> None:
        async with open_processes() as processes:
            for job in jobs:
                await processes.start(job)
            assert len(zygotes()) == 1

    anyio.run(run)
    assert [marked(job.mark) for job in jobs] == [[], [], []]
    assert zygotes() == []


def test_an_error_inside_travels_unchanged(tmp_path: Path) -> None:
    """An exception of the caller's own comes out as it went in, after every job has ended."""
    job = a_job(tmp_path, "exec sleep 600")

    async def run() -> None:
        async with open_processes() as processes:
            await processes.start(job)
            raise LookupError("the caller's own")

    with pytest.raises(LookupError, match=r"^the caller's own$"):
        anyio.run(run)
    assert marked(job.mark) == []


def test_second_interrupt_ends_everything_at_once(tmp_path: Path) -> None:
    """`kill_all_now` cuts the grace periods of stops that are under way short."""
    ready = tmp_path / "ready"
    job = a_job(tmp_path, (*PYTHON, SIGNALS, str(ready)), grace_s=600.0)

    async def run() -> list[JobEnd]:
        ends = []

        async def stop() -> None:
            ends.append(await running.stop())

        async with open_processes() as processes:
            running = await processes.start(job)
            await until(ready.exists)
            async with anyio.create_task_group() as group:
                group.start_soon(stop)
                await until(lambda: "SIGINT" in log_of(job))
                processes.kill_all_now()
        return ends

    assert [end.end for end in anyio.run(run)] == [End.CANCELLED]
    assert log_of(job) == "SIGINT\n"
    assert marked(job.mark) == []


def test_terminals_interrupt_does_not_reach_the_supervision(tmp_path: Path) -> None:
    """Zygote, supervisor and job are in sessions of their own: Ctrl-C goes to the main program alone."""

    async def run() -> set[int]:
        async with open_processes() as processes:
            running = await processes.start(a_job(tmp_path, "echo $$ > pid; mv pid job; exec sleep 600"))
            await until((tmp_path / "job").exists)
            everyone = process_tree.descendants(os.getpid())
            sessions = {os.getsid(pid) for pid in everyone}
            assert set(pids_in_file(tmp_path / "job")) <= set(everyone)
            await running.stop()
            return sessions

    sessions = anyio.run(run)
    assert len(sessions) == 3
    assert os.getsid(0) not in sessions


def pids_in_file(path: Path) -> list[int]:
    """The ids in a file."""
    return [int(word) for word in path.read_text().split()]


def test_end_of_the_jobs_own_process_is_seen(tmp_path: Path) -> None:
    """A server that has died is known to have ended without anybody waiting for it."""

    async def run() -> list[bool]:
        async with open_processes() as processes:
            running = await processes.start(a_job(tmp_path, "while [ ! -e go ]; do sleep 0.01; done"))
            seen = [running.has_ended()]
            (tmp_path / "go").touch()
            await until(running.has_ended)
            return [*seen, running.has_ended()]

    assert anyio.run(run) == [False, True]


def test_suspended_time_does_not_count(tmp_path: Path) -> None:
    """Fault 4: after seconds of SIGSTOP on everything, a job with a shorter time limit still passes."""
    job = a_job(tmp_path, ": > ready; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.05; done; exit 5", timeout_s=2.5)

    async def run() -> JobEnd:
        async with open_processes() as processes:
            running = await processes.start(job)
            await until((tmp_path / "ready").exists)
            everyone = process_tree.descendants(os.getpid())
            for pid in everyone:
                os.kill(pid, signal.SIGSTOP)
            await anyio.sleep(3.0)
            for pid in everyone:
                os.kill(pid, signal.SIGCONT)
            return await running.wait()

    end = anyio.run(run)
    assert (end.end, end.exit_code) == (End.EXITED, 5)
    assert end.duration_s < 2.5


# --- what a job uses ---------------------------------------------------------------------------------------------------


def test_cpu_time_of_orphans_counts(tmp_path: Path) -> None:
    """CPU time is that of the whole tree: an orphan, which nobody in the job waited for, is in it."""
    burn = f"{shlex.join(PYTHON)} 'import time\nwhile time.process_time() < 0.4: pass'"
    wait = "while [ ! -e one ] || [ ! -e two ]; do sleep 0.02; done"
    end = run_job(a_job(tmp_path, f"(({burn}; : > one) &); (({burn}; : > two) &); {wait}"))
    assert end.cpu_s >= 0.8


def test_memory_is_the_sum_over_the_tree(tmp_path: Path) -> None:
    """Peak memory is what all processes held together, not the largest of them."""
    hold = "import time; held = bytearray(60_000_000); time.sleep(1.2)"
    command = shlex.join(PYTHON)
    end = run_job(a_job(tmp_path, f"{command} '{hold}' & {command} '{hold}' & wait"))
    assert 120_000_000 < end.peak_rss_bytes < 240_000_000


def test_short_job_has_a_memory_figure(tmp_path: Path) -> None:
    """A job that has gone before the first sample gets the kernel's own figure."""
    assert run_job(a_job(tmp_path, ":")).peak_rss_bytes > 0


def test_two_hundred_jobs_leave_nothing_open(tmp_path: Path) -> None:
    """After 200 jobs there is not one more open file here or in the zygote, and no zombie."""

    def open_files() -> tuple[int, int, list[int]]:
        (zygote,) = zygotes()
        return (
            len(os.listdir("/proc/self/fd")),  # noqa: PTH208
            len(os.listdir(f"/proc/{zygote}/fd")),  # noqa: PTH208
            process_tree.children(zygote),
        )

    async def run_twenty(processes: SupervisedProcesses) -> None:
        running = [await processes.start(a_job(tmp_path, ":", log=tmp_path / f"{n}.log")) for n in range(20)]
        assert [(await job.wait()).exit_code for job in running] == [0] * 20
        await until(lambda: not process_tree.children(zygotes()[0]))  # each is reaped a moment after its last word

    async def run() -> tuple[object, object]:
        async with open_processes() as processes:
            await run_twenty(processes)
            before = open_files()
            for _ in range(9):
                await run_twenty(processes)
            return before, open_files()

    before, after = anyio.run(run)
    assert before == after


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither jobs nor their supervision write to our own output."""
    run_job(a_job(tmp_path, "echo loud; echo louder >&2; sleep 600 & kill -9 $$"))
    assert capfd.readouterr() == ("", "")


def test_port_is_free_and_given_once(tmp_path: Path) -> None:
    """Fault 59: no two gates of a run are given the same port."""

    async def run() -> list[int]:
        async with open_processes() as processes:
            return [processes.free_port() for _ in range(50)]

    ports = anyio.run(run)
    assert len(set(ports)) == 50
    assert all(1024 <= port < 65536 for port in ports)


def test_orders_larger_than_a_socket_buffer_go_through(tmp_path: Path) -> None:
    """A script and an environment of a megabyte together reach the job whole."""
    environment = {"PATH": os.environ["PATH"], **{f"V{number}": "x" * 100_000 for number in range(10)}}
    job = a_job(tmp_path, ("sh", "-c", "env | wc -c"), environment=environment)
    run_job(job)
    assert int(log_of(job)) > 1_000_000


def test_kill_before_the_order_is_through_ends_the_job(tmp_path: Path) -> None:
    """A job whose supervisor has not taken its order yet is ended all the same."""
    environment = {"PATH": os.environ["PATH"], **{f"V{number}": "x" * 100_000 for number in range(10)}}

    async def run() -> JobEnd:
        async with open_processes() as processes:
            async with anyio.create_task_group() as group:
                running = []

                async def start() -> None:
                    running.append(await processes.start(a_job(tmp_path, "sleep 600", environment=environment)))

                group.start_soon(start)
                await anyio.lowlevel.checkpoint()
                processes.kill_all_now()
            return await running[0].stop()

    assert anyio.run(run).end in (End.CANCELLED, End.NOT_STARTED)


def test_pids_are_read(tmp_path: Path) -> None:
    """The support reads what processes wrote."""
    (tmp_path / "a").write_text("12")
    assert pids_in(tmp_path) == {"a": 12}

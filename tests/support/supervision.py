"""
Runs jobs in a process of its own, which may be another user, have another terminal, or be killed: python -m …

The one argument is JSON: ``jobs``, a list of the fields of `tests.support.jobs.a_job`; ``most_processes``, how many more this
user may start (none: as many as ever). What comes out is JSON: a list of ends, and ``can_freeze``.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import anyio
import msgspec

from tests.support.jobs import a_job
from verifyd.app.process_ports import FrozenView, Job, JobEnd, Running
from verifyd.edge.processes import open_processes


def job_from(fields: dict[str, Any]) -> Job:
    """A job from its JSON: ``base``, ``script``, and what else it is given."""
    view = fields.pop("view", None)
    if view is not None:
        fields["view"] = FrozenView(folder=Path(view["folder"]), at=Path(view["at"]), shared=tuple(view["shared"]))
    for name in ("folder", "log"):
        if name in fields:
            fields[name] = Path(fields[name])
    script = fields.pop("script")
    return a_job(Path(fields.pop("base")), script if isinstance(script, str) else tuple(script), **fields)


async def run_all(jobs: list[Job]) -> tuple[list[JobEnd], bool]:
    """Run them side by side; their ends, and whether views can be had."""
    async with open_processes() as processes:
        running: list[Running] = [await processes.start(job) for job in jobs]
        return [await one.wait() for one in running], processes.can_freeze()


def count_processes() -> int:
    """Threads of this user now, as RLIMIT_NPROC counts them."""
    count = 0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # ended meanwhile
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                count += len(list((entry / "task").iterdir()))
    return count


def main() -> None:
    """Run what the argument asks for."""
    asked = json.loads(sys.argv[1])
    if "most_processes" in asked:
        most = count_processes() + asked["most_processes"]
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    ends, can_freeze = anyio.run(run_all, [job_from(fields) for fields in asked["jobs"]])
    json.dump({"ends": [msgspec.structs.asdict(end) for end in ends], "can_freeze": can_freeze}, sys.stdout)


if __name__ == "__main__":
    main()

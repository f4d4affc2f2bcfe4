"""A gate that needs a server: started first, waited for, ended after."""

from __future__ import annotations

import re

import anyio
from msgspec import Struct

from verifyd.app.process_ports import Job, JobEnd, Processes, Running
from verifyd.outcome import End
from verifyd.pipeline import Gate

PORT = re.compile(r"(?<!\$)\{port\}")
"""``{port}``, but not the shell's ``${port}``."""

READY_TIMEOUT_S = 60.0
ASK_EVERY_S = 0.05


class Served(Struct, frozen=True, kw_only=True):
    """
    A server and where it answers.

    Attributes:
        address: A URL or ``host:port``; empty when the gate declares none: then the server only has to stay alive.
    """

    gate: Gate
    job: Job
    address: str


def with_port(text: str, port: int) -> str:
    """The text with every ``{port}`` filled in."""
    return PORT.sub(str(port), text)


async def serve(processes: Processes, served: Served, job: Job) -> JobEnd:
    """Run *job* while the server answers; SERVER_NOT_READY when it never did."""
    if served.address and await processes.is_reachable(served.address):
        return not_ready(f"something else already answers at {served.address}; use {{port}} for a free one")
    server = await processes.start(served.job)
    try:
        trouble = await wait_until_ready(processes, server, served)
        if trouble is not None:
            return not_ready(trouble)
        return await (await processes.start(job)).wait()
    finally:
        with anyio.CancelScope(shield=True):
            await server.stop()


async def wait_until_ready(processes: Processes, server: Running, served: Served) -> str | None:
    """None once the server answers; else what went wrong, with where its output is."""
    limit_s = min(served.gate.timeout_s, READY_TIMEOUT_S)
    with anyio.move_on_after(limit_s):
        while not server.has_ended():
            if not served.address or await processes.is_reachable(served.address):
                return None
            await anyio.sleep(ASK_EVERY_S)
        return f"the server ended before it answered at {served.address}; its output: {served.job.log}"
    return f"the server did not answer at {served.address} within {limit_s:g} s; its output: {served.job.log}"


def not_ready(trouble: str) -> JobEnd:
    """The gate's end when its server is not there."""
    return JobEnd(end=End.SERVER_NOT_READY, exit_code=None, duration_s=0.0, trouble=trouble)

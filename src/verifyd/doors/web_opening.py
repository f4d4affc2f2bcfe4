"""How a daemon's page comes to be open: the daemon opens it, and whoever else wants it asks the daemon. Nothing of it is imported before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from verifyd.app.daemon_client import JSON, ask_daemon
from verifyd.errors import UndeterminedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from verifyd.app.daemon import Daemon
    from verifyd.app.ports import Repository
    from verifyd.app.web_page import PageAddress

OK, UNKNOWN = 200, 404
RENEW = "Start it anew: verifyd stop, then: verifyd watch --detach --web"


async def open_page(daemon: Daemon, port: int) -> str:
    """The address of this daemon's page, opened now unless it is open already; see ``WebPage.open``."""

    def make(address: PageAddress) -> ASGIApp:
        from verifyd.doors.web_application import make_web_application

        return make_web_application(daemon, address)

    return (await daemon.page.open(port, daemon.sign, make)).url


def ask_for_page(repository: Repository, port: int) -> str:
    """
    The address of the page of the daemon that lives.

    Raises:
        UndeterminedError: It cannot open one there, is too old to know how, or does not answer.
    """
    asked = ask_daemon(repository, f"/v1/page?port={port}", headers=JSON, method="POST")
    answer = asked.answer
    if answer is None or answer.status == UNKNOWN:
        raise UndeterminedError(asked.trouble or "the daemon opens no page", where="watch", remedy=RENEW)
    found = json.loads(answer.body)
    if answer.status != OK:
        raise UndeterminedError(found["error"], where="watch", remedy=found["remedy"])
    return str(found["url"])

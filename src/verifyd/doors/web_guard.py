"""
What stands between a daemon's page and whoever can reach its port: every user of the machine, and every page in their browsers.

A request is answered when its path begins with the secret and its Host is ours (a name that somebody makes lead here, DNS rebinding,
is not). The secret is in the path and not in a cookie: browsers send one cookie to all ports of a machine, other users' too.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from verifyd.app.web_page import PageAddress

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",  # one request a connection: nobody holds one for nothing
}
PROOF = "/prove/"
CHALLENGE = re.compile(r"[0-9a-f]{32}")
NOT_FOUND, NOT_ALLOWED, TOO_LARGE, OTHER_HOST = 404, 405, 413, 421
UNKNOWN = "There is nothing here. Open the address that `verifyd watch --web` prints.\n"


class Guard:
    """Answers nobody but who knows the secret, asks by our name, and only reads."""

    def __init__(self, application: ASGIApp, address: PageAddress) -> None:
        self.application = application
        self.secret = address.secret.encode("ascii")
        self.hosts = {f"{name}:{address.port}" for name in ("127.0.0.1", "localhost")}
        if address.port == 80:  # then browsers leave it out
            self.hosts |= {"127.0.0.1", "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        _, first, path = f"{scope['path']}/".split("/", 2)
        answer = self.refusal(Request(scope)) or self.proof(scope["path"])
        if answer is None and hmac.compare_digest(first.encode("utf-8", "replace"), self.secret):
            inside = {**scope, "path": f"/{path.rstrip('/')}"}
            await self.application(inside, receive, shielded)
        else:
            await (answer or PlainTextResponse(UNKNOWN, NOT_FOUND))(scope, receive, shielded)

    def refusal(self, request: Request) -> Response | None:
        """What is wrong with a request whatever it asks for; None when nothing is."""
        asked = request.headers
        if asked.get("host", "").lower() not in self.hosts:
            return PlainTextResponse("this is not the host that you ask for\n", OTHER_HOST)
        if request.method != "GET":
            return PlainTextResponse("this page is only for reading\n", NOT_ALLOWED, {"Allow": "GET"})
        if asked.get("content-length", "0") != "0" or "transfer-encoding" in asked:
            return PlainTextResponse("no request to this page has a body\n", TOO_LARGE)
        return None

    def proof(self, path: str) -> Response | None:
        """
        That we know the secret, for a page that has lost its daemon and tells nobody else the secret; None for another path.

        Whoever took the port meanwhile cannot answer.
        """
        challenge = path.removeprefix(PROOF)
        if not path.startswith(PROOF) or not CHALLENGE.fullmatch(challenge):
            return None
        return PlainTextResponse(hmac.digest(self.secret, challenge.encode("ascii"), "sha256").hex())

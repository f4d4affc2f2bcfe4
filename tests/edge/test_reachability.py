"""Whether a server answers: real sockets on loopback."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import pytest

from verifyd.edge.reachability import is_reachable, unused_port


class Answer(BaseHTTPRequestHandler):
    """Answers /503 with status 503, and so on; anything else with 200."""

    def do_GET(self) -> None:
        """One request."""
        last = self.path.rpartition("/")[2].partition("?")[0]
        self.send_response(int(last) if last.isdigit() else 200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def http_server(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """An HTTP server's port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def tcp_server(answer: bytes) -> Iterator[int]:
    """The port of a server that says this to one client, whatever it asks, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                socket.create_connection(listener.getsockname()).close()
            thread.join()


@pytest.mark.parametrize(
    "path, expected",
    [
        ("", True),
        ("/", True),
        ("/a?b=503", True),
        ("/302", True),
        ("/404", True),
        ("/499", True),
        ("/500", False),
        ("/503", False),
    ],
)
def test_a_status_below_500_is_an_answer(path: str, expected: bool) -> None:
    """A server that says "not found" is up; one that says "unavailable" is not yet."""
    with http_server() as port:
        assert anyio.run(is_reachable, f"http://127.0.0.1:{port}{path}") is expected
        assert anyio.run(is_reachable, f"http://localhost:{port}{path}") is expected


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 fine\r\n", b"\x16\x03\x01" * 30000]
)
def test_another_protocol_is_no_answer(answer: bytes) -> None:
    """What is no HTTP status line makes an http address unreachable, and raises nothing."""
    with tcp_server(answer) as port:
        assert anyio.run(is_reachable, f"http://127.0.0.1:{port}/") is False


def test_a_listener_is_reachable_by_host_and_port() -> None:
    """Without a scheme an accepted connection is enough; the host may be left out."""
    for address in ("127.0.0.1:{}", "localhost:{}", ":{}"):
        with tcp_server(b"") as port:
            assert anyio.run(is_reachable, address.format(port)) is True


def test_nobody_there() -> None:
    """A port without a listener is not reachable."""
    port = unused_port()
    assert anyio.run(is_reachable, f"127.0.0.1:{port}") is False
    assert anyio.run(is_reachable, f"http://127.0.0.1:{port}/") is False
    assert anyio.run(is_reachable, f"https://127.0.0.1:{port}/") is False


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "localhost:http",
        "127.0.0.1:99999",
        "http://",
        "http://[bad",
        "http://host.invalid/",
        "host.invalid:80",
    ],
)
def test_what_is_no_address_is_not_reachable(address: str) -> None:
    """Nonsense and unknown hosts are answered with no."""
    assert anyio.run(is_reachable, address) is False


def test_a_server_that_never_answers_is_given_up() -> None:
    """A listener that accepts and stays silent ends the question after its time limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert anyio.run(is_reachable, f"http://127.0.0.1:{listener.getsockname()[1]}/") is False


def test_ipv6_loopback() -> None:
    """A server on ::1 alone is found by address and by name."""
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener:
        assert anyio.run(is_reachable, f"[::1]:{listener.getsockname()[1]}") is True


def test_a_certificate_of_ones_own_will_do(tmp_path: Path) -> None:
    """A test server over TLS signs its own certificate; that it answers is all that is asked."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody", "-days", "2"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http_server(context) as port:
        assert anyio.run(is_reachable, f"https://127.0.0.1:{port}/") is True
        assert anyio.run(is_reachable, f"https://127.0.0.1:{port}/503") is False


def test_unused_ports_can_be_listened_on() -> None:
    """A server can take the port at once."""
    port = unused_port()
    with socket.create_server(("127.0.0.1", port)) as listener:
        assert listener.getsockname()[1] == port

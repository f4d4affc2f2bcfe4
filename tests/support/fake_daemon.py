"""A process that listens in a daemon's place below the git folder, says READY to every question, and is not a daemon of ours."""

from __future__ import annotations

import fcntl
import json
import os
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.support.fake_engine import READY
from tests.support.project import Project
from tests.support.repository import ROOT
from verifyd.edge.daemon_place import sign_of
from verifyd.edge.quick_client import VERSION
from verifyd.render.standing import render_standing, render_standing_json, standing_document


class LyingAnswer(BaseHTTPRequestHandler):
    """Whatever is asked, the tree is ready; in the words and with the headers of a real daemon."""

    git_dir = ""

    def do_GET(self) -> None:
        """``/v1/status``, ``/v1/task`` and the rest."""
        document = standing_document(READY)
        if self.path.startswith("/v1/task"):
            self.answer("null")
        elif self.headers.get("Accept") == "application/json":
            self.answer(render_standing_json(document))
        else:
            self.answer(render_standing(document), "text/plain")

    def do_POST(self) -> None:
        """``/mcp``."""
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        result = {"content": [{"type": "text", "text": "READY: tree `1f1f1f`."}], "isError": False}
        self.answer(json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": result}))

    def answer(self, text: str, kind: str = "application/json") -> None:
        """As the daemon signs it."""
        body = text.encode()
        self.send_response(200)
        signed = {
            "Verifyd-Api": "1",
            "Verifyd-Version": VERSION,
            "Verifyd-Work-Tree": sign_of(str(Path(self.git_dir).parent), self.git_dir),
            "Verifyd-Exit": "0",
        }
        for name, value in {**signed, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing is printed."""

    def address_string(self) -> str:
        """A Unix socket's client has no address."""
        return ""


class LyingServer(socketserver.ThreadingUnixStreamServer):
    """Listens until it is killed."""

    daemon_threads = True


def main(git_dir: str, *options: str) -> None:
    """Listen, write down where as a daemon does, say ``listening``; with ``lock``, hold the daemon's lock too."""
    home = Path(git_dir) / "verifyd"
    home.mkdir(exist_ok=True)
    path = home / "f.sock"
    path.unlink(missing_ok=True)
    if "lock" in options:
        held = os.open(home / "daemon.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
    LyingAnswer.git_dir = git_dir
    os.chdir(home)  # the path may be too long to be bound
    server = LyingServer(path.name, LyingAnswer)
    (home / "daemon.sock").unlink(missing_ok=True)
    (home / "daemon.sock").symlink_to(path)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    server.serve_forever()


@contextmanager
def lying_daemon(project: Project, *options: str) -> Iterator[int]:
    """One that listens below the project's git folder for as long as the ``with``; its process's number."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fake_daemon", str(project.root / ".git"), *options],
        cwd=ROOT,
        env={**project.environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""``verifyd watch --web`` as a user runs it: the address, and the page that follows the edits in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Daemons, wait_for, written_address
from tests.support.pages import Parts
from tests.support.project import Project, page

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/([\w-]{43})/\n")
NAMES = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if name and (path := shutil.which(name))), None)
SAYS = "cat calc.py; echo '<b>bold</b>'; printf '\\033[31mred\\033[0m\\n'; test -f calc.py"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An approved project whose gate passes while calc.py is there; its daemon ends with the test."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(there=SAYS, quick="true")})
    project.approve()
    yield project
    project.verifyd("stop")


def free_port() -> int:
    """One that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def read(url: str) -> str:
    """What a page says without a browser; the status of a refusal."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return Parts(answer.read().decode()).text
    except urllib.error.HTTPError as error:
        with error:
            return str(error.code)


def test_a_detached_daemon_tells_its_page_once(project: Project) -> None:
    """The address alone is on stdout, the same for whoever asks again; who has it sees the verdict, and nobody else."""
    started = project.verifyd("watch", "--detach", "--web", expect=0)
    assert ADDRESS.fullmatch(started.out)
    assert started.err.startswith("watching (process ")
    for again in (("--web", "--detach"), ("--web", "--plain"), ("--web", str(free_port()))):
        asked = project.verifyd("watch", *again, expect=0)
        assert (asked.out, asked.err) == (started.out, started.err.replace("watching", "already running"))
    project.verifyd("status", "--wait", "50", expect=0)
    assert f"READY tree {project.tree()[:12]}" in read(started.out.strip())
    assert read(started.out.strip()[:-2]) == "404"


def test_the_secret_is_where_only_its_user_finds_it(project: Project) -> None:
    """Not in the daemon's log, not in what other users see of its process, and not in what its gates are given."""
    project.write({"VERIFY.md": page(environment="env; exit 1")})
    project.approve()
    url = project.verifyd("watch", "--detach", "--web", expect=0).out.strip()
    assert "environment" in read(url)
    project.verifyd("status", "--wait", "50", expect=1)
    secret = url.rstrip("/").rpartition("/")[2]
    process = Path("/proc", str(written_address(project)["pid"]))
    seen = [project.root / ".git/verifyd/daemon.log", process / "cmdline", process / "environ"]
    texts = [path.read_text("utf-8", "replace") for path in seen if path.exists()]
    assert secret not in "".join((*texts, project.verifyd("log", "environment", expect=0).out))


def test_a_log_is_shown_as_text(project: Project) -> None:
    """What looks like markup is no markup, and what acts on a terminal is gone; a gate without a log is not found."""
    url = project.verifyd("watch", "--detach", "--web", expect=0).out.strip()
    project.verifyd("status", "--wait", "50", expect=0)
    assert "Log of there A = 1 <b>bold</b> red" in read(f"{url}log/there")
    assert read(f"{url}log/nothing") == "404"
    assert read(f"{url}log/..%2f..%2fdaemon") == "404"


def test_a_port_that_is_taken_is_named_and_the_daemon_goes_on(project: Project) -> None:
    """In the foreground there is no daemon then; a detached one watches all the same, and another port can be asked for."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = (
            f"port {port} of 127.0.0.1 is in use\n"
            "  Name another one, or none for a free one: verifyd watch --web [PORT]\n"
        )
        alone = project.verifyd("watch", "--web", port, expect=3)
        assert (alone.out, alone.err.endswith(said)) == ("", True)
        assert written_address(project) == {}
        detached = project.verifyd("watch", "--detach", "--web", port, expect=3)
        assert (detached.out, detached.err.endswith(said)) == ("", True)
    assert ADDRESS.fullmatch(project.verifyd("watch", "--web", expect=0).out)


@pytest.mark.parametrize("port", ["x", "65536", "8.5"])
def test_what_is_no_port_is_refused(project: Project, port: str) -> None:
    """As wrong usage."""
    assert "Invalid value for '--web'" in project.verifyd("watch", f"--web={port}", expect=2).err


def test_a_daemon_in_the_foreground_ends_with_its_page(project: Project) -> None:
    """The address is told before anything else, and nobody listens there after the end."""
    command = project.command("watch", "--plain", "--web")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=project.root, env=project.environment, **pipes) as daemon:
        assert daemon.stdout is not None
        told = daemon.stdout.readline()
        found = ADDRESS.fullmatch(told)
        assert found is not None
        wait_for(lambda: "READY tree" in read(told.strip()), "the verdict")
        daemon.send_signal(signal.SIGINT)
        out, err = daemon.communicate(timeout=20)
    assert (out, daemon.returncode) == ("", 130)
    assert found[2] not in err
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(found[1])), timeout=5)


def test_a_daemon_that_knows_no_page_is_named(project: Project) -> None:
    """One of another release: with what to do."""
    daemons = Daemons(project)
    try:
        process = daemons.begin("api")
        wait_for(lambda: daemons.address().get("pid") == process.pid, "the daemon is there")
        asked = project.verifyd("watch", "--detach", "--web", expect=3)
    finally:
        daemons.end()
    said = (
        "watch: the daemon speaks api 2 (verifyd 9.9.9), you speak 1\n"
        "  Start it anew: verifyd stop, then: verifyd watch --detach --web\n"
    )
    assert (asked.out, asked.err.endswith(said)) == ("", True)


def test_nothing_of_the_page_is_imported_before_it_is_asked_for() -> None:
    """A daemon without one is as small as before: neither the templates' library nor what makes the page is in it."""
    page_modules = {
        "jinja2",
        "markupsafe",
        "verifyd.doors.web_application",
        "verifyd.doors.web_guard",
        "verifyd.render.page",
    }
    daemon = "import sys, verifyd.doors.watch, verifyd.doors.api, verifyd.edge.http_server, sse_starlette;"
    told = [sys.executable, "-c", f"{daemon} print(*sorted(sys.modules))"]
    found = set(subprocess.run(told, capture_output=True, text=True, check=True).stdout.split())
    assert (found & page_modules, "verifyd.doors.web_opening" in found) == (set(), True)
    for name in page_modules:  # one that was renamed would never be found again
        __import__(name)


@pytest.fixture
def browser() -> Iterator[Any]:
    """A Chromium, without a sandbox: it sees nothing but our page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.skipif(
    CHROMIUM is None,
    reason="a browser has to look at the page: no Chromium on PATH, and CHROMIUM names none (see scripts/system-packages)",
)
def test_where_there_is_a_chromium_the_page_follows_the_edits(project: Project, browser: Any) -> None:
    """
    Ready, not ready with its task, ready again, without being loaded again; then without its daemon, and with the next one.

    Until the daemon ends the browser has nothing to complain about: no error, and nothing that the policy forbids.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=50_000)
    port = str(free_port())
    url = project.verifyd("watch", "--detach", "--web", port, expect=0).out.strip()
    tab = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(url)
    verdict, task = tab.get_by_role("heading", level=1), tab.get_by_role("region", name="Next task")
    expect(verdict).to_have_text("READY")
    expect(tab.locator("#connection")).to_have_text("live")
    expect(task).to_be_hidden()
    tab.evaluate("() => { window.loadedOnce = true; }")

    (project.root / "calc.py").unlink()
    expect(verdict).to_have_text("NOT READY")
    expect(task).to_contain_text("there: exit status 1, expected 0")
    expect(tab).to_have_title("NOT READY · repository")
    expect(tab.locator("link[rel=icon]")).to_have_attribute("href", re.compile(r"/static/not_ready\.svg$"))
    expect(tab.locator("#gate-there .state")).to_have_text("failed")
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    tab.get_by_text("In full").click()

    project.write({"calc.py": "A = 2\n"})
    expect(verdict).to_have_text("READY")
    expect(tab).to_have_title("READY · repository")
    assert (complaints, tab.evaluate("() => window.loadedOnce")) == ([], True)
    assert {address.startswith(url) for address in asked} == {True}

    project.verifyd("stop", expect=0)
    expect(tab).to_have_title("gone · repository")
    expect(tab.locator("#connection")).to_contain_text("The daemon does not answer")
    asked.clear()
    with socket.create_server(("127.0.0.1", int(port))) as stranger:
        tell_anything(stranger)
        expect(tab).to_have_title("gone · repository")
    assert [address for address in asked if url in address] == []
    assert project.verifyd("watch", "--detach", "--web", port, expect=0).out.strip() == url
    expect(tab).to_have_title("READY · repository")
    expect(tab.locator("#connection")).to_have_text("live")

    tab.get_by_role("link", name="there").click()
    expect(tab.locator("#log pre")).to_have_text("A = 2\n<b>bold</b>\nred\n")
    project.write({"calc.py": "A = 3\n"})
    expect(tab.locator("#log pre")).to_have_text("A = 3\n<b>bold</b>\nred\n")
    assert [line for line in complaints if "ERR_CONNECTION" not in line and "ERR_EMPTY" not in line] == []


def tell_anything(stranger: socket.socket) -> None:
    """Answer two questions as somebody who took the port and does not know the secret."""
    stranger.settimeout(30)
    for _question in range(2):
        client, _ = stranger.accept()
        with client:
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")

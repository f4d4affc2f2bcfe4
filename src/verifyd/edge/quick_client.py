"""
Answers ``status`` and ``task`` out of a daemon that lives, with what Python has loaded anyway and one C module.

An agent asks after every edit: the command line with its imports takes ten times as long as the answer. Whatever is not as
usual here is left to the command line: an option that is not known, a variable of git's, a folder that is no plain work tree,
a daemon that is not there, not ours or of another API.
"""

from __future__ import annotations

import os
import sys

VERSION = "0.1.0.dev0"
"""Ours; a test compares it with the package's own, which takes too long to be looked up here."""
API = b"1"
ANSWER_S = 5.0
LONGEST_LINK = 4096
"""Bytes of a ``.git`` file."""
GIT_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_OBJECT_DIRECTORY",
    "GIT_CONFIG_COUNT",
)
UNPROVEN, INTERRUPTED = 3, 130

silent_process = 0
"""The daemon's number, when it took our question and gave no answer: the command line then need not wait for it again."""


def answer(arguments: list[str]) -> int | None:
    """The exit code, after printing what the daemon said; None where the command line has to answer."""
    if arguments[:1] == ["hook"]:
        become_the_shell_for(arguments)
    asked = question(arguments)
    if asked is None:
        return None
    try:
        here = find_here()
        return ask(here, *asked) if here is not None else None
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:  # nobody saw the answer, so it is none
        return UNPROVEN
    except (OSError, ValueError):
        return None


def become_the_shell_for(arguments: list[str]) -> None:
    """Hand a git hook to its script; returns where there is none to be handed over."""
    from verifyd.edge.shell_hook import become_the_shell, is_for_the_shell

    if is_for_the_shell(arguments):
        try:
            become_the_shell(arguments)
        except OSError:  # no shell: the command line says so
            return


def question(arguments: list[str]) -> tuple[str, bool, float] | None:
    """(target, whether JSON is asked for, seconds to wait) for the plainest command lines; None for all others."""
    if not arguments or arguments[0] not in ("status", "task"):
        return None
    as_json, wait_s, tree, rest = False, 0.0, "", arguments[1:]
    while rest:
        word = rest.pop(0)
        if word == "--json":
            as_json = True
        elif word == "--wait" and rest and rest[0].isascii() and rest[0].isdigit() and len(rest[0]) <= 5:
            wait_s = float(rest.pop(0))
        elif word == "--tree" and rest and arguments[0] == "status" and is_tree(rest[0]):
            tree = f"&tree={rest.pop(0)}"
        else:
            return None
    width = "" if as_json or arguments[0] == "task" else f"&width={columns()}"
    return f"/v1/{arguments[0]}?wait={wait_s:g}{width}{tree}", as_json, wait_s


def is_tree(text: str) -> bool:
    """Whether it can only be a tree's id, or its beginning; a branch may be called ``beef``, so a short one is not."""
    return 12 <= len(text) <= 64 and not text.strip("0123456789abcdef")


def columns() -> int:
    """Of the terminal, as ``shutil.get_terminal_size`` finds them; 80 where there is none."""
    named = os.environ.get("COLUMNS", "")
    if named.isascii() and named.isdigit() and 0 < int(named) < 1000:
        return int(named)
    try:
        return min(os.get_terminal_size(1).columns or 80, 1000)
    except OSError:
        return 80


def find_here() -> tuple[str, str] | None:
    """The top and the git folder of the work tree that we stand in, links resolved; None where git itself has to be asked."""
    if any(name in os.environ for name in GIT_VARIABLES):
        return None
    return find_work_tree(os.getcwd())


def find_work_tree(folder: str) -> tuple[str, str] | None:
    """The top and the git folder of the work tree that *folder* lies in; None where git itself has to be asked."""
    device = os.stat(folder).st_dev
    while True:
        if os.stat(folder).st_dev != device or is_git_dir(folder):
            return None
        inside = folder + "/.git"
        try:
            with open(inside, "rb") as file:
                linked = linked_git_dir(folder, file.read(LONGEST_LINK))
                return (folder, linked) if linked is not None else None
        except IsADirectoryError:
            return (folder, os.path.realpath(inside)) if is_git_dir(inside) else None
        except FileNotFoundError:
            if folder == "/":
                return None
            folder = os.path.dirname(folder)


def is_git_dir(folder: str) -> bool:
    """Whether git would take the folder itself for a repository: then it is no work tree."""
    return os.path.exists(folder + "/HEAD") and (
        os.path.exists(folder + "/objects") or os.path.exists(folder + "/commondir")
    )


def linked_git_dir(folder: str, content: bytes) -> str | None:
    """What a ``.git`` file names: a linked work tree's or a submodule's git folder."""
    if not content.startswith(b"gitdir: ") or len(content) >= LONGEST_LINK:
        return None
    named = os.path.join(folder, os.fsdecode(content[8:].rstrip(b"\r\n")))
    return os.path.realpath(named) if is_git_dir(named) else None


def ask(here: tuple[str, str], target: str, as_json: bool, wait_s: float) -> int | None:
    """Ask the daemon of the work tree *here* (top and git folder), print what it says, and hand on its exit code."""
    global silent_process  # noqa: PLW0603 - the command line, which goes on where we give up, has to know
    import _socket

    from verifyd.edge.daemon_place import by_short_name, sign_of, socket_of

    client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    client.settimeout(wait_s + ANSWER_S)
    by_short_name(socket_of(here[1]), client.connect)
    # The process at the other end, as the kernel says it: number and user; on macOS a version and the user.
    level, name = (_socket.SOL_SOCKET, _socket.SO_PEERCRED) if hasattr(_socket, "SO_PEERCRED") else (0, 1)
    peer = client.getsockopt(level, name, 76)
    if int.from_bytes(peer[4:8], sys.byteorder) not in (os.geteuid(), 0):
        return None
    kind = "application/json" if as_json else "text/plain"
    client.sendall(f"GET {target} HTTP/1.0\r\nAccept: {kind}\r\nVerifyd-Api: 1\r\n\r\n".encode("ascii"))
    got = b""
    try:
        while piece := client.recv(65536):
            got += piece
    except TimeoutError:
        if hasattr(_socket, "SO_PEERCRED"):
            silent_process = int.from_bytes(peer[:4], sys.byteorder)
        return None
    return tell(got, sign_of(*here).encode())


def tell(got: bytes, sign: bytes) -> int | None:
    """Print an answer that is whole and about our own work tree; its exit code."""
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    said = dict(line.split(b": ", 1) for line in lines)  # as it was written, for people
    if (
        b" 200 " not in first
        or headers.get(b"verifyd-api") != API
        or headers.get(b"verifyd-work-tree") != sign
        or int(headers.get(b"content-length", b"-1")) != len(body)
    ):
        return None
    code = int(headers[b"verifyd-exit"]) if b"verifyd-exit" in headers else None
    if code is None:
        return None
    version = headers.get(b"verifyd-version", b"").decode("latin-1")
    if version != VERSION:
        renew = f"the daemon is verifyd {version}, this is {VERSION}; to renew it: verifyd stop, then: verifyd watch --detach\n"
        os.write(2, renew.encode())
    for name, text in said.items():
        if name.lower() == b"verifyd-say":
            os.write(2, text + b"\n")
    if body.strip() != b"null":
        write(body)
    return code


def write(body: bytes) -> None:
    """All of it to stdout."""
    while body:
        body = body[os.write(1, body) :]

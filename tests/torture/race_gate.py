"""
A gate whose outcome is a function of the files that it sees, and that function, for whoever checks the gate's verdicts.

Run as a script, without anything but the standard library: ``race_gate.py NAME SECONDS LOOKS [INSIDE]`` reads some of the
files at its start and the last of them after SECONDS, so that it notices edits that reach it while it runs.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Mapping

OUTSIDE = frozenset({".git", ".verifyd", "ignored"})
"""Folders at the top that belong to no tree."""
UNSEEN = "logs/"
"""Whether what is in here belongs to the tree is edited during the race, so no gate reads it."""
WARM = "warm"
"""The gate that imports the modules in ``pack``, with the compiled forms of earlier runs at hand."""
PACK = "pack/"
MODULES = ("m0", "m1", "m2", "m3")
TOKENS = tuple(f"token-{number:02}" for number in range(64))
FAILS = "0123"
"""First digits of a digest with which a gate fails."""
SAYS = "RACE"


def object_id(kind: str, content: bytes) -> str:
    """Git's id of an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


def module_text(token: str) -> bytes:
    """A module of ``pack``: each as long as the others, and none of their beginnings is a module too."""
    return f'TOKEN = "{token}"'.encode()


TOKENS_BY_ID = {object_id("blob", module_text(token)): token for token in TOKENS}


def list_files(root: str) -> list[str]:
    """Relative paths of all files and links but those outside of every tree."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        prefix = "" if inside == "." else f"{inside}/"
        if not prefix:
            folders[:] = [name for name in folders if name not in OUTSIDE]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found += [prefix + name for name in [*names, *links]]
    return found


def read_entry(root: str, path: str) -> str | None:
    """``<mode> <blob id>`` of a file or link as git has it; None when it is gone."""
    full = os.path.join(root, path)
    try:
        seen = os.lstat(full)
        if stat.S_ISLNK(seen.st_mode):
            return f"120000 {object_id('blob', os.fsencode(os.readlink(full)))}"
        with open(full, "rb") as file:
            content = file.read()
    except OSError:
        return None
    return f"{'100755' if seen.st_mode & stat.S_IXUSR else '100644'} {object_id('blob', content)}"


def read_files(root: str) -> dict[str, str]:
    """The entries of all files."""
    found = {path: read_entry(root, path) for path in list_files(root)}
    return {path: entry for path, entry in found.items() if entry is not None}


def look_at(path: str, looks: int) -> int:
    """At which look a gate reads it."""
    return hashlib.sha1(path.encode()).digest()[0] % looks


def seen_by(entries: Mapping[str, str], inside: str) -> dict[str, str]:
    """Those of a tree's entries that a gate reads."""
    return {path: entry for path, entry in entries.items() if path.startswith(inside) and not path.startswith(UNSEEN)}


def digest_of(entries: Mapping[str, str]) -> str:
    """What a gate says that it saw."""
    return hashlib.sha1("\n".join(f"{entries[path]} {path}" for path in sorted(entries)).encode()).hexdigest()


def tokens_in(entries: Mapping[str, str]) -> list[str]:
    """What importing each module gives, by a tree's entries."""
    found = (entries.get(f"{PACK}{module}.py", "").partition(" ")[2] for module in MODULES)
    return [TOKENS_BY_ID.get(identifier, "error") for identifier in found]


def digest_of_tokens(tokens: list[str]) -> str:
    """The same for the gate that imports."""
    return hashlib.sha1("\n".join(tokens).encode()).hexdigest()


def passes(digest: str) -> bool:
    """The outcome of a gate that saw this."""
    return digest[0] not in FAILS


def expected_digest(entries: Mapping[str, str], gate: str, inside: str) -> str:
    """What a gate has to say on a tree."""
    return digest_of_tokens(tokens_in(entries)) if gate == WARM else digest_of(seen_by(entries, inside))


def import_tokens() -> list[str]:
    """What importing each module gives."""
    sys.path.insert(0, os.path.abspath(PACK))
    tokens: list[str] = []
    for module in MODULES:
        try:
            tokens.append(str(__import__(module).TOKEN))
        except Exception:  # noqa: BLE001  # half-written modules fail in every way
            tokens.append("error")
    return tokens


def look(seconds: float, looks: int, inside: str) -> str:
    """The digest of what is seen, each file at one of the looks."""
    seen: dict[str, str] = {}
    for number in range(looks):
        time.sleep(seconds / (looks - 1) if number else 0)
        seen |= {path: entry for path, entry in read_files(".").items() if look_at(path, looks) == number}
    return digest_of(seen_by(seen, inside))


def main() -> int:
    """Say what was seen, and pass or fail by it."""
    name, seconds, looks, inside = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), "".join(sys.argv[4:])
    digest = digest_of_tokens(import_tokens()) if name == WARM else look(seconds, looks, inside)
    print(SAYS, name, digest)
    return 0 if passes(digest) else 1


if __name__ == "__main__":
    sys.exit(main())

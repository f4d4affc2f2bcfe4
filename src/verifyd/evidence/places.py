"""Paths as tools print them in, paths of the judged tree out: text that merely looks like a place is none."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from msgspec import Struct

from verifyd.evidence.model import SourceTree

_LONGEST_PATH = 4_096


class Place(Struct, frozen=True, kw_only=True):
    """
    Where a tool points.

    Attributes:
        path: Of the tree; None when the tool names no file of it, or one of several and it cannot be told which.
        line: 1-based; None when unknown.
        column: 1-based; None when unknown.
        said: The place as the tool wrote it, for the message when *path* is None; empty when it named none.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None
    said: str = ""


NOWHERE = Place()


class Places:
    """
    Answers for one tree which of its files a printed path means.

    A relative path is tried against the gate's folder, then the root, then as the only path of the tree that ends so:
    scripts say ``cd sub`` before they call a tool. Paths that leave the tree are never guessed at.
    """

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        roots = [root.rstrip("/") + "/" for root in (tree.root, *tree.views)]
        # macOS: /tmp and /var are links into /private, and tools print either.
        self._roots = [form for root in roots for form in (root, "/private" + root, root.removeprefix("/private"))]
        self._known: dict[str, str | None] = {}
        self._by_name: dict[str, list[str]] | None = None

    def find(self, raw: str) -> str | None:
        """The file of the tree that *raw* means; None when there is none or more than one."""
        if raw not in self._known:
            self._known[raw] = self._search(raw)
        return self._known[raw]

    def find_uri(self, uri: str) -> str | None:
        """Like find, for a URI or a percent-encoded relative reference (SARIF 2.1.0 section 3.4)."""
        return self.find(unquote(uri)) or self.find(uri)

    def is_ambiguous(self, raw: str) -> bool:
        """Whether several files of the tree end in this relative path, so that one is meant but not which."""
        return self.find(raw) is None and len(self._ending_in(_normal(raw))) > 1

    def find_beside(self, name: str, package: str) -> str | None:
        """The file *name* in the folder whose path ends like *package* (a Go import path); any unique one otherwise."""
        candidates = self._ending_in(_normal(name))
        ranked = sorted(candidates, key=lambda path: _common_tail(posixpath.dirname(path), package), reverse=True)
        if len(ranked) < 2:
            return self.find(name)
        best, second = (_common_tail(posixpath.dirname(path), package) for path in ranked[:2])
        return ranked[0] if best > second else self.find(name)

    def at(self, raw: str, line: int | None = None, column: int | None = None) -> Place:
        """The place, with what the tool wrote kept; lines and columns below 1 mean unknown."""
        said = ":".join([raw, *(str(number) for number in (line, column) if number)])
        return Place(path=self.find(raw), line=line or None, column=column or None, said=said)

    def from_cwd(self, path: str) -> str:
        """A path of the tree as seen from the gate's folder, which is how its tool wants it."""
        if self._tree.cwd == ".":
            return path
        return posixpath.relpath(f"/{path}", f"/{self._tree.cwd}")  # absolute, or it would ask for our own folder

    def as_seen(self, raw: str) -> str:
        """The file that *raw* means as seen from the gate's folder; *raw* itself when it is none of the tree."""
        path = self.find(raw)
        return self.from_cwd(path) if path is not None else raw

    def _search(self, raw: str) -> str | None:
        if not raw or len(raw) > _LONGEST_PATH or "\0" in raw or "\n" in raw:
            return None
        if raw.startswith("file:"):
            raw = "/" + unquote(raw.removeprefix("file:")).lstrip("/")
        if raw.startswith("/"):
            return self._below_root(raw)
        for candidate in (posixpath.normpath(posixpath.join(self._tree.cwd, raw)), posixpath.normpath(raw)):
            if candidate in self._tree.paths:
                return candidate
        endings = self._ending_in(_normal(raw))
        return endings[0] if len(endings) == 1 else None

    def _below_root(self, raw: str) -> str | None:
        path = posixpath.normpath(raw)
        for prefix in self._roots:
            if path.startswith(prefix) and path[len(prefix) :] in self._tree.paths:
                return path[len(prefix) :]
        return None

    def _ending_in(self, path: str) -> list[str]:
        if path.startswith(("/", "../")) or not path:
            return []
        if self._by_name is None:
            self._by_name = {}
            for known in sorted(self._tree.paths):
                self._by_name.setdefault(posixpath.basename(known), []).append(known)
        named = self._by_name.get(posixpath.basename(path), [])
        return [known for known in named if known == path or known.endswith("/" + path)]


def _normal(raw: str) -> str:
    return posixpath.normpath(raw) if raw else ""


def _common_tail(folder: str, package: str) -> int:
    """How many last segments of the two agree."""
    count = 0
    for left, right in zip(reversed(folder.split("/")), reversed(package.split("/")), strict=False):
        if left != right:
            break
        count += 1
    return count

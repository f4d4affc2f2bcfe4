"""A CI job's change in, what it does to protected paths out, with the digest by which a person accepts exactly that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from verifyd.app.ci_accept import VARIABLE, digest_to_accept
from verifyd.app.declared import VERIFY_MD
from verifyd.app.judged import Judged
from verifyd.app.progress import without_block
from verifyd.app.world import World
from verifyd.builtin.diff import listed, protected_touches
from verifyd.change import FileChange
from verifyd.pipeline import Pipeline, Scope

NOTHING = "nothing"
"""What a path holds that is not there."""


class Protected(Struct, frozen=True, kw_only=True):
    """
    What a change does to protected paths, VERIFY.md left out: that is agreed to by accepting the pipeline.

    Attributes:
        paths: Those that it touches.
        digest: Sha256, hex, of the paths with what they held and what they hold; empty where none is touched. What is changed elsewhere
            leaves it as it is.
    """

    paths: frozenset[str] = frozenset()
    digest: str = ""

    def notes(self, *, is_accepted: bool) -> tuple[str, ...]:
        """For the report: that a person accepted it, and where, or how to."""
        if not self.paths:
            return ()
        named = digest_to_accept(self.digest)
        then = (
            f"accepted in the job's configuration: {VARIABLE} has {named}"
            if is_accepted
            else f"once a person has accepted that, add {named} to the job's {VARIABLE}"
        )
        return (f"the change touches protected paths ({listed(sorted(self.paths))}); {then}",)


def read_protected(world: World, judged: Judged, pipeline: Pipeline) -> Protected:
    """What the change does to the paths that *pipeline* protects."""
    change = without_block(world, judged, pipeline)
    touched = [(file, path) for file, path in protected_touches(change, pipeline.scope or Scope()) if path != VERIFY_MD]
    if not touched:
        return Protected()
    snapshot = judged.snapshot
    before = world.git.content_ids(judged.repository, snapshot.base_tree)
    now = world.git.content_ids(judged.repository, snapshot.tree)
    lines = sorted(told(file, path, before, now) for file, path in touched)
    digest = hashlib.sha256("\0".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    return Protected(paths=frozenset(path for _file, path in touched), digest=digest)


def told(file: FileChange, path: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What happened to a path; for one inside a submodule, and for either end of a rename, what its whole entry held and holds."""
    held, holds = before.get(file.old_path or file.path, NOTHING), now.get(file.path, NOTHING)
    return f"{path}\0{held}\0{holds}"

"""What git ignores in the work tree: gates may read it although it is in no tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.app.world import World
from verifyd.snapshot import Source

if TYPE_CHECKING:
    from verifyd.app.judged import Judged


class IgnoredListing(Struct, kw_only=True):
    """
    Asked of git once in a run, except where a gate may add to it: where the working tree is judged, gates are run in it.

    Attributes:
        known: As ``Git.ignored_paths``, where somebody knows already.
    """

    world: World
    judged: Judged
    known: tuple[str, ...] | None = None

    def paths(self) -> tuple[str, ...]:
        """Sorted, whole folders as one path, without slashes at the end."""
        if self.known is not None:
            return self.known
        found = self.world.git.ignored_paths(self.judged.repository)
        if self.judged.snapshot.source is not Source.WORKING_TREE:
            self.known = found
        return found

"""What all gates of one run share, and which of them are run in the working tree itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.app.beside import Beside
from verifyd.app.frozen import LiveSource
from verifyd.app.history_ports import Store
from verifyd.app.ignored import IgnoredListing
from verifyd.app.process_ports import Processes
from verifyd.app.world import World
from verifyd.pipeline import Isolate
from verifyd.snapshot import Source

if TYPE_CHECKING:
    from verifyd.app.judged import Judged


class RunContext(Struct, frozen=True, kw_only=True):
    """
    What all gates of one run share.

    Attributes:
        live: The tree as a daemon has it; gates that do not ask for the working tree then see a frozen view. None in a
            one-shot run.
    """

    world: World
    judged_tree: Judged
    processes: Processes
    store: Store
    reuse: bool
    live: LiveSource | None = None

    @property
    def runs_in_tree(self) -> frozenset[Isolate]:
        """The isolations under which a gate runs in the working tree itself."""
        if self.judged_tree.snapshot.source is not Source.WORKING_TREE:
            return frozenset()
        return frozenset({Isolate.TREE}) if self.live is not None else frozenset({Isolate.TREE, Isolate.AUTO})

    def beside(self) -> Beside:
        """What lies beside the tree, not looked at yet."""
        live = self.live
        return Beside(
            world=self.world,
            judged=self.judged_tree,
            listing=IgnoredListing(
                world=self.world, judged=self.judged_tree, known=live.ignored if live is not None else None
            ),
            known_links=live.links if live is not None else None,
        )

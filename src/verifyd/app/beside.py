"""What lies beside the judged tree and a gate may read all the same: its stamps before the gates run, and what moved since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from verifyd.app.file_ports import FilesBeside
from verifyd.app.ignored import IgnoredListing
from verifyd.app.world import World
from verifyd.outcome import View
from verifyd.pipeline import Gate, Ignored
from verifyd.plan import matches

if TYPE_CHECKING:
    from verifyd.app.judged import Judged

MOST_FILES = 5_000
"""Files and folders that are looked at, twice in each run: some 20 ms each time."""
LINK_MODE = "120000"
SHOWN = 3


class Beside(Struct):
    """
    Files that git ignores, and those outside that links in the tree lead to, in one run.

    They are no part of a verdict, which is about the tree. But a pass answers again only where they are as they were, and
    only a pass during which they stayed as they were is kept to answer: one that was measured while somebody wrote
    one of them was measured on nobody knows what. What gates declare to write, and what tools make again, is left out.

    Attributes:
        listing: What git ignores.
        known_links: Paths of links in the tree, where somebody knows already.
        ignored: The same as it was before the gates; None before it was asked.
        named: What gates with ``reads`` read, by the gate's name; nothing else that is ignored counts for these.
        remarks: What a person should know, a sentence each.
    """

    world: World
    judged: Judged
    listing: IgnoredListing
    known_links: tuple[str, ...] | None = None
    ignored: tuple[str, ...] | None = None
    links: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    behind: Mapping[str, str] = field(default_factory=dict)
    overflow: str = ""
    named: dict[str, FilesBeside] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def stamps_for(self, gate: Gate, view: View, contents: Mapping[str, str]) -> Mapping[str, str] | None:
        """
        The stamps as they were before any gate of the run; None where there are too many files to say.

        Args:
            contents: Of the judged tree, path to mode and blob id.
        """
        if self.ignored is None:
            self.look(contents)
        if gate.reads and gate.name not in self.named:
            self.named[gate.name] = self.named_by(gate)
        return None if self.overflow_for(gate) else self.known_to(gate, view)

    def look(self, contents: Mapping[str, str]) -> None:
        """Stamp everything, once in a run."""
        root = self.judged.repository.root
        self.ignored = self.listing.paths()
        self.links = self.known_links if self.known_links is not None else links_in(contents)
        before = self.world.files.stamps_below(root, self.ignored, most=MOST_FILES)
        behind = self.world.files.stamps_behind(root, self.links, most=MOST_FILES)
        outputs = self.outputs(before.stamps)
        self.before = {path: stamp for path, stamp in before.stamps.items() if path not in outputs}
        self.behind, self.overflow = behind.stamps, before.overflow or behind.overflow
        if self.overflow:
            self.remarks.append(
                f"passes of gates that name no reads= are not reused: too many files are ignored or linked to ({self.overflow} and what is below)"
            )

    def outputs(self, stamps: Mapping[str, str]) -> frozenset[str]:
        """Those that any gate of the pipeline declares to write."""
        pipeline = self.judged.declared.runs or self.judged.declared.written
        patterns = [
            f"/{gate.cwd}/{pattern}" if gate.cwd != "." else f"/{pattern}"
            for gate in pipeline.gates
            for pattern in (*gate.artifacts, *((gate.evidence.pattern,) if gate.evidence is not None else ()))
            if pattern and not pattern.startswith("!")
        ]
        return matches(patterns, stamps) if patterns else frozenset()

    def named_by(self, gate: Gate) -> FilesBeside:
        """The files that the gate says it reads, whatever their names."""
        root = self.judged.repository.root
        found = {path for pattern in gate.reads for path in self.world.files.glob(root, pattern)}
        paths = [str(path.relative_to(root)) for path in found]
        return self.world.files.stamps_below(root, paths, most=MOST_FILES, by_name=False)

    def overflow_for(self, gate: Gate) -> str:
        """Where there are too many files to look at for the gate; empty for nowhere."""
        return self.named[gate.name].overflow if gate.reads else self.overflow

    def known_to(self, gate: Gate, view: View) -> Mapping[str, str]:
        """The stamps, from before any gate of the run, of what the gate may read."""
        if gate.ignored is Ignored.HIDE and view is not View.TREE:
            return self.behind
        return {**self.behind, **(self.named[gate.name].stamps if gate.reads else self.before)}

    def stayed(self, gate: Gate, view: View) -> bool:
        """Whether all that the gate sees is still as it was before any gate of the run; remarked where it is not."""
        root = self.judged.repository.root
        known, ignored = self.known_to(gate, view), self.ignored or ()
        below = self.named_by(gate) if gate.reads else self.world.files.stamps_below(root, ignored, most=MOST_FILES)
        now = {**self.world.files.stamps_behind(root, self.links, most=MOST_FILES).stamps, **below.stamps}
        moved = sorted(path for path, stamp in known.items() if now.get(path) != stamp)
        if moved:
            more = f" and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
            self.remarks.append(
                f"{gate.name}: its result is not reused, for ignored files changed while it ran: {', '.join(moved[:SHOWN])}{more}"
            )
        return not moved


def links_in(contents: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of links, of mode and blob id by path."""
    return tuple(path for path, content in contents.items() if content.startswith(LINK_MODE))

"""Writes a daemon's reports where people and agents look for them, one after the other, and says when that fails."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.to_thread
from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.app.finish import Result
from verifyd.app.ports import Repository
from verifyd.app.publish import publish
from verifyd.app.world import World
from verifyd.errors import StoreError

OVERTAKEN = "the working tree has changed since; its newer content is being verified"


class ReportWriter(Struct, kw_only=True):
    """
    Writes one report at a time.

    Attributes:
        notes: Why the newest one was not written, a sentence; empty normally.
    """

    world: World
    repository: Repository
    notes: tuple[str, ...] = ()
    writing: anyio.Lock = field(default_factory=anyio.Lock)

    async def write_early(self, result: Callable[[], Result | None]) -> None:
        """What is certain already, unless *result* has nothing to say any more when its turn has come."""
        async with self.writing:
            early = result()
            if early is not None:
                await self.write_files(early, keeps_progress=False)

    async def write(self, result: Result, *, is_current: bool) -> None:
        """A whole report; an older tree's says that there is a newer tree."""
        if not is_current:
            result = replace(result, report=replace(result.report, notes=(*result.report.notes, OVERTAKEN)))
        async with self.writing:
            await self.write_files(result, keeps_progress=is_current)

    async def write_files(self, result: Result, *, keeps_progress: bool) -> None:
        """The files; a note says when that fails."""
        try:
            await anyio.to_thread.run_sync(
                lambda: publish(self.world, self.repository, result, keeps_progress=keeps_progress)
            )
            self.notes = ()
        except StoreError as error:
            self.notes = (f"the report's files were not written: {error}",)

"""Where something stands on a page, for errors about it."""

from __future__ import annotations

from msgspec import Struct

from verifyd.errors import ConfigurationError


class Place(Struct, frozen=True, kw_only=True):
    """Where something stands, to write errors about it."""

    file: str
    line: int
    column: int | None = None

    def error(self, problem: str, remedy: str = "") -> ConfigurationError:
        """An error about what stands here."""
        return ConfigurationError(problem, file=self.file, line=self.line, column=self.column, remedy=remedy)

"""What the configuration of a CI job lets through: that what commits declare may run, and what a person accepts of a change."""

from __future__ import annotations

import re

from msgspec import Struct

VARIABLE = "VERIFYD_ACCEPT"
DIGEST_LENGTH = 32
"""Characters of a digest that a person copies: whoever writes two changes that agree in so many has to try 2**64 of them."""


class Consent(Struct, frozen=True, kw_only=True):
    """
    What whoever keeps the job's configuration agrees to; no commit can say it.

    Attributes:
        given: Whether this is a CI job: whoever wrote ``verifyd ci`` into its configuration let what commits declare run there.
            Elsewhere the user's own approval is asked for, as by every other door.
        accepted: Digests, as ``digest_to_accept`` gives them, of what a person accepts although it needs one.
    """

    given: bool
    accepted: frozenset[str] = frozenset()

    def accepts(self, digest: str) -> bool:
        """Whether a person accepted this very thing."""
        return digest_to_accept(digest) in self.accepted


def digest_to_accept(digest: str) -> str:
    """As much of a sha256, hex, as a person is asked to copy."""
    return digest[:DIGEST_LENGTH]


def read_accepted(text: str) -> frozenset[str]:
    """The digests in VARIABLE, whatever separates them; a whole one is cut to what is compared."""
    return frozenset(digest_to_accept(word.lower()) for word in re.split(r"[\s,;]+", text) if word)

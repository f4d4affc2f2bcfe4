"""Objects of a repository, as a running ``git cat-file --batch`` gives them, each held against its id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import IO

from msgspec import Struct

from verifyd.edge.object_ids import FORMATS, HASHES, READ_BYTES, check_object, forged_object, object_header
from verifyd.errors import GitError

ASKED_AHEAD = 100
"""Ids that git is asked for at once: they fit into the smallest pipe there is, so neither side ever waits for the other."""


class StoredObject(Struct, frozen=True, kw_only=True):
    """One object as ``cat-file --batch`` gives it; *kind* is ``blob``, ``tree``, ``commit`` or ``tag``."""

    id: str
    kind: str
    content: bytes


class ObjectReader:
    """
    Asks a running ``git cat-file --batch``, and believes nothing: each object's content is held against its id.

    What git looks through on the way to an object is not, the tag in ``v1^{commit}``: ask for each by its id (see ``named_commit``).
    """

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers
        self._owed = 0

    @property
    def owes_nothing(self) -> bool:
        """Whether every question was answered to its end: the next answer is then the next question's."""
        return self._owed == 0

    def read(self, name: str) -> StoredObject | None:
        """
        The object that a revision without line breaks (an id, ``HEAD^{commit}``) names; None when there is none.

        Raises:
            GitError: git ended instead of answering, or the object is not what its name says.
        """
        self._ask([name])
        return self._answer()

    def read_all(self, names: Sequence[str]) -> Iterator[StoredObject | None]:
        """As *read*, for many: asked ahead, which is several times as fast. All answers must be taken."""
        for start in range(0, len(names), ASKED_AHEAD):
            some = names[start : start + ASKED_AHEAD]
            self._ask(some)
            for _ in some:
                yield self._answer()

    def check_all(self, names: Sequence[str]) -> None:
        """
        Hash objects of any size without holding one whole; what is not there is nothing to be wrong about.

        Raises:
            GitError: git ended instead of answering, or an object is not what its name says.
        """
        for start in range(0, len(names), ASKED_AHEAD):
            some = names[start : start + ASKED_AHEAD]
            self._ask(some)
            for _ in some:
                about = self._about()
                if about is not None:
                    self._check_next(*about)

    def _ask(self, names: Sequence[str]) -> None:
        self._owed += len(names)
        try:
            self._questions.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
            self._questions.flush()
        except BrokenPipeError as error:
            raise GitError("git cat-file ended by itself") from error

    def _about(self) -> tuple[str, str, int] | None:
        """Id, kind and size of the next answer, whose content follows; None when there is no such object."""
        line = self._answers.readline()
        if not line:
            raise GitError("git cat-file ended by itself")
        # "<id> <kind> <size>"; anything else says that there is none: "<name> missing", "<name> ambiguous".
        answer = re.fullmatch(rb"([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)\n", line)
        if answer is None:
            self._owed -= 1
            return None
        return answer[1].decode(), answer[2].decode(), int(answer[3])

    def _piece(self, identifier: str, size: int) -> bytes:
        content = self._answers.read(size)
        if len(content) != size:
            raise GitError(f"git cat-file ended in the middle of object {identifier}")
        return content

    def _answer(self) -> StoredObject | None:
        about = self._about()
        if about is None:
            return None
        identifier, kind, size = about
        content = self._piece(identifier, size + 1)[:-1]
        self._owed -= 1
        check_object(identifier, kind, content)
        return StoredObject(id=identifier, kind=kind, content=content)

    def _check_next(self, identifier: str, kind: str, size: int) -> None:
        hashed = HASHES[FORMATS[len(identifier)]](object_header(kind, size), usedforsecurity=False)
        for start in range(0, size, READ_BYTES):
            hashed.update(self._piece(identifier, min(READ_BYTES, size - start)))
        self._piece(identifier, 1)  # the line's end
        self._owed -= 1
        if hashed.hexdigest() != identifier:
            raise forged_object(identifier)

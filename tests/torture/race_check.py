"""What was published and answered during a race in, what was wrong with it out; nothing of what is checked is trusted."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.race_editor import COUNTER
from tests.torture.race_gate import SAYS, expected_digest, object_id, passes

PROVEN = ("passed", "failed")
STATES_KEPT = 2_000
SHOWN = 5

Entries = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSaid:
    """
    One gate of a verdict.

    Attributes:
        log: Where it says what it saw; None where nobody knows any more.
    """

    gate: str
    status: str
    reason: str | None = None
    log: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    A verdict on a tree.

    Attributes:
        where: It was published or answered.
        readiness: None where only gates are told of.
    """

    where: str
    tree: str
    readiness: str | None = None
    gates: tuple[GateSaid, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """
    An answer about "now".

    Attributes:
        done: The edit that was finished last when it was asked.
        begun: The edit that was begun last when it was answered.
    """

    where: str
    tree: str
    done: int
    begun: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """
    One line of the editor's log.

    Attributes:
        touched: None for any path.
        state: The whole tree after it.
    """

    number: int
    name: str
    touched: frozenset[str] | None
    state: Entries


@dataclass
class Checker:
    """
    Checks as it goes.

    Attributes:
        gates: What each gate reads: the beginning of its paths.
        page: Entry of the VERIFY.md that was approved.
        wrong: A sentence for each thing that was wrong.
        counted: How much of what was checked.
    """

    folder: Path
    gates: Mapping[str, str]
    page: str
    wrong: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    states: deque[Edited] = field(default_factory=lambda: deque(maxlen=STATES_KEPT))
    waiting: list[Answered] = field(default_factory=list)
    read_bytes: int = 0

    def __post_init__(self) -> None:
        self.known = sqlite3.connect(self.folder / "trees.db", check_same_thread=False, isolation_level=None)
        self.known.execute("PRAGMA synchronous=off")
        self.known.execute("CREATE TABLE trees (id TEXT PRIMARY KEY, entries BLOB) WITHOUT ROWID")

    # --- what trees hold -------------------------------------------------------------------------------------------

    def learn(self, tree: str, entries: Entries) -> None:
        """This tree is said to hold these; a tree's id says whether it does."""
        self.counted["trees"] += 1
        found = tree_id(entries)
        if found != tree:
            self.wrong.append(f"tree {tree[:10]} is said to hold the files of tree {found[:10]}")
        packed = zlib.compress(json.dumps(dict(entries)).encode(), 1)
        self.known.execute("INSERT OR IGNORE INTO trees VALUES (?, ?)", (found, packed))

    def entries_of(self, tree: str) -> Entries | None:
        """What a tree holds; None for one that nobody has seen."""
        row = self.known.execute("SELECT entries FROM trees WHERE id = ?", (tree,)).fetchone()
        if row is None:
            return None
        entries: dict[str, str] = json.loads(zlib.decompress(row[0]))
        return entries

    # --- verdicts --------------------------------------------------------------------------------------------------

    def check(self, said: Said) -> None:
        """Hold a verdict against what its tree holds."""
        entries = self.entries_of(said.tree)
        if entries is None:
            self.wrong.append(f"{said.where}: a verdict on tree {said.tree[:10]}, which never was")
            return
        self.counted[f"{said.where}: {said.readiness}"] += 1
        expected = {gate: expected_digest(entries, gate, inside) for gate, inside in self.gates.items()}
        for one in said.gates:
            if one.gate in expected:
                self.check_gate(said, one, expected[one.gate])
        failing = [gate for gate, digest in expected.items() if not passes(digest)]
        if said.readiness == "ready" and (failing or entries.get("VERIFY.md") != self.page):
            self.wrong.append(f"{said.where}: tree {said.tree[:10]} is called ready, but {failing or 'VERIFY.md'}")
        if said.readiness == "not_ready" and not failing:
            self.wrong.append(f"{said.where}: tree {said.tree[:10]} is called not ready, but every gate passes on it")

    def check_gate(self, said: Said, one: GateSaid, expected: str) -> None:
        """One gate's status, and what it says that it saw."""
        self.counted[f"gate {one.gate}: {one.status} {one.reason or ''}".rstrip()] += 1
        where = f"{said.where}: {one.gate} on tree {said.tree[:10]}"
        is_good = passes(expected)
        if (one.status in PROVEN and (one.status == "passed") != is_good) or (one.status == "skipped" and not is_good):
            self.wrong.append(
                f"{where} is called {one.status} {one.reason or ''}, but {'passes' if is_good else 'fails'}"
            )
        elif one.reason == "flaky":
            self.wrong.append(f"{where} is called flaky, and it never is")
        if one.status in PROVEN and one.log is not None and (digest := digest_in(one.log)) is not None:
            self.counted[f"digests of {one.gate}"] += 1
            if digest != expected:
                self.wrong.append(f"{where} is called {one.status} by a run that saw another tree's files")

    # --- answers about now ---------------------------------------------------------------------------------------

    def ask_later(self, answers: Iterable[Answered]) -> None:
        """Check these as soon as the log tells of every edit that they may be about."""
        self.waiting += answers
        newest = self.states[-1].number if self.states else -1
        ready = [one for one in self.waiting if one.begun <= newest]
        self.waiting = [one for one in self.waiting if one.begun > newest]
        for one in ready:
            self.check_answer(one)

    def check_answer(self, answered: Answered) -> None:
        """The tree holds every edit that was finished, and of later ones nothing that they did not touch."""
        entries = self.entries_of(answered.tree)
        where = f"{answered.where} (edit {answered.done} was done, {answered.begun} begun)"
        if entries is None:
            self.wrong.append(f"{where}: about tree {answered.tree[:10]}, which never was")
            return
        oldest = self.states[0].number
        if answered.done < oldest:
            self.counted["answers too old to check"] += 1
            return
        known = {one.number: one for one in list(self.states)[answered.done - oldest : answered.begun - oldest + 1]}
        self.counted[f"{answered.where}: {'exact' if answered.done == answered.begun else 'beside an edit'}"] += 1
        wrong = differing(entries, known, answered)
        if wrong:
            named = ", ".join(sorted(wrong)[:SHOWN])
            self.wrong.append(f"{where}: about tree {answered.tree[:10]}, which is not the tree of then: {named}")

    def read_log(self) -> None:
        """Take in what the editor has written since."""
        with (self.folder / "edits.log").open("rb") as log:
            log.seek(self.read_bytes)
            lines = log.read().splitlines(keepends=True)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self.read_bytes += len(line)
            told = json.loads(line)
            before = self.states[-1].state if self.states else {}
            changed: dict[str, str | None] = told["changed"]
            kept = {path: entry for path, entry in before.items() if path not in changed}
            state = {**kept, **{path: entry for path, entry in changed.items() if entry is not None}}
            touched = frozenset(told["touched"]) if told["touched"] is not None else None
            self.states.append(Edited(number=told["number"], name=told["edit"], touched=touched, state=state))
            self.counted[f"edit {told['edit']}"] += 1


def differing(entries: Entries, known: Mapping[int, Edited], answered: Answered) -> set[str]:
    """Paths of an answered tree that are neither as at the last finished edit nor touched by a later one."""
    state = known[answered.done].state
    counters = {known[number].state.get(COUNTER) for number in range(answered.done, answered.begun + 1)}
    wrong = set() if entries.get(COUNTER) in counters else {COUNTER}
    touched: set[str] = {COUNTER}
    for number in range(answered.done + 1, answered.begun + 1):
        paths = known[number].touched
        if paths is None:
            return wrong
        touched |= paths
    paths_of_both = entries.keys() | state.keys()
    return wrong | {path for path in paths_of_both - touched if entries.get(path) != state.get(path)}


def digest_in(log: Path) -> str | None:
    """What a gate says that it saw; None where its log is gone."""
    try:
        words = log.read_text("utf-8", "replace").split()
    except OSError:
        return None
    return words[2] if len(words) == 3 and words[0] == SAYS else None


def tree_id(entries: Entries) -> str:
    """Git's id of the tree with these entries."""
    below: dict[str, dict[str, str]] = {}
    lines: list[tuple[bytes, bytes]] = []
    for path, entry in entries.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = entry
        else:
            mode, _, identifier = entry.partition(" ")
            lines.append((name.encode(), b"%s %s\0" % (mode.encode(), name.encode()) + bytes.fromhex(identifier)))
    for name, inside in below.items():
        line = b"40000 %s\0" % name.encode() + bytes.fromhex(tree_id(inside))
        lines.append((name.encode() + b"/", line))
    return object_id("tree", b"".join(line for _, line in sorted(lines)))

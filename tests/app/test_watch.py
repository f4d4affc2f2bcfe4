"""What the daemon's engine answers when the tree comes back, when a gate flakes, and when edits touch some gates only."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import anyio
import pytest

from tests.support.project import page
from tests.torture.rounds import Engine, Scene, engine_over, make_scene
from verifyd.app.live_opening import Opened
from verifyd.app.watch import Watch
from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.edge.live_mirrors import LiveMirrors
from verifyd.edge.merkle import TreeNode
from verifyd.errors import GitError
from verifyd.report import Readiness
from verifyd.verdict import Reason

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="gates see frozen views"),
]


def scene_of(folder: Path, gates: Mapping[str, str], files: Mapping[str, str]) -> Scene:
    """A project with these gates; nothing is expected of their verdicts."""
    return make_scene(folder, {**files, "VERIFY.md": page(**gates)}, lambda _: {}, random.Random(1))


def lines(file: Path) -> list[str]:
    """What gates wrote into it."""
    return file.read_text("utf-8").split() if file.exists() else []


async def until_lines(file: Path, count: int) -> None:
    """Until gates wrote so many."""
    while len(lines(file)) < count:  # noqa: ASYNC110  # another process writes them
        await anyio.sleep(0.01)


async def tree_that_is(engine: Engine, other: str) -> str:
    """Until the newest tree is another one; which."""
    while (await engine.watch.now()).tree == other:  # noqa: ASYNC110  # edits set no event here
        await anyio.sleep(0.005)
    return engine.watch.state.tree


@pytest.mark.parametrize("during", ["the run", "rest"])
async def test_a_tree_that_came_back_has_its_verdict(tmp_path: Path, during: str) -> None:
    """Fault 29: an edit and its revert, both noticed: the verdict stands, nothing runs again, and nobody waits in vain."""
    began, go = tmp_path / "began", tmp_path / "go"
    gate = f"on_change=finish | echo x >> {began}; until [ -e {go} ]; do sleep 0.01; done"
    scene = scene_of(tmp_path, {"gate": gate, "quick": "paths=none/** | true"}, {"a.txt": "1\n"})
    go.touch()
    async with engine_over(scene) as engine:
        with anyio.fail_after(30):
            (scene.root / "a.txt").write_text("2\n")
            if during == "the run":
                go.unlink()
                await tree_that_is(engine, engine.watch.state.tree)
                await until_lines(began, 2)
            else:
                await engine.ask()
            tree = engine.watch.state.tree
            number = engine.watch.state.number
            for text in ("3\n", "2\n"):  # the second look has the tree before anybody can open what the first one read
                (scene.root / "a.txt").write_text(text)
                await engine.watch.follower.look_now()
            assert (engine.watch.state.tree, engine.watch.state.number) == (tree, number + 2)
            go.touch()
            standing = await engine.ask()
    assert scene.tally.wrong == []
    assert standing.report is not None
    assert standing.judged is not None
    assert (standing.report.snapshot.tree, standing.judged.behind) == (tree, 0)
    assert len(lines(began)) == 2
    assert "has changed since" not in str(scene.project.report()["notes"])


class Unreadable:
    """A tree in memory whose files cannot be looked at any more."""

    def __init__(self, tree: LiveTree) -> None:
        self.state = tree.state

    def sweep(self) -> TreeState:
        """It fails."""
        raise GitError("no look is possible", where="here")


async def test_what_could_not_be_read_is_not_answered_for(tmp_path: Path) -> None:
    """The look that a question needs has failed: no earlier tree's report is the answer, whatever was opened meanwhile."""
    scene = scene_of(tmp_path, {"gate": "true"}, {"a.txt": "1\n"})
    async with engine_over(scene) as engine:
        with anyio.fail_after(30):
            assert (await engine.ask()).report is not None
            engine.watch.follower.tree = cast("LiveTree", Unreadable(engine.watch.tree))
            await engine.watch.now()
            engine.watch.want()  # as an approval or a hint about git's files does
            await engine.watch.decided.wait()
            standing = engine.watch.standing()
    assert (standing.report, standing.trouble) == (None, "here: no look is possible")


async def test_no_tree_is_verified_that_nobody_was_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree in memory may be newer than what the last look gave: then that is the newest tree, before it is verified."""
    begun: list[tuple[int, int]] = []
    whole = Watch.begin

    def begin(watch: Watch, opened: Opened) -> None:
        begun.append((opened.state.number, watch.state.number))
        whole(watch, opened)

    monkeypatch.setattr(Watch, "begin", begin)
    scene = scene_of(tmp_path, {"gate": "true"}, {"a.txt": "1\n"})
    async with engine_over(scene) as engine:
        with anyio.fail_after(30):
            await engine.ask()
            (scene.root / "a.txt").write_text("2\n")
            await engine.watch.follower.ask(engine.watch.tree.sweep)  # as a guard does
            engine.watch.want()
            await engine.watch.decided.wait()
            await engine.ask()
    assert begun == [(1, 1), (2, 2)]


async def test_one_content_with_two_outcomes_is_flaky_and_no_task(tmp_path: Path) -> None:
    """Fault 60: a gate that passed on these inputs and fails on them is run again; where that passes, nobody has a task."""
    runs = tmp_path / "runs"
    script = f"echo x >> {runs}; test $(wc -l < {runs}) != 3"
    scene = scene_of(tmp_path, {"gate": script}, {"a.txt": "1\n"})
    (scene.root / "ignored" / "settings").write_text("1\n")
    async with engine_over(scene) as engine:
        (scene.root / "a.txt").write_text("2\n")
        await engine.ask()
        (scene.root / "ignored" / "settings").write_text("another\n")  # so the first pass does not answer again
        (scene.root / "a.txt").write_text("1\n")
        standing = await engine.ask()
    assert len(lines(runs)) == 4
    assert standing.report is not None
    (gate,) = standing.report.gates
    assert (str(gate.verdict.status), str(gate.verdict.reason)) == ("unproven", "flaky")
    assert standing.task is None


async def test_edits_elsewhere_run_no_gate_again_and_lose_no_result(tmp_path: Path) -> None:
    """A run under way outlasts them and counts for the newest tree; one that has ended answers for it; each ran once."""
    counted, go = {name: tmp_path / name for name in ("long", "done", "rest")}, tmp_path / "go"
    gates = {
        "long": f"paths=long.txt | echo x >> {counted['long']}; until [ -e {go} ]; do sleep 0.01; done",
        "done": f"paths=done.txt | echo x >> {counted['done']}",
        "rest": f"paths=rest/** | echo x >> {counted['rest']}",
    }
    files = {"long.txt": "1\n", "done.txt": "1\n", "rest/a.txt": "1\n"}
    scene = scene_of(tmp_path, gates, files)
    go.touch()
    async with engine_over(scene) as engine:
        assert {name: len(lines(file)) for name, file in counted.items()} == {"long": 1, "done": 1, "rest": 1}
        go.unlink()
        (scene.root / "long.txt").write_text("2\n")
        (scene.root / "done.txt").write_text("2\n")
        await until_lines(counted["long"], 2)
        await until_lines(counted["done"], 2)
        for number in range(10):
            (scene.root / "rest" / "a.txt").write_text(f"edit {number}\n")
            await engine.watch.now()
        go.touch()
        standing = await engine.ask()
        for number in range(5):
            (scene.root / f"outside{number}.txt").write_text("of no gate\n")
            standing = await engine.ask()
    assert {name: len(lines(file)) for name, file in counted.items() if name != "rest"} == {"long": 2, "done": 2}
    assert standing.report is not None
    assert str(standing.report.readiness) == "ready"
    assert scene.tally.wrong == []


async def test_a_pass_in_a_mirror_that_somebody_wrote_into_is_unproven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back, as a ``sed -i`` over everything does it; the next run is in a folder that is as it should be."""
    began, go = tmp_path / "began", tmp_path / "go"
    gate = f"echo x >> {began}; until [ -e {go} ]; do sleep 0.01; done; grep -q good a.txt"
    scene = scene_of(tmp_path, {"gate": gate}, {"a.txt": "good\n"})
    mirrors: list[Path] = []
    lend = LiveMirrors.lend

    @contextmanager
    def noted(self: LiveMirrors, tree: TreeNode, size_bytes: int) -> Iterator[Path]:
        with lend(self, tree, size_bytes) as folder:
            mirrors.append(folder)
            yield folder

    monkeypatch.setattr(LiveMirrors, "lend", noted)
    go.touch()
    async with engine_over(scene) as engine:
        with anyio.fail_after(60):
            go.unlink()
            (scene.root / "b.txt").write_text("new\n")
            await until_lines(began, 2)
            for text in ("bad\n", "good\n"):
                (mirrors[-1] / "a.txt").write_text(text)
            go.touch()
            first = await engine.ask()
            standing = first
            while standing.report is None or standing.report.readiness is not Readiness.READY:
                await anyio.sleep(0.05)
                standing = await engine.ask()
    assert [(str(one.verdict.status), one.verdict.reason) for one in first.gates if one.verdict is not None] == [
        ("unproven", Reason.TREE_MOVED)
    ]
    assert first.gates[0].verdict is not None
    assert first.gates[0].verdict.explanation == (
        "a.txt changed in verifyd's own copy of the tree while the gate ran: another process wrote there"
    )
    assert (first.tree, len(lines(began))) == (standing.tree, 3)

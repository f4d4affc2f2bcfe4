"""The report's files: what is written, and what is left as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.support.builders import a_pass, a_report
from tests.support.fake_world import REPOSITORY, FakeFiles, FakeWorld
from verifyd.app.declared import Declared
from verifyd.app.finish import Result
from verifyd.app.publish import publish
from verifyd.pipeline import Pipeline

RESULT = Result(report=a_report(a_pass("tests")), task=None, declared=Declared(written=Pipeline(), approval=None))


@dataclass
class CountedFiles(FakeFiles):
    """Remembers what was written."""

    written: list[str] = field(default_factory=list)

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644, aside: Path | None = None) -> None:
        """Keep it."""
        self.written.append(path.name)
        FakeFiles.write_whole(self, path, content, mode=mode, aside=aside)


def test_what_hides_the_folder_from_git_is_written_once() -> None:
    """Each file that is written costs the verdict two waits for the disk; one that says something else is put right."""
    files = CountedFiles()
    world = FakeWorld(files=files).world
    publish(world, REPOSITORY, RESULT)
    assert files.written == [".gitignore", "readiness.json", "READINESS.md"]
    publish(world, REPOSITORY, RESULT)
    assert files.written[3:] == ["readiness.json", "READINESS.md"]
    files.content[REPOSITORY.report_dir / ".gitignore"] = b"*\n!TASK.md\n"
    publish(world, REPOSITORY, RESULT)
    assert files.content[REPOSITORY.report_dir / ".gitignore"] == b"*\n"

"""Report files on a real disk: written whole, read within limits, never through a planted link."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from tests.support.faults import answer_of, names_in, python
from verifyd.app.file_ports import Files
from verifyd.edge.files import DiskFiles
from verifyd.errors import StoreError

FILES: Files = DiskFiles()


class TestRead:
    """Reading up to a limit."""

    def test_gives_the_bytes(self, tmp_path: Path) -> None:
        """A file comes back as it is."""
        (tmp_path / "a").write_bytes(b"\x00\xff\r\n")
        assert FILES.read(tmp_path / "a", limit_bytes=100) == b"\x00\xff\r\n"

    def test_one_byte_more_than_the_limit_tells_that_there_is_more(self, tmp_path: Path) -> None:
        """A file of exactly the limit and a longer one can be told apart."""
        (tmp_path / "a").write_bytes(b"12345")
        assert FILES.read(tmp_path / "a", limit_bytes=5) == b"12345"
        assert FILES.read(tmp_path / "a", limit_bytes=3) == b"1234"

    @pytest.mark.parametrize("path", ["none", "none/none", "file/below"])
    def test_no_file_is_none(self, tmp_path: Path, path: str) -> None:
        """Neither is one below a plain file."""
        (tmp_path / "file").touch()
        assert FILES.read(tmp_path / path, limit_bytes=5) is None

    @pytest.mark.timeout(5)
    @pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
    def test_what_is_no_regular_file_is_refused(self, tmp_path: Path, kind: str) -> None:
        """A pipe without a writer would never end, and a device may not either."""
        path = tmp_path / "a"
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        with pytest.raises(StoreError) as caught:
            FILES.read(path, limit_bytes=5)
        assert str(caught.value) == f"{path}: is not a regular file\n  Put a plain file there, or remove it."

    def test_streaming(self, tmp_path: Path) -> None:
        """The same refusals hold for a file that is streamed; a missing one is FileNotFoundError there."""
        (tmp_path / "a").write_bytes(b"123")
        with FILES.open_binary(tmp_path / "a") as file:
            assert file.read() == b"123"
        with pytest.raises(FileNotFoundError):
            FILES.open_binary(tmp_path / "b")
        with pytest.raises(StoreError, match="is not a regular file"):
            FILES.open_binary(tmp_path)

    def test_sizes_and_stamps(self, tmp_path: Path) -> None:
        """What is not there has none; a change of content shows in the stamp."""
        path, folder = tmp_path / "a", tmp_path / "folder"
        path.write_bytes(b"123")
        folder.mkdir()
        assert (FILES.size(path), FILES.size(tmp_path / "b"), FILES.size(folder)) == (3, None, None)
        before = FILES.stamps([path, tmp_path / "b"])
        assert before == {path: (path.stat().st_mtime_ns, 3, path.stat().st_ino)}
        path.write_bytes(b"1234")
        assert FILES.stamps([path])[path] != before[path]


class TestWriteWhole:
    """Writing all or nothing."""

    def test_makes_folders_and_replaces(self, tmp_path: Path) -> None:
        """Text goes out as UTF-8, and nothing but the file is left."""
        path = tmp_path / ".verifyd" / "reports" / "READINESS.md"
        FILES.write_whole(path, "first")
        FILES.write_whole(path, "größer \udcff")
        assert path.read_bytes() == "größer ".encode() + b"\xff"
        assert names_in(path.parent) == ["READINESS.md"]

    def test_modes(self, tmp_path: Path) -> None:
        """0644 by default, another one when asked for; never wider than the umask allows."""
        script = """
import json, os, pathlib, sys
from verifyd.edge.files import DiskFiles
folder = pathlib.Path(sys.argv[1])
os.umask(0o022)
DiskFiles().write_whole(folder / 'report', 'x')
DiskFiles().write_whole(folder / 'secret', b'x', mode=0o600)
os.umask(0o077)
DiskFiles().write_whole(folder / 'private', 'x')
print(json.dumps({path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}))
"""
        assert answer_of(python(script, tmp_path)) == {"report": "0o644", "secret": "0o600", "private": "0o600"}

    def test_a_reader_never_sees_a_part(self, tmp_path: Path) -> None:
        """Fault 73: while two contents replace each other, whoever reads gets one of them whole."""
        path = tmp_path / "report"
        contents = {b"a" * 300_000, b"b" * 500_000}
        FILES.write_whole(path, b"a" * 300_000)
        seen: set[bytes] = set()
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                seen.add(path.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(60):
            for content in contents:
                FILES.write_whole(path, content)
        done.set()
        reader.join()
        assert seen <= contents
        assert names_in(tmp_path) == ["report"]

    def test_two_writers_of_one_file(self, tmp_path: Path) -> None:
        """Each writes its own temporary file, so that the last one wins whole."""
        path = tmp_path / "report"
        threads = [
            threading.Thread(target=FILES.write_whole, args=(path, bytes([number]) * 200_000)) for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        content = path.read_bytes()
        assert content == content[:1] * 200_000
        assert names_in(tmp_path) == ["report"]

    def test_leftovers_of_killed_writers_go(self, tmp_path: Path) -> None:
        """A temporary file of a process that is gone is removed; one of a living process, and one that is not ours, stays."""
        gone, alive, other = (
            tmp_path / name for name in (".report.999999999-0.tmp", f".report.{os.getppid()}-0.tmp", ".report.x.tmp")
        )
        for path in (gone, alive, other):
            path.touch()
        FILES.write_whole(tmp_path / "report", "x")
        assert names_in(tmp_path) == sorted([alive.name, other.name, "report"])

    def test_a_folder_in_its_place_is_refused(self, tmp_path: Path) -> None:
        """What is there stays, and nothing of ours is left beside it."""
        path = tmp_path / "report"
        (path / "precious").mkdir(parents=True)
        with pytest.raises(StoreError) as caught:
            FILES.write_whole(path, "x")
        assert (
            str(caught.value)
            == f"{path}: cannot be written: is a directory\n  Remove the folder of that name, then run again."
        )
        assert [entry.name for entry in tmp_path.rglob("*")] == ["report", "precious"]


class TestPlantedLinks:
    """What an agent that may write in the repository alone could plant to have us write elsewhere."""

    def test_a_link_in_the_files_place_is_replaced(self, tmp_path: Path) -> None:
        """Its target is not touched."""
        precious = tmp_path / "precious"
        precious.write_text("mine")
        (tmp_path / "READINESS.md").symlink_to(precious)
        FILES.write_whole(tmp_path / "READINESS.md", "report")
        assert (tmp_path / "READINESS.md").read_text() == "report"
        assert not (tmp_path / "READINESS.md").is_symlink()
        assert precious.read_text() == "mine"

    @pytest.mark.parametrize("target", ["..", "elsewhere", "missing"])
    def test_a_link_in_the_folders_place_is_refused(self, tmp_path: Path, target: str) -> None:
        """``.verifyd`` as a link to the repository's own top would have us replace its ``.gitignore`` by ``*``."""
        root = tmp_path / "repository"
        (tmp_path / "elsewhere").mkdir()
        root.mkdir()
        (root / ".gitignore").write_text("/build/\n")
        (root / ".verifyd").symlink_to(
            {"..": root, "elsewhere": tmp_path / "elsewhere", "missing": tmp_path / "missing"}[target]
        )
        with pytest.raises(StoreError) as caught:
            FILES.write_whole(root / ".verifyd" / ".gitignore", "*\n")
        assert str(caught.value) == (
            f"{root / '.verifyd'}: '.verifyd' is a symbolic link, and verifyd writes through none: somebody may have put it there\n"
            "  Remove the link '.verifyd', then run again."
        )
        assert (root / ".gitignore").read_text() == "/build/\n"
        assert list((tmp_path / "elsewhere").iterdir()) == []
        assert not (tmp_path / "missing").exists()

    def test_a_link_further_up_is_refused(self, tmp_path: Path) -> None:
        """So is one anywhere on the way."""
        (tmp_path / "real" / "inner").mkdir(parents=True)
        (tmp_path / "link").symlink_to(tmp_path / "real")
        with pytest.raises(StoreError, match="'link' is a symbolic link"):
            FILES.write_whole(tmp_path / "link" / "inner" / "a", "x")
        assert list((tmp_path / "real" / "inner").iterdir()) == []

    def test_nothing_is_removed_through_a_link(self, tmp_path: Path) -> None:
        """Removing TASK.md must not remove another's."""
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "TASK.md").touch()
        (tmp_path / ".verifyd").symlink_to(tmp_path / "real")
        with pytest.raises(StoreError, match=r"'\.verifyd' is a symbolic link"):
            FILES.remove(tmp_path / ".verifyd" / "TASK.md")
        assert (tmp_path / "real" / "TASK.md").exists()


class TestRemove:
    """Making sure that there is no file."""

    def test_a_file_and_a_link(self, tmp_path: Path) -> None:
        """A link goes, what it points to stays."""
        (tmp_path / "a").touch()
        (tmp_path / "b").symlink_to(tmp_path / "c")
        (tmp_path / "c").touch()
        FILES.remove(tmp_path / "a")
        FILES.remove(tmp_path / "b")
        assert names_in(tmp_path) == ["c"]

    @pytest.mark.parametrize("path", ["none", "none/none"])
    def test_none_is_fine(self, tmp_path: Path, path: str) -> None:
        """It is gone already."""
        FILES.remove(tmp_path / path)
        assert names_in(tmp_path) == []

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        """It was not meant."""
        (tmp_path / "a").mkdir()
        with pytest.raises(StoreError, match="cannot be removed"):
            FILES.remove(tmp_path / "a")
        assert (tmp_path / "a").is_dir()


class TestNewFolder:
    """A folder for the time of a ``with``."""

    def test_is_there_and_gone(self, tmp_path: Path) -> None:
        """Empty and the user's alone inside, gone after, whatever was put in it and even when the body fails."""
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "kept").touch()

        def fill_and_fail() -> None:
            with FILES.new_folder(tmp_path / "deep" / "run") as folder:
                assert folder == tmp_path / "deep" / "run"
                assert (names_in(folder), folder.stat().st_mode & 0o777) == ([], 0o700)
                (folder / "locked" / "inner").mkdir(parents=True)
                (folder / "locked" / "inner" / "file").touch()
                (folder / "locked").chmod(0)
                (folder / "link").symlink_to(tmp_path / "outside")
                os.mkfifo(folder / "pipe")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fill_and_fail()
        assert names_in(tmp_path / "deep") == []
        assert names_in(tmp_path / "outside") == ["kept"]

    def test_leftovers_of_a_crash_are_removed_first(self, tmp_path: Path) -> None:
        """A result file of an earlier run is never taken for this one's."""
        (tmp_path / "run" / "old").mkdir(parents=True)
        with FILES.new_folder(tmp_path / "run") as folder:
            assert names_in(folder) == []

    def test_a_link_in_its_place_is_not_emptied(self, tmp_path: Path) -> None:
        """What it points to stays."""
        (tmp_path / "precious" / "inner").mkdir(parents=True)
        (tmp_path / "run").symlink_to(tmp_path / "precious")
        with pytest.raises(StoreError), FILES.new_folder(tmp_path / "run"):
            pass
        assert names_in(tmp_path / "precious") == ["inner"]

    def test_as_another_user_than_root(self) -> None:
        """A gate's folder without rights can be removed by a user who is not above rights."""
        script = """
import os, pathlib, sys
from verifyd.edge.files import DiskFiles
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with DiskFiles().new_folder(pathlib.Path(sys.argv[1]) / 'run') as folder:
    (folder / 'locked' / 'inner').mkdir(parents=True)
    (folder / 'locked' / 'inner' / 'file').touch()
    (folder / 'locked' / 'inner').chmod(0)
    (folder / 'locked').chmod(0)
    (folder / 'outside').symlink_to('/')
print('null')
"""
        place = Path(tempfile.mkdtemp())  # a user who is not root cannot enter pytest's own folder
        place.chmod(0o777)
        try:
            assert answer_of(python(script, place)) is None
            assert names_in(place) == []
        finally:
            place.rmdir()


def test_remove_tree(tmp_path: Path) -> None:
    """A folder with all below it goes, links are not followed, and nothing there is fine."""
    (tmp_path / "outside" / "kept").mkdir(parents=True)
    (tmp_path / "run" / "deep").mkdir(parents=True)
    (tmp_path / "run" / "deep" / "link").symlink_to(tmp_path / "outside")
    FILES.remove_tree(tmp_path / "run")
    FILES.remove_tree(tmp_path / "run")
    assert [path.name for path in tmp_path.rglob("*")] == ["outside", "kept"]


class TestRunFolders:
    """Folders of single runs."""

    def test_a_held_folder_is_private_and_stays(self, tmp_path: Path) -> None:
        """It is no folder of an *earlier* run while it is held."""
        with FILES.held(tmp_path / "runs" / "a") as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
            assert FILES.run_folders(tmp_path / "runs") == ()
        assert FILES.run_folders(tmp_path / "runs") == (tmp_path / "runs" / "a",)

    def test_oldest_first_whatever_the_clock_says(self, tmp_path: Path) -> None:
        """Fault 6: numbers give the order, not times or names."""
        for name in ("c", "a", "b"):
            with FILES.held(tmp_path / name):
                pass
        os.utime(tmp_path / "c", (4e9, 4e9))
        os.utime(tmp_path / "c" / ".held", (4e9, 4e9))
        assert [path.name for path in FILES.run_folders(tmp_path)] == ["c", "a", "b"]

    def test_one_of_another_process_is_left_out_until_it_ends(self, tmp_path: Path) -> None:
        """Fault 8: a lock decides, not a process id; a killed process holds nothing."""
        script = """
import os, pathlib, signal, sys
from verifyd.edge.files import DiskFiles
with DiskFiles().held(pathlib.Path(sys.argv[1]) / 'other'):
    if DiskFiles().run_folders(pathlib.Path(sys.argv[1])) == ():
        os.kill(os.getpid(), signal.SIGKILL)
"""
        assert python(script, tmp_path).returncode == -9
        assert [path.name for path in FILES.run_folders(tmp_path)] == ["other"]

    def test_what_is_no_folder_of_ours_is_left_out(self, tmp_path: Path) -> None:
        """Plain files and links are none, and a missing place has none."""
        (tmp_path / "file").touch()
        (tmp_path / "link").symlink_to(tmp_path)
        assert FILES.run_folders(tmp_path) == ()
        assert FILES.run_folders(tmp_path / "none") == ()

    def test_the_same_name_twice_is_refused(self, tmp_path: Path) -> None:
        """Two runs never share a folder."""
        with FILES.held(tmp_path / "a"), pytest.raises(StoreError) as caught, FILES.held(tmp_path / "a"):
            pass
        assert (
            str(caught.value) == f"{tmp_path / 'a'}: cannot be made: file exists\n  Look at the disk, then run again."
        )


def test_sockets_are_no_regular_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own daemon's socket in a folder does not stop anything."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert stat.S_ISSOCK((tmp_path / "s").stat().st_mode)
        assert FILES.glob(tmp_path, "**") == ()
        with pytest.raises(StoreError):
            FILES.read(tmp_path / "s", limit_bytes=1)


def test_a_file_that_is_written_aside_is_never_unfinished_in_its_folder(tmp_path: Path) -> None:
    """So git sees nothing of the folder that a .gitignore hides before it is there; what a killed process left aside goes."""
    aside, target = tmp_path / "aside", tmp_path / "shown/.gitignore"
    aside.mkdir()
    (aside / "..gitignore.999999999-0.tmp").write_text("left")
    seen: list[list[Path]] = []
    rename = os.rename

    def looking(source: str, name: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        seen.append(sorted(target.parent.iterdir()))
        rename(source, name, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", looking)
        FILES.write_whole(target, "*\n", aside=aside)
    assert (seen, target.read_text(), sorted(aside.iterdir())) == ([[]], "*\n", [])


def is_other_file_system(folder: Path, than: Path) -> bool:
    """Whether no file can be renamed from one to the other."""
    return folder.is_dir() and folder.stat().st_dev != than.stat().st_dev


@pytest.mark.skipif(
    not is_other_file_system(Path("/dev/shm"), Path(tempfile.gettempdir())),
    reason="no second file system that everybody may write to: /dev/shm is not there, or tests' files lie in it",
)
def test_where_aside_is_another_file_system_a_file_is_written_in_its_own_folder(tmp_path: Path) -> None:
    """As any other, with nothing left on either side."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as aside:
        FILES.write_whole(tmp_path / "shown/.gitignore", "*\n", aside=Path(aside))
        assert not any(Path(aside).iterdir())
    assert [path.name for path in (tmp_path / "shown").iterdir()] == [".gitignore"]

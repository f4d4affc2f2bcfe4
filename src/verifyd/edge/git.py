"""The git binary: exact trees out of it, without a trace in the user's repository, index or objects."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from verifyd.app.ports import Commit, Repository
from verifyd.change import Change
from verifyd.edge.git_base import AUTO, find_base, find_committed, find_parent, read_head
from verifyd.edge.git_change import read_change
from verifyd.edge.git_objects import Head, read_file_at, tree_of
from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.git_repository import find_repository, object_format, read_settings, user_place
from verifyd.edge.guard import TreeGuard
from verifyd.edge.ignored_paths import Layout, read_ignored_paths
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.staged import read_staged, staged_id
from verifyd.edge.submodules import files_of, list_contents, paths_between, with_contents
from verifyd.edge.tree_at_rest import read_at_rest
from verifyd.edge.work_tree import Content
from verifyd.errors import GitError
from verifyd.evidence.clean import clean_text
from verifyd.snapshot import Snapshot, Source

MOST_SKIPPED = 100

STORE_FOLDER = "git"
"""In the state folder of a work tree: our objects, and our copies of the index while they are needed."""

HOOK_VARIABLES = frozenset(
    {
        *(
            "GIT_EXEC_PATH",
            "GIT_EDITOR",
            "GIT_SEQUENCE_EDITOR",
            "GIT_REFLOG_ACTION",
            "GIT_QUARANTINE_PATH",
            "GIT_OPTIONAL_LOCKS",
        ),
        *(
            "GIT_AUTHOR_NAME",
            "GIT_AUTHOR_EMAIL",
            "GIT_AUTHOR_DATE",
            "GIT_COMMITTER_NAME",
            "GIT_COMMITTER_EMAIL",
            "GIT_COMMITTER_DATE",
        ),
        *(
            "GIT_LITERAL_PATHSPECS",
            "GIT_GLOB_PATHSPECS",
            "GIT_NOGLOB_PATHSPECS",
            "GIT_ICASE_PATHSPECS",
            "GIT_EXTERNAL_DIFF",
        ),
    }
)
"""What git sets for its hooks, or what changes the answers of a test's own git, besides what it calls local itself."""


class GitBinary:
    """
    Answers by running git.

    Args:
        environment: What our own process inherited.
        executable: Name or path of git.
    """

    def __init__(self, environment: Mapping[str, str], *, executable: str = "git") -> None:
        self._git = GitProcess(environment, executable=executable)
        self._environment = environment
        self._stores: dict[Path, ObjectStore] = {}
        self._layouts: dict[Path, Layout] = {}
        self._local_names: frozenset[str] | None = None

    def keep_readers(self) -> None:
        """Start fewer processes, for a command that soon ends: those that read objects live on until then."""
        self._git.keep_readers()

    def version(self) -> str:
        """``git version 2.39.5``, as git says it; GitError when it is missing or too old."""
        return self._git.check_version()

    def open_repository(self, start: Path) -> Repository:
        """The work tree that *start* lies in; GitError for none, a bare one, and one that git refuses to use."""
        return find_repository(self._git, start)

    def snapshot_working_tree(self, repository: Repository, *, base: str) -> tuple[Snapshot, TreeGuard]:
        """
        The tree as it is on disk, with a guard whose moment is the snapshot's.

        Args:
            base: ``auto`` for HEAD; a name for the commit where HEAD and that commit part.

        Raises:
            GitError: A file cannot be read or stored, or the tree does not come to rest; the message names it.
            UsageError: *base* names nothing.
        """
        with self._store_of(repository) as store:
            reader, content, guard = read_at_rest(self._git, store, repository)
            self._layouts[repository.root] = reader.layout
            found, base_tree = self._base_of(store, repository, base, content)
        snapshot = Snapshot(
            root=repository.root,
            git_dir=repository.git_dir,
            common_dir=repository.common_dir,
            source=Source.WORKING_TREE,
            tree=content.tree,
            base=found.commit if found else None,
            base_tree=base_tree,
            head=content.head.commit if content.head else None,
            paths=content.files,
            notes=reader.oddities.notes(),
            conflicted=reader.is_conflicted,
        )
        return snapshot, guard

    def _base_of(
        self, store: ObjectStore, repository: Repository, base: str, content: Content
    ) -> tuple[Head | None, str]:
        """The commit that a working tree is compared with, and the tree, submodules in it as in the working tree."""
        if base == AUTO and not content.nested:
            return content.head, content.head.tree if content.head else store.empty_tree
        with self._git.object_reader(store.place) as objects:
            found = find_base(self._git, repository, objects, base, content.head)
            return found, with_contents(objects, store, found.tree if found else store.empty_tree, content.nested)

    def snapshot_staged(self, repository: Repository, *, base: str) -> Snapshot:
        """
        The tree in the index, what a commit would hold; in a commit hook, the index that this commit is made from.

        Raises:
            GitError: The index holds conflicts.
            UsageError: *base* names nothing.
        """
        with self._store_of(repository) as store:
            tree, head = read_staged(self._git, store, repository, self._environment)
            with self._git.object_reader(store.place) as objects:
                found = find_base(self._git, repository, objects, base, head)
            return self._plain_snapshot(store, repository, Source.STAGED, tree, found, head)

    def staged_id(self, repository: Repository) -> str:
        """The id of the tree that git would commit now; for a commit's hook alone, anywhere else it would write."""
        return staged_id(self._git, repository, self._environment)

    def snapshot_committed(self, repository: Repository, ref: str, *, base: str) -> Snapshot:
        """
        The tree of a commit, or a tree by its id.

        Args:
            base: ``auto`` for the commit's first parent (HEAD for a bare tree); a name as for a working tree.
        """
        with self._store_of(repository) as store, self._git.object_reader(store.place) as objects:
            head = read_head(self._git, repository, objects)
            tree, commit = find_committed(self._git, repository, objects, ref)
            if base == AUTO:
                found = find_parent(repository, objects, commit) if commit else head
            else:
                found = find_base(self._git, repository, objects, base, commit or head)
            return self._plain_snapshot(store, repository, Source.COMMITTED, tree, found, head)

    def _plain_snapshot(
        self,
        store: ObjectStore,
        repository: Repository,
        source: Source,
        tree: str,
        base: Head | None,
        head: Head | None,
    ) -> Snapshot:
        """A snapshot of content that git holds already."""
        return Snapshot(
            root=repository.root,
            git_dir=repository.git_dir,
            common_dir=repository.common_dir,
            source=source,
            tree=tree,
            base=base.commit if base else None,
            base_tree=base.tree if base else store.empty_tree,
            head=head.commit if head else None,
            paths=files_of(list_contents(self._git, store, repository, tree)),
        )

    def change(self, snapshot: Snapshot) -> Change:
        """What differs between the base tree and the judged tree, renames found, generated files marked, ordered by path."""
        repository = Repository(root=snapshot.root, git_dir=snapshot.git_dir, common_dir=snapshot.common_dir)
        with self._store_of(repository) as store:
            return read_change(self._git, store, repository, snapshot.base_tree, snapshot.tree)

    def paths_changed_between(self, repository: Repository, old_tree: str, new_tree: str) -> frozenset[str] | None:
        """Paths that differ between two trees; None when one of them is no longer known."""
        if old_tree == new_tree:
            return frozenset()
        with self._store_of(repository) as store:
            with self._git.object_reader(store.place) as objects:
                if None in (tree_of(objects, old_tree), tree_of(objects, new_tree)):
                    return None
            try:
                return paths_between(self._git, store, repository, old_tree, new_tree)
            except GitError:  # a folder of an old tree was collected
                return None

    def read_file(self, repository: Repository, tree: str, path: str) -> bytes | None:
        """One file's content in a tree, a link inside the tree followed; None when it is not there."""
        with self._store_of(repository) as store, self._git.object_reader(store.place) as objects:
            return read_file_at(objects, tree, path)

    def content_ids(self, repository: Repository, tree: str) -> Mapping[str, str]:
        """Every path of a tree with mode and blob id (``100644 <id>``); a submodule's commit and its files, where they are here."""
        with self._store_of(repository) as store:
            return list_contents(self._git, store, repository, tree)

    def write_tree_to(self, repository: Repository, tree: str, folder: Path) -> None:
        """
        The tree's files, as a checkout would write them on any machine, into an empty folder; submodules too.

        Their times are those that a daemon's mirror gives them (MirrorDates).
        """
        from verifyd.edge.git_checkout import write_tree  # most gates of a single run are run in the working tree
        from verifyd.edge.git_dates import follow_stored
        from verifyd.edge.mirror_dates import read_dates

        with self._store_of(repository) as store:
            dates = read_dates(repository.state_dir / "dates")
            follow_stored(self._git, store, repository, dates, tree)
            write_tree(self._git, store, repository, tree, folder, dates.second_of)

    def ignored_paths(self, repository: Repository) -> tuple[str, ...]:
        """What lies in the working tree without being part of its tree: sorted, whole folders as one path."""
        with self._store_of(repository) as store:
            if repository.root not in self._layouts:
                self._layouts[repository.root] = read_at_rest(self._git, store, repository)[0].layout
            return read_ignored_paths(self._git, repository, self._layouts[repository.root])

    def newest_commits(self, repository: Repository, *, limit: int) -> tuple[Commit, ...]:
        """HEAD and its first parents, newest first; none where there is no commit."""
        asked = (
            "rev-list",
            "--first-parent",
            f"--max-count={limit}",
            "--format=%H %T",
            "HEAD",
            "--",
        )
        ended = self._git.attempt(user_place(repository), *asked)
        lines = ended.output.decode("ascii").splitlines() if ended.status == 0 else []
        found = (line.split() for line in lines if not line.startswith("commit "))  # git 2.33 has an option for that
        return tuple(Commit(commit=commit, tree=tree) for commit, tree in found)

    def skipped_commits(self, repository: Repository, *, since: str | None) -> tuple[tuple[str, str], ...]:
        """(commit, reason) of those after *since*, HEAD itself in any case, that say they were made without a verdict, newest first."""
        named = "%(trailers:key=Verifyd-Skip,valueonly=true,separator=%x20)"
        asked = ("log", "-z", f"--max-count={MOST_SKIPPED}", f"--format=%H {named}", "--end-of-options")
        since_base = self._git.attempt(user_place(repository), *asked, f"{since}..HEAD") if since is not None else None
        listed = since_base.output if since_base is not None and since_base.status == 0 else b""
        if not listed:
            listed = self._git.attempt(user_place(repository), *asked[:2], "--max-count=1", *asked[3:], "HEAD").output
        pairs = [entry.partition(" ")[::2] for entry in listed.decode("utf-8", "replace").split("\0")]
        return tuple((commit, clean_text(reason.strip())) for commit, reason in pairs if reason.strip())

    def is_ancestor(self, repository: Repository, ancestor: str, commit: str) -> bool:
        """Whether *commit* descends from (or is) *ancestor*; False when one is unknown."""
        return self._git.attempt(user_place(repository), "merge-base", "--is-ancestor", ancestor, commit).status == 0

    def local_environment_names(self) -> frozenset[str]:
        """Environment variables that tie git to one repository or belong to a hook's own commit."""
        if self._local_names is None:
            listed = self._git.run(Place(folder=Path("/")), "rev-parse", "--local-env-vars").decode().split()
            self._local_names = frozenset(listed) | HOOK_VARIABLES
        return self._local_names

    def open_store(self, repository: Repository) -> tuple[GitProcess, ObjectStore]:
        """What keeps a work tree in memory: git itself, and our objects."""
        with self._store_of(repository) as store:
            return self._git, store

    @contextmanager
    def _store_of(self, repository: Repository) -> Iterator[ObjectStore]:
        """Our objects for a repository; what the disk refuses inside becomes a GitError."""
        try:
            if repository.git_dir not in self._stores:
                self._stores[repository.git_dir] = self._open_store(repository)
            store = self._stores[repository.git_dir]
            if not store.objects.is_dir():  # somebody removed our folder meanwhile
                store.prepare()
            yield store
        except OSError as error:
            raise GitError(f"{error.strerror or error}", where=str(error.filename or repository.root)) from error

    def _open_store(self, repository: Repository) -> ObjectStore:
        """In the repository's state folder; where that cannot be written, in a temporary one that goes with this process."""
        format_name = object_format(read_settings(self._git, user_place(repository)))
        store = ObjectStore(repository.state_dir / STORE_FOLDER, format_name)
        try:
            store.prepare()
        except OSError:
            folder = tempfile.mkdtemp(prefix="verifyd-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            store = ObjectStore(Path(folder), format_name)
            store.prepare()
        store.add_alternate(repository.common_dir / "objects")
        store.prune()
        return store

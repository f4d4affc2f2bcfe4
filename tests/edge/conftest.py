"""What many tests of the edge begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import FILES, SampleRepository, make_repository
from tests.support.watching import new_repository
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a few files in folders."""
    return make_repository(tmp_path, FILES)


@pytest.fixture
def live(repository: SampleRepository) -> Iterator[LiveWorkTree]:
    """Its tree in memory."""
    with open_live_tree(repository.binary(), repository.open()) as live:
        yield live


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty repository."""
    return new_repository(tmp_path)

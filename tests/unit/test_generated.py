"""Files that tools make, by their names."""

from __future__ import annotations

import pytest

from verifyd.generated import has_generated_name


@pytest.mark.parametrize(
    "path",
    [
        *("package-lock.json", "web/yarn.lock", "pnpm-lock.yaml", "Cargo.lock", "crates/x/Cargo.lock", "go.sum"),
        *("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "pylock.dev.toml", "composer.lock"),
        *("Gemfile.lock", "flake.lock", "static/app.min.js", "static/app.min.css", "static/app.js.map"),
        *("api/v1/a.pb.go", "api/a_pb2.py", "api/a_pb2_grpc.py", "src/__snapshots__/a.test.ts.snap"),
    ],
)
def test_lock_files_and_made_files_are_generated(path: str) -> None:
    """In any folder."""
    assert has_generated_name(path)


@pytest.mark.parametrize(
    "path", ["src/lock.py", "locks/a.py", "app.js", "uv.lock.md", "min.js/a.py", "snapshots/a.snap", "go.sums"]
)
def test_names_that_only_resemble_them_are_not(path: str) -> None:
    """A well-known name is the whole name."""
    assert not has_generated_name(path)

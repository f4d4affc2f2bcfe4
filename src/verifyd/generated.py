"""Tells by its well-known name whether a file was made by a tool: its lines are nobody's work and count in no limit."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LOCK_FILES = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock"),
    *(
        "Cargo.lock",
        "go.sum",
        "go.work.sum",
        "Gemfile.lock",
        "composer.lock",
        "mix.lock",
        "pubspec.lock",
        "Podfile.lock",
    ),
    *(
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "pylock.toml",
        "pylock.*.toml",
        "pixi.lock",
        "conda-lock.yml",
    ),
    *(
        "flake.lock",
        "packages.lock.json",
        "gradle.lockfile",
        "Package.resolved",
        "Cartfile.resolved",
        ".terraform.lock.hcl",
    ),
)

MADE_FILES = (
    *("*.min.js", "*.min.css", "*.js.map", "*.css.map"),
    *("*.pb.go", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*.pb.h", "*.pb.cc", "*.g.dart", "*.freezed.dart"),
    *("**/__snapshots__/*.snap", "**/__image_snapshots__/*.png"),
)


def has_generated_name(path: str) -> bool:
    """Whether a path, relative to the root, is a lock file or a generated file by its name."""
    return well_known().match_file(path)


@functools.cache
def well_known() -> GitIgnoreSpec:
    """All of these names, made when they are first asked for: a tree that equals its base asks for none."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines([*LOCK_FILES, *MADE_FILES])

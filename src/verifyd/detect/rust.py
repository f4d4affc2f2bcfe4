"""A Cargo package or workspace in, its gates out."""

from __future__ import annotations

from functools import partial

from verifyd.detect.configuration import read_toml, unreadable
from verifyd.detect.model import Ecosystem, Found, Kind, Tool
from verifyd.detect.toolchain import toolchain_gate
from verifyd.detect.tree import Folder

CARGO = Tool(name="cargo", install="install Rust with rustup")
FMT = Tool(name="rustfmt", install="rustup component add rustfmt")
CLIPPY = Tool(name="cargo-clippy", install="rustup component add clippy")
make_gate = partial(toolchain_gate, Ecosystem.RUST)


def detect_rust(folder: Folder) -> Found:
    """The gates of one folder seen as a Cargo package or workspace."""
    if not folder.has("Cargo.toml"):
        return Found()
    note = unreadable("Cargo.toml", folder.text("Cargo.toml"))
    if note is not None:
        return Found(notes=(folder.full(note),))
    manifest = read_toml(folder.text("Cargo.toml"))
    is_workspace = "workspace" in manifest
    home = folder.full("Cargo.toml")
    why = f"{home} has [workspace]" if is_workspace else f"there is {home}"
    # A lock file that is part of the tree must not be rewritten by the gate that reads it.
    locked = " --locked" if folder.has("Cargo.lock") else ""
    every = " --workspace" if is_workspace else ""
    every_fmt = " --all" if is_workspace else ""
    return Found(
        gates=(
            make_gate(
                folder, Kind.LINT, f"cargo clippy{every} --all-targets{locked} -- -D warnings", "cargo clippy", why,
                "Clippy finds nothing to complain about; a warning is an error.", CARGO, CLIPPY,
            ),
            make_gate(
                folder, Kind.FORMAT, f"cargo fmt{every_fmt} --check", "cargo fmt", why,
                "Every file is formatted as rustfmt would.", CARGO, FMT,
                fix=f"cargo fmt{every_fmt}",
            ),
            make_gate(folder, Kind.TESTS, f"cargo test{every}{locked}", "cargo test", why, "All tests pass.", CARGO),
        )
    )  # fmt: skip

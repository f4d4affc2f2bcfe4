"""All that a gate's result depends on, as one value with one hash: equal keys, equal results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from verifyd.json_shape import to_json
from verifyd.pipeline import Gate

SCHEMA = "verifyd.action/2"
"""Raised whenever the meaning of a result changes, so that no earlier one answers for it."""


class ToolStamp(Struct, frozen=True, kw_only=True):
    """
    One thing outside the judged tree that a gate starts or reads.

    Attributes:
        name: As the script says it, or what kind of thing it is (``distributions``).
        path: Where it was found, absolute, links resolved; empty when it could not be looked for.
        stamp: What changes when it changes: size and modification time, or a hash over names and times. Where that is not
            known, the reason: the key then still tells tools of different names apart, but not a tool from its update.
    """

    name: str
    path: str
    stamp: str


class Action(Struct, frozen=True, kw_only=True):
    """
    One gate on one content, on one kind of machine: in spirit the ``Action`` and ``Command`` of Bazel's Remote Execution API
    (bazelbuild/remote-apis, remote_execution.proto), named there in brackets.

    Attributes:
        arguments: Shell and script, then server and what tells that it is ready (``Command.arguments``).
        working_directory: Relative to the root (``Command.working_directory``).
        environment: Declared names and values, ordered by name (``Command.environment_variables``).
        output_paths: Evidence and artifacts that are kept (``Command.output_paths``).
        input_digest: Of paths, modes and blob ids of the inputs (``Action.input_root_digest``).
        beside_digest: Of files that are in no tree and that the gate may read: what git ignores, what links lead out to.
        platform: Of the machine (``Action.platform``).
        tools: Ordered; a remote worker would hold them in its image (``Action.platform``).
        timeout_s: ``Action.timeout``.
        view: Which files the gate sees, and whether ignored ones are among them.
        expectation: What counts as a pass: exit status, and tests at least.
        name: The gate's; its processes can read it in ``VERIFYD_GATE``.
    """

    schema: str = SCHEMA
    name: str
    arguments: tuple[str, ...]
    working_directory: str
    environment: tuple[tuple[str, str], ...]
    output_paths: tuple[str, ...]
    input_digest: str
    beside_digest: str
    platform: str
    tools: tuple[ToolStamp, ...]
    timeout_s: float
    view: tuple[str, str]
    expectation: tuple[int, int | None]

    @property
    def key(self) -> str:
        """
        Two sha256, hex, with a point between: over all fields but one, as JSON with sorted keys, and of what lies beside.

        A result answers again for equal keys. Where only the first part is equal, it was measured on the same tree by the same
        means: that is what flakes are counted by.
        """
        fields = {name: value for name, value in to_json(self).items() if name != "beside_digest"}
        content = hashlib.sha256(json.dumps(fields, sort_keys=True).encode("ascii")).hexdigest()
        return f"{content}.{self.beside_digest}"


def content_part(key: str) -> str:
    """The part of a key that stands for the tree and the means."""
    return key.partition(".")[0]


def unrepeatable(key: str, mark: str) -> str:
    """The key of a result that must never answer again, with the same first part; *mark* is unique to its run."""
    return f"{content_part(key)}.{mark}"


def make_action(
    gate: Gate,
    *,
    inputs: Mapping[str, str],
    tools: Sequence[ToolStamp],
    environment: Mapping[str, str],
    platform: str,
    view: str,
    beside: Mapping[str, str] | None = None,
) -> Action:
    """
    Gather what bears on the gate's result; what does not (order, doors, slots, the fixer, the line) is left out.

    Args:
        inputs: Path to mode and blob id, of the gate's ``paths`` only; of the whole tree, ``""`` to its id, when it declares none.
        environment: The declared variables only.
        beside: Path to stamp of files that are in no tree.
    """
    evidence = () if gate.evidence is None else (f"{gate.evidence.kind}:{gate.evidence.pattern}",)
    return Action(
        name=gate.name,
        arguments=(str(gate.shell), gate.script, gate.server or "", gate.ready or ""),
        working_directory=gate.cwd,
        environment=tuple(sorted(environment.items())),
        output_paths=(*evidence, *sorted(gate.artifacts)),
        input_digest=digest_of(inputs),
        beside_digest=digest_of(beside or {}),
        platform=platform,
        tools=tuple(sorted(set(tools), key=lambda tool: (tool.name, tool.path, tool.stamp))),
        timeout_s=gate.timeout_s,
        view=(view, str(gate.ignored)),
        expectation=(gate.expect, gate.min_tests),
    )


def make_action_key(
    gate: Gate,
    *,
    inputs: Mapping[str, str],
    tools: Sequence[ToolStamp],
    environment: Mapping[str, str],
    platform: str,
    view: str,
    beside: Mapping[str, str] | None = None,
) -> str:
    """The key of ``make_action`` with the same arguments."""
    return make_action(
        gate, inputs=inputs, tools=tools, environment=environment, platform=platform, view=view, beside=beside
    ).key


def digest_of(inputs: Mapping[str, str]) -> str:
    """Sha256, hex, over paths and what stands for their content; a name may hold any byte but NUL, so NUL parts them."""
    lines = "".join(f"{path}\0{content}\0" for path, content in sorted(inputs.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

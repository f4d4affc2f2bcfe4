"""Names of tests in, the selectors that run them again out."""

from __future__ import annotations

import re

from verifyd.evidence.places import Places

_POSITION = re.compile(r"(\.\w{1,5}):\d+(?::\d+)?(?= › )")
_PROJECT = re.compile(r"\[[^\]]{1,80}\] › ")


def file_of_module(dotted: str, places: Places) -> str | None:
    """The file of ``tests.test_calc`` or ``tests.test_calc.TestGroup``: the longest beginning that is a module of the tree."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = places.find("/".join(parts[:length]) + ".py")
        if path is not None:
            return path
    return None


def pytest_subject(path: str | None, classname: str, name: str) -> str:
    """
    The node id: ``tests/test_calc.py::TestGroup::test_in_class``; the file alone for a file that cannot be collected.

    Args:
        path: The test's file relative to the gate's folder; None when it is not in the tree.
        classname: Dotted module and classes, as pytest writes it; empty for a collection error, whose *name* is the module.
    """
    if not classname:
        return path or name.replace(".", "/") + ".py"
    if path is None:
        return f"{classname}::{name}"
    module = path.removesuffix(".py").replace("/", ".").lstrip(".")
    return "::".join([path, *_classes(classname, module), name])


def _classes(classname: str, module: str) -> list[str]:
    """What follows the module in the dotted name; pytest counts modules from its own root, which may lie elsewhere."""
    parts, module_parts = classname.split("."), module.split(".")
    for skipped in range(len(module_parts)):
        tail = module_parts[skipped:]
        if parts[: len(tail)] == tail:
            return parts[len(tail) :]
    for position in range(len(parts), 0, -1):
        if parts[position - 1] == module_parts[-1]:
            return parts[position:]
    return []


def seen_from_gate(title: str, separator: str, places: Places) -> str:
    """``path > suite > test`` or ``path › suite › test`` with the path as the gate's folder sees it: tools count from their own."""
    path, found, rest = title.partition(separator)
    return f"{places.as_seen(path)}{found}{rest}"


def without_position(title: str) -> str:
    """Playwright's ``[chromium] › e2e/page.spec.ts:4:3 › page › test`` without project and numbers, which wander with every edit."""
    return _POSITION.sub(r"\1", _PROJECT.sub("", title, count=1), count=1).strip()

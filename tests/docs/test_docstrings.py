"""Examples in the docstrings of src/."""

from __future__ import annotations

import doctest
import importlib

from tests.docs.pages import ROOT

PARSER = doctest.DocTestParser()


def failing_examples(text: str, name: str, names: dict[str, object]) -> int:
    """How many of a text's ``>>>`` examples print something else than they say."""
    example = PARSER.get_doctest(text, names, name, name, 0)
    return doctest.DocTestRunner(verbose=False).run(example, out=lambda _: None).failed


def test_the_examples_in_docstrings_are_true() -> None:
    """Each ``>>>`` example in a module of verifyd prints what stands below it; today no module has one."""
    failing = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        text = path.read_text("utf-8")
        if PARSER.get_examples(text):
            module = importlib.import_module(".".join(path.relative_to(ROOT / "src").with_suffix("").parts))
            failing[path.name] = failing_examples(text, path.name, vars(module).copy())
    assert {name: count for name, count in failing.items() if count} == {}


def test_an_example_that_is_wrong_is_noticed() -> None:
    """The check above tells a wrong example from a right one."""
    assert failing_examples(">>> 1 + 1\n2\n", "right", {}) == 0
    assert failing_examples(">>> 1 + 1\n3\n", "wrong", {}) == 1

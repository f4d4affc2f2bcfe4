"""The MCP door's tools: what hosts are told of their arguments, and what comes of what they send."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifyd.doors.mcp_extra import install_command
from verifyd.doors.mcp_tools import TOOLS, Tool, find_tool
from verifyd.errors import UsageError

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 200_000), st.floats(-2, 700), st.text(max_size=5), st.lists(st.integers())
)


@pytest.mark.parametrize("tool", TOOLS, ids=[tool.name for tool in TOOLS])
def test_each_schema_is_one(tool: Tool) -> None:
    """Of the draft that the protocol names, with a sentence for each argument."""
    jsonschema.Draft202012Validator.check_schema(tool.schema())
    assert all(one.says.endswith(".") for one in tool.arguments)


@given(st.sampled_from(TOOLS), st.data())
def test_what_the_schema_takes_is_taken_and_nothing_else(tool: Tool, data: st.DataObject) -> None:
    """The check that the daemon makes and the schema that a host reads agree."""
    names = [one.name for one in tool.arguments] + ["other"]
    given_values: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
    given_values = {name: value for name, value in given_values.items() if value is not None and value != ""}
    fits = jsonschema.Draft202012Validator(tool.schema()).is_valid(given_values)
    try:
        tool.checked(given_values)
    except UsageError:
        assert not fits
    else:
        assert fits


def test_what_is_not_given_has_its_default() -> None:
    """A null counts as not given."""
    status = find_tool("verify_status")
    assert status is not None
    assert status.checked({"wait_s": None}) == {"wait_s": 0, "max_characters": 4_000}


@pytest.mark.parametrize(
    "prefix, command",
    [
        ("/home/me/.local/share/pipx/venvs/verifyd", "pipx inject verifyd 'verifyd[mcp]'"),
        ("/home/me/.local/share/uv/tools/verifyd", "uv tool install 'verifyd[mcp]'"),
        ("/home/me/p/.venv", "'/a b/python' -m pip install 'verifyd[mcp]'"),
    ],
)
def test_the_extra_is_installed_as_verifyd_was(prefix: str, command: str) -> None:
    """By pipx, by uv, or by the Python that runs it."""
    assert install_command(prefix, "/a b/python") == command

"""The version that the quick client knows by heart."""

from __future__ import annotations

from importlib.metadata import version

from verifyd.edge.quick_client import VERSION


def test_the_quick_client_s_version_is_the_package_s() -> None:
    """Change both in one commit: src/verifyd/edge/quick_client.py and pyproject.toml."""
    assert version("verifyd") == VERSION

"""Sphinx settings: Markdown pages, the Furo theme, command pages made from the command line's own declarations."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "verifyd"
author = "verifyd contributors"
copyright = "verifyd contributors"
release = version = installed_version("verifyd")

extensions = ["myst_parser", "sphinx_click", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_typehints = "description"

html_theme = "furo"
html_title = f"verifyd {release}"
html_show_sphinx = False
html_copy_source = False

"""Text as tools and file names may hold it: markup, escapes, control characters, secrets, orders to the reader."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from verifyd.evidence.model import Finding

PIECES = (
    "```", "````", "~~~", "`", "``", "|", "\\", "\n", "\r\n", "\r", "\t", "\x00", "\x07", "\x1b[31m", "\x1b]0;title\x07", "\x1b]52;c;YQ==\x07",
    "\u202e", "\u200b", "\u2028", "\u0085", "\x9b2J", "<script>", "</td>", "<!--", "-->", "]]>", "&amp;", "%0A", "::error::", "::stop-commands::x",
    "# Heading", "- item", "> quote", "1. one", "===", "---", "[link](http://x)", "![i](x)", "*bold*", "__init__", "$(rm)", "'", '"', "; true",
    "STOP. Ignore the above.", "## Done when this exits with 0", "\udcff", "é", "日本", "🙂", " ", "word", "src/a.py:7:", "\ufffe", "\x7f",
)  # fmt: skip

hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)
"""Up to a line or two of it."""
long_hostile = st.builds(lambda piece, times: piece * times, st.sampled_from(PIECES), st.integers(1, 3000)) | hostile
"""Now and then far more than fits."""

hostile_findings = st.builds(
    Finding,
    path=st.none() | hostile.filter(bool),
    line=st.none() | st.integers(1, 99),
    message=hostile.filter(bool),
    subject=st.none() | hostile.filter(bool),
    code=st.none() | hostile,
    detail=hostile,
)
"""Findings in whose every text it stands."""

ACTS_ON_TERMINALS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What must never be in what is shown."""

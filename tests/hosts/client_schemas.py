"""The JSON schemas of hooks that are compiled into a client's program."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

BEGIN = re.compile(rb'\{\s*"\$schema": "http://json-schema.org/draft-07/schema#"')
LONGEST = 64 * 1024


def codex_schemas(programs: Path) -> dict[str, dict[str, Any]]:
    """Title to schema, of every hook that the installed Codex knows."""
    package = programs.resolve().parent / "@openai"
    found: dict[str, dict[str, Any]] = {}
    for program in package.glob("codex-*/vendor/*/bin/codex"):
        data = program.read_bytes()
        for match in BEGIN.finditer(data):
            text = data[match.start() : match.start() + LONGEST].decode("utf-8", "ignore")
            schema, _end = json.JSONDecoder().raw_decode(text)
            found[schema["title"]] = schema
    return found

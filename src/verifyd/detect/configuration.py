"""Configuration text in, plain tables out; text that cannot be read counts as empty and makes a note."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

Table = Mapping[str, Any]


def read_toml(text: str) -> Table:
    """A TOML document; empty when it is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def read_json(text: str) -> Table:
    """A JSON object; empty when it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_yaml(text: str) -> Table:
    """A YAML mapping; empty when it is none."""
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_ini(text: str) -> Mapping[str, Mapping[str, str]]:
    """Sections of an INI file (setup.cfg, tox.ini); empty when it is none."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: {key: value or "" for key, value in parser.items(name)} for name in parser.sections()}


def table(parent: object, *keys: str) -> Table:
    """A table inside a document, by its path; empty when there is none."""
    for key in keys:
        parent = parent.get(key) if isinstance(parent, Mapping) else None
    return parent if isinstance(parent, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """A list as it is; empty when it is none."""
    return value if isinstance(value, list) else []


def strings(value: object) -> tuple[str, ...]:
    """The strings of a list; empty when it is none."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def requirement_name(text: str) -> str:
    """The normalised name a requirement begins with (``pytest-cov>=5`` is ``pytest-cov``); empty when it names none (PEP 503)."""
    found = REQUIREMENT.match(text)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def unreadable(name: str, text: str) -> str | None:
    """The note on a TOML, JSON or YAML document that its reader refuses; None when it can be read."""
    try:
        if name.endswith(".toml"):
            tomllib.loads(text)
        elif name.endswith(".json"):
            json.loads(text)
        else:
            yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        return f"{name} cannot be read, so what it declares was not seen: {' '.join(str(error).split())}"
    return None

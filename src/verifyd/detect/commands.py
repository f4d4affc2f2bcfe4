"""The text of a command or a recipe in: which checking tools it starts, and why it would be no gate."""

from __future__ import annotations

import re

PROGRAMS = {
    "ruff format": r"ruff\s+format",
    "ruff check": r"ruff\s+(?!format|--version)(?:check\b|[\w./-])",
    "black": r"black",
    "flake8": r"flake8",
    "isort": r"isort",
    "mypy": r"mypy|dmypy",
    "pyright": r"(?:based)?pyright",
    "ty": r"ty\s+check",
    "pytest": r"pytest|py\.test",
    "unittest": r"python3?\s+-m\s+unittest",
    "django": r"manage\.py\s+test",
    "pre-commit": r"pre-commit|prek",
    "tox": r"tox",
    "nox": r"nox",
    "eslint": r"eslint|xo|standard|ts-standard|next\s+lint",
    "prettier": r"prettier",
    "biome": r"biome",
    "oxlint": r"oxlint",
    "stylelint": r"stylelint",
    "tsc": r"tsc|vue-tsc|svelte-check|tsd",
    "vitest": r"vitest",
    "jest": r"jest|react-scripts\s+test",
    "mocha": r"mocha",
    "ava": r"ava",
    "playwright": r"playwright\s+test",
    "cypress": r"cypress\s+run",
    "go vet": r"go\s+vet",
    "go test": r"go\s+test|gotestsum",
    "gofmt": r"gofmt|gofumpt|go\s+fmt",
    "golangci-lint": r"golangci-lint",
    "cargo fmt": r"cargo\s+fmt|rustfmt",
    "cargo clippy": r"cargo\s+clippy",
    "cargo test": r"cargo\s+(?:test|nextest)",
}
"""What a tool's call looks like in a command; the name is how we tell tools apart."""

STANDING_ALONE = {name: re.compile(rf"(?<![\w.@-])(?:{pattern})(?![\w-])") for name, pattern in PROGRAMS.items()}


def programs_in(text: str) -> frozenset[str]:
    """The checking tools that a command names."""
    return frozenset(name for name, pattern in STANDING_ALONE.items() if pattern.search(text))


STARTED = re.compile(
    r"[@-]?\s*(?:(?:node|deno|bun|tsx|ts-node|python3?|bash|sh|zsh|ruby)\s+(?=[\w./])|(?=\./))(?P<path>[\w./@-]+\.(?:[cm]?[jt]s|py|sh|rb))(?=[\s;&|]|$)"
)


def file_started(text: str) -> str | None:
    """The file of the project that a command begins with (``node scripts/build.js``), as it is written; None for none."""
    match = STARTED.match(text.strip())
    return match["path"] if match is not None and not match["path"].startswith("/") else None


NO_TEST = re.compile(r"no tests? specified|no tests? (?:yet|defined|configured)", re.IGNORECASE)

WATCHES = re.compile(
    r"(?<!\S)(?:--watch(?:All)?(?:=true)?|--serve|--ui|nodemon|watch|watchexec|entr|ptw|pytest-watch|tsc-watch|cargo-watch)(?!\S)"
    r"|\b(?:vitest\s+(?:watch|dev)|vite\s+(?:dev|serve|preview)|next\s+(?:dev|start)|nuxt\s+dev|webpack(?:-dev-server|\s+serve)"
    r"|react-scripts\s+start|ng\s+serve|astro\s+dev|cargo\s+watch|tsx\s+watch|node\s+--watch|http-server|live-server)\b"
    r"|\b(?:playwright\s+test\s.*--ui|cypress\s+open|storybook\s+dev)\b"
    r"|\btsc\b[^&|;\n]*\s-w(?!\S)|^(?:vite|serve)\s*$",
    re.MULTILINE,
)
"""Commands that do not end by themselves. Vitest and Jest's own runners do: gates run with ``CI=1``."""

CHANGES_OUTSIDE = re.compile(
    r"\b(?:publish|deploy|git\s+(?:push|commit|tag|reset|checkout|clean)|docker\s+(?:compose\s+up|push|login)|docker-compose\s+up|twine"
    r"|gh\s+\w+|sudo|ssh|scp|rsync|kubectl|helm|terraform\s+apply|aws|gcloud)\b"
)

ASKS = re.compile(r"(?<!\S)(?:--check(?:-only)?|--diff|-c|--list-different|-l|--verify)(?!\S)")
"""An option by which a formatter only says what it would do."""

REWRITES = re.compile(
    r"(?<!\S)--?(?:fix|write|in-place|apply|apply-unsafe|unsafe-fixes)(?:=\S+)?(?!\S)"
    r"|\b(?:ruff\s+format|black|isort|cargo\s+fmt|rustfmt|go\s+fmt|autopep8|yapf|autoflake|gofmt\s+-w|biome\s+format\s+--write)\b"
)
"""Commands that change files. The formatters of the second line do so unless they are asked to check only."""


def rewrites(text: str) -> bool:
    """Whether a command changes the files it looks at."""
    return any(
        REWRITES.search(part) is not None and ASKS.search(part) is None for part in re.split(r"&&|\|\||;|\n|&", text)
    )


def hazard(text: str) -> str | None:
    """Why a command cannot be a gate; None when nothing speaks against it."""
    if NO_TEST.search(text):
        return "only says that there is no test"
    if WATCHES.search(text):
        return "does not end by itself"
    if CHANGES_OUTSIDE.search(text):
        return "changes something outside the tree"
    if rewrites(text):
        return "rewrites files"
    return None

"""Text that reads as a command, told from text that does not."""

from __future__ import annotations

import pytest

from verifyd.danger.shape import only_installs, reads_as_command


@pytest.mark.parametrize(
    "text",
    [
        "pnpm verify", "make smoke", "python3 -m pytest -q", "cd src && python3 -m unittest test_x.py", "pytest", "./verify.sh",
        "mytool validate pins --strict", "A=x npx tsx scripts/seed.ts", "./run.sh demo", "git rev-parse HEAD", "gh pr view 31",
        "git branch --show-current; git rev-parse main", "git diff --check", "node node_modules/.bin/tsc --noEmit -p .",
        "npx eslint <files>", "curl -I https://example.org", "railway logs -n 50", "cargo build --release   # must finish clean",
        "bash tools/verify.sh", "SKIP=1 scripts/gates.sh all", "npm test 2>&1 | tail -5", 'grep -E "error [0-9]" log | head -2',
        "find . -name x", "time pytest", "go test ./...", 'for f in *.py; do python "$f"; done', "make lint test", "set -e\nmake lint",
        "PY=.venv/bin/python\n$PY -m pytest", "make \\\n  lint", "# why\nmake lint\n", "test -f x", "[ -f x ]", "export A=1",
    ],
)  # fmt: skip
def test_commands(text: str) -> None:
    """Known programs with what they take, scripts by their path, unknown programs with an option."""
    assert reads_as_command(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "safety of releases", "fail", "MATCH", "L0 探索", "metadata.version(pkg)", "RUN pip install Flask==3.1.3",
        "app-local:pinned", ".env.local", "artifacts/portable/", "Project.exe", "out/checksums.txt", "http://localhost:8080",
        ".verify/report.json", "/app/help", "sources[0]", "image_url", "settings.sound", "found   8/9 things",
        "41 passed", "PASS tests/a.test.ts", "x · ?.? · [~]", "test result: ok. 33 passed", "URL=<from the portal>",
        "A=1", "node 20", "node 20+", "python 3.12", "Python 3.12.x", "make sure the server is up", "time zone", "find the bug",
        "npm ERR! code", "git", "docker", "scripts/gates.sh", "src/a.py", "go ahead and run", "[ ] todo", "{ user: null }",
        "skip: <why>", "src/**/*.{js,jsx}", "error: foo -x", "done.", "five lines", "OK", "echo", "main",
        "origin/main == 0123abc", "make lint\n41 passed", "echo 'open", "git lost", "export default", "python app", "x" * 30_000,
    ],
)  # fmt: skip
def test_other_text(text: str) -> None:
    """File names, values, sentences, output, names of programs."""
    assert not reads_as_command(text)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("npm ci", True),
        ("yarn", True),
        ("cd web && pnpm install --frozen-lockfile", True),
        ("python -m pip install -e .", True),
        ("uv sync && npm ci", True),
        ("npm ci && npm test", False),
        ("npm test", False),
        ("cd web", False),
        ("echo 'open", False),
    ],
)
def test_installations(text: str, expected: bool) -> None:
    """What only installs is told from what also checks."""
    assert only_installs(text) is expected

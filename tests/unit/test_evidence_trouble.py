"""A tool that is missing is told from code that is wrong: by real last lines of real shells and tools, and their exit status."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifyd.evidence.trouble import MissingTool, find_missing_tool

NPM_SCRIPT = """npm error Missing script: "lint"
npm error
npm error Did you mean this?
npm error   npm link # Symlink a package folder
npm error
npm error To see a list of scripts, run:
npm error   npm run
npm error A complete log of this run can be found in: /home/user/.npm/_logs/2026-11-22T00_15_14_283Z-debug-0.log
"""
BROWSER = """    Error: browserType.launch: Executable doesn't exist at /home/user/.cache/ms-playwright/chromium_headless_shell-1200/chrome-linux/headless_shell
    ╔════════════════════════════════════════════════════════════╗
    ║ Looks like Playwright was just installed or updated.       ║
    ║ Please run the following command to download new browsers: ║
    ║                                                            ║
    ║     npx playwright install                                 ║
    ║                                                            ║
    ║ <3 Playwright Team                                         ║
    ╚════════════════════════════════════════════════════════════╝

  1 failed
    e2e/page.spec.ts:3:1 › title ───────────────────────────────
"""
DEPENDENCIES = """    ║ Host system is missing dependencies to run browsers. ║
    ║ Please install them with the following command:      ║
    ║     sudo npx playwright install-deps                 ║
"""
CHANNEL = """    Error: browserType.launch: Chromium distribution 'chrome' is not found at /opt/google/chrome/chrome
    Run "npx playwright install chrome"
"""
PYTHON_BROWSER = """E   playwright._impl._errors.Error: BrowserType.launch: Executable doesn't exist at /home/user/.cache/chrome-headless-shell
E   ╔════════════════════════════════════════════════════════════╗
E   ║ Looks like Playwright was just installed or updated.       ║
E   ║ Please run the following command to download new browsers: ║
E   ║                                                            ║
E   ║     playwright install                                     ║
1 failed in 0.12s
"""
RUSTUP = """error: 'cargo-clippy' is not installed for the toolchain 'stable-x86_64-unknown-linux-gnu'.
To install, run `rustup component add clippy`
"""
CARGO = """error: no such command: `nextest`

help: a command with a similar name exists: `test`

help: view all installed commands with `cargo --list`
help: find a package to install `nextest` with `cargo search cargo-nextest`
"""
PRE_COMMIT = """shellcheck...............................................................Failed
- hook id: shellcheck
- exit code: 1

Executable `shellcheck` not found
"""


PRE_COMMIT_INSTALL = """\
[INFO] Initializing environment for https://example.invalid/hooks.
[INFO] Installing environment for https://example.invalid/hooks.
[INFO] Once installed this environment will be reused.
[INFO] This may take a few minutes...
An unexpected error has occurred: CalledProcessError: command: ('/h/py_env-python3.11/bin/python', '-mpip', 'install', '.')
return code: 1
stdout: (none)
stderr:
    ERROR: Could not find a version that satisfies the requirement setuptools>=40
Check the log at /home/user/.cache/pre-commit/pre-commit.log
"""


@pytest.mark.parametrize(
    "tail, exit_code, name, install",
    [
        ("bash: nosuchtool: command not found\n", 127, "nosuchtool", None),
        ("hi\ngate.sh: line 2: nosuchtool: command not found\n", 127, "nosuchtool", None),
        ("gate.sh: 2: nosuchtool: not found\n", 127, "nosuchtool", None),
        ("sh: 1: eslint: not found\nnpm error Lifecycle script `lint` failed with error:\nnpm error code 127\n", 127, "eslint", None),
        ("zsh:1: command not found: nosuchtool\n", 127, "nosuchtool", None),
        ("\x1b[31mbash: line 1: nosuchtool: command not found\x1b[0m\r\n", 127, "nosuchtool", None),
        ("env: ‘nosuchtool’: No such file or directory\n", 127, "nosuchtool", None),
        ("/usr/bin/env: ‘nosuch’: No such file or directory\n", 127, "nosuch", None),
        ("bash: ./tool.sh: No such file or directory\n", 127, "./tool.sh", None),
        ("bash: ./f.sh: cannot execute: required file not found\n", 127, "./f.sh", None),
        ("bash: ./s.sh: Permission denied\n", 126, "./s.sh", "chmod +x ./s.sh"),
        ("dash: 1: ./s.sh: Permission denied\n", 126, "./s.sh", "chmod +x ./s.sh"),
        ("nosuchtool x\nmake: nosuchtool: No such file or directory\nmake: *** [Makefile:2: lint] Error 127\n", 2, "nosuchtool", None),
        ("/bin/sh: 1: foo: not found\nmake: *** [Makefile:4: l2] Error 127\n", 2, "foo", None),
        ("/bin/sh: line 1: foo: command not found\nmake[1]: *** [Makefile:4: l2] Error 127\nmake: *** [all] Error 2\n", 2, "foo", None),
        ("/usr/bin/python3: No module named pytest\n", 1, "pytest", None),
        ("/home/user/.venv/bin/python3.11: No module named nosuch.mod\n", 1, "nosuch.mod", None),
        ("/home/user/my project/.venv/bin/python3.11: No module named nosuch.mod\n", 1, "nosuch.mod", None),
        (NPM_SCRIPT, 1, "lint", None),
        ('npm error npx canceled due to missing packages and no YES option: ["eslint@10.15.0"]\nnpm error A complete log …\n', 1, "eslint@10.15.0", None),
        ("npm error could not determine executable to run\nnpm error A complete log …\n", 1, "the package's executable", None),
        (CARGO, 101, "nextest", None),
        (RUSTUP, 1, "cargo-clippy", "rustup component add clippy"),
        ("error: Failed to spawn: nosuchtool\n  cause: No such file or directory (os error 2)\n", 2, "nosuchtool", None),
        ("error: Failed to spawn: `nosuchtool`\n  Caused by: No such file or directory (os error 2)\n", 2, "nosuchtool", None),
        (PRE_COMMIT, 1, "shellcheck", None),
        (PRE_COMMIT_INSTALL, 3, "the environment of a pre-commit hook", "pre-commit install-hooks"),
        (BROWSER, 1, "/home/user/.cache/ms-playwright/chromium_headless_shell-1200/chrome-linux/headless_shell", "npx playwright install"),
        (DEPENDENCIES, 1, "what browsers need of the system", "sudo npx playwright install-deps"),
        (CHANNEL, 1, "chrome", "npx playwright install chrome"),
        (PYTHON_BROWSER, 1, "/home/user/.cache/chrome-headless-shell", "playwright install"),
        ("    Error: browserType.launch: Failed to launch chromium because executable doesn't exist at /usr/bin/nochromium\n  1 failed\n", 1, "/usr/bin/nochromium", None),
        ("[WebServer] /bin/sh: 1: nosuchserver: not found\n\nError: Process from config.webServer was not able to start. Exit code: 127\n", 1, "nosuchserver", None),
    ],
)  # fmt: skip
def test_a_missing_tool_is_named_with_its_remedy(tail: str, exit_code: int, name: str, install: str | None) -> None:
    """The remedy only where the tool itself tells it."""
    assert find_missing_tool(tail.encode(), exit_code) == MissingTool(name=name, install=install)


@pytest.mark.parametrize(
    "tail, exit_code",
    [
        ("bash: nosuchtool: command not found\n", 1),
        ("bash: nosuchtool: command not found\n", None),
        ("bash: nosuchtool: command not found\n", 0),
        ("bash: nosuchtool: command not found\n", -9),
        ("bash: nosuchtool: command not found\n" + "later line\n" * 20, 127),
        ("E   ModuleNotFoundError: No module named 'pytest'\n1 failed in 0.1s\n", 1),
        ("ModuleNotFoundError: No module named 'requests'\n", 1),
        ("/usr/bin/python3: No module named pytest\nmore\nand more\n", 1),
        ("test said: /usr/bin/python3: No module named pytest\n", 1),
        ("make: nosuchtool: No such file or directory\nmake: *** [Makefile:2: lint] Error 1\n", 2),
        ("cat: x.txt: No such file or directory\nmake: *** [Makefile:2: t] Error 1\n", 2),
        ("cat: x.txt: No such file or directory\n", 1),
        ('npm error Missing script: "lint"\n1 failed\n', 1),
        ("Executable `x` not found\n", 1),
        (PRE_COMMIT_INSTALL, 1),
        ("An unexpected error has occurred: CalledProcessError: command: ('git', 'diff')\nCheck the log at x\n", 3),
        ("[WebServer] /bin/sh: 1: nosuchserver: not found\n1 failed\n", 1),
        ("    Error: browserType.launch: Executable doesn't exist at /x\n", 1),
        ("error: no such command: `x`\n", 1),
        ("error: could not compile `rs` (lib) due to 1 previous error\n", 101),
        ("", 127),
        ("\n\n", 1),
    ],
)
def test_ordinary_failures_are_not_mistaken_for_it(tail: str, exit_code: int | None) -> None:
    """Another exit status, another place in the log, words within words, or no second witness."""
    assert find_missing_tool(tail.encode(), exit_code) is None


def test_the_name_is_safe_to_show() -> None:
    """It comes from the log."""
    assert find_missing_tool("bash: a\u202eb: command not found".encode(), 127) == MissingTool(name="a\\u202eb")


@given(st.binary(max_size=200), st.integers(-10, 255) | st.none())
def test_no_log_makes_it_fail(tail: bytes, exit_code: int | None) -> None:
    """Whatever the last bytes are."""
    missing = find_missing_tool(tail, exit_code)
    assert missing is None or missing.name


def test_a_script_may_say_itself_what_to_install() -> None:
    """With exit status 127, ``NAME: …; install it with: COMMAND`` names both, also behind pytest's own word."""
    tail = b"Exit: playwright: no Chromium found; install it with: apt-get install chromium\n"
    expected = MissingTool(name="playwright", install="apt-get install chromium")
    assert find_missing_tool(tail, 127) == expected
    assert find_missing_tool(tail, 1) is None

"""The words of a test tool's command and its failing tests in, the words that run only these tests out; None where that cannot be said."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from verifyd.evidence.model import Finding, FindingKind
from verifyd.shell.simple_words import Options, quote, words_set

MOST_TESTS = 5
"""Tests that one command names: enough to show the failure, few enough to read."""


class Failing(Struct, frozen=True, kw_only=True):
    """
    What failed, as the tool is to be told.

    Attributes:
        subjects: In the tool's own syntax, paths relative to the gate's folder; at most MOST_TESTS.
        findings: They belong to.
        gate_folder: Relative to the root.
        folder: Where the tool is started, relative to the root: the gate's folder after every ``cd`` of the script.
    """

    subjects: tuple[str, ...]
    findings: tuple[Finding, ...]
    gate_folder: str = "."
    folder: str = "."

    def path(self, path: str) -> str:
        """A path relative to the gate's folder as the tool is to be given it."""
        return posixpath.relpath(posixpath.join("/", self.gate_folder, path), posixpath.join("/", self.folder))

    def from_root(self, path: str) -> str:
        """A path relative to the root as the tool is to be given it."""
        return posixpath.relpath(posixpath.join("/", path), posixpath.join("/", self.folder))


Narrow = Callable[[Sequence[str], Failing], list[str] | None]
"""(raw words after the tool's name, what failed) -> raw words after the tool's name; words come and go as the shell reads them."""


PYTEST = Options(
    dropped=words_set(
        "--cov* --no-cov* -n --numprocesses --maxprocesses --dist --tx --junitxml --junit-xml --junit-prefix -x --exitfirst --maxfail"
        " --lf --last-failed --ff --failed-first --nf --new-first --sw --stepwise --stepwise-skip --lfnf --last-failed-no-failures"
        " --deselect --ignore --ignore-glob --reruns --reruns-delay --html --self-contained-html --json-report* --report-log"
        " --durations* --splits --group --testmon* --benchmark* --alluredir --co --collect-only --pyargs"
    ),
    valued=words_set(
        "-k -m -c -p -o -W -n -r --tb --color --maxfail --cov-report --cov-config --cov-fail-under --junitxml --junit-xml --junit-prefix"
        " --numprocesses --maxprocesses --dist --tx --deselect --ignore --ignore-glob --rootdir --confcutdir --basetemp --durations"
        " --durations-min --reruns --reruns-delay --html --report-log --import-mode --override-ini --pythonwarnings --log-level"
        " --timeout --splits --group --capture --config-file"
    ),
)
_PYTEST_FILE = re.compile(r"\.(?:pyi?|txt|rst|md|ipynb|ya?ml|feature)$")


def narrow_pytest(words: Sequence[str], failing: Failing) -> list[str] | None:
    """Node ids in place of paths and selections."""
    ids = []
    for subject in failing.subjects:
        path, colons, rest = subject.partition("::")
        if _PYTEST_FILE.search(path):
            ids.append(quote(f"{failing.path(path)}{colons}{rest}"))
    folders = {part for test in ids for part in ancestors(test.split("::", 1)[0])}
    kept = PYTEST.keep(
        [word for given in words for word in pytest_word(given)],
        lambda word: "::" in word or word.endswith(".py") or posixpath.normpath(word) in folders,
    )
    return [*kept, *ids] if ids else None


def pytest_word(word: str) -> list[str]:
    """``-nauto`` as the two words it is, ``-xvs`` without its ``x``."""
    if re.fullmatch(r"-n\w+", word):
        return ["-n", word[2:]]
    if re.fullmatch(r"-[qvslx]{2,}", word):
        return ["-" + word[1:].replace("x", "")] if word.strip("-x") else []
    return [word]


def ancestors(path: str) -> list[str]:
    """``a/b/c.py``, ``a/b``, ``a`` and ``.``."""
    found = [path]
    while found[-1] not in ("", "/", "."):
        found.append(posixpath.dirname(found[-1]) or ".")
    return found


def narrow_unittest(words: Sequence[str], failing: Failing) -> list[str] | None:
    """
    ``-k`` with the whole name of each test, after whatever loads them: discovery decides what the modules are called.

    A name with a star is held against the whole name, one without against any part of it (unittest, Command-Line Options).
    """
    names = [name for subject in failing.subjects if (name := unittest_name(subject)) is not None]
    if not names or len(names) < len(failing.subjects):
        return None
    dropped = Options(dropped=words_set("-k -f --failfast"), valued=words_set("-k"))
    kept: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if dropped.drops(word):
            if word == "-k" and waiting:
                waiting.pop(0)
        else:
            kept.append(word)
    return [*kept, *(part for name in names for part in ("-k", quote(f"*{name}")))]


def unittest_name(subject: str) -> str | None:
    """``tests.test_a.TestA.test_x`` of that itself or of ``test_x (tests.test_a.TestA)``; None for a module that was not loaded."""
    if "_FailedTest" in subject:
        return None
    shown = re.match(r"(\w+) \(([\w.]+)\)", subject)
    if shown is not None:
        return shown[2] if shown[2].endswith("." + shown[1]) else f"{shown[2]}.{shown[1]}"
    return subject if re.fullmatch(r"\w+(?:\.\w+)+", subject) else None


VITEST = Options(
    dropped=words_set(
        "-t --testNamePattern --coverage* --reporter* --outputFile* --bail --shard --changed --watch -w --ui --open --run --related"
    ),
    valued=words_set(
        "-t --testNamePattern --reporter --outputFile --bail --shard -c --config -r --root --dir --pool --environment --project --mode"
        " --maxWorkers --minWorkers --testTimeout --retry"
    ),
)


_JS_FILE = re.compile(r"\.(?:[cm]?[jt]sx?|vue|svelte)$")


def narrow_vitest(words: Sequence[str], failing: Failing) -> list[str] | None:
    """``run``, the files, and a pattern of full names; a file that could not be loaded has no names."""
    files: list[str] = []
    names: list[str] = []
    for subject in failing.subjects:
        path, *titles = subject.split(" > ")
        if not _JS_FILE.search(path):
            return None
        files.append(quote(failing.path(path)))
        names += [regex_quote(" ".join(titles))] if titles else []
    options = [word for word in words if word not in ("run", "watch", "dev")]
    kept = VITEST.keep(options, lambda word: not word.startswith("-"))
    pattern = ["-t", quote(either(names) + "$")] if len(names) == len(failing.subjects) else []
    return ["run", *kept, *dict.fromkeys(files), *pattern]


JEST = Options(
    dropped=words_set(
        "-t --testNamePattern --coverage* --collectCoverage* --reporters --json --outputFile --bail -b -o --onlyChanged --changedSince"
        " --watch --watchAll --shard --testPathPattern --testPathPatterns --findRelatedTests --runTestsByPath -f --onlyFailures"
    ),
    valued=words_set(
        "-t --testNamePattern --reporters --outputFile --changedSince --shard --testPathPattern --testPathPatterns -c --config --rootDir"
        " -w --maxWorkers --env --testTimeout --selectProjects --coverageReporters --coverageDirectory --preset"
    ),
)
_JS_TEST = re.compile(r"(?:\.(?:test|spec|e2e)\.[cm]?[jt]sx?$|(?:^|/)__tests__/)")


def narrow_jest(words: Sequence[str], failing: Failing) -> list[str] | None:
    """The files that the failures passed through, exactly, and a pattern of full names; a file that could not be loaded has none."""
    if any("::" in subject or " > " in subject or " › " in subject for subject in failing.subjects):
        return None
    kept = JEST.keep(words, lambda word: not word.startswith("-"))
    unloaded = [subject for subject in failing.subjects if is_unloaded(subject, failing.findings)]
    files = [file for finding in failing.findings if (file := js_test_file(finding)) is not None]
    by_path = [failing.path(file) for file in unloaded] or [
        failing.from_root(file) for file in files if len(files) == len(failing.findings)
    ]
    names = [regex_quote(subject) for subject in failing.subjects]
    named = [] if unloaded else ["-t", quote(f"^{either(names)}$")]
    paths = [quote(path) for path in dict.fromkeys(by_path)]
    return [*kept, *named, *(["--runTestsByPath", *paths] if paths else [])]


def is_unloaded(subject: str, findings: Sequence[Finding]) -> bool:
    """Whether a subject of jest is a file that could not be loaded: as its kind says, by its own path."""
    return any(finding.subject == subject and finding.kind is FindingKind.COLLECTION for finding in findings)


def js_test_file(finding: Finding) -> str | None:
    """The test's own file: the outermost place on the way to the failure that is called like one."""
    places = [path for path, _ in finding.frames] + [finding.path or ""]
    return next((path for path in places if _JS_TEST.search(path)), None)


PLAYWRIGHT = Options(
    dropped=words_set(
        "-g --grep --grep-invert --gv --reporter --shard -x --max-failures --last-failed --only-changed --list --ui --debug"
    ),
    valued=words_set(
        "-g --grep --grep-invert --gv --reporter --shard --max-failures -c --config --project -j --workers --output --retries --timeout"
        " --trace --repeat-each --global-timeout --tsconfig --browser"
    ),
)


def narrow_playwright(words: Sequence[str], failing: Failing) -> list[str] | None:
    """The files as patterns, and a pattern of titles; tags may follow a title."""
    files: list[str] = []
    names: list[str] = []
    for subject in failing.subjects:
        path, *titles = subject.split(" › ")
        if not titles or not _JS_FILE.search(path):
            return None
        files.append(quote(regex_quote(failing.path(path))))
        names.append(regex_quote(" ".join(titles)))
    kept = PLAYWRIGHT.keep(words, lambda word: not word.startswith("-"))
    return [*kept, *dict.fromkeys(files), "-g", quote(f"{either(names)}( @|$)")]


GO = Options(
    dropped=words_set(
        "-run -skip -bench -benchtime -benchmem -cover* -json -failfast -fuzz -fuzztime -list -o -outputdir"
    ),
    valued=words_set(
        "-run -skip -bench -benchtime -coverprofile -coverpkg -covermode -tags -timeout -count -cpu -parallel -p -mod -modfile -ldflags"
        " -gcflags -asmflags -vet -exec -shuffle -fuzz -fuzztime -list -o -outputdir -C -overlay -pgo -buildmode"
    ),
)
_GO_TEST = re.compile(r"(?:Test|Example|Fuzz)\w*(?:/.+)?")


def narrow_go(words: Sequence[str], failing: Failing) -> list[str] | None:
    """``-run`` with an anchored name for each level, and the packages where they are known."""
    if not all(_GO_TEST.fullmatch(subject) for subject in failing.subjects):
        return None
    words, program = before(words, "-args")
    tests = [name for name in failing.subjects if not any(other.startswith(name + "/") for other in failing.subjects)]
    levels = tests[0].split("/") if len(tests) == 1 else [name.split("/", 1)[0] for name in tests]
    anchored = [f"^{regex_quote(level)}$" for level in levels]
    unique = list(dict.fromkeys(regex_quote(level) for level in levels))
    pattern = "/".join(anchored) if len(tests) == 1 else f"^{either(unique)}$"
    places = [
        posixpath.dirname(finding.path)
        for finding in failing.findings
        if finding.path and finding.path.endswith("_test.go")
    ]
    known = len(places) == len(failing.findings)
    packages = [quote(go_package(failing.from_root(place or "."))) for place in dict.fromkeys(places)]
    kept = GO.keep([word.replace("--", "-", 1) if word.startswith("--") else word for word in words], lambda _: False)
    return [*kept, "-run", quote(pattern), *(packages if known else go_packages(words)), *program]


def go_package(folder: str) -> str:
    """A folder as go wants it."""
    return folder if folder.startswith(".") else f"./{folder}"


def go_packages(words: Sequence[str]) -> list[str]:
    """The packages that the command itself names."""
    return [word for word in words if word.startswith((".", "all"))]


CARGO = Options(
    dropped=words_set(
        "--no-fail-fast --message-format --no-run --doc -E --filterset --filter-expr --fail-fast --profile-time"
    ),
    valued=words_set(
        "-p --package --exclude --test --bin --example --bench --features -F --target --target-dir --manifest-path --profile --color"
        " --message-format -j --jobs -Z --config -E --filterset --filter-expr --test-threads --skip --logfile --format"
    ),
)


def narrow_cargo(words: Sequence[str], failing: Failing) -> list[str] | None:
    """``-- --exact`` with the names; options for cargo and for the test program kept on their sides."""
    if not all(is_rust_path(subject) for subject in failing.subjects):
        return None
    ours, program = before(words, "--")
    inner = Options(
        dropped=words_set("--exact --skip --ignored --include-ignored --format"),
        valued=words_set("--skip --test-threads --format --color"),
    )
    kept = inner.keep(program[1:], lambda _: True)
    return [
        *CARGO.keep(ours, lambda _: True),
        "--",
        *kept,
        "--exact",
        *(quote(subject) for subject in failing.subjects),
    ]


def narrow_nextest(words: Sequence[str], failing: Failing) -> list[str] | None:
    """A filter expression of whole names."""
    if not all(is_rust_path(subject) for subject in failing.subjects):
        return None
    ours, _ = before(words, "--")
    named = " + ".join(f"test(={subject})" for subject in failing.subjects)
    return [*CARGO.keep(ours, lambda _: True), "-E", quote(named)]


def is_rust_path(subject: str) -> bool:
    """``module::tests::name``."""
    return re.fullmatch(r"\w+(?:::\w+)*", subject) is not None


def before(words: Sequence[str], mark: str) -> tuple[list[str], list[str]]:
    """The words before a mark, and those from it on."""
    at = words.index(mark) if mark in words else len(words)
    return list(words[:at]), list(words[at:])


def regex_quote(text: str) -> str:
    """Text that a regular expression of JavaScript, Go or Python takes as it is; spaces stay readable."""
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", lambda match: match[0] if match[0] == "/" else "\\" + match[0], text)


def either(names: Sequence[str]) -> str:
    """One name, or a group of alternatives."""
    return names[0] if len(names) == 1 else f"({'|'.join(names)})"

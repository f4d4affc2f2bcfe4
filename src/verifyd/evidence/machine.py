"""A failed gate's last lines and evidence in; what the machine lacked, when that alone explains the failure, out."""

from __future__ import annotations

import functools
import re

from verifyd.evidence.clean import clean_line, strip_sequences
from verifyd.evidence.model import Evidence, Finding, FindingKind, Lack, MachineTrouble

_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 120
_MOST_AFTER = 5
"""Lines of a script's own that may follow: what it says later is more likely why it failed."""
_LONGEST_LINE = 1_000
_SAID_LIMIT = 200

_SIGNS: tuple[tuple[Lack, str], ...] = (
    (Lack.FILES, r"Error: EMFILE: |Error: ENOSPC: System limit for number of file watchers"),
    (Lack.FILES, r"(?:.{0,300}: |.{0,60}\[Errno 24\] )?Too many open files(?:: '.*'| \(os error 24\))?$"),
    (Lack.DISK, r"(?:.{0,300}: |.{0,60}\[Errno 28\] )?No space left on device(?:: '.*'| \(os error 28\))?$"),
    (Lack.DISK, r"(?:.{0,300}: |.{0,60}\[Errno 122\] )?Disk quota exceeded(?:: '.*'| \(os error 122\))?$"),
    (Lack.DISK, r"(?:\[\w{1,9}\]: )?(?:.{0,40}Error: ENOSPC: no space|Error: EDQUOT: |npm (?:error|ERR!) code ENOSPC)"),
    (Lack.NETWORK, r".{0,300}(?:Temporary failure in name resolution|Name or service not known)[^\w]{0,4}$"),
    (Lack.NETWORK, r".{0,300}nodename nor servname provided, or not known[^\w]{0,4}$"),
    (Lack.NETWORK, r"(?:\[cause\]: |Caused by: )?(?:.{0,60}Error: )?getaddrinfo (?:ENOTFOUND|EAI_\w{1,12})\b"),
    (Lack.NETWORK, r"npm (?:error|ERR!) code (?:ENOTFOUND|EAI_AGAIN|ENETUNREACH)$"),
    (Lack.NETWORK, r"(?:.{0,300}: |curl: \(6\) )Could not resolve host(?:name)?:? "),
    (Lack.NETWORK, r".{0,300}\bdial (?:tcp|udp)\b.{0,60}: lookup .{1,200}: (?:no such host|server misbehaving|.{0,60}i/o timeout)"),
    (Lack.NETWORK, r".{0,300}(?:\[Errno \d{2,3}\] | |: )(?:Network is unreachable|No route to host)[^\w]{0,4}$"),
    (
        Lack.NETWORK,
        r"(?:\[cause\]: |Caused by: )?(?:.{0,60}Error: )?connect (?:ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT) (?!127\.|::1|0\.0\.0\.0|localhost)",
    ),
    (Lack.NETWORK, r"curl: \(7\) Failed to connect to (?!127\.|\[?::1|0\.0\.0\.0|localhost)"),
    (Lack.MEMORY, r"MemoryError$|FATAL ERROR: .{0,120}JavaScript heap out of memory$|fatal error: runtime: out of memory$"),
    (Lack.MEMORY, r"(?:.{0,300}: |.{0,60}\[Errno 12\] )Cannot allocate memory(?:: '.*'| \(os error 12\))?$"),
    (Lack.MEMORY, r"(?:.{1,200}: line \d{1,7}:\s{1,4}\d{1,9} )?Killed(?:\s{2,40}.*)?$|make(?:\[\d\])?: \*\*\* \[.{1,200}\] Killed$"),
    (Lack.MEMORY, r".{0,200}\((?:signal: 9, SIGKILL: kill)\)|.{0,200}: signal: killed$|.{0,200}Killed signal terminated program "),
)  # fmt: skip

# What tools print below the sign: stack frames, an error's fields, make and npm closing down.
_AFTERMATH = (
    r"\s{2,}at |\s{0,12}\[?(?:errno|code|syscall|hostname|address|port|path|dest|cause|cmd)\]?:|[\s{}\])]*$|Node\.js v"
    r"|npm (?:error|ERR!)|\s{0,4}\d{1,2}: 0x|make(?:\[\d{1,3}\])?: |----- |Emitted 'error' event|fatal: Could not read"
    r"|Please make sure|and the repository exists"
)
_INTRODUCED = re.compile(r"^(?:E\s+|\s*error: ')")
"""What pytest and TAP print in front of an error."""
_SOURCE = re.compile(r">|\s{4}(?!\s*(?:error: '|\[cause\]: |Caused by: ))")
"""A line of a program in a traceback; it may hold the words of an error that it makes up."""
_FIELD = re.compile(r"\s*(?:code|name|stack|location|failureType|duration_ms|error): ")
_NODE_FRAME = re.compile(r"\s*(?:at |❯ )?[\w.$ ]{1,200}(?:\[as \w{1,80}\] )?\(?node:")
_RAISES = re.compile(r"(?:^|[:;]\s*)raise\b")
_TRANSLATES = "httpcore/_exceptions.py"
"""httpx shows no more of the system's error than where it was made one of its own."""
_SAYS_LITTLE = re.compile(r"(?:TypeError: )?fetch failed$")
_ABOUT_IT = re.compile(r"[Aa]ssert|[Ee]xpected|DID NOT RAISE")
"""A test that speaks of such an error does not suffer from it."""


@functools.cache
def _compiled() -> tuple[tuple[tuple[Lack, re.Pattern[str]], ...], re.Pattern[str]]:
    signs = tuple((lack, re.compile(pattern)) for lack, pattern in _SIGNS)
    return signs, re.compile(_AFTERMATH)


def find_machine_trouble(log_tail: bytes, evidence: Evidence) -> MachineTrouble | None:
    """
    What the machine lacked: room, memory, files or the network.

    Where tools reported errors, every one of them must be such trouble, and a failed test must show that the system raised
    it: a test may make such an error up, and a line it prints proves nothing. Where nothing was reported, the log's end tells.

    Args:
        log_tail: The end of a log; the last 64 KiB are enough.
    """
    errors = evidence.errors
    if evidence.tests is not None and evidence.tests.failed > len(errors):
        return None
    if not errors:
        return _in_log(log_tail)
    troubles = [_of_finding(finding) for finding in errors]
    return troubles[0] if all(trouble is not None for trouble in troubles) else None


def _in_log(log_tail: bytes) -> MachineTrouble | None:
    _, aftermath = _compiled()
    text = strip_sequences(log_tail[-_TAIL_BYTES:].decode("utf-8", "replace"))
    lines = [line for line in text.split("\n") if line.strip()][-_TAIL_LINES:]
    after = 0
    for index in range(len(lines) - 1, -1, -1):
        trouble = _of_line(lines[index])
        if trouble is not None:
            return None if _is_raised(lines, index) else trouble
        after += aftermath.match(lines[index][:_LONGEST_LINE]) is None
        if after > _MOST_AFTER:
            return None
    return None


def _of_line(line: str) -> MachineTrouble | None:
    said = line[:_LONGEST_LINE].strip().removeprefix("INTERNALERROR> ")
    if _ABOUT_IT.search(said):
        return None
    for lack, sign in _compiled()[0]:
        if sign.match(said):
            return MachineTrouble(lack=lack, said=clean_line(said, _SAID_LIMIT))
    return None


def _of_finding(finding: Finding) -> MachineTrouble | None:
    lines = [line for line in finding.detail.split("\n") if line.strip()]
    spoken = [_of_line(_INTRODUCED.sub("", line)) if not _SOURCE.match(line) else None for line in lines]
    signs = [index for index, sign in enumerate(spoken) if sign is not None]
    first_line = finding.message.split("\n", 1)[0]
    trouble = _of_line(first_line)
    if trouble is None and signs and _SAYS_LITTLE.match(first_line):
        trouble = spoken[signs[-1]]
    if trouble is not None and finding.kind in (FindingKind.TEST, FindingKind.COLLECTION):
        return trouble if any(_is_from_system(lines, index) for index in signs) else None
    return None if signs and all(_is_raised(lines, index) for index in signs) else trouble


def _is_from_system(lines: list[str], index: int) -> bool:
    """Python: the line that failed stands above and raises nothing itself. JavaScript: the first frame is node's own."""
    below = next((line for line in lines[index + 1 : index + 4] if not _FIELD.match(line)), "")
    if _NODE_FRAME.match(below):
        return True
    if any(_TRANSLATES in line for line in lines[max(0, index - 3) : index + 3]):
        return True
    source = _source_above(lines, index)
    return bool(source) and not _RAISES.search(source) and not _FIELD.match(source)


def _is_raised(lines: list[str], index: int) -> bool:
    """Whether the program makes the system's error up itself; a library that wraps it in its own raises that one."""
    source = _source_above(lines, index)
    return source.startswith(("raise OSError", "raise IOError", "raise MemoryError", "raise effect"))


def _source_above(lines: list[str], index: int) -> str:
    """The indented source line above an exception, past its carets; empty when none is shown."""
    for line in reversed(lines[max(0, index - 3) : index]):
        if line.strip(" ^~"):
            return line.lstrip("> ").strip() if line.startswith((">", "    ")) else ""
    return ""

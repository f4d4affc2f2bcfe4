"""What a machine lacked, told from how a failed gate ended; and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_finding, an_evidence
from verifyd.evidence.machine import find_machine_trouble
from verifyd.evidence.model import NO_EVIDENCE, Evidence, Finding, FindingKind, Lack, MachineTrouble, TestCounts

NODE_NAME = """\
node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: getaddrinfo ENOTFOUND example.invalid
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26)
Emitted 'error' event on ClientRequest instance at:
    at emitErrorEvent (node:_http_client:101:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:82:21) {
  errno: -3008,
  code: 'ENOTFOUND',
  syscall: 'getaddrinfo',
  hostname: 'example.invalid'
}

Node.js v20.20.2
"""
NODE_HEAP = """\
<--- Last few GCs --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]
 2: 0xee8300 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, char const*) [node]
"""
NODE_FETCH = """\
TypeError: fetch failed
    at node:internal/deps/undici/undici:14976:13 {
  [cause]: Error: getaddrinfo EAI_AGAIN example.invalid
      at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {
    errno: -3001,
    code: 'EAI_AGAIN'
  }
}

Node.js v20.20.2
"""
NPM = """\
npm error code ENOTFOUND
npm error syscall getaddrinfo
npm error errno ENOTFOUND
npm error network request to https://example.invalid/left-pad failed, reason: getaddrinfo ENOTFOUND example.invalid
npm error network This is a problem related to network connectivity.
npm error A complete log of this run can be found in: /home/user/.npm/_logs/debug-0.log
"""
URLOPEN = """\
  File "/usr/lib/python3.11/urllib/request.py", line 1351, in do_open
    raise URLError(err)
urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>
"""
GIT_SSH = """\
ssh: Could not resolve hostname example.invalid: Name or service not known
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


@pytest.mark.parametrize(
    "tail, lack, said",
    [
        ("OSError: [Errno 28] No space left on device\n", Lack.DISK, "OSError: [Errno 28] No space left on device"),
        ("OSError: [Errno 28] No space left on device: '/tmp/x'\n", Lack.DISK, "OSError: [Errno 28] No space left on device: '/tmp/x'"),
        ("INTERNALERROR> OSError: [Errno 28] No space left on device\n", Lack.DISK, "OSError: [Errno 28] No space left on device"),
        ("cp: error writing 'b': No space left on device\n", Lack.DISK, "cp: error writing 'b': No space left on device"),
        ("bash: line 1: echo: write error: No space left on device\n", Lack.DISK, "bash: line 1: echo: write error: No space left on device"),
        ("error: failed to write x.o: No space left on device (os error 28)\n", Lack.DISK, "error: failed to write x.o: No space left on device (os error 28)"),
        ("OSError: [Errno 122] Disk quota exceeded\n", Lack.DISK, "OSError: [Errno 122] Disk quota exceeded"),
        ("Error: ENOSPC: no space left on device, write\n    at Object.writeSync (node:fs:927:3) {\n  errno: -28\n}\n\nNode.js v20.20.2\n", Lack.DISK, "Error: ENOSPC: no space left on device, write"),
        ("npm error code ENOSPC\nnpm error syscall write\n", Lack.DISK, "npm error code ENOSPC"),
        ("Error: ENOSPC: System limit for number of file watchers reached, watch '/x'\n", Lack.FILES, "Error: ENOSPC: System limit for number of file watchers reached, watch '/x'"),
        ("OSError: [Errno 24] Too many open files: '/dev/null'\n", Lack.FILES, "OSError: [Errno 24] Too many open files: '/dev/null'"),
        ("Error: EMFILE: too many open files, open 'x'\n", Lack.FILES, "Error: EMFILE: too many open files, open 'x'"),
        (NODE_NAME, Lack.NETWORK, "Error: getaddrinfo ENOTFOUND example.invalid"),
        (NODE_FETCH, Lack.NETWORK, "[cause]: Error: getaddrinfo EAI_AGAIN example.invalid"),
        (NPM, Lack.NETWORK, "npm error code ENOTFOUND"),
        (URLOPEN, Lack.NETWORK, "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>"),
        (GIT_SSH, Lack.NETWORK, "ssh: Could not resolve hostname example.invalid: Name or service not known"),
        ("curl: (6) Could not resolve host: example.invalid\n", Lack.NETWORK, "curl: (6) Could not resolve host: example.invalid"),
        ("fatal: unable to access 'https://example.invalid/x/': Could not resolve host: example.invalid\n", Lack.NETWORK, "fatal: unable to access 'https://example.invalid/x/': Could not resolve host: example.invalid"),
        ("go: example.invalid/y@v1: Get \"https://example.invalid\": dial tcp: lookup example.invalid on 10.0.0.1:53: no such host\n", Lack.NETWORK, "go: example.invalid/y@v1: Get \"https://example.invalid\": dial tcp: lookup example.invalid on 10.0.0.1:53: no such host"),
        ("OSError: [Errno 101] Network is unreachable\n", Lack.NETWORK, "OSError: [Errno 101] Network is unreachable"),
        ("Error: connect ECONNREFUSED 10.1.2.3:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)\n", Lack.NETWORK, "Error: connect ECONNREFUSED 10.1.2.3:5432"),
        ("curl: (7) Failed to connect to example.invalid port 443 after 3 ms: Couldn't connect to server\n", Lack.NETWORK, "curl: (7) Failed to connect to example.invalid port 443 after 3 ms: Couldn't connect to server"),
        ("Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nMemoryError\n", Lack.MEMORY, "MemoryError"),
        ("bash: fork: Cannot allocate memory\n", Lack.MEMORY, "bash: fork: Cannot allocate memory"),
        (NODE_HEAP, Lack.MEMORY, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
        ("bash: line 1:  5871 Killed                  pytest -q\n", Lack.MEMORY, "bash: line 1:  5871 Killed                  pytest -q"),
        ("make: *** [Makefile:2: t] Killed\n", Lack.MEMORY, "make: *** [Makefile:2: t] Killed"),
        ("c++: fatal error: Killed signal terminated program cc1plus\n", Lack.MEMORY, "c++: fatal error: Killed signal terminated program cc1plus"),
        ("error: could not compile `a` (lib)\n  process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)\n", Lack.MEMORY, "process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)"),
    ],
)  # fmt: skip
def test_what_the_machine_lacked_is_told_from_the_end_of_the_log(tail: str, lack: Lack, said: str) -> None:
    """As Python, node, npm, curl, git, ssh, go, cargo, make and shells say it, with what they print below it."""
    assert find_machine_trouble(tail.encode(), NO_EVIDENCE) == MachineTrouble(lack=lack, said=said)


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "warning: No space left on device for the cache\nall else is wrong\n",
        "OSError: [Errno 28] No space left on device\n" + "a later line\n" * 6,
        "AssertionError: No space left on device\n",
        "expected: No space left on device\n",
        '  File "a.py", line 3, in f\n    raise OSError(errno.ENOSPC, "x")\nOSError: [Errno 28] No space left on device\n',
        "Error: connect ECONNREFUSED 127.0.0.1:8080\n",
        "Error: connect ECONNREFUSED ::1:8080\n",
        "curl: (7) Failed to connect to localhost port 1 after 0 ms: Couldn't connect to server\n",
        "ConnectionRefusedError: [Errno 111] Connection refused\n",
        "FileNotFoundError: [Errno 2] No such file or directory: 'x'\n",
        "Killed 3 mutants of 9\n",
    ],
)
def test_other_endings_are_not_mistaken_for_it(tail: str) -> None:
    """Words within words, an earlier line, an error that the program makes up, and a server of the gate's own that is down."""
    assert find_machine_trouble(tail.encode(), NO_EVIDENCE) is None


REAL = """\
    def test_full():
>       with open("x", "w") as file: file.write("x" * 100000)
                                     ^^^^^^^^^^^^^^^^^^^^^^^^
E       OSError: [Errno 28] No space left on device

test_m.py:4: OSError"""
SHORT = """\
test_m.py:4: in test_full
    with open("x", "w") as file: file.write("x" * 100000)
                                 ^^^^^^^^^^^^^^^^^^^^^^^^
E   OSError: [Errno 28] No space left on device"""
RAISED = """\
    def test_full():
        error = OSError(errno.ENOSPC, "No space left on device")
>       raise error
E       OSError: [Errno 28] No space left on device

test_m.py:6: OSError"""
MOCKED = """\
            if _is_exception(effect):
>               raise effect
E               OSError: [Errno 28] No space left on device

/usr/lib/python3.11/unittest/mock.py:1183: OSError"""
FULL = "OSError: [Errno 28] No space left on device"
DISK = MachineTrouble(lack=Lack.DISK, said=FULL)


RAISED_IN_LINE = """\
>       def boom(*a, **k): raise OSError(28, "No space left on device")
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
E       OSError: [Errno 28] No space left on device

test_m.py:6: OSError"""


def failed(*findings: Finding, count: int | None = None) -> Evidence:
    """Failed tests as a result file reports them."""
    number = len(findings) if count is None else count
    return Evidence(source="junit", tests=TestCounts(total=9, failed=number), findings=findings)


def a_failure(message: str = FULL, detail: str = REAL) -> Finding:
    """One failed test."""
    return a_finding(message=message, detail=detail, kind=FindingKind.TEST)


@pytest.mark.parametrize("detail", [REAL, SHORT])
def test_tests_that_all_fail_for_it_are_no_failures(detail: str) -> None:
    """The line that failed stands above the error, and raises nothing itself: the system did."""
    evidence = failed(a_failure(detail=detail), a_failure(detail=detail))
    assert find_machine_trouble(b"1 failed\n", evidence) == DISK


def test_a_javascript_failure_shows_node_s_own_frame() -> None:
    """One that a test made up has its first frame in the test."""
    said = "Error: getaddrinfo ENOTFOUND example.invalid"
    real = a_failure(said, f"{said}\n    at GetAddrInfoReqWrap.onlookup [as oncomplete] (node:dns:109:26)")
    made_up = a_failure(said, f"{said}\n    at /home/user/project/a.test.ts:7:9")
    assert find_machine_trouble(b"", failed(real)) == MachineTrouble(lack=Lack.NETWORK, said=said)
    assert find_machine_trouble(b"", failed(made_up)) is None


def test_a_line_of_source_is_no_error() -> None:
    """It holds the words of the error that it makes up, below a line that raises nothing."""
    said = "requests.exceptions.ConnectionError: x: Name or service not known"
    detail = (
        "    def test_stub(monkeypatch):\n        import requests\n"
        '>       def boom(): raise requests.ConnectionError("x: Name or service not known")\n'
        f"                    ^^^^^^^^^^^^^\nE       {said}"
    )
    assert find_machine_trouble(b"", failed(a_failure(said, detail))) is None


def test_httpx_shows_where_it_made_the_error_its_own() -> None:
    """The system's own error is not in its report; one that a test's transport makes up does not come from there."""
    message = "httpx.ConnectError: [Errno -2] Name or service not known"
    detail = (
        ">                   raise to_exc(exc) from exc\n"
        "E                   httpcore.ConnectError: [Errno -2] Name or service not known\n\n"
        "{}/httpcore/_exceptions.py:14: ConnectError\n"
    )
    real = a_failure(message, detail.format(".venv/lib/python3.11/site-packages"))
    made_up = a_failure(message, detail.format("tests").replace("httpcore/_exceptions.py", "transport.py"))
    assert find_machine_trouble(b"", failed(real)) == MachineTrouble(lack=Lack.NETWORK, said=message)
    assert find_machine_trouble(b"", failed(made_up)) is None


def test_node_s_own_runner_has_the_frame_among_its_fields() -> None:
    """In TAP the error, its code and its stack are fields of one block."""
    said = "getaddrinfo ENOTFOUND example.invalid"
    block = (
        "  ---\n  duration_ms: 9.8\n  location: '/home/user/project/a.test.mjs:3:1'\n  failureType: 'testCodeFailure'\n"
        f"  error: '{said}'\n  code: 'ENOTFOUND'\n  stack: |-\n    {{}}\n  ..."
    )
    real = a_failure(said, block.format("GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26)"))
    made_up = a_failure(said, block.format("TestContext.<anonymous> (file:///home/user/project/a.test.mjs:2:27)"))
    assert find_machine_trouble(b"", failed(real)) == MachineTrouble(lack=Lack.NETWORK, said=said)
    assert find_machine_trouble(b"", failed(made_up)) is None


def test_a_fetch_that_failed_is_told_by_its_cause() -> None:
    """Its own message says nothing."""
    cause = "Caused by: Error: getaddrinfo EAI_AGAIN example.invalid"
    detail = f"TypeError: fetch failed\n ❯ a.test.ts:3:9\n\n{cause}\n ❯ GetAddrInfoReqWrap.onlookupall node:dns:122:26"
    failure = a_failure("TypeError: fetch failed", detail)
    assert find_machine_trouble(b"", failed(failure)) == MachineTrouble(lack=Lack.NETWORK, said=cause)
    assert find_machine_trouble(b"", failed(a_failure("TypeError: fetch failed", "TypeError: fetch failed"))) is None


def test_a_failed_request_shows_the_name_that_was_not_found() -> None:
    """urllib and others wrap the system's error in their own; its own line is in the report of a chain."""
    detail = """\
        for res in _socket.getaddrinfo(host, port, family, type, proto, flags):
E       socket.gaierror: [Errno -3] Temporary failure in name resolution

During handling of the above exception, another exception occurred:
>           raise URLError(err)
E           urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>"""
    message = "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>"
    expected = MachineTrouble(lack=Lack.NETWORK, said=message)
    assert find_machine_trouble(b"", failed(a_failure(message, detail))) == expected


@pytest.mark.parametrize(
    "evidence",
    [
        failed(a_failure(detail=RAISED)),
        failed(a_failure(detail=MOCKED)),
        failed(a_failure(detail=RAISED_IN_LINE)),
        failed(a_failure(detail="")),
        failed(a_failure("AssertionError: assert 'No space left on device' == 'x'")),
        failed(a_failure("Failed: DID NOT RAISE OSError")),
        failed(a_failure(), a_failure("AssertionError: assert 1 == 2")),
        failed(a_failure(), count=2),
        failed(count=1),
    ],
    ids=[
        "raised",
        "mocked",
        "raised in line",
        "no detail",
        "asserted",
        "not raised",
        "another too",
        "one unknown",
        "all unknown",
    ],
)
def test_a_test_about_such_an_error_stays_a_failure(evidence: Evidence) -> None:
    """The log ends with the words in each case; a single failure of another kind, or of unknown kind, is enough."""
    assert find_machine_trouble(f"{FULL}\n".encode(), evidence) is None


def test_tests_that_passed_do_not_stand_in_its_way() -> None:
    """What comes after them in the script may fail for it: a coverage report that cannot be written."""
    assert find_machine_trouble(f"{FULL}\n".encode(), an_evidence(total=3)) == DISK


def test_a_linter_s_finding_is_never_explained_away() -> None:
    """Whatever the log ends with."""
    evidence = Evidence(source="text", findings=(a_finding(message="unused import", kind=FindingKind.LINT),))
    assert find_machine_trouble(b"OSError: [Errno 28] No space left on device\n", evidence) is None


def test_a_program_s_own_traceback_is_explained() -> None:
    """A script of the tree that cannot write: its traceback is the only finding."""
    detail = f'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    file.flush()\n{FULL}'
    evidence = Evidence(source="text", findings=(a_finding(message=FULL, detail=detail, kind=FindingKind.OTHER),))
    assert find_machine_trouble(b"", evidence) == DISK


@given(st.binary(max_size=300))
def test_no_log_makes_it_fail(tail: bytes) -> None:
    """Whatever the last bytes are."""
    trouble = find_machine_trouble(tail, NO_EVIDENCE)
    assert trouble is None or trouble.said

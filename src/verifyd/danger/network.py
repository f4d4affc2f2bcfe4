"""Commands that talk to other machines: whether they only read, and only from this one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from verifyd.danger.tables import names
from verifyd.pipeline import Manual
from verifyd.shell.script import UNKNOWN

URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:?#\s'\"]*)", re.IGNORECASE)
LOOPBACK = re.compile(
    r"localhost|.*\.localhost|127(?:\.\d+){1,3}|\[::1?\]|0\.0\.0\.0|host\.docker\.internal", re.IGNORECASE
)
RESERVED = re.compile(r"(?:.*\.)?(?:example(?:\.(?:com|org|net))?|test|invalid)", re.IGNORECASE)
"""Names that never belong to anybody (RFC 2606)."""
CURL_VALUES = frozenset("AbcCdDeEFhHKmoPQrtTuUwxXyYz")
"""curl's short options that take a value."""
CURL_SENDING = names(
    "--data --data-ascii --data-binary --data-raw --data-urlencode --form --form-string --upload-file --json"
)
CURL_SENDING_LETTERS = frozenset("dFT")
CURL_LONG_VALUES = CURL_SENDING | names(
    "--output --header --user --user-agent --max-time --connect-timeout --retry --retry-delay --cacert --cert --key --config "
    "--cookie --cookie-jar --referer --write-out --proxy --resolve --range --interface --url --request"
)
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Request(Struct):
    """
    What a curl or wget command asks for.

    Attributes:
        files: What it writes to.
        certain: Whether all its options could be followed.
    """

    method: str = "GET"
    sends: bool = False
    addresses: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    certain: bool = True


def is_remote(host: str) -> bool:
    """Whether a host is another machine for certain."""
    return bool(host) and UNKNOWN not in host and not LOOPBACK.fullmatch(host) and not RESERVED.fullmatch(host)


def names_remote(text: str) -> bool:
    """Whether a text holds the http address of another machine."""
    return any(
        found["scheme"].lower() in ("http", "https", "ws", "wss") and is_remote(found["host"])
        for found in URL.finditer(text)
    )


def request_reasons(request: Request) -> frozenset[Manual]:
    """Why a request is not made unasked: it sends something, or it is answered by another machine, or nobody knows by which."""
    if request.sends or request.method.upper() not in READING_METHODS or not request.certain:
        return frozenset({Manual.OUTSIDE})
    reasons: set[Manual] = set()
    for address in request.addresses:
        found = URL.match(address)
        host = found["host"] if found else re.split(r"[/:?]", address, maxsplit=1)[0]
        if UNKNOWN in host or host.startswith("<"):
            reasons.add(Manual.PLACEHOLDER)
        elif not LOOPBACK.fullmatch(host) and not address.startswith("file:"):
            reasons.add(Manual.OUTSIDE)
    return frozenset(reasons)


def parse_curl(arguments: Sequence[str]) -> Request:
    """Read curl's arguments."""
    request = Request()
    rest = list(arguments)
    asks_with_data = False
    while rest:
        argument = rest.pop(0)
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            if not equals and name in CURL_LONG_VALUES:
                value = rest.pop(0) if rest else UNKNOWN
            note_curl_option(request, name, value)
            asks_with_data = asks_with_data or name == "--get"
        elif argument.startswith("-") and len(argument) > 1:
            asks_with_data = asks_with_data or "G" in argument
            note_curl_letters(request, argument[1:], rest)
        else:
            request.addresses.append(argument)
    if asks_with_data:
        request.sends = False
    return request


def note_curl_letters(request: Request, letters: str, rest: list[str]) -> None:
    """Note a cluster of short options: ``-sXPOST``, ``-sd @file``."""
    for position, letter in enumerate(letters):
        if letter not in CURL_VALUES:
            continue
        value = letters[position + 1 :] or (rest.pop(0) if rest else UNKNOWN)
        names = {"X": "--request", "o": "--output", "K": "--config"}
        note_curl_option(request, "--data" if letter in CURL_SENDING_LETTERS else names.get(letter, ""), value)
        return


def note_curl_option(request: Request, name: str, value: str) -> None:
    """Note one option with its value."""
    if name in CURL_SENDING:
        request.sends = True
    elif name == "--request":
        request.method = value
    elif name == "--output":
        request.files.append(value)
    elif name == "--url":
        request.addresses.append(value)
    elif name == "--config":
        request.certain = False


def parse_wget(arguments: Sequence[str]) -> Request:
    """Read wget's arguments."""
    request = Request()
    for position, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        following = value or (arguments[position + 1] if position + 1 < len(arguments) else UNKNOWN)
        if name in ("--post-data", "--post-file", "--body-data", "--body-file"):
            request.sends = True
        elif name == "--method":
            request.method = following
        elif name in ("-O", "--output-document", "-P", "--directory-prefix"):
            request.files.append(following)
        elif URL.match(argument) or (
            not argument.startswith("-") and "." in argument and argument not in request.files
        ):
            request.addresses.append(argument)
    return request

"""Text in, the same text out with the values of what looks like secrets masked."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

MASK = "***"

Replacement = str | Callable[[re.Match[str]], str]


class Rule(Struct, frozen=True, kw_only=True):
    """
    One shape of secret.

    Attributes:
        hints: Lower case; the pattern is only tried on a text that holds one of them.
        pattern: Takes time linear in the text: every repetition is bounded, or possessive and begun once a word. ``re`` compiles
            it when it is first tried, and remembers it: most commands print nothing that any of them is tried on.
        replacement: Keeps what says which kind of secret it was.
    """

    hints: tuple[str, ...]
    pattern: str
    replacement: Replacement
    flags: re.RegexFlag = re.NOFLAG


def token(hints: str, shape: str) -> Rule:
    """A token that is known by its first letters (group 1); the rest is masked."""
    return Rule(hints=tuple(hints.split()), pattern=rf"(?<![\w-])({shape}", replacement=rf"\1{MASK}")


TOKENS = (
    token("ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_)\w{20,}+"),
    token("github_pat_", r"github_pat_)\w{20,}+"),
    token("glpat- gldt- glrt- glcbt- glptt- glft- glagent-", r"gl(?:pat|dt|rt|cbt|ptt|ft|agent)-)[\w-]{16,}+"),
    token("sk-", r"sk-(?:ant-|proj-|or-|svcacct-|admin-)?)[\w-]{20,}+"),
    token("sk_ rk_ whsec_", r"(?:[sr]k_(?:live|test)_|whsec_))\w{16,}+"),
    token("akia asia abia acca", r"(?:AKIA|ASIA|ABIA|ACCA))[A-Z0-9]{16}(?![A-Z0-9])"),
    token("xox xapp-", r"(?:xox[a-z]-|xapp-))[\w-]{10,}+"),
    token("aiza", r"AIza)[\w-]{35}(?![\w-])"),
    token("ya29.", r"ya29\.)[\w-]{20,}+"),
    token("npm_", r"npm_)\w{36}(?!\w)"),
    token("pypi-", r"pypi-)[\w-]{50,}+"),
    token("hf_", r"hf_)\w{30,}+"),
    token("sg.", r"SG\.)[\w-]{22}\.[\w-]{43}(?![\w-])"),
    token("dckr_pat_ dckr_oat_", r"dckr_[po]at_)[\w-]{20,}+"),
    token("_v1_", r"do[opr]_v1_)[a-f0-9]{64}(?!\w)"),
    token("shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_)[a-fA-F0-9]{32}(?!\w)"),
    token("eyj", r"eyJ)[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*+"),
)
"""As their makers document them, and as secret scanners know them (gitleaks' rules, GitHub's secret scanning patterns)."""

NO_VALUE = (
    r"(?ix)(?: none | null | nil | true | false | undefined | required | optional | missing | redacted | hidden | masked | \*+ | x+ "
    r"| <[^>]*+>? | \$.* | \{.* | %.* | \[.* | \(.* )"
)
"""What stands in a secret's place without being one."""
NAME = (
    r"(?:passwo?r?d|passphrase|secret|token(?!s|i)|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key"
    r"|credentials?|auth[_-]?key|pgpass|mysql_pwd|(?<=[_-])pass(?!\w))"
)
NAMED = rf"""
    (?P<name> {NAME} (?:[_-]\w{{1,40}}+)? ) (?P<close> \\?["']? ) (?: \s? : \s? str (?=\s?=) )?
    (?P<sign> \s{{0,2}} (?: => | := | [:=](?!=) ) \s{{0,2}} )
    (?P<quote> \\?["'] )? (?P<value> (?(quote) [^"'\n\\]{{1,2000}}+ | [^\s"',;&)\]}}<>|]{{1,2000}}+ ) )
    """


def mask_named(match: re.Match[str]) -> str:
    """
    ``password=…`` and its like: the value is masked unless it plainly is no secret.

    ``name: word`` and ``name = word`` are more often code or prose (``token: str``, ``token = read()``, ``unexpected token:
    'foo'``), so there the value has to look made up: letters and digits in eight characters or more.
    """
    name, value, spaced = match["name"].lower(), match["value"], match["sign"] != "="
    if re.fullmatch(NO_VALUE, value) or value.isspace():
        return match[0]
    made_up = len(value) >= 8 and re.search(r"[0-9]", value) is not None and re.search(r"[A-Za-z]", value) is not None
    bare = match["quote"] is None
    if spaced and not made_up and (bare or (name == "token" and not match["close"])):
        return match[0]
    if bare and ("(" in value or (value.isdecimal() and name in ("token", "pass"))):
        return match[0]
    return match[0][: -len(value)] + MASK


RULES = (
    Rule(
        hints=("private key",),
        pattern=(
            r"(-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----)(?:(?!-----).){0,20000}+"
            r"(-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
        flags=re.DOTALL,
        replacement=lambda match: f"{match[1]} {MASK} {match[2] or ''}".rstrip(),
    ),
    *TOKENS,
    Rule(
        hints=("://",),
        pattern=r"(://[^\s:/@\"']{0,200}+:)[^\s@/\"']{1,500}+(?=@)",
        replacement=rf"\1{MASK}",
    ),
    Rule(
        hints=("hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        pattern=r"((?:hooks\.slack\.com/\w{1,20}|discord(?:app)?\.com/api/webhooks)/)[\w/-]{20,}+",
        replacement=rf"\1{MASK}",
    ),
    Rule(
        hints=("bearer", "basic", "authorization"),
        pattern=(
            r"(\bbearer\s{1,4}|\bauthorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?:basic|token|digest|bearer)\s{1,4})[\w.~+/=-]{12,}+"
        ),
        flags=re.IGNORECASE,
        replacement=rf"\1{MASK}",
    ),
    Rule(
        hints=("--",),
        pattern=(rf"((?<![\w-])--[\w-]{{0,40}}{NAME}(?:-\w{{1,40}}+)?\s{{1,4}}[\"']?)(?!-)([^\s\"']{{1,500}}+)"),
        flags=re.IGNORECASE,
        replacement=lambda match: match[0] if re.fullmatch(NO_VALUE, match[2]) else match[1] + MASK,
    ),
    Rule(
        hints=("pass", "secret", "token", "key", "credential", "mysql_pwd", "pwd"),
        pattern=NAMED,
        flags=re.VERBOSE | re.IGNORECASE,
        replacement=mask_named,
    ),
)


def redact(text: str) -> str:
    """
    Mask the values of what looks like secrets: tokens known by their shape, private keys, passwords in URLs, and what
    follows a telling name (``password=…``, ``Authorization: Bearer …``).

    The name and a token's first letters stay, so that a reader still knows what was there. It errs on the side of masking,
    and cannot know a secret that looks like any other word. Masking twice changes nothing. Time is linear in the text.
    """
    lowered = text.lower()
    for rule in RULES:
        if any(hint in lowered for hint in rule.hints):
            text = re.sub(rule.pattern, rule.replacement, text, flags=rule.flags)
    return text

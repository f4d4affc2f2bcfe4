"""A SARIF 2.1.0 log in, Evidence out (section numbers are those of the OASIS standard)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import BinaryIO

from verifyd.evidence.compose import MOST_FINDINGS, make_finding, without_repeats
from verifyd.evidence.json_values import Json, NotJsonError, dig, mapping, number, parse, positive, sequence, text
from verifyd.evidence.kinds import kind_of, severity_of
from verifyd.evidence.model import Evidence, Finding, FindingKind, Severity, SourceTree
from verifyd.evidence.places import NOWHERE, Place, Places

SIZE_CAP = 32 * 1024 * 1024
"""Bytes of one file; GitHub takes 10 MB gzipped. A decoded document needs several times as much memory."""

SOURCE = "sarif"

_PLACEHOLDER = re.compile(r"\{(\d{1,3})\}")
_NOT_A_COMPLAINT = frozenset({"pass", "notApplicable"})


def read_sarif(file: BinaryIO, tree: SourceTree, *, size_cap: int = SIZE_CAP) -> Evidence:
    """Findings of all runs. What cannot be read whole has its trouble named; no exception leaves here."""
    content = file.read(size_cap + 1)
    if len(content) > size_cap:
        return Evidence(source=SOURCE, trouble=f"the SARIF file is larger than {size_cap // 1024 // 1024} MiB")
    try:
        document = parse(content)
    except NotJsonError as error:
        return Evidence(source=SOURCE, trouble=f"the SARIF file is not valid JSON: {error}")
    return read_document(document, tree)


def is_sarif(document: Json) -> bool:
    """Whether decoded JSON is a SARIF log: an object with runs and a version or schema that says so."""
    log = mapping(document)
    says = text(log.get("version")).startswith("2.1") or "sarif" in text(log.get("$schema")).lower()
    return isinstance(log.get("runs"), list) and says


def read_document(document: Json, tree: SourceTree) -> Evidence:
    """Like read_sarif, for a log that was decoded already."""
    if not is_sarif(document):
        return Evidence(
            source=SOURCE, trouble="the file is JSON but no SARIF 2.1.0 log: it has no runs or another version"
        )
    places = Places(tree)
    findings: list[Finding] = []
    troubles: list[str] = []
    for run in sequence(mapping(document).get("runs")):
        reader = _Run(run, places)
        findings += reader.findings()
        troubles += reader.troubles()
    return Evidence(
        source=SOURCE,
        findings=without_repeats(findings)[:MOST_FINDINGS],
        trouble="; ".join(dict.fromkeys(troubles)) or None,
    )


class _Run:
    """One run (3.14): its tool, rules and folders, and the findings that speak of them."""

    def __init__(self, run: Json, places: Places) -> None:
        self._run = mapping(run)
        self._places = places
        driver = dig(run, "tool", "driver")
        self._tool = text(mapping(driver).get("name")).lower().split(" ")[0] or None
        components = [driver, *sequence(dig(run, "tool", "extensions"))]
        self._rules_in_order = sequence(mapping(driver).get("rules"))
        self._rules = {
            text(mapping(rule).get("id")): mapping(rule)
            for component in components
            for rule in sequence(mapping(component).get("rules"))
        }

    def findings(self) -> Iterator[Finding]:
        for result in sequence(self._run.get("results")):
            if isinstance(result, dict) and not _is_settled(result):
                yield self._of_result(result)
        for notification in self._notifications():
            yield self._of_notification(notification)

    def troubles(self) -> Iterator[str]:
        """A tool that says its own run failed, and nothing else (3.20.14), proves nothing."""
        invocations = sequence(self._run.get("invocations"))
        failed = any(mapping(invocation).get("executionSuccessful") is False for invocation in invocations)
        if failed and not sequence(self._run.get("results")) and not any(True for _ in self._notifications()):
            yield f"{self._tool or 'the tool'} says that its run was not successful, and reports nothing"

    def _of_result(self, result: dict[str, Json]) -> Finding:
        rule = self._rule(result)
        code = text(result.get("ruleId")) or text(dig(result, "rule", "id")) or text(rule.get("id")) or None
        message = self._message(result.get("message"), rule)
        severity = self._severity(result, rule)
        return make_finding(
            message,
            place=self._place(result),
            severity=severity,
            code=code,
            kind=kind_of(code=code if code != "OXL0001" else None, message=message, tool=self._tool, severity=severity),
            tool=self._tool,
        )

    def _of_notification(self, notification: Json) -> Finding:
        """eslint moves parse errors from the results to here."""
        message = self._message(mapping(notification).get("message"), {})
        code = text(dig(notification, "descriptor", "id")) or None
        kind = kind_of(code=code, message=message, tool=self._tool)
        return make_finding(
            message,
            place=self._place(notification),
            code=code,
            kind=kind if kind is FindingKind.SYNTAX else FindingKind.OTHER,
            tool=self._tool,
        )

    def _notifications(self) -> Iterator[Json]:
        for invocation in sequence(self._run.get("invocations")):
            for key in ("toolExecutionNotifications", "toolConfigurationNotifications"):
                for notification in sequence(mapping(invocation).get(key)):
                    if text(mapping(notification).get("level")) == "error":
                        yield notification

    def _rule(self, result: dict[str, Json]) -> dict[str, Json]:
        index = number(result.get("ruleIndex"))
        if index is not None and 0 <= index < len(self._rules_in_order):
            return dict(mapping(self._rules_in_order[index]))
        identifier = text(result.get("ruleId"))
        return dict(self._rules.get(identifier) or self._rules.get(identifier.rsplit("/", 1)[0]) or {})

    def _severity(self, result: dict[str, Json], rule: dict[str, Json]) -> Severity:
        """3.27.10: the result's level, else the rule's, else warning; kinds other than fail never exceed a note (3.27.9)."""
        if text(result.get("kind")) not in ("", "fail"):
            return Severity.NOTE
        level = text(result.get("level")) or text(dig(rule, "defaultConfiguration", "level")) or "warning"
        return severity_of(level) or Severity.WARNING

    def _message(self, message: Json, rule: dict[str, Json]) -> str:
        """3.11: text, or the rule's template with its placeholders filled in, or Markdown."""
        found = text(dig(message, "text"))
        if not found:
            identifier = text(dig(message, "id"))
            found = text(dig(rule, "messageStrings", identifier, "text")) or text(dig(message, "markdown"))
        arguments = [text(argument) for argument in sequence(dig(message, "arguments"))]
        if arguments:
            found = _PLACEHOLDER.sub(lambda match: _argument(match, arguments), found)
        return found or text(dig(rule, "shortDescription", "text")) or identifier_of(rule)

    def _place(self, holder: Json) -> Place:
        for location in sequence(mapping(holder).get("locations")):
            physical = dig(location, "physicalLocation")
            uri = self._uri(dig(physical, "artifactLocation"))
            if uri:
                region = dig(physical, "region")
                line, column = positive(dig(region, "startLine")), positive(dig(region, "startColumn"))
                said = ":".join([uri, *(str(part) for part in (line, column) if part)])
                return Place(path=self._places.find_uri(uri), line=line, column=column if line else None, said=said)
        return NOWHERE

    def _uri(self, artifact: Json) -> str:
        """3.4: the uri itself or by its index in the run's artifacts, joined to the folder that uriBaseId names."""
        index = number(dig(artifact, "index"))
        artifacts = sequence(self._run.get("artifacts"))
        if not text(dig(artifact, "uri")) and index is not None and 0 <= index < len(artifacts):
            artifact = dig(artifacts[index], "location")
        uri = text(dig(artifact, "uri"))
        base = text(dig(artifact, "uriBaseId"))
        for _ in range(8):  # bases may build on bases; a loop among them must end
            if not base or uri.startswith(("/", "file:")):
                break
            folder = dig(self._run, "originalUriBaseIds", base)
            uri = posixpath.join(text(dig(folder, "uri")), uri)
            base = text(dig(folder, "uriBaseId"))
        return uri


def identifier_of(rule: dict[str, Json]) -> str:
    """The rule's name for people, or its id."""
    return text(rule.get("name")) or text(rule.get("id"))


def _argument(match: re.Match[str], arguments: list[str]) -> str:
    index = int(match[1])
    return arguments[index] if index < len(arguments) else match[0]


def _is_settled(result: dict[str, Json]) -> bool:
    """A pass (3.27.9), gone since the baseline (3.27.24), or suppressed and the suppression not in doubt (3.27.23)."""
    suppressions = sequence(result.get("suppressions"))
    doubted = any(
        text(mapping(suppression).get("status")) in ("underReview", "rejected") for suppression in suppressions
    )
    return (
        text(result.get("kind")) in _NOT_A_COMPLAINT
        or text(result.get("baselineState")) == "absent"
        or (bool(suppressions) and not doubted)
    )

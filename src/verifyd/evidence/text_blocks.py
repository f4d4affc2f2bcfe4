"""Findings that tools spread over several lines in, Findings out: headings with places below, arrows, frames, tracebacks."""

from __future__ import annotations

import re
from collections.abc import Callable

from verifyd.evidence.kinds import severity_of
from verifyd.evidence.model import FindingKind, Severity
from verifyd.evidence.scan import Draft, Scan
from verifyd.evidence.traces import read_trace
from verifyd.evidence.wording import Wording, describe, split_tail

_MOST_LINES = 40
"""Lines of one block that are kept."""

# One look tells which kind of block a line may belong to.
_OPENING = re.compile(
    r"\s{0,12}(?:(?P<arrow>-{1,4}> )|(?P<frame>(?:,-|[╭┌]─{1,4})\[)|(?P<row>\d{1,7}:\d{1,7}\s)|(?P<shellcheck>In .{1,500} line \d{1,7}:$)"
    r'|(?P<traceback>File "[^"]{1,500}", line \d)|(?P<biome>\S{1,500} (?:lint|assist|suppressions|parse|format|organizeImports)\b[^━]{0,200}━))'
)
_ARROW = re.compile(r"\s{0,12}-{1,4}> (?P<path>[^:]{1,500}+):(?P<line>\d{1,7})(?::(?P<column>\d{1,7}))?$")
_FRAME = re.compile(r"\s{0,12}(?:,-|[╭┌]─{1,4})\[(?P<path>[^:\]]{1,500}+):(?P<line>\d{1,7}):(?P<column>\d{1,7})\]")
_ROW = re.compile(r"\s{0,12}(?P<line>\d{1,7}):(?P<column>\d{1,7})\s{1,12}(?P<said>\S.*)")
_SHELLCHECK = re.compile(r"In (?P<path>.{1,500}) line (?P<line>\d{1,7}):$")
_SHELLCHECK_MARK = re.compile(
    r"(?P<indent>\s{0,500})\^-{0,500}\^? (?P<code>SC\d{4}) \((?P<severity>\w{1,10})\): (?P<message>.*)"
)
_BIOME = re.compile(
    r"(?P<path>[^:\s]{1,500}+)(?::(?P<line>\d{1,7}):(?P<column>\d{1,7}))? (?P<code>(?:lint|assist|suppressions|parse|format|organizeImports)[\w/]{0,100})\b.*━"
)
_MARKED = re.compile(r"\s{0,8}(?P<mark>[×✖x⚠!ℹi]) (?P<message>\S.*)")
_EXCEPTION = re.compile(r"(?P<name>[A-Za-z_][\w.]{0,200})(?:: (?P<message>.*))?$")
_ASIDE = ("help:", "note:", "= ", "|", ":::")
_PYREFLY = re.compile(r"(?P<severity>ERROR|WARN|INFO) (?P<message>.*)")
_NEXT_MESSAGE = re.compile(r"(?:ERROR|WARN|INFO|error|warning)\b")
_RUST_LINT = re.compile(r"#\[(?:warn|deny|forbid)\((?P<code>[\w:]{1,80})\)\]")


def read_block(scan: Scan, index: int) -> bool:
    """Takes a block that has its place in this line; False leaves the line to others."""
    opening = _OPENING.match(scan.lines[index])
    return opening is not None and _READERS[opening.lastgroup or ""](scan, index)


def _read_arrow(scan: Scan, index: int) -> bool:
    """rustc, ruff, ty, pyrefly: the message, `` --> path:line:column``, a picture of the source."""
    match = _ARROW.match(scan.lines[index])
    if match is None or scan.places.find(match["path"]) is None:
        return False
    header = _header(scan, index)
    if header is None:
        return False
    at, said = header
    picture = _picture(scan, index + 1)
    place = scan.places.at(match["path"], int(match["line"]), int(match["column"]) if match["column"] else None)
    draft = scan.add_wording(at, place, _of_header(said, place.path or ""))
    draft.detail = picture
    lint = next((found for line in picture if (found := _RUST_LINT.search(line))), None)
    if draft.code is None and lint is not None:
        draft.code = lint["code"]
    scan.take(at, index + 1 + len(picture))
    return True


def _picture(scan: Scan, start: int) -> list[str]:
    """The source and marks below an arrow: to a blank line or, where none is left between messages, to the next message."""
    block = scan.block(start, _MOST_LINES)
    end = next((index for index, line in enumerate(block) if _NEXT_MESSAGE.match(line)), len(block))
    return block[:end]


def _header(scan: Scan, index: int) -> tuple[int, str] | None:
    """The message above an arrow; None below ``help:`` and ``note:``, whose arrows point at something else."""
    for above in range(index - 1, max(index - 8, -1), -1):
        line = scan.lines[above].strip()
        if not line or scan.taken[above] or line.startswith(_ASIDE):
            return None
        if not scan.lines[above].startswith("  "):
            return above, line
    return None


def _of_header(said: str, path: str) -> Wording:
    pyrefly = _PYREFLY.match(said)
    if pyrefly is None:
        return describe(said, path)
    message, code = split_tail(pyrefly["message"], "[", "]")
    return Wording(
        message=message, severity=severity_of(pyrefly["severity"]) or Severity.ERROR, code=code, tool="pyrefly"
    )


def _read_frame(scan: Scan, index: int) -> bool:
    """oxlint and others draw with miette: a marked message, ``╭─[path:line:column]``, a picture."""
    match = _FRAME.match(scan.lines[index])
    if match is None or scan.places.find(match["path"]) is None:
        return False
    marked = next(
        (
            (above, found)
            for above in range(index - 1, max(index - 8, -1), -1)
            if (found := _MARKED.match(scan.lines[above]))
        ),
        None,
    )
    if marked is None:
        return False
    at, found = marked
    rule, colon, message = found["message"].partition("): ")
    named = bool(colon) and " " not in rule
    severity = severity_of(found["mark"]) or Severity.ERROR
    place = scan.places.at(match["path"], int(match["line"]), int(match["column"]))
    picture = scan.block(index + 1, _MOST_LINES)
    draft = Draft(
        at=at,
        message=message if named else found["message"],
        place=place,
        severity=severity,
        code=rule + ")" if named else None,
        tool="oxlint",
        detail=picture,
    )
    scan.add(draft)
    scan.take(at, index + 1 + len(picture))
    return True


def _read_rows(scan: Scan, index: int) -> bool:
    """eslint, stylelint, yamllint, oxlint, ruff's grouped: a path alone on its line, ``line:column message`` below it."""
    heading = scan.lines[index - 1].strip().removesuffix(":") if index else ""
    path = scan.places.find(heading) if heading else None
    if path is None:
        return False
    end = index
    while end < len(scan.lines) and (row := _ROW.match(scan.lines[end])) is not None:
        place = scan.places.at(heading, int(row["line"]), int(row["column"]))
        scan.add_wording(end, place, _of_row(row["said"], path))
        end += 1
    scan.take(index - 1, end)
    return True


def _of_row(said: str, path: str) -> Wording:
    """Columns are two or more spaces apart: severity, message, rule."""
    cells = [cell for cell in re.split(r"\s{2,}", said.strip()) if cell]
    severity = severity_of(cells[0]) if len(cells) > 1 else None
    if severity is None:
        return describe(said, path)
    rule = cells[-1] if len(cells) > 2 and " " not in cells[-1] else None
    message = " ".join(cells[1:-1] if rule is not None else cells[1:])
    return Wording(message=message, severity=severity, code=rule and re.sub(r"^\((.*)\)$", r"\1", rule))


def _read_shellcheck(scan: Scan, index: int) -> bool:
    """``In path line 2:``, the source line, then marks below its columns."""
    match = _SHELLCHECK.match(scan.lines[index])
    if match is None or scan.places.find(match["path"]) is None:
        return False
    block = scan.block(index + 1, _MOST_LINES)
    for offset, line in enumerate(block):
        mark = _SHELLCHECK_MARK.match(line)
        if mark is not None:
            place = scan.places.at(match["path"], int(match["line"]), len(mark["indent"]) + 1)
            severity = severity_of(mark["severity"]) or Severity.ERROR
            wording = Wording(message=mark["message"], severity=severity, code=mark["code"], tool="shellcheck")
            scan.add_wording(index + 1 + offset, place, wording)
    scan.take(index, index + 1 + len(block))
    return True


def _read_biome(scan: Scan, index: int) -> bool:
    """``path:line:column rule ━━━``, then the message with a mark that tells its severity."""
    match = _BIOME.match(scan.lines[index])
    if match is None or scan.places.find(match["path"]) is None:
        return False
    found = scan.find(_MARKED, index + 1, index + 6)
    if found is None:
        return False
    at, marked = found
    line, column = (int(match[name]) if match[name] else None for name in ("line", "column"))
    draft = Draft(
        at=index,
        message=marked["message"],
        place=scan.places.at(match["path"], line, column),
        severity=severity_of(marked["mark"]) or Severity.ERROR,
        code=match["code"],
        tool="biome",
    )
    scan.add(draft)
    scan.take(index, at + 1)
    return True


def _read_traceback(scan: Scan, index: int) -> bool:
    """A Python traceback, or the part of one that a compiler prints: it ends with the first line that is not indented."""
    if index < scan.barren_until:
        return False
    end = next(
        (
            at
            for at in range(index + 1, min(index + 2_000, len(scan.lines)))
            if scan.lines[at][:1] not in (" ", "\t", "")
        ),
        None,
    )
    exception = _EXCEPTION.match(scan.lines[end]) if end is not None else None
    scan.barren_until = end if end is not None else index + 2_000
    if end is None or exception is None:
        return False
    trace = read_trace("\n".join(scan.lines[index:end]), scan.places)
    if trace.innermost is None:
        return False
    name = exception["name"].rpartition(".")[2]
    scan.add(
        Draft(
            at=index,
            message=scan.lines[end],
            place=trace.innermost,
            kind=FindingKind.SYNTAX if name in ("SyntaxError", "IndentationError", "TabError") else FindingKind.OTHER,
            frames=trace.frames,
            detail=scan.lines[max(index, end - _MOST_LINES) : end + 1],
            tool="python",
        )
    )
    scan.take(index, end + 1)
    return True


_READERS: dict[str, Callable[[Scan, int], bool]] = {
    "arrow": _read_arrow,
    "frame": _read_frame,
    "row": _read_rows,
    "shellcheck": _read_shellcheck,
    "biome": _read_biome,
    "traceback": _read_traceback,
}

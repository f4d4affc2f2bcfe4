"""git commands: only what is known to read runs unasked; an unknown subcommand may be anything, an alias too."""

from __future__ import annotations

from collections.abc import Sequence

from verifyd.danger.arguments import has_short_option, operands
from verifyd.danger.tables import names
from verifyd.pipeline import Manual

READS = names(
    "status diff log show ls-files ls-tree ls-remote rev-parse rev-list describe grep blame annotate cat-file check-ignore "
    "check-attr check-mailmap check-ref-format shortlog merge-base merge-tree for-each-ref name-rev var version help "
    "count-objects fsck verify-commit verify-tag verify-pack show-ref show-branch diff-tree diff-index diff-files whatchanged "
    "range-diff cherry hash-object get-tar-commit-id patch-id stripspace"
)
LISTINGS = {
    "stash": names("list show"),
    "remote": names("show get-url") | {""},
    "worktree": names("list"),
    "submodule": names("status summary") | {""},
    "notes": names("list show") | {""},
    "reflog": names("show exists list") | {""},
    "bundle": names("verify list-heads"),
    "lfs": names("ls-files status fsck env version"),
    "sparse-checkout": names("list"),
}
"""By subcommand, the word after it with which it only shows something; "" for none."""
READING_OPTIONS = {
    "branch": tuple(
        names(
            "-l -a -r -v --list --all --remotes --show-current --contains --no-contains --merged --no-merged --points-at "
            "--format --sort"
        )
    ),
    "tag": tuple(
        names("-l -n -v --list --contains --no-contains --merged --no-merged --points-at --sort --verify --format")
    ),
    "config": tuple(names("-l --get --list list get")),
    "apply": tuple(names("--check --stat --numstat --summary")),
}
"""By subcommand, how an argument begins with which it only shows something."""
WRITING_LETTERS = {"branch": "dDmMcCfut", "tag": "adfmsFu", "config": "e", "apply": ""}
WRITING_OPTIONS = names(
    "--delete --move --copy --force --set-upstream-to --unset-upstream --edit-description --track --annotate --sign --unset "
    "--unset-all --add --replace-all --edit --rename-section --remove-section --apply --index --cached"
)
VALUE_OPTIONS = names("-C -c --git-dir --work-tree --namespace --exec-path --config-env")


def git_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """Why a git command with these arguments is not run unasked."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in VALUE_OPTIONS else 1]
    return frozenset() if not rest or only_reads(rest[0], rest[1:]) else frozenset({Manual.HISTORY})


def only_reads(subcommand: str, after: Sequence[str]) -> bool:
    """Whether a git command changes nothing."""
    if subcommand in READS:
        return not any(
            argument.startswith(("--output", "-w")) for argument in after if subcommand in ("diff", "hash-object")
        )
    if subcommand in LISTINGS:
        return next(iter(operands(after)), "") in LISTINGS[subcommand]
    if subcommand in ("branch", "tag") and not after:
        return True
    if subcommand in READING_OPTIONS:
        writes = has_short_option(after, WRITING_LETTERS[subcommand]) or WRITING_OPTIONS & set(after)
        return not writes and any(argument.startswith(READING_OPTIONS[subcommand]) for argument in after)
    return False

"""What words in the names of scripts, targets and subcommands tell of what they do, as tables."""

from __future__ import annotations

from collections.abc import Mapping

from verifyd.danger.tables import HISTORY, MACHINE, OUTSIDE, SERVER, names
from verifyd.pipeline import Manual

FIRST_WORDS: Mapping[str, Manual] = {
    **dict.fromkeys(
        names(
            "deploy publish release ship upload promote rollback migrate seed push prod production staging undeploy destroy "
            "notify send apply login logout broadcast"
        ),
        OUTSIDE,
    ),
    **dict.fromkeys(names("install uninstall setup bootstrap provision stop down nuke wipe purge drop kill"), MACHINE),
    **dict.fromkeys(names("dev develop serve start watch preview up storybook runserver devserver"), SERVER),
    **dict.fromkeys(names("bump commit tag amend rebase create init scaffold eject"), HISTORY),
}
"""The first word of a name: ``deploy:staging``, ``install-hooks.sh``."""
LAST_WORDS: Mapping[str, Manual] = {
    **dict.fromkeys(
        names(
            "deploy publish ship upload promote rollback migrate seed push prod production staging live reset destroy apply"
        ),
        OUTSIDE,
    ),
    **dict.fromkeys(names("nuke wipe purge drop"), MACHINE),
    **dict.fromkeys(names("serve watch"), SERVER),
}
"""The last word of a name: ``db:migrate``, ``smoke:live``, ``demo-seed.ts``."""
STRONG_WORDS = names("deploy publish migrate rollback seed destroy backfill curate purge wipe promote upload")
"""Deeds that are meant wherever in a name they stand: ``app:deploy:eu``, ``prices:curate:all``."""
ONLY_WORDS: Mapping[str, Manual] = {"server": SERVER}
"""A name of one word."""
REASSURING_WORDS = names("check verify lint validate audit status diff dry notes docs")
"""With one of these after it, a name is about the deed and does not do it: ``release-check``, ``deploy:dry-run``."""

"""The one place that turns how a command ended into an exit code."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from typing import TextIO, cast

import click

from verifyd.app.bug_report import report_bug
from verifyd.errors import ExitCode, VerifydError


def end_with_exit_code(command: click.Command) -> None:
    """Run a click command and exit: 0, 1 and 3 as the command says, 2 usage, 70 our bug with its traceback in a file, 130 interrupted."""
    open_closed_streams()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    code = exit_code_of(command)
    gc.freeze()  # the interpreter's end looks through all objects for garbage otherwise, to free what goes with the process
    sys.exit(code)


OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Python looks for garbage each 700: some 60 times while our modules are imported, which make none."""


def exit_code_of(command: click.Command) -> int:
    """Run a click command; what it ended with, messages printed to stderr."""
    try:
        ended_with = command(prog_name="verifyd", standalone_mode=False)  # click hands back the code of its Exit
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except VerifydError as error:
        click.echo(printable(str(error)), err=True)
        return error.exit_code
    except BrokenPipeError:  # the reader went away: nobody saw the answer, so it is none
        discard_answer()
        return ExitCode.UNPROVEN
    except OSError as error:
        return answer_lost(error) if error.filename is None and error.errno in LOST_ANSWERS else report_bug(error)
    except Exception as error:  # noqa: BLE001 - everything that is left is our bug, and is said to be one
        return report_bug(error)
    return ended_with if isinstance(ended_with, int) else ExitCode.READY


LOST_ANSWERS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
"""What a write to stdout fails with where it leads to a full disk or to a terminal that is gone."""


def answer_lost(error: OSError) -> int:
    """Nobody saw the answer, so it is none."""
    with suppress(OSError, ValueError):
        click.echo(f"the answer could not be written: {error.strerror}", err=True)
    discard_answer()
    return ExitCode.UNPROVEN


def discard_answer() -> None:
    """Let what is still buffered for stdout go nowhere: the interpreter flushes it at its end, and would complain."""
    sys.stdout = stream_on(os.open(os.devnull, os.O_WRONLY), "w")


def stream_on(descriptor: int, mode: str) -> TextIO:
    """A text stream that stays open for as long as the process lives."""
    return cast("TextIO", os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def open_closed_streams() -> None:
    """
    Lead those of stdin, stdout and stderr that were closed (``>&-``) to /dev/null, before anything else is opened.

    The next file that is opened takes their number otherwise: the history database then is what a library prints to.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            setattr(sys, name, stream_on(descriptor, mode))


def printable(text: str) -> str:
    """Without characters that a terminal would obey, and without what it cannot encode."""
    from verifyd.evidence.clean import clean_text

    return clean_text(text).encode("utf-8", "backslashreplace").decode("utf-8")

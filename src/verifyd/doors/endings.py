"""The one place that turns how a command ended into an exit code."""

from __future__ import annotations

import os
import sys
import traceback

import click

from verifyd.errors import ExitCode, VerifydError


def end_with_exit_code(command: click.Command) -> None:
    """Run a click command and exit: 0, 1 and 3 as the command says, 2 usage, 70 our bug with its traceback in a file, 130 interrupted."""
    sys.exit(exit_code_of(command))


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
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - the interpreter flushes it at its end
        return ExitCode.UNPROVEN
    except Exception as error:  # noqa: BLE001 - everything that is left is our bug, and is said to be one
        return report_bug(error)
    return ended_with if isinstance(ended_with, int) else ExitCode.READY


def printable(text: str) -> str:
    """Without characters that a terminal would obey, and without what it cannot encode."""
    from verifyd.evidence.clean import clean_text

    return clean_text(text).encode("utf-8", "backslashreplace").decode("utf-8")


def report_bug(error: Exception) -> int:
    """Write the traceback to a file and say where it is."""
    from verifyd.app.wiring import write_bug_report

    text = "".join(traceback.format_exception(error))
    path = write_bug_report(text)
    click.echo(f"verifyd: this is our bug, not yours: {type(error).__name__}: {printable(str(error))}", err=True)
    click.echo(f"  The traceback is in {path}." if path else text, err=True)
    return ExitCode.BUG

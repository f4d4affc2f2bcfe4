"""Where the ``verifyd`` command starts: the command line answers everything that no quicker way answers."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # ``python -m verifyd`` puts the working folder before everything else: a click.py of the repository would be run here.
    # (``os`` was imported by Python itself; nothing else may be.) A folder that was removed is not there to be taken out.
    try:
        if sys.path[0] == os.getcwd():  # noqa: TID251, PTH109 - verifyd.edge.environment would be looked for in this very folder
            del sys.path[0]
    except OSError:
        pass


def main() -> None:
    """Ask the daemon where that is enough, else run the command line; end the process with the exit code."""
    try:
        from verifyd.edge.quick_client import answer

        if sys.argv[1:2] == ["hook"]:
            from verifyd.doors.hook import is_for_us, run

            if is_for_us(sys.argv[1:]):
                os._exit(run(sys.argv[1:]))
        code = answer(sys.argv[1:])
        if code is not None:
            os._exit(code)  # nothing is buffered, and tearing the interpreter down takes as long as the question
        from verifyd.doors.cli import run_command_line
    except Exception as error:  # noqa: BLE001 - Python would end with 1, which says that the tree is not ready
        from verifyd.app.bug_report import report_bug

        sys.exit(report_bug(error))
    run_command_line()


if __name__ == "__main__":
    main()

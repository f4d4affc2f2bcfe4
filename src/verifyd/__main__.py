"""Where the ``verifyd`` command starts: the command line answers everything that no quicker way answers."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from verifyd.doors.cli import run_command_line

    run_command_line()


if __name__ == "__main__":
    main()

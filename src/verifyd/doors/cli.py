"""Every command with its options; nothing is imported but click until a command is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from verifyd.doors.targets import AGENT_HOSTS, TARGETS

FORMATS = ("text", "json", "markdown", "junit", "sarif", "github", "gitlab")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def gates_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """``[GATE…]`` with completion from VERIFY.md."""
    return click.argument("gates", nargs=-1, metavar="[GATE]...", shell_complete=complete_gates)(function)


def complete_gates(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Gate names of this folder's VERIFY.md that begin with what was typed."""
    from verifyd.doors.completion import gate_names

    return [name for name in gate_names() if name.startswith(incomplete)]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ready, 1 not ready, 2 usage or VERIFY.md, 3 unproven, 70 our bug, 130 interrupted.",
)
@click.version_option(package_name="verifyd", prog_name="verifyd")
@click.option(
    "-C",
    "folder",
    default=".",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Work as if started in FOLDER.",
)
@click.pass_context
def cli(context: click.Context, folder: str) -> None:
    """
    Verify one exact tree by the gates that VERIFY.md declares.

    The answer goes to stdout, progress to stderr.
    """
    context.obj = folder


@cli.command()
@click.pass_obj
def init(folder: str) -> None:
    """Write a VERIFY.md whose gates exist and run; an existing one is never overwritten."""
    from verifyd.doors import commands

    commands.init(folder)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--base", metavar="REF", help="Count the change from REF's merge base.")
@click.option("--tree", "ref", metavar="REF", help="Plan for a commit's tree.")
@click.option("--staged", is_flag=True, help="Plan for the tree in the index.")
@click.pass_obj
def plan(folder: str, as_json: bool, base: str | None, ref: str | None, staged: bool) -> None:
    """Show the gates that would run now, in what order and why; what is manual, and why."""
    from verifyd.doors import commands

    commands.plan(folder, as_json=as_json, base=base, ref=ref, staged=staged)


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask; the report will say that the approval came by this flag.")
@click.pass_obj
def approve(folder: str, yes: bool) -> None:
    """Let the pipeline of VERIFY.md run in this repository."""
    from verifyd.doors import commands

    commands.approve(folder, yes=yes)


@cli.command()
@gates_argument
@click.option(
    "--gate", "more_gates", multiple=True, metavar="GATE", help="Run this gate, a manual one too; may be repeated."
)
@click.option("--base", metavar="REF", help="Count the change from REF's merge base instead of VERIFY.md's base.")
@click.option("--tree", "ref", metavar="REF", help="Verify a commit's tree, not the working tree.")
@click.option("--staged", is_flag=True, help="Verify the tree in the index: what a commit would hold.")
@click.option("--fail-fast", is_flag=True, help="End at the first required gate that fails.")
@click.option(
    "--no-reuse", is_flag=True, help="Run every gate, even where an earlier verdict holds for the same inputs."
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Form of the answer.",
)
@click.option("--output", type=click.Path(dir_okay=False), help="Write the answer to a file instead of stdout.")
@click.pass_obj
def run(folder: str, /, gates: tuple[str, ...], more_gates: tuple[str, ...], **options: Any) -> None:
    """
    Verify the tree once: run its gates, write the readiness report and the next task.

    With gate names, only these and what they need are run.
    """
    from verifyd.doors import commands

    commands.run(folder, gates=(*gates, *more_gates), **options)


WAIT_RANGE = click.FloatRange(min=0, max=86_400)


@cli.command()
@click.option("--detach", is_flag=True, help="Start it in the background, and return once it answers.")
@click.option("--plain", is_flag=True, help="Print a line for each transition, and draw nothing.")
@click.option(
    "--idle",
    "idle_hours",
    type=click.FloatRange(min=0, min_open=True, max=100_000),
    metavar="HOURS",
    help="End by itself after so long without an edit or a question.",
)
@click.option(
    "--web",
    "web_port",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(0, 65_535),
    metavar="[PORT]",
    help="Show it in a browser too, on this machine alone, and print the page's address.",
)
@click.option("--automatic", is_flag=True, hidden=True, help="No person starts it: stay down after many crashes.")
@click.pass_obj
def watch(folder: str, /, **options: Any) -> None:
    """
    Verify at every edit, and answer at any moment what is known about the tree as it is: this work tree's daemon.

    There is one daemon a work tree; a second one says so and ends. End it with Ctrl-C or with verifyd stop.
    """
    from verifyd.doors import daemon_commands

    daemon_commands.watch(folder, **options)


@cli.command()
@click.pass_obj
def stop(folder: str) -> None:
    """End this work tree's daemon."""
    from verifyd.doors import daemon_commands

    daemon_commands.stop(folder)


@cli.command()
@click.option("--wait", "wait_s", type=WAIT_RANGE, default=0.0, metavar="SECONDS", help="Wait for the verdict.")
@click.option("--tree", metavar="ID", help="Of a tree by its id, or the beginning of it, instead of the tree as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
@click.pass_obj
def status(folder: str, /, **options: Any) -> None:
    """
    Print the verdict on the tree as it is now, with what is known so far while it is being verified.

    Without a daemon, the newest report about exactly this tree answers, if there is one.
    """
    from verifyd.doors import daemon_commands

    daemon_commands.status(folder, **options)


@cli.command()
@click.option("--wait", "wait_s", type=WAIT_RANGE, default=0.0, metavar="SECONDS", help="Wait for the verdict.")
@click.option("--json", "as_json", is_flag=True, help="Print the task as JSON.")
@click.pass_obj
def task(folder: str, /, **options: Any) -> None:
    """Print the next task; nothing when the tree is ready."""
    from verifyd.doors import daemon_commands

    daemon_commands.task(folder, **options)


@cli.command()
@click.argument("gate", shell_complete=complete_gates)
@click.option("--lines", type=click.IntRange(min=1), metavar="N", help="Only the last N lines.")
@click.option("--follow", is_flag=True, help="Go on printing while the gate runs.")
@click.pass_obj
def log(folder: str, gate: str, lines: int | None, follow: bool) -> None:
    """Print a gate's full output of its latest run."""
    from verifyd.doors import commands

    commands.log(folder, gate, lines=lines, follow=follow)


@cli.command()
@click.argument("gate", required=False, shell_complete=complete_gates)
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
@click.pass_obj
def history(folder: str, gate: str | None, as_json: bool) -> None:
    """Show durations, trend, failure and flake rate of the gates."""
    from verifyd.doors import commands

    commands.history(folder, gate, as_json=as_json)


@cli.command()
@gates_argument
@click.pass_obj
def fix(folder: str, gates: tuple[str, ...]) -> None:
    """Run the declared fixers of all gates, or of these, then verify."""
    from verifyd.doors import commands

    commands.fix(folder, gates=gates)


@cli.command()
@click.option("--base", metavar="REF", help="Count the change from REF's merge base instead of what the host says.")
@click.option(
    "--output-dir",
    default="verifyd-report",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder for all forms of the report, relative to the root.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("log", *FORMATS)),
    default="log",
    show_default=True,
    help="Form of the answer; log is what the host shows best.",
)
@click.option(
    "--accept",
    default="",
    metavar="DIGESTS",
    envvar="VERIFYD_ACCEPT",
    show_envvar=True,
    help="Accept what the report names by these: a weakened pipeline, a change of protected paths.",
)
@click.option("--no-reuse", is_flag=True, help="Run every gate, even where an earlier verdict holds.")
@click.option("--fail-fast", is_flag=True, help="End at the first required gate that fails.")
@click.pass_obj
def ci(folder: str, /, **options: Any) -> None:
    """
    Verify the checkout of a CI job: find host and base, annotate, write all forms of the report.

    The gates are those that the commit declares, with the base's as a floor under them.
    """
    from verifyd.doors import ci as door

    door.ci(folder, **options)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
@click.pass_obj
def doctor(folder: str, as_json: bool) -> None:
    """Examine whether everything is alive: approval, tools, history, views, gates that have not run for days."""
    from verifyd.doors import commands

    commands.doctor(folder, as_json=as_json)


def host_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of installing and taking back; *user* is for agent hosts."""
    user = "Of an agent host: in your own settings instead of the project's."
    return click.option("--yes", is_flag=True, help="Do not ask.")(
        click.option("--user", is_flag=True, help=user)(function)
    )


@cli.command()
@click.argument("target", type=click.Choice(TARGETS))
@host_options
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(min=0, max=3_600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Of an agent host: how long the end of a turn waits for the verdict.",
)
@click.option(
    "--attempts",
    type=click.IntRange(min=1, max=100),
    default=3,
    show_default=True,
    metavar="N",
    help="Of an agent host: how often an agent is given the same task before a person takes over.",
)
@click.pass_obj
def install(folder: str, /, target: str, **options: Any) -> None:
    """
    Install a TARGET for this work tree; shows the change and asks first.

    git has every commit and push verified: the hooks pre-commit, commit-msg and pre-push. Hooks that are there go on being
    run; where a hook runner keeps them, the line to add is printed.

    claude, codex, cursor, gemini, copilot and opencode have that agent host told of the verdict: an agent that stops on a tree
    that is not ready is sent on with the task.

    mcp adds verifyd to the lists of MCP servers that this project's hosts read: an agent can then ask for the verdict itself.

    systemd has the daemon started whenever you log in: a user unit of systemd, on macOS an agent of launchd.
    """
    from verifyd.doors.targets import install_target

    install_target(folder, target, options)


@cli.command()
@click.argument("target", type=click.Choice(TARGETS))
@host_options
@click.pass_obj
def uninstall(folder: str, /, target: str, **options: Any) -> None:
    """Take back what verifyd install TARGET did for this work tree."""
    from verifyd.doors.targets import uninstall_target

    uninstall_target(folder, target, options)


class WrongHookError(click.UsageError):
    """An agent's host takes 2 for an order to go on, and its settings may be of a newer release than this."""

    exit_code = 1


class HookCommand(click.Command):
    """A command whose wrong command line is no order to an agent."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As every command does; WrongHookError for what it does not take."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise WrongHookError(error.format_message(), ctx) from error


@cli.command(cls=HookCommand, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("name", metavar="NAME", type=click.Choice(["pre-commit", "commit-msg", "pre-push", *AGENT_HOSTS]))
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT]...", type=click.UNPROCESSED)
@click.pass_obj
def hook(folder: str, name: str, arguments: tuple[str, ...]) -> None:
    """
    Answer a hook of git or of an agent host; what verifyd install writes, and what a hook runner's configuration calls.

    A commit or push goes on when its tree is ready, and stops with the reason and the way on otherwise. An agent's turn: the
    host's payload comes on stdin, and what it is told goes to stdout.
    """
    if name in AGENT_HOSTS:
        from verifyd.doors.hook import run

        raise click.exceptions.Exit(run(["hook", name, *arguments]))
    from verifyd.app.hook_call import hand_to_script, is_asked_by_script

    if is_asked_by_script(arguments):
        from verifyd.doors.git_hook import run_git_hook

        run_git_hook(folder, name, arguments[1:])
    else:
        hand_to_script(name, arguments)


@cli.command()
@click.option("--start/--no-start", "starts", default=True, help="Start a daemon where none lives.", show_default=True)
@click.pass_obj
def mcp(folder: str, starts: bool) -> None:
    """
    Serve the Model Context Protocol on stdin and stdout: what an agent's host starts, not a person.

    It hands questions on to this work tree's daemon, and changes nothing.
    """
    from verifyd.doors import mcp as door

    door.mcp(folder, starts=starts)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell, to be sourced from its start-up file."""
    from verifyd.doors.completion import completion_script

    click.echo(completion_script(cli, shell))


def run_command_line() -> None:
    """Run ``cli`` and turn every ending into its exit code."""
    from verifyd.doors.endings import end_with_exit_code

    end_with_exit_code(cli)

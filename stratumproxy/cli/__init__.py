"""The command line: one file a command, imported only when that command runs.

``COMMANDS`` lists them; the module of ``check`` is `stratumproxy.cli.check`, which holds a click
command of that name.
"""

import difflib
import importlib

import click
from click.shell_completion import CompletionItem

from stratumproxy import __version__
from stratumproxy.cli.options import examples
from stratumproxy.errors import BenchError, ConfigError, StratumProxyError

COMMANDS = {
    "run": "Serve miners and mine on the pools of a configuration.",
    "check": "Validate a configuration and show what would run.",
    "health": "Ask a running proxy whether it is well.",
    "verify": "Recompute shares from JSON lines, as in a dispute with a pool.",
    "top": "Watch the fleet in a terminal: hashrate, pools, every worker.",
    "audit": "Hold what pools credited against what they should have.",
    "report": "Make a customer's statement: what was mined, credited, and up.",
    "bench": "Measure pools and proxies under load, side by side.",
    "demo": "Watch a simulated pool, the proxy and simulated miners at work.",
    "simulate": "Be a simulated pool, miners, a bad link, or a recording.",
    "conform": "Try a pool, a miner or a proxy against what others expect of it.",
    "schema": "Print the JSON schema of the configuration, or its reference.",
    "example": "Print an example: a configuration, a systemd unit, a dashboard.",
    "completion": "Print the shell completion script.",
    "manual": "Write the manual's pages, for man.",
}
"""Every command, in the order of the help, with its line there."""

HIDDEN = ("serve", "control")
"""Commands that only the program itself runs."""


class Commands(click.Group):
    """A group that imports a command when it is asked for, and reports errors without traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, without importing any."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one that was asked for."""
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        module = importlib.import_module(f"stratumproxy.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the one that was asked for, or say which was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not close:
                raise
            text = f"{error.message} Did you mean {close[0]!r}?"
            raise click.UsageError(text, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands for --help, again without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands and options, again without importing any."""
        commands = [
            CompletionItem(name, help=line)
            for name, line in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what is wrong with its input or surroundings ends as one clear block."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            raise ConfigFailure(str(error)) from None
        except BenchError as error:
            raise NoResult(str(error)) from None
        except StratumProxyError as error:
            raise Failure(str(error)) from None


class Failure(click.ClickException):
    """A StratumProxyError on its way to standard error and the exit status."""

    def format_message(self) -> str:
        """One line, without click's own "Error:" in front."""
        return f"stratumproxy: {self.message}"

    def show(self, file: object = None) -> None:
        """Print it."""
        click.echo(self.format_message(), err=True)


class NoResult(Failure):
    """A BenchError likewise: nothing was measured, which `bench run` tells from a bad result."""

    exit_code = 2


class ConfigFailure(Failure):
    """A ConfigError likewise."""

    exit_code = 2

    def format_message(self) -> str:
        """A block, one problem a line."""
        problems = self.message.splitlines()
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        return "\n  ".join([f"stratumproxy: the configuration can't be used, {count}:", *problems])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "stratumproxy demo",
        "stratumproxy check --config farm.toml",
        "stratumproxy run --config farm.toml",
    ),
)
@click.version_option(__version__, "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """A Stratum V1 mining-pool proxy: many miners, few pool sessions, every share checked.

    `stratumproxy COMMAND --help` says more about a command.
    """


def main() -> None:
    """Entry point of the `stratumproxy` script and of `python -m stratumproxy`."""
    cli(prog_name="stratumproxy")

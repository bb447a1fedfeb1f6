"""``stratumproxy completion``: what makes Tab work."""

import click
from click.shell_completion import get_completion_class

from stratumproxy.cli import cli
from stratumproxy.cli.options import examples


@click.command(
    epilog=examples(
        "stratumproxy completion bash > ~/.local/share/bash-completion/completions/stratumproxy",
        "stratumproxy completion fish > ~/.config/fish/completions/stratumproxy.fish",
        'eval "$(stratumproxy completion zsh)"',
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell completion script."""
    script = get_completion_class(shell)
    assert script is not None  # click knows these three
    click.echo(script(cli, {}, "stratumproxy", "_STRATUMPROXY_COMPLETE").source())

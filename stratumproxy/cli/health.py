"""``stratumproxy health``: for those who watch services, such as a container's health check."""

from pathlib import Path

import click
import trio

from stratumproxy.cli.asking import DEFAULT_URL, configured_api, url_option
from stratumproxy.cli.options import examples
from stratumproxy.errors import first_of
from stratumproxy.top.api import Address, Api, ApiError


@click.command(
    epilog=examples(
        "stratumproxy health --config farm.toml",
        "stratumproxy health --ready --url http://127.0.0.1:8080",
    )
)
@url_option
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The proxy's configuration, for its own machine: its [api] says where the API is.",
)
@click.option(
    "--ready",
    is_flag=True,
    help="Also whether miners are served: each process is heard of, and a pool is ready.",
)
def health(address: Address | None, config: Path | None, ready: bool) -> None:
    """Ask a running proxy whether it is well.

    The exit status is 0 if it is, 1 if it is not, or does not answer within 10 seconds, and 2 if
    the configuration can't be used or has no [api].

    What starts a proxy again that is not well should ask without --ready: while no pool is ready
    miners have nothing to do, but starting again costs all of them their connection and mends
    nothing. --ready is for balancers and for people.
    """
    if address is None and config is not None:
        address, _ = configured_api(config)
    api = Api(address or Address.parse(DEFAULT_URL))
    failure: BaseException | None = None
    try:
        trio.run(api.get, "/ready" if ready else "/health")
    except* ApiError as group:
        failure = first_of(group)
    if failure is not None:
        raise failure
    click.echo("ready" if ready else "ok")

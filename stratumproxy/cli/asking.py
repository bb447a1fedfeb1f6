"""Where a running proxy's API is, for the commands that ask it."""

from pathlib import Path

import click

from stratumproxy.errors import ConfigError
from stratumproxy.top.api import Address

DEFAULT_URL = "http://127.0.0.1:8080"


def _address(ctx: click.Context, param: click.Parameter, url: str | None) -> Address | None:
    try:
        return None if url is None else Address.parse(url)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


url_option = click.option(
    "--url",
    "address",
    metavar="URL",
    callback=_address,
    show_default=DEFAULT_URL,
    help="Where the API is: `listen` of [api] in the proxy's configuration.",
)


def configured_api(path: Path) -> tuple[Address, Path | None]:
    """Where a configuration has the API, and the file of its token if this user may read it.

    Raises:
        ConfigError: there is no API, or nobody knows where.
    """
    from stratumproxy.config import read
    from stratumproxy.config.address import parse_listen

    document = read(path)
    host, port = parse_listen(document.value("api", "listen") or ":0")
    if not port:
        document.config()  # it may be that it is there, and wrong
        raise ConfigError([f"{path}: api.listen: names no port; give --url, or name one there"])
    host = "localhost" if host in (None, "0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    token_file = document.value("api", "token_file")
    return Address.parse(f"http://{host}:{port}"), Path(token_file) if token_file else None

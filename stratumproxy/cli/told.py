"""A configuration as the supervisor hands it to the processes that it starts."""

from pydantic import ValidationError

from stratumproxy.config import Config
from stratumproxy.errors import ConfigError


def read_told(line: bytes) -> Config:
    """The configuration on a line of standard input.

    Raises:
        ConfigError: it can't be used any more, though it could when the supervisor read it: a file
            that it names is not what it was.
    """
    try:
        return Config.model_validate_json(line)
    except ValidationError as error:
        raise ConfigError(
            [
                f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}"
                for each in error.errors()
            ]
        ) from None

"""Configuration: the models (what can be set), loading them from TOML, and their reference.

The names in `models` and `endpoints` are the contract with every configuration file out there.
Everything an operator reads about a setting (an error, the JSON schema, docs/configuration.md) is
made from the models, so none of it can drift from what the program does.
"""

from stratumproxy.config.difficulty import Difficulty
from stratumproxy.config.endpoints import Listen, Pool
from stratumproxy.config.limits import Limits
from stratumproxy.config.load import load, loads, read
from stratumproxy.config.models import Config, Failover, Jobs, Log

__all__ = [
    "Config",
    "Difficulty",
    "Failover",
    "Jobs",
    "Limits",
    "Listen",
    "Log",
    "Pool",
    "load",
    "loads",
    "read",
]

"""A customer's statement: what was mined, credited and up, by day, machine or group of them."""

from stratumproxy.statement.make import Asked, tell
from stratumproxy.statement.period import Period, StatementError, parse_zone
from stratumproxy.statement.statement import BY, Statement
from stratumproxy.statement.windows import Window

__all__ = ["BY", "Asked", "Period", "Statement", "StatementError", "Window", "parse_zone", "tell"]

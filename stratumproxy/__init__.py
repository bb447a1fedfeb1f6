"""A Stratum V1 mining-pool proxy: thousands of miners on few pool sessions, every share checked."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stratumproxy")
except PackageNotFoundError:  # a bare checkout, not installed
    __version__ = "0+unknown"

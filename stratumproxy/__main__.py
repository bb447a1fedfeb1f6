"""`python -m stratumproxy` is the `stratumproxy` command."""

from stratumproxy.cli import main

if __name__ == "__main__":
    main()

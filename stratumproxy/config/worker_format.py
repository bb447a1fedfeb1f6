"""How a worker is called at a pool: the parts that such a name can be put together from."""

from string import Formatter

PARTS = ("account", "worker", "ip", "listen")
"""What may stand in braces."""


def check_format(text: str) -> None:
    """See that a format can be filled in, and that names made by it differ.

    Args:
        text: such as ``{account}.{worker}``.

    Raises:
        ValueError: it can't; the text says what is wrong with it.
    """
    known = ", ".join(f"{{{part}}}" for part in PARTS)
    try:
        fields = [each[1:] for each in Formatter().parse(text) if each[1] is not None]
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; expected such as {{account}}.{{worker}}") from None
    for name, spec, conversion in fields:
        if name not in PARTS or spec or conversion:
            raise ValueError(f"{text!r} has a part {{{name}}} that is not known; known: {known}")
    if not any(name != "account" for name, *_ in fields):
        raise ValueError(f"{text!r} calls all workers the same; expected {{worker}} or {{ip}}")

"""The manual's pages, from what commands and configuration say about themselves."""

import inspect
import re
from collections.abc import Iterator

import click

from stratumproxy import __version__
from stratumproxy.cli import roff
from stratumproxy.config.reference import markdown

PROGRAM = "stratumproxy"
SOURCE = f"{PROGRAM} {__version__}"
CONFIGURATION = f"{PROGRAM}.toml"


def pages(program: click.Command, date: str) -> dict[str, str]:
    """Every page of the manual.

    Args:
        program: the whole command line.
        date: when they were written, as 2026-11-29.

    Returns:
        roff by its path below a folder such as /usr/share/man.
    """
    written = {f"man5/{CONFIGURATION}.5": _configuration_page(date)}
    whole = click.Context(program, info_name=PROGRAM, **program.context_settings)
    for context in _commands(whole):
        written[f"man1/{_name(context)}.1"] = _command_page(context, date)
    return written


def _commands(context: click.Context) -> Iterator[click.Context]:
    """A command, and all that it has below it."""
    yield context
    for below in _below(context):
        yield from _commands(below)


def _below(context: click.Context) -> list[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = ((name, group.get_command(context, name)) for name in group.list_commands(context))
    return [
        click.Context(command, info_name=name, parent=context)
        for name, command in found
        if command is not None and not command.hidden
    ]


def _command_page(context: click.Context, date: str) -> str:
    command = context.command
    synopsis = " ".join(command.collect_usage_pieces(context))
    parts = [
        roff.title(_name(context), 1, date, SOURCE),
        roff.heading("NAME"),
        _about(_name(context), _does(command)),
        roff.heading("SYNOPSIS"),
        f"{roff.bold(context.command_path)} {roff.usage(synopsis)}",
        roff.heading("DESCRIPTION"),
        *_paragraphs(command.help),
        roff.heading("OPTIONS"),
    ]
    for parameter in command.get_params(context):
        told = parameter.get_help_record(context)
        if told and told[1]:
            parts.append(roff.entry(roff.usage(told[0]), told[1]))
    below = _below(context)
    if below:
        parts.append(roff.heading("COMMANDS"))
        parts += [roff.entry(_reference(each), _does(each.command)) for each in below]
    parts += _paragraphs(command.epilog)
    parent = [context.parent] if context.parent else []
    others = [_reference(other) for other in (*parent, *below)]
    parts += [roff.heading("SEE ALSO"), ",\n".join([*others, f"{roff.bold(CONFIGURATION)}(5)"])]
    return roff.page(parts)


def _configuration_page(date: str) -> str:
    preface, _, tables = markdown().partition("\n## ")
    return roff.page(
        [
            roff.title(CONFIGURATION, 5, date, SOURCE),
            roff.heading("NAME"),
            _about(CONFIGURATION, "The configuration of stratumproxy."),
            roff.heading("DESCRIPTION"),
            *roff.from_markdown(preface),
            *roff.from_markdown(f"## {tables}"),
            roff.heading("FILES"),
            roff.entry(
                roff.bold(f"/etc/stratumproxy/{CONFIGURATION}"),
                "What the service of a package, and the container, are started with.",
            ),
            roff.heading("SEE ALSO"),
            f"{roff.bold('stratumproxy-check')}(1),\n{roff.bold('stratumproxy-run')}(1)",
        ]
    )


def _paragraphs(text: str | None) -> list[str]:
    """Help or epilog: paragraphs, and sections of lines that stay as they are."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text or "").strip()):
        if paragraph.startswith("\b\n"):
            name, _, lines = paragraph.removeprefix("\b\n").partition(":\n")
            parts += [roff.heading(name.upper()), roff.example(inspect.cleandoc(lines))]
        elif paragraph:
            parts.append(roff.prose(paragraph))
    return parts


def _about(name: str, does: str) -> str:
    """The line that `man -k` searches: in lower case, without a full stop, nothing set in bold."""
    does = does[:1].lower() + does[1:].removesuffix(".").replace("`", "")
    return rf"{roff.plain(name)} \- {roff.plain(does)}"


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _reference(context: click.Context) -> str:
    return f"{roff.bold(_name(context))}(1)"


def _does(command: click.Command) -> str:
    """What it does: the first sentence of its help."""
    return command.get_short_help_str(limit=1000)

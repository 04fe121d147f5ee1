"""The command line: one module per command, imported when it is called."""

from __future__ import annotations

import gc
import importlib
import io
import sys

import click

from composeharden import __version__
from composeharden.cli.trouble import guarded

_COMMANDS = ("check", "completion", "config", "diff", "explain", "fix", "images", "init", "learn", "verify")


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"composeharden.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="composeharden")
def cli() -> None:
    """Harden Docker Compose stacks: the hardened stack still runs, and nothing else in the file moves.

    \b
    composeharden diff              what would change, and why; writes nothing
    composeharden fix compose.yaml  patch in place, and say how to undo it
    composeharden check -r .        findings only, for CI
    composeharden config --origins  the stack that Compose would run, and where each value is written
    composeharden explain cap-drop  what a pass does, and why
    composeharden explain redis:8   what an image needs, with evidence
    composeharden images            the images that facts are known of
    composeharden learn myorg/app   run an image, and write down what it needs
    composeharden init              a configuration that accepts what is there today
    composeharden verify            run it as it is and hardened, and compare
    """


def main() -> None:
    """Run the command line; the process ends with the exit code that the README lists."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name or text that the terminal cannot show is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    gc.set_threshold(50_000)  # a run is short and makes few cycles: looking for them costs a tenth of its time
    guarded(lambda: cli(prog_name="composeharden"))

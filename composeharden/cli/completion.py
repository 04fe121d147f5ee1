"""`composeharden completion`: shell completion scripts."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    \b
    bash:  composeharden completion bash > ~/.local/share/bash-completion/completions/composeharden
    zsh:   composeharden completion zsh > ~/.zfunc/_composeharden
    fish:  composeharden completion fish > ~/.config/fish/completions/composeharden.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(context.find_root().command, {}, "composeharden", "_COMPOSEHARDEN_COMPLETE").source())

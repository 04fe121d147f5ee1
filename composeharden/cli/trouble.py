"""The last line of defence: whatever goes wrong, a person gets one clear sentence and no value of their files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def guarded(run: Callable[[], object]) -> None:
    """Call `run`; turn a crash into a message with the place in our code, and nothing of the data, and exit 2."""
    try:
        run()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:  # a bug: its text could hold a value of the file, so only its kind and place are shown
        sys.stderr.write(f"composeharden: {in_words(error)}\n")
        sys.exit(2)


def in_words(error: Exception) -> str:
    """A bug as a sentence: its kind and the place in our code, never its own text."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    return (
        f"internal error ({type(error).__name__} at {place}); nothing was written. "
        "Please report it with the smallest file that shows it."
    )


@contextmanager
def facts_or_exit() -> Iterator[None]:
    """Show image facts that cannot be used as problems, and exit 2."""
    from composeharden.images.catalog import FactsError
    from composeharden.redaction import Redactor
    from composeharden.report.style import Style
    from composeharden.report.text import problem_lines

    try:
        yield
    except FactsError as error:
        sys.stderr.write("\n".join(problem_lines(error.problems, Redactor(), Style())) + "\n")
        sys.exit(2)

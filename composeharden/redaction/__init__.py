"""Keeps secrets, and characters that act on a terminal or a log, out of everything the program prints.

Secrets are known twice: by the place where they stand in a file (`mask`, for diffs), and by their value in any form
(`clean`, for everything). No renderer prints a string of a file, a name or an error that did not pass a `Redactor`.
"""

from composeharden.redaction.gate import MASK, Redactor
from composeharden.redaction.spans import secret_spans

__all__ = ["MASK", "Redactor", "secret_spans"]

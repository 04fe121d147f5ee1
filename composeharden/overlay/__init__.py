"""An overlay: an override file of our own that holds the changes, so that every other file stays as it is.

Compose merges it last, and the stack is then exactly what the fix in place would have made of it. Where the text of
the stack's own files cannot be edited safely an overlay still can be written: only the effective model counts.
"""

from composeharden.overlay.stack import Stack

__all__ = ["Stack"]

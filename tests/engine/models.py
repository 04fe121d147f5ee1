"""Writing a compose model as a file that looks like one a person wrote."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML


def block_yaml(model: dict[str, Any]) -> str:
    """The model as block-style YAML, in the order of its keys."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    writer.dump(model, text)
    return text.getvalue()

"""Writes the names of all passes into the schema of the configuration: `python -m tests.config_schema`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from composeharden.passes import all_passes

SCHEMA = Path(__file__).parent.parent / "schemas" / "config.schema.json"


def renewed(text: str) -> str:
    """The text of the schema with the passes of today, each with its first sentence for the editor to show."""
    rows = [
        f"        {json.dumps({'const': item.name, 'description': item.doc.splitlines()[0]}, ensure_ascii=False)}"
        for item in all_passes().values()
    ]
    listed = ",\n".join(rows)
    own = f'    "pass": {{\n      "description": "The name of a pass.",\n      "oneOf": [\n{listed}\n      ]\n    }}\n'
    return re.sub(r'^    "pass": \{.*', lambda match: own + "  }\n}\n", text, flags=re.M | re.S)


if __name__ == "__main__":
    SCHEMA.write_text(renewed(SCHEMA.read_text("utf-8")), "utf-8")

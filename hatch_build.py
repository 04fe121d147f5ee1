"""Build hook: puts the official Compose Spec JSON Schema beside the code that reads it.

The schema comes from the pinned check-jsonschema package, which vendors it, so a build needs no network beyond its own
requirements and two builds give the same file. Annotations are left out: validation does not look at them, and without
them the file is less than half as large, which every start of the command line saves.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGET = "composeharden/compose/data/compose-spec.json"
VENDORED = "builtin_schemas/vendor/compose-spec.json"
NOTICE = (
    "From the Compose Specification (https://github.com/compose-spec/compose-spec, Apache-2.0), "
    "changed: annotations removed."
)

# JSON Schema draft 2020-12, section 9 of the validation vocabulary: these never fail an instance.
ANNOTATIONS = frozenset(("title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples"))
# Below these the keys are names that the schema's author chose, such as a property called "description".
NAMED = frozenset(("properties", "patternProperties", "dependentSchemas", "$defs"))
# Below these stand values to compare with, not schemas.
LITERAL = frozenset(("enum", "const"))


def without_annotations(schema: Any) -> Any:
    """The same schema less the keywords that only describe."""
    if isinstance(schema, list):
        return [without_annotations(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for keyword, value in schema.items():
        if keyword in NAMED:
            kept[keyword] = {name: without_annotations(child) for name, child in value.items()}
        elif keyword not in ANNOTATIONS:
            kept[keyword] = value if keyword in LITERAL else without_annotations(value)
    return kept


def vendored_schema() -> Any:
    """The schema as check-jsonschema ships it, found without importing that package."""
    spec = importlib.util.find_spec("check_jsonschema")
    if spec is None or spec.origin is None:
        raise RuntimeError("check-jsonschema is not installed; it is a build requirement in pyproject.toml")
    return json.loads((Path(spec.origin).parent / VENDORED).read_text(encoding="utf-8"))


def shipped_text() -> str:
    """The exact text of the file that goes into the package."""
    return json.dumps({"$comment": NOTICE, **without_annotations(vendored_schema())}, separators=(",", ":")) + "\n"


class ComposeSpecHook(BuildHookInterface[Any]):
    """Writes the schema before any kind of build: wheel, sdist or editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file unless it already says the same."""
        target = Path(self.root, TARGET)
        text = shipped_text()
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

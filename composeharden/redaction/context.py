"""What the place of a key in a Compose file says about the names below it."""

from __future__ import annotations

from composeharden.redaction.names import is_credential
from composeharden.yaml.nodes import Mapping, Node

_FREE = frozenset((
    "environment", "args", "labels", "annotations", "options", "driver_opts", "driver_config", "sysctls",
    "storage_opt", "runtime_flags",
))  # fmt: skip
"""Keys below which names are the user's own, so that a whole collection can be a credential."""
_OF_COMPOSE = frozenset((
    "image", "build", "environment", "deploy", "healthcheck", "restart", "networks", "volumes", "ports", "command",
    "entrypoint", "depends_on", "driver", "external", "condition", "source",
))  # fmt: skip
_NAMES_ONLY = frozenset(("secrets", "credential_spec", "configs"))
SPLIT_AT_COLONS = frozenset(("devices", "volumes", "tmpfs"))
"""Keys whose short entries Compose cuts at their colons, wherever in an entry a secret stands."""
_NO_VALUES = frozenset(("extra_hosts", "depends_on", "networks"))


def holds_free_names(key: str) -> bool:
    """True when the names below a key are the user's own."""
    return key in _FREE or key.startswith("x-")


def is_secret_collection(name: str, node: Node | None) -> bool:
    """True when everything below a key of the user's own is secret, unless it looks like a part of a service."""
    if name in _NAMES_ONLY or not is_credential(name):
        return False
    return not isinstance(node, Mapping) or _OF_COMPOSE.isdisjoint(node.index)


def name_for_value(parent: str, name: str) -> str:
    """The name to judge a value by: below `secrets` there are only mappings, so that a plain value is a mistake."""
    if parent in _NO_VALUES or parent == "credential_spec":
        return ""
    return "secret" if parent == "secrets" else name

"""Which names say that their value is a credential, and which values under such a name are harmless.

Generous on purpose: a masked value that was no secret costs a glance, a printed secret costs a rotation.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

_ANYWHERE = (
    "pass", "pwd", "secret", "token", "cred", "kennwort", "contrase", "senha", "salt", "dsn", "cookie", "bearer",
    "hmac", "jwt", "mnemonic", "webhook", "license", "licence", "signing", "encryption", "authoriz",
    "connectionstring", "connstring", "connectionurl", "connectionuri", "connstr", "privkey", "privatekey",
    "accesskey", "apikey", "masterkey", "keybase", "vapid", "passphrase", "htdigest", "sharedkey", "unseal",
)  # fmt: skip
"""Looked for in the name in lower case without its separators."""
_AS_A_WORD = frozenset(("pin", "psk", "otp", "totp", "hash", "hashes", "sig", "signature", "nonce", "pat", "pw", "sas"))
_AT_THE_END = ("key", "keys", "seed", "pw")
_AFTER_KEY = frozenset((
    "", "v", "base", "b", "hex", "value", "data", "pem", "json", "id", "old", "new", "current", "previous",
    "primary", "secondary", "prod", "dev", "test", "raw",
))  # fmt: skip
"""Words that leave a name ending in `key` what it is; digits are cut off first."""
_NOT_AUTH = ("forwardauth", "author", "authentik", "authelia")
"""Names that contain `auth` and hold no credential by that alone. `authoriz` was looked for before."""
_NOT_KEYS = ("keyboard", "keycloak", "keyspace")
"""Names that contain `key` and say nothing by that: what else is in the name decides."""
_PUBLIC = ("publickey", "pubkey")
_NEVER_PUBLIC = ("secret", "priv", "pass", "pwd", "token", "cred")
"""Words that make a secret of what has to do with a public key, such as the password of a keystore."""

_CHOICE_ENDS = (
    "method", "mode", "type", "plugin", "policy", "algorithm", "alg", "provider", "backend", "driver", "enabled",
    "disabled", "required", "name", "user", "realm", "header", "issuer", "scope",
)  # fmt: skip
_MEASURE_ENDS = (
    "ttl", "expiry", "expires", "expiration", "expire", "lifetime", "timeout", "length", "minlength", "maxlength",
    "size", "duration", "age", "maxage", "interval", "cost", "rounds", "days", "hours", "minutes", "seconds",
    "expiresin", "expirationtime", "count", "limit", "attempts", "port", "tokens", "factor",
)  # fmt: skip
_ADDRESS_ENDS = (
    "url", "uri", "host", "hostname", "hosts", "endpoint", "realm", "issuer", "domain", "address", "addr", "server",
)  # fmt: skip
_FILE_ENDS = ("file", "path", "dir", "directory", "location", "files")
_SWITCHES = frozenset((
    "true", "false", "yes", "no", "on", "off", "null", "~", "none", "required", "optional", "requested", "enabled",
    "disabled", "always", "never", "auto",
))  # fmt: skip


@lru_cache(maxsize=8192)
def is_credential(name: str) -> bool:
    """True when a value under `name` (a variable, key, label, flag or query parameter) is to be kept secret."""
    if len(name) > 512:
        return True
    lowered = name.lower()
    flat = "".join(char for char in lowered if char.isalnum())
    for word in _NOT_KEYS:
        flat = flat.replace(word, "")
    if any(word in flat for word in _ANYWHERE):
        return not any(word in flat for word in _PUBLIC) or any(word in flat for word in _NEVER_PUBLIC)
    for word in _NOT_AUTH:
        flat = flat.replace(word, "")
    if "auth" in flat:
        return True
    if any(word in flat for word in _PUBLIC):
        return False
    return flat.endswith(_AT_THE_END) or _is_key_or_word(name)


@lru_cache(maxsize=8192)
def holds_logins(name: str) -> bool:
    """True when values under `name` may be `user:password` or lists of it, as under `SFTP_USERS`."""
    if name == "user" or len(name) > 256:
        return False
    flat = "".join(char for char in name.lower() if char.isalnum())
    return flat.endswith(("users", "user", "login", "logins", "account", "accounts", "admin"))


def is_harmless(name: str, value: str) -> bool:
    """True for a value that is no secret even under a credential's name.

    A switch, a path to a file with the secret, a choice such as `trust` under `..._METHOD`, a time under `..._TTL`.
    """
    if not value or value.lower() in _SWITCHES:
        return True
    if _pattern("mounted").fullmatch(value) or _pattern("key file").fullmatch(value):
        return True
    flat = "".join(char for char in name.lower() if char.isalnum())
    if flat.endswith(_FILE_ENDS):
        return _pattern("path").match(value) is not None
    if flat.endswith(_ADDRESS_ENDS):
        found = _pattern("address").fullmatch(value)
        return found is not None and not (found["path"] and "webhook" in flat)
    if flat.endswith(_CHOICE_ENDS):
        return _pattern("choice").fullmatch(value) is not None
    return flat.endswith(_MEASURE_ENDS) and _pattern("measure").fullmatch(value) is not None


def _is_key_or_word(name: str) -> bool:
    words = [word.rstrip("0123456789").lower() for word in _pattern("break").split(name)]
    if not _AS_A_WORD.isdisjoint(words):
        return True
    return "key" in words and _AFTER_KEY.issuperset(words[words.index("key") + 1 :])


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """Compiled on first use: most runs need only some, and compiling costs more than searching."""
    return re.compile(_PATTERNS[name])


_PATTERNS = {
    "mounted": r"(?:file://)?/run/secrets/[\w./-]{1,256}",
    "key file": r"(?:\.{0,2}/[\w.-]{1,255}){1,32}\.(?:pem|key|crt|cer|p12|pfx|jks|json|txt|ya?ml|env)",
    "path": r"(?:file:)?(?:/|\./|\.\./|~/|[A-Za-z]:[\\/])",
    "address": r"(?:[a-z][a-z0-9+.-]{1,12}://)?(?:[\w.,-]|\$\{\w{1,64}\}){1,255}(?::(?:[0-9]{1,5}|\$\{\w{1,64}\}))?"
    r"(?P<path>(?:/[A-Za-z._-]{1,24}\d{0,2}){1,12})?/?",
    "choice": r"[a-z][a-z0-9_-]{1,31}",
    "measure": r"[0-9]{1,12}(?:\.[0-9]{1,6})?[a-zA-Z]{0,7}",
    "break": r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])",
}

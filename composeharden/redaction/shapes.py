"""What credentials look like wherever they stand: known token formats, password hashes, keys, long random strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from composeharden.redaction.references import Span

_KNOWN: tuple[tuple[str, str], ...] = (
    ("AKIA ASIA ABIA ACCA", r"A(?:KI|SI|BI|CC)A[A-Z0-9]{16}"),  # AWS
    ("gho_ ghp_ ghs_ ghu_ ghr_", r"gh[opsru]_[A-Za-z0-9]{20,255}"),
    ("github_pat_", r"github_pat_\w{20,255}"),
    ("gl", r"gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[\w-]{16,255}"),
    ("xox xapp-", r"x(?:ox[a-z]|app)-[\w-]{8,255}"),  # Slack
    ("hooks.slack.com/ /api/webhooks/", r"(?:hooks\.slack\.com|/api/webhooks)/[\w/-]{8,255}"),
    ("eyJ", r"eyJ[\w-]{8,8192}(?:\.[\w-]{0,65536}){0,4}"),  # JWT, JWE
    ("sk-", r"\bsk-[\w-]{12,255}"),
    ("_live_ _test_ whsec_", r"(?:[prsw]k_(?:live|test)_|whsec_)[\w+/=-]{8,255}"),  # Stripe
    ("npm_", r"npm_[A-Za-z0-9]{20,255}"),
    ("pypi-", r"pypi-[\w-]{16,1024}"),
    ("_v1_", r"do[opr]_v1_[a-f0-9]{16,255}"),  # DigitalOcean
    ("dckr_", r"dckr_[a-z]{2,5}_[\w-]{8,255}"),
    ("hvs. hvb. hvr.", r"hv[bsr]\.[\w-]{16,1024}"),  # Vault
    ("AIza", r"AIza[\w-]{30,64}"),
    ("ya29.", r"ya29\.[\w-]{10,1024}"),
    ("GOCSPX-", r"GOCSPX-[\w-]{16,64}"),
    ("SG.", r"SG\.[\w-]{8,64}\.[\w-]{8,128}"),  # SendGrid
    ("hf_", r"\bhf_[A-Za-z0-9]{20,128}"),
    ("tskey-", r"tskey-[\w-]{8,255}"),
    ("nvapi-", r"nvapi-[\w-]{16,255}"),
    ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{20,128}"),
    (":AA", r"[0-9]{8,10}:AA[\w-]{30,64}"),  # Telegram
    ("dapi", r"\bdapi[a-f0-9]{32}"),
    ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),  # Shopify
    ("ATATT", r"ATATT[\w=-]{16,512}"),  # Atlassian
    ("lin_api_", r"lin_api_\w{16,128}"),
    ("PMAK-", r"PMAK-[\w-]{16,128}"),
    ("sq0", r"sq0[a-z]{3}-[\w-]{16,128}"),
    (
        "$",
        r"\$\$?(?:apr1|1|2[abxy]?|5|6|7|y|gy|argon2[a-z]{0,2}|scrypt|pbkdf2[\w-]{0,16}|shiro1|sha1|bcrypt[\w-]{0,8})"
        r"\$[\w./$+=,-]{6,1024}",
    ),  # crypt(5) and its kin
    ("{", r"\{(?:S?SHA|SSHA\d{3}|CRYPT|S?MD5)\}[\w./$+=-]{6,512}"),
    ("SCRAM-SHA-", r"SCRAM-SHA-\d{1,3}\$[\w:$+/=]{16,512}"),
    ("pbkdf2:", r"pbkdf2:sha\d{1,3}:[\w:$+/=.]{8,512}"),
)
"""What every token of a kind contains, and its whole form. The first is searched for first, being much cheaper."""


def shapes(text: str) -> Iterator[Span]:
    """Spans of `text` that look like a credential by themselves. Digests (`sha256:...`) do not count."""
    for needles, pattern in _KNOWN:
        if any(needle in text for needle in needles.split()):
            yield from (match.span() for match in _compiled(pattern).finditer(text))
    for match in _compiled(r"[A-Za-z0-9+/_-]{32,}+={0,2}").finditer(text):
        if _is_dense(match[0]) and not _is_digest(text, match.start()) and not _is_name(text, match.end()):
            yield match.span()


def private_keys(text: str) -> Iterator[Span]:
    """Spans of the lines of every PEM or PGP private key, header and footer left out."""
    begin = text.find("-----BEGIN ")
    while begin != -1:
        body = text.find("-----", begin + 11)
        if body == -1:
            return
        if "PRIVATE" in text[begin:body][:80]:
            end = text.find("-----END ", body)
            if end == -1:
                end = text.find("\n\n", body)
            body, start = len(text) if end == -1 else end, body + 5
            yield start, body
        begin = text.find("-----BEGIN ", body)


def _is_dense(run: str) -> bool:
    """Hexadecimal digits only, or a mix of cases and digits that no name or path has."""
    body = run.rstrip("=")
    longest = max(body.replace("_", "/").replace("-", "/").split("/"), key=len)
    if len(longest) < 16:
        return False
    if all(char in "0123456789abcdefABCDEF" for char in body):
        return any(char.isdigit() for char in body) and not body.isdigit()
    return (
        any(char.isdigit() for char in longest)
        and any(char.isupper() for char in longest)
        and any(char.islower() for char in longest)
    )


def _is_name(text: str, end: int) -> bool:
    """`SOME_LONG_NAME=value`."""
    return text[end - 1] == "=" and not (text[end : end + 1] or " ").isspace() and text[end] not in "\"',;)]}"


def _is_digest(text: str, start: int) -> bool:
    before = text[max(0, start - 10) : start].lower()
    return before.endswith(("sha256:", "sha512:", "sha1:", "sha384:", "#", "sha256-", "sha512-", "sha384-"))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)

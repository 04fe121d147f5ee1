"""Report images with a version but without a digest: the registry can still put another image under the tag.

`name:version@sha256:...` is the same image everywhere and for ever, and proves that nobody exchanged it. Let an update
bot move both, or security updates will not come by themselves any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.images.reference import parse
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.INFO
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 4.2", "CIS Docker 4.5", "OWASP Docker #13", "NIST SP 800-190 4.1.5")

REPORTED = ("services:\n  web:\n    image: nginx:1.28\n",)
UNCHANGED = (
    "services:\n  web:\n    image: "
    "nginx:1.28@sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "services:\n  web:\n    build: .\n    image: example/web:1\n",
    "services:\n  web:\n    image: nginx\n",
    "services:\n  web:\n    image: ${IMAGE}\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report a tagged image that is neither built here nor pinned."""
    service = posture.service
    if not service.image or "build" in service or service.unset("image"):
        return
    reference = parse(service.image)
    if not reference.digest and not reference.floats:
        yield Proposal(
            message="its image is not pinned to a digest",
            key="image",
            advice="append the digest that runs now (docker image inspect shows it) and let an update bot keep it",
        )

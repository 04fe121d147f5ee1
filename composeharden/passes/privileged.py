"""Report services that run privileged: root in such a container is root on the host.

`privileged: true` gives every capability and every device, and takes seccomp, AppArmor and SELinux away. Anything else
that hardens the service is void beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.CRITICAL
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.5", "OWASP Docker #3", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    privileged: true\n",
    "services:\n  app:\n    image: example/app:1\n    privileged: 'yes'\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    privileged: false\n",
    "services:\n  app:\n    image: example/app:1\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Report the key where it is true."""
    if posture.service.flag("privileged"):
        yield Proposal(
            message="it runs privileged, so whoever controls it controls the host",
            key="privileged",
            advice="remove privileged, start it, and give back only what fails: single capabilities with cap_add and "
            "single devices with devices",
        )

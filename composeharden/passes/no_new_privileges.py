"""Stop a process from gaining privileges through setuid programs or file capabilities.

With `no-new-privileges` an execve can never add privileges, so a setuid program left in an image is no way to root any
more. Programs that root itself starts to step down (gosu, su-exec, setpriv) keep working. What breaks is sudo, su and
other setuid programs run by a user that is not root. In a service that is not root, whoever enters as root, with
`docker exec --user root` or a hook, has no capabilities either.

This is the one change made by default on images that nothing is known of, unless the service shows a need;
`--strict-evidence` holds it back there too.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.outcome import Effect, Severity
from composeharden.passes import Case, Proposal
from composeharden.posture import Posture, has_no_new_privileges
from composeharden.yaml.change import Append, Set

SEVERITY = Severity.MEDIUM
EFFECT = Effect.NONE
REFERENCES = ("CIS Docker 5.26", "OWASP Docker #4", "https://docs.kernel.org/userspace-api/no_new_privs.html")

EXAMPLE = Case(
    before="services:\n  web:\n    image: nginx:1.28\n",
    after="services:\n  web:\n    image: nginx:1.28\n    security_opt:\n      - no-new-privileges:true\n",
)
UNCHANGED = (
    "services:\n  web:\n    image: nginx:1.28\n    security_opt: [no-new-privileges]\n",
    "services:\n  web:\n    image: nginx:1.28\n    security_opt:\n      - no-new-privileges=true\n",
    "services:\n  dev:\n    image: example/dev\n    command: sudo start\n"
    "    security_opt: ['no-new-privileges:true']\n",
)


def check(posture: Posture) -> Iterable[Proposal]:
    """Propose the option wherever it is missing."""
    service = posture.service
    options = service.strings("security_opt")
    if has_no_new_privileges(options):
        return
    explicit = [option for option in options if option.replace("=", ":").startswith("no-new-privileges")]
    path = (0, "services", service.name, "security_opt")
    item = "no-new-privileges:true"
    yield Proposal(
        message="a process can gain privileges through setuid programs",
        key="security_opt",
        changes=(Append(path, (item,)) if isinstance(service.raw.get("security_opt"), list) else Set(path, [item]),),
        confidence=posture.confidence("no-new-privileges", posture.privileges_confidence),
        held="it is switched off on purpose: no-new-privileges:false" if explicit else "",
        evidence=posture.evidence.get("no-new-privileges", ()),
    )

"""Report services that switch off what the kernel holds a container with: seccomp, AppArmor, SELinux, masked paths.

The default seccomp profile blocks some 40 system calls that break-outs were built on, AppArmor and SELinux keep the
container from the host's files and kernel settings. `unconfined` or `label:disable` takes one of them away for
everything the service does, usually because a single call was refused once.
"""

from __future__ import annotations

from collections.abc import Iterable

from composeharden.compose.entries import entries
from composeharden.compose.values import as_text
from composeharden.outcome import Effect, Severity
from composeharden.passes import Proposal
from composeharden.posture import Posture

SEVERITY = Severity.HIGH
EFFECT = Effect.NONE
REFERENCES = ("OWASP Docker #6", "NIST SP 800-190 4.4.3")

REPORTED = (
    "services:\n  app:\n    image: example/app:1\n    security_opt: ['seccomp:unconfined']\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt:\n      - apparmor=unconfined\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt: ['label:disable']\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt: [systempaths=unconfined]\n",
)
UNCHANGED = (
    "services:\n  app:\n    image: example/app:1\n    security_opt: ['no-new-privileges:true']\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt: ['seccomp:./profile.json']\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt: ['apparmor:docker-default', 'label:type:web_t']\n",
    "services:\n  app:\n    image: example/app:1\n    security_opt: [seccomp=builtin]\n",
)

_OPTIONS = {
    "seccomp:unconfined": (
        "it may make every system call",
        Severity.HIGH,
        "CIS Docker 5.22",
        "remove it; if a call is refused, use a profile that allows that call",
    ),
    "apparmor:unconfined": (
        "AppArmor does not confine it",
        Severity.HIGH,
        "CIS Docker 5.2",
        "remove it; if something is refused, load a profile that allows it and name that",
    ),
    "label:disable": (
        "SELinux does not confine it",
        Severity.MEDIUM,
        "CIS Docker 5.3",
        "remove it; to share a folder with the host, mark its mount with z or Z",
    ),
    "label:type:spc_t": (
        "SELinux treats it as a privileged container",
        Severity.HIGH,
        "CIS Docker 5.3",
        "remove it, or use a type of its own",
    ),
    "systempaths:unconfined": (
        "it can read and change kernel settings under /proc and /sys that are hidden otherwise",
        Severity.HIGH,
        "CIS Docker 5.6",
        "remove it",
    ),
}


def check(posture: Posture) -> Iterable[Proposal]:
    """Report each option that unconfines."""
    for entry in entries(posture.service, "security_opt"):
        found = _OPTIONS.get(as_text(entry.value).strip().replace("=", ":", 1).lower())
        if found is not None:
            message, severity, reference, advice = found
            yield Proposal(
                message=message,
                key="security_opt",
                item=entry.item,
                severity=severity,
                references=(reference,),
                advice=advice,
            )

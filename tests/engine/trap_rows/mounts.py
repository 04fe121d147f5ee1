"""What a tmpfs is not: of the right owner, executable, free of charge, or see-through."""

from __future__ import annotations

from tests.engine.probes import runs, serves
from tests.engine.traps import SETTINGS, Naive, Trap, all_of

from .settings import AT_ONCE, BASE, NGINX_TMPFS, facts, read_only, writable

_ON_VOLUME = runs("sh", "-ec", 'test "$(stat --file-system --format %T /var/cache/nginx)" != tmpfs')

TRAPS = (
    Trap(
        name="owner",
        image="nginx:1.22",
        keys={"user": "101:101"},
        lives=serves(80),
        naive={"of-root": Naive(read_only(*NGINX_TMPFS), r"Permission denied")},
    ),
    Trap(
        name="noexec",
        image=BASE,
        files=facts(writable("/tmp", 'size = "16m"', "exec = true")),
        keys={
            "command": ["sh", "-ec", "cp /bin/true /tmp/helper; /tmp/helper; exec sleep infinity"],
            **AT_ONCE,
        },
        lives=runs("true"),
        options=("--assume",),
        naive={"no-exec": Naive(read_only("/tmp"), r"/tmp/helper: Permission denied")},
    ),
    Trap(
        name="volume-below",
        image="nginx:1.22",
        keys={"volumes": ["socket:/run/php"]},
        lives=runs("stat", "--format", "%m", "/run/php", expected="/run/php"),
        naive={"hidden": Naive(read_only(*NGINX_TMPFS), r"/run/php.*: No such file or directory")},
    ),
    Trap(
        name="volume-there",
        image="nginx:1.22",
        keys={"volumes": ["cache:/var/cache/nginx"]},
        lives=all_of(serves(80), _ON_VOLUME),
        naive={
            "twice": Naive(read_only(*NGINX_TMPFS), r"already mounted"),
            # Compose compares the texts only: then the tmpfs is on top, and what the volume kept is out of reach.
            "in-another-spelling": Naive(read_only("/var/cache/nginx/", "/var/run", "/tmp"), r"sh -ec test"),
        },
    ),
    Trap(
        name="shipped-content",
        image=BASE,
        files=facts(writable("/etc/default", 'kind = "volume"')),
        keys={"command": ["sh", "-ec", "cat /etc/default/useradd; exec sleep infinity"], **AT_ONCE},
        lives=runs("true"),
        options=("--assume",),
        gains=SETTINGS - {"read_only"},
        naive={"hidden": Naive(read_only("/etc/default"), r"/etc/default/useradd: No such file or directory")},
    ),
    Trap(
        name="memory",
        image=BASE,
        files=facts(writable("/tmp", 'size = "128m"')),
        keys={"command": ["tail", "-f", "/dev/null"], "mem_limit": "48m", "memswap_limit": "48m", **AT_ONCE},
        lives=runs("dd", "if=/dev/zero", "of=/tmp/large", "bs=1M", "count=80"),
        gains=SETTINGS - {"read_only"},
        naive={"counted": Naive(read_only("/tmp:size=128m"), r"exit 137")},
    ),
)

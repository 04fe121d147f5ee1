"""A project that uses much of the Compose Spec, for tests that change one thing about it."""

from __future__ import annotations

from typing import Any

PROJECT: dict[str, Any] = {
    "name": "sample",
    "services": {
        "web": {
            "image": "nginx",
            "build": {"context": ".", "args": {"A": "1"}, "secrets": ["key"], "ulimits": {"nofile": 5}, "tags": ["a"]},
            "command": ["nginx", "-g", "daemon off;"],
            "environment": {"A": "1", "B": 2, "C": None, "D": True},
            "labels": ["a=b", "c"],
            "ports": ["80:80", 443, {"target": 8080, "published": "8080"}],
            "volumes": ["data:/data", {"type": "bind", "source": "./a", "target": "/a", "read_only": True}],
            "networks": {"front": {"aliases": ["www"], "priority": 1}, "back": None},
            "depends_on": {"db": {"condition": "service_healthy", "restart": True}},
            "healthcheck": {"test": ["CMD", "true"], "interval": "5s", "retries": 3},
            "deploy": {"replicas": 1, "resources": {"limits": {"cpus": "0.5", "memory": "1g"}}},
            "ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": 3},
            "secrets": ["key", {"source": "key", "target": "other"}],
            "configs": [{"source": "conf", "target": "/conf", "mode": 292}],
            "extra_hosts": {"a": "1.1.1.1", "b": ["1.1.1.1"]},
            "logging": {"driver": "local", "options": {"max-size": "1m", "n": 1}},
            "cap_drop": ["ALL"],
            "read_only": True,
            "tmpfs": ["/run"],
            "env_file": ["a.env", {"path": "b.env", "required": False}],
            "develop": {"watch": [{"path": ".", "action": "rebuild"}]},
            "x-note": {"any": ["thing"]},
        },
        "db": {
            "image": "postgres",
            "cpu_percent": 50,
            "oom_score_adj": -500,
            "pull_policy": "always",
            "gpus": "all",
            "dns": "1.1.1.1",
            "profiles": ["a"],
            "post_start": [{"command": "true"}],
            "pre_start": [{"image": "busybox", "command": "true", "per_replica": True}],
            "provider": {"type": "a", "options": {"b": ["c"], "d": 1}},
        },
    },
    "jobs": {"clean": {"image": "busybox", "triggers": {"schedule": ["@daily"]}}},
    "networks": {"front": {"driver": "bridge", "ipam": {"config": [{"subnet": "10.0.0.0/8"}]}}, "back": None},
    "volumes": {"data": {"driver_opts": {"a": 1}}, "more": None, "out": {"external": True}},
    "secrets": {"key": {"file": "./key"}},
    "configs": {"conf": {"content": "a"}},
    "models": {"m": {"model": "a", "context_size": 5}},
    "include": ["a.yaml", {"path": ["b.yaml"]}],
}

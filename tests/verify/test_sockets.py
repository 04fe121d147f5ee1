"""What the kernel's tables say of a container, as they are."""

from __future__ import annotations

from composeharden.engine.sockets import numbers

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0B00007F:A1B2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_only_what_listens_and_is_the_service_s_own_counts() -> None:
    """Docker puts a name server of its own into the container's network."""
    assert list(numbers("tcp", TCP)) == [80]
    assert list(numbers("tcp", TCP6)) == [6379]
    assert list(numbers("tcp", "")) == []
    assert list(numbers("tcp", "garbage\nmore garbage\n")) == []


def test_a_udp_port_of_somebody_who_asks_is_none() -> None:
    rows = (f"   0: 00000000:{port:04X} 00000000:0000 07 00000000:00000000" for port in (53, 32767, 32768, 40000, 0))
    assert list(numbers("udp", "\n".join(("head", *rows)))) == [53, 32767]

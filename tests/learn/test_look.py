"""What the kernel's tables say of a container, as they are."""

from __future__ import annotations

from composeharden.learn.look import _numbers

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
    assert _numbers(TCP, "0A") == {80}
    assert _numbers(TCP6, "0A") == {6379}
    assert _numbers(TCP, "01") == {8080}
    assert _numbers("", "0A") == set()
    assert _numbers("garbage\nmore garbage\n", "0A") == set()

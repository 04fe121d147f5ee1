"""Which paths are offered to a read-only root, and as what."""

from __future__ import annotations

import io
import tarfile

import pytest

from composeharden.learn.contents import Contents, Folder, capabilities_of, from_archive
from composeharden.learn.setting import Path
from composeharden.learn.writable import candidates, refused

FOLDERS = (
    "/tmp",
    "/run",
    "/run/lock",
    "/var",
    "/var/run2",
    "/var/cache/nginx",
    "/etc/app",
    "/srv/data",
    "/var/lib/app",
)
CONTENTS = Contents(
    {**{path: Folder(0, 0, 0o755) for path in FOLDERS}, "/run/db": Folder(999, 999, 0o3777)},
    filled={"/", "/etc", "/etc/app", "/usr"},
    links={"/var/run": "/run", "/loop": "/loop"},
    programs={"sh"},
)


def rows(*written: str, mounted: tuple[str, ...] = (), contents: Contents = CONTENTS) -> dict[str, Path]:
    listed = [(line[0], line[2:]) for line in written]
    return {row.path: row for row in candidates(listed, contents, mounted, "999:999")}


def test_nothing_written_and_no_shell_needs_nothing() -> None:
    assert rows(contents=Contents()) == {}


def test_tmp_is_always_offered_where_a_shell_is() -> None:
    """MariaDB and WordPress abort without it, and `docker diff` shows nothing there."""
    assert rows() == {"/tmp": Path("/tmp")}


def test_the_folder_of_the_image_is_what_becomes_writable() -> None:
    found = rows("C /run", "C /run/db", "A /run/db/.sock", "C /var/cache/nginx", "A /var/cache/nginx/temp/deep/x")
    assert set(found) == {"/tmp", "/run/db", "/var/cache/nginx"}


def test_a_tmpfs_belongs_to_whom_the_folder_belonged() -> None:
    found = rows("A /run/db/.sock", "A /var/cache/nginx/x")
    assert found["/run/db"].owner == "service"
    assert found["/var/cache/nginx"].owner == "root"


def test_what_may_hold_data_goes_to_a_volume() -> None:
    assert rows("A /srv/data/orders.db")["/srv/data"].kind == "volume"
    assert rows("C /etc/app/main.conf")["/etc/app"].kind == "volume"


def test_a_folder_of_pid_files_and_logs_may_vanish_wherever_it_lies() -> None:
    folders = {**CONTENTS.folders, "/opt/app/logs": Folder(0, 0, 0o755), "/opt/app/state": Folder(0, 0, 0o755)}
    contents = Contents(folders, filled={"/opt", "/opt/app"}, programs={"sh"})
    found = rows("A /opt/app/logs/x.gz", "A /opt/app/state/app.pid", "A /opt/app/state/.lock", contents=contents)
    assert {row.kind for row in found.values()} == {"tmpfs"}
    assert (
        rows("A /opt/app/state/app.pid", "A /opt/app/state/x.db", contents=contents)["/opt/app/state"].kind == "volume"
    )


def test_a_socket_may_vanish_whatever_it_is_called() -> None:
    """HAProxy binds a socket under one name and gives it another."""
    written = [("A", "/var/lib/app/stats")]
    assert candidates(written, CONTENTS, (), "")[1] == Path("/var/lib/app", "volume")
    found = candidates(written, CONTENTS, (), "", ["/var/lib/app/stats.7.tmp"])
    assert found[1] == Path("/var/lib/app")


def test_a_folder_that_the_container_makes_hides_nothing_of_the_image() -> None:
    assert set(rows("A /usr/spool", "A /usr/spool/x")) == {"/tmp", "/usr/spool"}


def test_what_a_volume_covers_and_where_it_is_mounted_is_nothing_to_offer() -> None:
    """A mount makes its own mount point, which `docker diff` shows."""
    found = rows(
        "C /srv/data", "A /srv/data/x", "A /usr/local/etc/haproxy", mounted=("/srv/data", "/usr/local/etc/haproxy")
    )
    assert set(found) == {"/tmp"}
    assert set(rows("A /run/db/x", mounted=("/var/run/db",))) == {"/tmp"}


def test_what_the_engine_itself_puts_there_does_not_count() -> None:
    assert set(rows("C /etc/hosts", "A /etc/mtab", "A /.dockerenv", "A /dev/console")) == {"/tmp"}


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('nginx: [emerg] open() "/var/run/nginx.pid" failed (30: Read-only file system)', "/run"),
        ("mkdir: cannot create directory '/var/cache/nginx/x': Read-only file system", "/var/cache/nginx"),
        ("Error: EROFS: read-only file system, open '/srv/data/a/b.json'", "/srv/data"),
        ("OSError: [Errno 30] Read-only file system: '/opt/made/x'", "/opt/made"),
    ],
)
def test_a_log_names_the_path_that_was_refused(line: str, path: str) -> None:
    assert [row.path for row in refused([line], CONTENTS, [Path("/tmp")], "")] == [path]


def test_a_log_that_names_nothing_new_offers_nothing() -> None:
    known = [Path("/tmp"), Path("/run")]
    for line in ("read-only file system", "open /tmp/x: read-only file system", "/var/run/x: Read-only file system"):
        assert refused([line], CONTENTS, known, "") == ()
    assert refused(["open /srv/data/x: permission denied"], CONTENTS, known, "") == ()


def test_a_path_that_no_file_could_name_is_left_out() -> None:
    assert set(rows("A /run/db/x", "A /opt/a\nb/x", "A /opt/a:b/x", "A /opt/$x/y")) == {"/tmp", "/run/db"}


def archive(*members: tuple[str, str, dict[str, str]]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        for name, kind, headers in members:
            info = tarfile.TarInfo(name)
            info.type = {"d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE}.get(kind[0], tarfile.REGTYPE)
            info.linkname = kind[2:] if kind[0] == "l" else ""
            info.uid = 999 if kind == "d service" else 0
            info.pax_headers = headers
            made.addfile(info)
    out.seek(0)
    return out


def test_an_archive_tells_folders_links_programs_and_file_capabilities() -> None:
    found = from_archive(
        archive(
            ("run/", "d", {}),
            ("data/", "d service", {}),
            ("var/run", "l ../run", {}),
            ("bin/sh", "f", {}),
            ("usr/bin/server", "f", {"SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x04" + "\0" * 14}),
        )
    )
    assert found.folders["/data"].uid == 999
    assert found.real("/var/run/x") == "/run/x"
    assert found.filled == {"/", "/var", "/bin", "/usr", "/usr/bin"}
    assert found.has_runtime
    assert found.file_capabilities == {"NET_BIND_SERVICE": "/usr/bin/server"}


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        (b"", set()),
        (b"\x01\0\0\x02", set()),
        # Without the effective bit execve does not fail.
        (b"\0\0\0\x02\0\x04" + bytes(14), set()),
        (b"\x01\0\0\x02\0\x24" + bytes(14), {"NET_BIND_SERVICE", "NET_RAW"}),
        (b"\x01\0\0\x03\0\0\0\0\0\0\0\0\x40" + bytes(11), {"PERFMON"}),
    ],
)
def test_file_capabilities_are_read_as_the_kernel_has_them(attribute: bytes, names: set[str]) -> None:
    assert capabilities_of(attribute) == names

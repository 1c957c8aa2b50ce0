"""The PostgreSQL server: the one that PG* variables name, or a cluster of our own.

An own cluster listens on the loopback address only, with a password, and has no
Unix socket: the path of a socket may not be longer than 107 characters.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .console import Problem, run, step
from .places import DEV, SITE_PACKAGES, VENV
from .system_packages import can_install, install

HOME = DEV / "postgres"
DATA = HOME / "data"
ROLE = "subscription_dev"
UNPRIVILEGED = 65534
"""The number of the user without rights on every Linux."""
GIVEN = ("PGHOST", "PGPORT", "PGUSER", "PGSERVICE", "PGHOSTADDR")

# The cluster holds only data that can be rebuilt, so it need not survive a power
# failure; a killed process loses nothing with these settings.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "2GB",
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "max_connections": "100",
    "jit": "off",
}


def is_given() -> bool:
    """Return whether a server of the user is used."""
    return any(os.environ.get(name) for name in GIVEN)


def ensure() -> dict[str, str]:
    """Start the server if it is ours, and return the variables that reach it."""
    if is_given():
        return {}
    binaries = _binaries()
    if not (DATA / "PG_VERSION").exists():
        with step("Making a PostgreSQL cluster"):
            _make_cluster(binaries)
    if not _answers(binaries):
        _start(binaries)
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": (HOME / "port").read_text(),
        "PGUSER": ROLE,
        "PGPASSWORD": (HOME / "password").read_text(),
    }


def stop() -> None:
    """Stop the own cluster if it runs."""
    if (DATA / "postmaster.pid").exists():
        run(
            _as_server_user([_binaries() / "pg_ctl", "-D", DATA, "-m", "fast", "stop"]),
            "The PostgreSQL cluster in .dev could not be stopped: see below.",
        )


def program(name: str) -> Path:
    """Return a client program such as `createdb`."""
    if is_given():
        found = shutil.which(name)
        if not found:
            raise Problem(f"{name} is missing: install PostgreSQL's client programs.")
        return Path(found)
    return _binaries() / name


def _binaries() -> Path:
    """Return the folder of PostgreSQL's server programs."""
    found = _find_binaries()
    if not found and can_install():
        install(["postgresql"])
        found = _find_binaries()
    if not found:
        found = _binaries_from_wheel()
    return found


def _find_binaries() -> Path | None:
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    folders = sorted(packaged, key=lambda folder: int(folder.parent.name), reverse=True)
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    return next((each for each in folders if (each / "initdb").exists()), None)


def _binaries_from_wheel() -> Path:
    folder = SITE_PACKAGES / "pgserver" / "pginstall" / "bin"
    if not folder.exists():
        with step("Getting PostgreSQL from the wheel pgserver"):
            run(
                [VENV / "bin" / "pip", "install", "--quiet", "--no-deps", "pgserver"],
                "PostgreSQL is missing and cannot be downloaded: install the "
                "package postgresql, or check the network.",
            )
    return folder


def _make_cluster(binaries: Path) -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    password = HOME / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if os.geteuid() == 0:
        user = _server_user()
        for owned in (HOME, password):
            os.chown(owned, user.pw_uid, user.pw_gid)
    run(
        _as_server_user(
            [
                binaries / "initdb",
                f"--pgdata={DATA}",
                "--username=postgres",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ]
        ),
        "initdb could not make a PostgreSQL cluster: see its reason below.",
    )


def _start(binaries: Path) -> None:
    port = _free_port()
    settings = " ".join(
        f"-c {name}='{value}'" for name, value in {**SETTINGS, "port": port}.items()
    )
    run(
        _as_server_user(
            [
                binaries / "pg_ctl",
                f"--pgdata={DATA}",
                f"--log={HOME / 'server.log'}",
                f"--options={settings}",
                "--wait",
                "start",
            ]
        ),
        "PostgreSQL did not start: see .dev/postgres/server.log.",
    )
    (HOME / "port").write_text(str(port))
    _ensure_role(binaries, port)


def _ensure_role(binaries: Path, port: int) -> None:
    """Make the role that Odoo uses: it may create databases and nothing more."""
    password = (HOME / "password").read_text()
    statement = f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
                CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}';
            END IF;
        END $$"""
    run(
        [binaries / "psql", "-q", "-d", "postgres", "-c", statement],
        "PostgreSQL refused to make a role: delete .dev and start again.",
        env={
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "postgres",
            "PGPASSWORD": password,
        },
    )


def _answers(binaries: Path) -> bool:
    port = HOME / "port"
    if not port.exists() or not (DATA / "postmaster.pid").exists():
        return False
    if port.read_text() not in (DATA / "postmaster.pid").read_text().split():
        return False
    probe = [
        *(binaries / "pg_isready", "--quiet", "--timeout=30"),
        *("-h", "127.0.0.1", "-p", port.read_text()),
    ]
    return subprocess.run([str(part) for part in probe], check=False).returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server_user() -> pwd.struct_passwd:
    """Return the user that runs the server when we are root, which it refuses to be."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    try:
        return pwd.getpwuid(UNPRIVILEGED)
    except KeyError as error:
        raise Problem(
            "PostgreSQL does not run as root and there is no unprivileged user "
            f"(number {UNPRIVILEGED}) to run it as: start ./dev as an ordinary user."
        ) from error


def _as_server_user(command: Sequence[str | Path]) -> list[str]:
    """Return `command` as the server's user runs it.

    The clone may lie in a folder that only root may enter (mode 0700), so the
    server keeps the right to pass through folders.
    """
    plain = [str(part) for part in command]
    if os.geteuid() != 0:
        return plain
    user = _server_user()
    if not shutil.which("setpriv"):
        raise Problem(
            "PostgreSQL does not run as root and the program setpriv is missing: "
            "install util-linux, or start ./dev as an ordinary user."
        )
    right = "+dac_override"
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        f"--inh-caps={right}",
        f"--ambient-caps={right}",
        *plain,
    ]

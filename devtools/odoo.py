"""Running Odoo: its configuration, its databases, its command line."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import auto_installed, odoo_source, postgres, stored
from .console import Problem, run, say, step
from .places import (
    DEV,
    LOGS,
    PYTHON,
    ROOT,
    VENV,
    addons,
    digest,
    is_done,
    mark_done,
    needs,
    stamp,
)

CONF = DEV / "odoo.conf"
SUPPORT_ADDONS = ROOT / "tests" / "support" / "addons"
PREFIX = "subscription_dev_"
RECORDS = ("data", "security")
MADE = DEV / "databases"
BASE_MODULES = ("account", "sale_management", "payment_demo", "contacts")
"""Host modules of the template that test databases are cloned from."""


def write_configuration(file: Path = CONF, root: Path = ROOT) -> None:
    """Write Odoo's configuration for the addons below `root`."""
    paths = [*odoo_source.addons_paths(), root]
    support = root / SUPPORT_ADDONS.relative_to(ROOT)
    if support.exists():
        paths.append(support)
    file.write_text(
        "[options]\n"
        f"addons_path = {','.join(map(str, paths))}\n"
        f"data_dir = {DEV / 'data'}\n"
        "http_interface = 127.0.0.1\n"
        "max_cron_threads = 0\n"
        "list_db = False\n"
        "without_demo = True\n"
        "limit_time_real = 900\n"
        "limit_time_cpu = 900\n"
    )


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of Odoo with our configuration."""
    return [str(PYTHON), "-m", "odoo", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the variables that Odoo and its tests need."""
    tools = [
        str(VENV / "bin"),
        str(DEV / "node" / "node_modules" / ".bin"),
        # The test runner gives each of its workers a copy of the database.
        str(postgres.program("createdb").parent),
    ]
    return {
        **postgres.ensure(),
        "PATH": os.pathsep.join([*tools, os.environ["PATH"]]),
        "ODOO_RC": str(CONF),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def ensure_right_to_left_styles() -> None:
    """Get rtlcss, with which Odoo mirrors its style sheets for Hebrew."""
    target = DEV / "node"
    if (target / "node_modules" / ".bin" / "rtlcss").exists():
        return
    if not shutil.which("npm"):
        return
    target.mkdir(parents=True, exist_ok=True)
    try:
        with step("Installing rtlcss for right-to-left pages"):
            run(
                ["npm", "install", "--silent", "--prefix", target, "rtlcss@4.3.0"],
                "npm could not install rtlcss, so Hebrew pages will run from left "
                "to right: check the network.",
            )
    except Problem as problem:
        say(str(problem))


def ensure_template(name: str = "template", *more: str) -> str:
    """Return a database with the host's modules, `more` of them and none of ours."""
    name, modules = PREFIX + name, (*BASE_MODULES, *more)
    fingerprint = digest([], *modules, str(odoo_source.path()))
    if not (is_done(name, fingerprint) and exists(name)):
        drop(name)
        with step("Installing Odoo's own modules into a template database"):
            create(name)
            install(name, modules)
        mark_done(name, fingerprint)
    return name


def install(
    database: str,
    modules: tuple[str, ...],
    *options: str,
    verb: str = "-i",
) -> None:
    """Install (or with `-u` update) modules; a warning in the log is a problem."""
    log = LOGS / f"{database}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    status = subprocess.run(
        command(
            *("-c", CONF, "-d", database, verb, ",".join(modules)),
            *("--stop-after-init", "--no-http", f"--logfile={log}", *options),
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment()},
        check=False,
    ).returncode
    complaints = _complaints(log)
    if status or complaints:
        raise Problem(
            f"Odoo complained while installing {', '.join(modules)} "
            f"({log.relative_to(ROOT)}):\n" + "\n".join(complaints[:12])
        )


def ensure_test_database(addon: str) -> str:
    """Return a kept database with `addon`, brought up to date with our files.

    It is cloned from the one of the addon that it is built on, and rebuilt when
    that one changes. A change that leaves everything stored as it is needs no update.
    """
    name = f"{PREFIX}test_{addon}"
    below = needs(addon)
    source = ensure_test_database(below[-1]) if below else ensure_template()
    own = [addon, *auto_installed.beside(addon, BASE_MODULES)]
    # A bridge of two addons is cloned from the one, and brings the other.
    own += [each for each in below[:-1] if each not in needs(below[-1])]
    files = _installed_files(*below, *own)
    fingerprint = digest(files, str(odoo_source.path()))
    if is_done(name, fingerprint) and exists(name):
        return name
    beneath = stamp(f"{source}-stored") or stamp(source)
    in_database = digest([], stored.fingerprint(_installed_files(*own)), beneath)
    if not (is_done(f"{name}-stored", in_database) and exists(name)):
        _bring_up_to_date(own, name, source, beneath)
        mark_done(f"{name}-stored", in_database)
    mark_done(name, fingerprint)
    return name


def _installed_files(*names: str) -> list[Path]:
    """Return the files of addons that a database without demo data is made of."""
    return [
        file
        for addon in names
        for file in (ROOT / addon).rglob("*")
        if file.suffix in {".py", ".xml", ".csv", ".po", ".js", ".scss"}
        and file.relative_to(ROOT / addon).parts[0] not in {"tests", "demo"}
    ]


def _bring_up_to_date(own: list[str], name: str, source: str, beneath: str) -> None:
    """Update addons in a database, or install the first in a clone of `source`.

    Odoo never updates access rights and other noupdate records, so a change of their
    files rebuilds the database. So does a failed update, which may be caused by records
    of removed files.
    """
    records = digest(
        [
            file
            for file in _installed_files(*own)
            if file.relative_to(ROOT).parts[1] in RECORDS
        ],
        beneath,
    )
    if exists(name) and is_done(f"{name}-records", records):
        with contextlib.suppress(Problem), step(f"Updating {own[0]}"):
            install(name, tuple(own), verb="-u")
            return
    drop(name)
    with step(f"Installing {own[0]}"):
        create(name, source)
        try:
            install(name, (own[0],))
        except Problem:
            drop(name)
            raise
    mark_done(f"{name}-records", records)


def exists(database: str) -> bool:
    listed = run(
        [
            postgres.program("psql"),
            *("-Atq", "-d", "postgres", "-c", "SELECT datname FROM pg_database"),
        ],
        "PostgreSQL does not answer: check the PG* variables, or delete .dev.",
        env=postgres.ensure(),
    )
    return database in listed.splitlines()


def create(database: str, template: str | None = None) -> None:
    """Create a database, remembered as ours."""
    if exists(database):
        raise Problem(f"The database {database} exists and is not ours: rename it.")
    source = ["--template", template or "template0"]
    run(
        [postgres.program("createdb"), *source, "--encoding=UTF8", database],
        f"The database {database} could not be made: see the reason below.",
        env={**postgres.ensure(), "PGDATABASE": "postgres"},
    )
    remember(database)
    if template:
        store = DEV / "data" / "filestore"
        if (store / template).exists():
            shutil.copytree(store / template, store / database, dirs_exist_ok=True)


def remember(database: str) -> None:
    """Record that a database is ours, to be dropped with the others."""
    MADE.mkdir(parents=True, exist_ok=True)
    (MADE / database).touch()


def drop(database: str) -> None:
    """Drop a database that we made; any other one is left alone."""
    if not (MADE / database).exists():
        return
    dropdb: list[str | Path] = [postgres.program("dropdb"), "--if-exists"]
    server = postgres.ensure()
    problem = f"The database {database} could not be dropped: see the reason below."
    try:
        run([*dropdb, "--force", database], problem, env=server)
    except Problem:
        # Force is refused while the server itself vacuums; without, it stops that.
        run([*dropdb, database], problem, env=server)
    (MADE / database).unlink()
    shutil.rmtree(DEV / "data" / "filestore" / database, ignore_errors=True)
    (DEV / "done" / database).unlink(missing_ok=True)


def shell(database: str, script: Path, *arguments: str) -> int:
    """Run a Python file with Odoo's `env`; its output goes to the terminal."""
    with script.open() as lines:
        return subprocess.run(
            command(
                *("shell", "-c", CONF, "-d", database, "--no-http"),
                "--log-level=error",
            ),
            stdin=lines,
            env={
                **os.environ,
                **environment(),
                "SCRIPT_ARGUMENTS": "\n".join(arguments),
            },
            check=False,
        ).returncode


def export_translations() -> None:
    """Export i18n/ADDON.pot of each addon from its source, and merge it into he.po."""
    for addon in addons():
        database = ensure_test_database(addon)
        folder = ROOT / addon / "i18n"
        with step(f"Exporting the terms of {addon}"):
            run(
                command(
                    *("i18n", "export", "-c", CONF, "-d", database),
                    *(addon, "-l", "pot"),
                ),
                f"The terms of {addon} could not be exported: see below.",
                env=environment(),
            )
            files = (folder / f"{addon}.pot", folder / "he.po")
            run(
                [PYTHON, "-m", "devtools.merge_translations", *files],
                f"he.po of {addon} could not be merged: see below.",
                cwd=ROOT,
            )


def _complaints(log: Path) -> list[str]:
    """Return the log's warnings and errors, and the ends of their tracebacks."""
    serious = re.compile(
        r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) |^[A-Za-z_.]*(Error|Exception)\b"
    )
    if not log.exists():
        return ["Odoo wrote no log: run the command by hand to see why."]
    return [line for line in log.read_text().splitlines() if serious.match(line)]

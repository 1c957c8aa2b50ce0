"""The commands of ./dev."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
from collections.abc import Callable

from . import demo, lint, mutation, odoo, postgres, selection, setup, suites, test_runs
from .console import Problem, fail, say
from .places import DEV, PYTHON, ROOT

HELP = """\
./dev demo [--no-serve] [--port N]    demo company: bill what is due, then serve it
./dev test [SUITE|PATH …] [-k NAME] [--full]
                                      all suites, or the named ones; a path is a file
                                      or folder of tests, as ADDON/tests/changes
./dev test --changed [BASE]           the tests that your changes can break, see below
./dev mutate [FILE …] [--sample N] [--minutes N] [--seed N]
                                      break the code in small ways and list those that
                                      no test notices (default: the core, 100 of them)
./dev serve [--port N] [--db NAME]    serve a database (default: the demo)
./dev shell [--db NAME]               Odoo's Python shell on a database
./dev bench NAME [OPTIONS]            a benchmark of tests/benchmark, e.g. billing
./dev lint                            ruff, mypy, pylint-odoo
./dev translations                    refresh i18n/*.pot and he.po from the source
./dev clean                           stop what runs and delete .dev
./dev help                            this list

Suites: {suites}
Variables: ODOO_PATH (an Odoo 19 checkout), PGHOST and the like (a server of yours)

{rules}"""


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    name, *rest = arguments or ["help"]
    command = COMMANDS.get(name)
    try:
        if command is None:
            raise Problem(f"There is no command {name}: see ./dev help.")
        return command(rest)
    except Problem as problem:
        return fail(problem)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except PermissionError as error:
        return fail(
            Problem(f"{error.filename} may not be written: change its owner or mode.")
        )
    except OSError as error:
        return fail(Problem(f"The system refused: {error}. Free some space or rights."))


def _help(_arguments: list[str]) -> int:
    names = ", ".join(suite.name for suite in suites.available())
    say(HELP.format(suites=names, rules=selection.RULES).rstrip())
    return 0


def _demo(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--no-serve", action="store_true")
    parser.add_argument("--port", type=int, default=8069)
    options = parser.parse_args(arguments)
    if not options.no_serve:
        _check_port(options.port)
    setup.everything()
    status = demo.prepare_and_bill()
    if status or options.no_serve:
        return status
    say(demo.LOGINS)
    return _run_server(demo.DATABASE, options.port)


def _serve(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev serve")
    parser.add_argument("--port", type=int, default=8069)
    parser.add_argument("--db", default=demo.DATABASE)
    options = parser.parse_args(arguments)
    _check_port(options.port)
    setup.everything()
    if not odoo.exists(options.db):
        raise Problem(f"There is no database {options.db}: run ./dev demo first.")
    return _run_server(options.db, options.port)


def _run_server(database: str, port: int) -> int:
    say(f"Serving http://127.0.0.1:{port} (Ctrl+C stops)")
    return subprocess.run(
        odoo.command(
            *("-c", odoo.CONF, "-d", database, f"--http-port={port}"),
            *("--max-cron-threads=1", "--log-level=warn"),
        ),
        env={**os.environ, **odoo.environment()},
        check=False,
    ).returncode


def _shell(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev shell")
    parser.add_argument("--db", default=demo.DATABASE)
    options = parser.parse_args(arguments)
    setup.everything()
    return subprocess.run(
        odoo.command("shell", "-c", odoo.CONF, "-d", options.db, "--no-http"),
        env={**os.environ, **odoo.environment()},
        check=False,
    ).returncode


def _test(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("names", nargs="*", metavar="SUITE|PATH")
    parser.add_argument("-k", metavar="NAME")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--changed", nargs="?", const="", metavar="BASE")
    options, passed_on = parser.parse_known_args(arguments)
    if options.k:
        passed_on = ["-k", options.k, *passed_on]
    if options.full:
        os.environ[suites.FULL_PROOF] = "1"
    if options.changed is None:
        return test_runs.run(test_runs.chosen(options.names), passed_on)
    if options.names:
        raise Problem("--changed chooses the suites: name none beside it.")
    return test_runs.run(test_runs.changed(options.changed or None), passed_on)


def _mutate(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev mutate")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    return mutation.run(options.files, options.sample, options.minutes, options.seed)


def _bench(arguments: list[str]) -> int:
    available = sorted(
        file.stem
        for file in (ROOT / "tests" / "benchmark").glob("[a-z]*.py")
        if not file.stem.startswith("_")
    )
    if not arguments or arguments[0] not in available:
        raise Problem(f"Name a benchmark: {', '.join(available) or 'none yet'}.")
    setup.everything()
    template = odoo.ensure_test_database("subscription_management")
    return subprocess.run(
        [
            str(PYTHON),
            str(ROOT / "tests" / "benchmark" / f"{arguments[0]}.py"),
            *arguments[1:],
        ],
        cwd=ROOT,
        env={
            **os.environ,
            **odoo.environment(),
            "SUBSCRIPTION_TEMPLATE": template,
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), str(ROOT / "subscription_management")]
            ),
        },
        check=False,
    ).returncode


def _lint(_arguments: list[str]) -> int:
    setup.python_only()
    return 0 if all(lint.run()) else 1


def _translations(_arguments: list[str]) -> int:
    setup.everything()
    odoo.export_translations()
    return 0


def _clean(_arguments: list[str]) -> int:
    postgres.stop()
    if postgres.is_given():
        for database in odoo.MADE.glob("*"):
            odoo.drop(database.name)
    shutil.rmtree(DEV, ignore_errors=True)
    return 0


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Problem(
                f"Port {port} is taken: choose another with --port."
            ) from error


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "help": _help,
    "--help": _help,
    "demo": _demo,
    "serve": _serve,
    "shell": _shell,
    "test": _test,
    "mutate": _mutate,
    "bench": _bench,
    "lint": _lint,
    "translations": _translations,
    "clean": _clean,
}

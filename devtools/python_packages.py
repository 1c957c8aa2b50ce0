"""The virtual environment with the packages of requirements.txt."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from . import odoo_source
from .console import Problem, run, step
from .places import (
    DEV,
    LOGS,
    PYTHON,
    ROOT,
    SITE_PACKAGES,
    VENV,
    digest,
    is_done,
    mark_done,
)
from .system_packages import ensure_venv_module

REQUIREMENTS = ROOT / "requirements.txt"


def ensure() -> None:
    """Make `.dev/venv` hold exactly what requirements.txt pins."""
    python = interpreter()
    fingerprint = digest([REQUIREMENTS], sys.version, python, str(ROOT))
    if PYTHON.exists() and is_done("python", fingerprint):
        return
    ensure_venv_module()
    with step("Installing the Python packages of requirements.txt"):
        shutil.rmtree(VENV, ignore_errors=True)
        DEV.mkdir(exist_ok=True)
        run(
            [python, "-m", "venv", VENV],
            "Python could not make a virtual environment: see its reason below.",
        )
        run(
            [PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS],
            "pip could not install requirements.txt: check the network and the "
            "free disk space.",
            log=LOGS / "pip.log",
        )
    mark_done("python", fingerprint)


def interpreter() -> str:
    """Return the Python that the virtual environment is made of.

    One that was compiled without optimization takes a sixth more time for the tests,
    so the distribution's of the same version is preferred to it.
    """
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return sys.executable
    packaged = f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    command = [packaged, "-c", "import ensurepip, venv"]
    with contextlib.suppress(OSError):
        if not subprocess.run(command, capture_output=True, check=False).returncode:
            return packaged
    return sys.executable


def link_odoo() -> None:
    """Put Odoo's source on the virtual environment's path."""
    link = SITE_PACKAGES / "odoo_source.pth"
    source = str(odoo_source.path())
    if not link.exists() or link.read_text() != source:
        link.write_text(source)


def tool(name: str) -> Path:
    """Return a program of the virtual environment."""
    program = VENV / "bin" / name
    if not program.exists():
        raise Problem(f"{name} is missing: delete .dev/venv and start again.")
    return program

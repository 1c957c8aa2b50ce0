"""Programs of the operating system: browser, PDF renderer, PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sys

from .console import Problem, run, say, step

PACKAGES = {
    "chromium": "chromium",
    "wkhtmltopdf": "wkhtmltopdf",
}
"""Program on the path → Debian package that contains it."""


def can_install() -> bool:
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install(packages: list[str]) -> None:
    """Install Debian packages; raise `Problem` when that fails."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {' '.join(packages)} with apt"):
        run(
            ["apt-get", "update", "-q"],
            "apt-get cannot reach its package mirror: check the network.",
            env=quiet,
        )
        run(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages],
            f"apt-get could not install {' '.join(packages)}: see its reason below.",
            env=quiet,
        )


def ensure_programs() -> None:
    """Make the browser and the PDF renderer available, or say what is missing."""
    missing = [pkg for program, pkg in PACKAGES.items() if not shutil.which(program)]
    if not missing:
        return
    if can_install():
        install(missing)
    else:
        say(
            f"Not installed: {', '.join(missing)}. Screens and PDF files cannot be "
            f"tested without; ask an administrator to install: {' '.join(missing)}"
        )


def ensure_venv_module() -> None:
    """Make `python -m venv` work: Debian keeps it in a package of its own."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not can_install():
            raise Problem(
                f"Python's venv module is missing: install {package} as root."
            ) from error
        install([package])

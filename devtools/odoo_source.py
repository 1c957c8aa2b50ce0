"""Odoo 19 Community's source: a given checkout, Debian's package, or git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .console import Problem, run, step
from .places import CACHE, DEV

HOME = DEV / "odoo"
GIT = "https://github.com/odoo/odoo"
BRANCH = "19.0"

# The package links fonts and libraries to files of these packages by relative
# links, so they are unpacked into the same folder. Two of them have other file
# names in the newer suite.
PACKAGES = {
    "sid": (
        "odoo-19",
        "libjs-jquery",
        "libjs-jquery-form",
        "libjs-underscore",
        "fonts-roboto-unhinted",
        "fonts-montserrat",
        "fonts-ocr-b",
    ),
    "bookworm": ("fonts-font-awesome", "fonts-inconsolata"),
}


def path() -> Path:
    """Return the folder that holds the `odoo` package."""
    given = os.environ.get("ODOO_PATH")
    if not given:
        debian = HOME / "usr/lib/python3/dist-packages"
        return debian if debian.exists() else HOME
    folder = Path(given).expanduser().resolve()
    if not (folder / "odoo" / "release.py").exists():
        raise Problem(
            f"ODOO_PATH is {given}, which holds no odoo/release.py: "
            "set it to the top of an Odoo 19 checkout, or unset it."
        )
    return folder


def addons_paths() -> list[Path]:
    """Return the addon folders that Odoo does not find alone."""
    beside = path() / "addons"
    return [beside] if (beside / "account").exists() else []


def ensure() -> None:
    """Make the source available; does nothing when it is."""
    if os.environ.get("ODOO_PATH") or (path() / "odoo" / "release.py").exists():
        return
    cached = CACHE / "odoo-19"
    if not cached.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = CACHE / f"odoo-19.{os.getpid()}"
        try:
            if shutil.which("apt-get") and shutil.which("dpkg-deb"):
                _unpack_debian(unfinished)
            else:
                _clone(unfinished)
            unfinished.rename(cached)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    with step("Copying Odoo 19 from the cache"):
        shutil.rmtree(HOME, ignore_errors=True)
        DEV.mkdir(exist_ok=True)
        shutil.copytree(cached, HOME, symlinks=True)


def _clone(target: Path) -> None:
    if not shutil.which("git"):
        raise Problem(
            "Odoo 19 is missing: install git, or set ODOO_PATH to an Odoo 19 checkout."
        )
    with step("Cloning Odoo 19 (some minutes)"):
        run(
            ["git", "clone", "--depth", "1", "--branch", BRANCH, GIT, target],
            "git could not clone Odoo 19: check the network, or set ODOO_PATH.",
        )


def _unpack_debian(target: Path) -> None:
    """Download Debian's package and unpack it, without touching the system."""
    work = CACHE / "debian"
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "archives/partial", "debs"):
        (work / folder).mkdir(parents=True)
    mirror = _debian_mirror()
    with step("Downloading Odoo 19 (120 MB)"):
        for suite, packages in PACKAGES.items():
            _download(work, mirror, suite, packages)
    with step("Unpacking Odoo 19"):
        for package in sorted((work / "debs").glob("*.deb")):
            run(
                ["dpkg-deb", "-x", package, target],
                f"{package.name} could not be unpacked: free disk space, start again.",
            )
        for unneeded in ("usr/lib/python3/dist-packages/addons", "usr/share/doc"):
            shutil.rmtree(target / unneeded, ignore_errors=True)
    shutil.rmtree(work)


def _debian_mirror() -> str:
    """Return the address of the mirror that this machine uses already."""
    targets = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(COMPONENT)",
            "Created-By: Packages",
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    mirrors = [line.split()[0] for line in targets if line.endswith(" main")]
    mirrors = [uri for uri in mirrors if "security" not in uri]
    if not mirrors:
        raise Problem(
            "apt knows no Debian mirror: add one to its sources, "
            "or set ODOO_PATH to an Odoo 19 checkout."
        )
    return mirrors[0]


def _download(work: Path, mirror: str, suite: str, packages: tuple[str, ...]) -> None:
    sources = work / f"{suite}.sources"
    sources.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )
    options = [
        f"-oDir::State::lists={work / 'lists'}",
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::Cache::archives={work / 'archives'}",
        "-oDir::Cache::pkgcache=",
        "-oDir::Cache::srcpkgcache=",
    ]
    remedy = "check the network, or set ODOO_PATH to an Odoo 19 checkout."
    run(
        ["apt-get", *options, "-q", "update"],
        f"The package list of Debian {suite} cannot be read: {remedy}",
    )
    run(
        ["apt-get", *options, "-q", "download", *packages],
        f"Odoo 19's packages cannot be downloaded: {remedy}",
        cwd=work / "debs",
    )

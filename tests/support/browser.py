"""A real Chromium, driven by Playwright, on a real server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from devtools import odoo as odoo_setup

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Debian's package of the host leaves this file out although a bundle lists it.
KNOWN_HOST_ERRORS = ("selfie_segmentation",)


@contextlib.contextmanager
def odoo_server(database: str) -> Iterator[str]:
    """Yield the address of a server on `database`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        odoo_setup.command(
            *("-c", odoo_setup.CONF, "-d", database, f"--http-port={port}"),
            *("--max-cron-threads=1", "--log-level=warn", "--no-database-list"),
        ),
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError("the server stopped before it answered")
        try:
            with urllib.request.urlopen(f"{address}/web/health", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError("the server did not answer within a minute")


@contextlib.contextmanager
def chromium(width: int = 1400, height: int = 900) -> Iterator[Any]:
    """Yield a page that records the console errors of our own code."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=list(FLAGS)
        )
        yield visitor(browser, width, height)
        browser.close()


def visitor(browser: Any, width: int = 1400, height: int = 900) -> Any:
    """Return the page of a visitor without a login, which records its errors."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.errors = []
    page.on("pageerror", lambda error: _note(page.errors, f"{error} {error.stack}"))
    page.on(
        "console",
        lambda message: message.type == "error" and _note(page.errors, message.text),
    )
    return page


def _note(errors: list[str], text: str) -> None:
    if not any(known in text for known in KNOWN_HOST_ERRORS):
        errors.append(text)


CALL = """async ([model, method, args]) => {
    const answer = await fetch("/web/dataset/call_kw", {
        method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({
            jsonrpc: "2.0", method: "call",
            params: {model, method, args, kwargs: {}},
        }),
    });
    return await answer.json();
}"""


def call(page: Any, model: str, method: str, *args: Any) -> Any:
    """Return the result of a method called by the user of a page."""
    answer = page.evaluate(CALL, [model, method, list(args)])
    assert "error" not in answer, answer["error"]["data"]["message"]
    return answer.get("result")


def log_in(page: Any, address: str, login: str, password: str | None = None) -> None:
    page.goto(f"{address}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password or login)
    page.click("button[type=submit]")
    # The first page waits until the server has made all scripts and styles.
    page.wait_for_selector(".o_main_navbar, .o_portal", timeout=180_000)

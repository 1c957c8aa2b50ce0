"""Terminal output, and running programs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


class Problem(Exception):
    """A problem that the user has to solve: one sentence with the remedy."""


def say(text: str) -> None:
    print(text, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show a long step and its duration."""
    print(f"{title} … ", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def run(
    command: Sequence[str | Path],
    problem: str,
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Return what `command` prints; raise `Problem(problem)` when it fails.

    The last lines of its output follow the sentence and show the cause.
    """
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(env or {})},
        cwd=cwd,
        check=False,
    )
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout)
    if done.returncode:
        if "No space left on device" in done.stdout:
            raise Problem("The disk is full: free some space and start again.")
        raise Problem(f"{problem}\n{_tail(done.stdout)}")
    return done.stdout


def _tail(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return "\n".join("    " + line for line in lines[-8:])


def fail(problem: Problem) -> int:
    print(problem, file=sys.stderr, flush=True)
    return 1

"""Fuzzes the targets with atheris, which looks for inputs that reach new code: `make fuzz`.

    python -m tests.fuzz                       a million inputs, a quarter of them for each target
    python -m tests.fuzz payload --runs 9000   so many for one
    python -m tests.fuzz payload crash-…       one input again

What is found is written to `.fuzz/crash-…`, and shown again by its name. Inputs that reach new
code are kept in `.fuzz/`; those that are worth keeping for ever are in `tests/fuzz/corpus`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FOUND = Path(".fuzz")
NAMES = ("payload", "url", "configuration", "arguments")
SECONDS = 1.0  # of the processor for one input; more is a hang
HANG_S = 30  # of the clock, where it never comes back
MEGABYTES = 1024  # of the process; more is a leak, or a bomb
LONGEST = 4096  # bytes of an input


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=NAMES)
    parser.add_argument("file", nargs="?", help="an input that was found")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs in all")
    options = parser.parse_args()
    if options.target:
        fuzz(options.target, options.runs, options.file)
        return 0
    codes = []
    for name in NAMES:
        began = time.monotonic()
        share = str(options.runs // len(NAMES))
        command = [sys.executable, "-m", "tests.fuzz", name, "--runs", share]
        codes.append(subprocess.run(command, check=False).returncode)
        say(f"{name}: {share} inputs, {time.monotonic() - began:.0f} s, exit code {codes[-1]}")
    return max(codes)


def fuzz(name: str, runs: int, file: str | None) -> None:
    """In this process, which ends of it."""
    import atheris

    with atheris.instrument_imports(include=["streamq"]):
        from tests.fuzz.targets import TARGETS, WORDS

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    words = FOUND / f"{name}.words"
    words.write_text("".join(f'"{quoted(word)}"\n' for word in sorted(WORDS[name])))
    bounds = [f"-timeout={HANG_S}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}"]
    bounds += [f"-artifact_prefix={FOUND}/", f"-dict={words}"]
    inputs = [file] if file else [f"-runs={runs}", str(found), str(CORPUS / name)]

    def timed(data: bytes) -> None:
        began = time.process_time()
        TARGETS[name](data)
        spent = time.process_time() - began
        assert spent < SECONDS, f"{spent:.1f} s"

    atheris.Setup([sys.argv[0], *bounds, *inputs], timed)
    atheris.Fuzz()


def quoted(word: str) -> str:
    """As libFuzzer wants it."""
    return "".join(rf"\x{byte:02x}" for byte in word.encode())


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- it is a command


if __name__ == "__main__":
    sys.exit(main())

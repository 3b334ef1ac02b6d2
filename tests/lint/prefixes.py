# SPDX-License-Identifier: Apache-2.0
"""Exported symbols begin with the name of a concept of their layer: `issuer.c` exports `issuer_*`.

A concept is what a file is named for, or a type that a header of the layer declares.

prefixes.py LIBRARY...   each a libjwtgate_LAYER.a
"""

import os
import re
import subprocess
import sys

import tree

# Names that are words of their own on purpose, used on every page.
ALLOWED = {
    "base": {"fail", "fail_errno", "problem_error", "problem_key", "problem_warning", "problem_note", "problem_at",
             "problems_init", "problems_fini", "xml_raw"},
    "jose": {"b64_decode_lenient"},
    "policy": {"xml_is", "xml_local_name", "xml_policy_map", "xml_unknown"},
}


TYPE = re.compile(r"^(?:struct|enum) (\w+)(?: \{|;)", re.M)


def concepts(layer):
    """Stems of the layer's files and tags of its headers' types; `rule_read.c` is a second room of `rule`."""
    names = set()
    for folder in ("src", "include"):
        for path in tree.files(".c", ".h", under=f"{folder}/{layer}/"):
            names.add(os.path.basename(path).rsplit(".", 1)[0])
            if path.endswith(".h"):
                names.update(TYPE.findall(tree.code(tree.text(path))))
    return names


def exported(library):
    listed = subprocess.run(["nm", "-g", "--defined-only", "-A", library], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        match = re.match(r".*:([^:]+)\.c\.o:[0-9a-f]* ([A-Z]) (\S+)$", line)
        if match:
            yield match.group(1), match.group(3)


def is_named_for(symbol, stem):
    return re.match(rf"{stem}\d*s?(_|$)", symbol) is not None


def main():
    problems, count = [], 0
    for library in sys.argv[1:]:
        layer = re.sub(r".*libjwtgate_(\w+)\.a$", r"\1", library)
        stems = concepts(layer)
        for file, symbol in exported(library):
            count += 1
            if symbol in ALLOWED.get(layer, ()) or symbol.startswith("__"):
                continue
            if not any(is_named_for(symbol, stem) for stem in stems):
                problems.append(f"src/{layer}/{file}.c exports {symbol}, which names no concept of {layer}")
    if count == 0:
        problems.append("no exported symbol was found in any library")
    tree.report(problems, f"{count} exported symbols")


main()

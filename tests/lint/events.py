#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every event of the log stands in docs/logs.md, and every event that stands there is one."""

import re
import sys

import tree

# The macro and the functions with a name as their second argument, and what writes a line for several names.
NAME = re.compile(r'\b(?:(?:LOG_EVENT|log_line|log_batch_line|log_spell|store_complain)\s*\([^",;]*,|tell\()\s*"([a-z0-9-]+)"')
BATCH = re.compile(r'\blog_(?:batch_line|spell)\s*\([^";]*"([a-z0-9-]+)"')
DOCUMENT = "docs/logs.md"


def in_source():
    found = {}
    for path in tree.files(".c", under="src/"):
        text = tree.text(path)
        for match in [*NAME.finditer(text), *BATCH.finditer(text)]:
            found.setdefault(match[1], path)
    return found


def in_document():
    text = tree.text(DOCUMENT)
    table = text[text.index("\n## Events\n"):text.index("\n## The access line\n")]
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.M)
    return {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}


def main():
    source, document = in_source(), in_document()
    wrong = [f"{path}: event {name} is not told of in {DOCUMENT}" for name, path in source.items() if name not in document]
    wrong += [f"{DOCUMENT}: nothing writes the event {name}" for name in sorted(document - set(source))]
    print("\n".join(wrong))
    sys.exit(1 if wrong or not source else 0)


main()

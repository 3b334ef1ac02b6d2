# SPDX-License-Identifier: Apache-2.0
"""Claims that nobody signed are judged for tables of cases only: nothing that serves requests names what makes judge() do so."""

import re

import tree

NAMED = re.compile(r"(\.|->)\s*assumed\b|\bassumed_trust\b|\bjudge_assume")
HOMES = ["include/policy/judge.h", "src/policy/judge", "src/cli/cases", "include/cli/cases", "tests/"]


def main():
    problems, found = [], 0
    for path in tree.files(".c", ".h"):
        for number, line in enumerate(tree.code(tree.text(path)).split("\n"), 1):
            if not NAMED.search(line):
                continue
            found += 1
            if not path.startswith(tuple(HOMES)):
                problems.append(f"{path}:{number}: names assumed claims; only {', '.join(HOMES)} may")
    if found == 0:
        problems.append("nothing names assumed claims: this check looks for a name that is no more")
    tree.report(problems, "assumed claims")


main()

# SPDX-License-Identifier: Apache-2.0
"""Which demands of the standards the code cites, and which of these a test cites too.  A report; it never fails.

A citation has one form: RFC 7519 4.1.4.
"""

import collections
import re

import tree

CITATION = re.compile(r"\bRFC (\d{4}) (\d+(?:\.\d+)*)")


def cited(suffixes, folders):
    places = collections.defaultdict(set)
    for path in (p for folder in folders for p in tree.files(*suffixes, under=folder)):
        for number, section in CITATION.findall(tree.text(path)):
            places[(int(number), tuple(int(part) for part in section.split(".")))].add(path)
    return places


def main():
    code = cited((".c", ".h", ".def"), ("src/", "include/"))
    tests = cited((".c", ".h", ".mjs"), ("tests/",))
    for number, section in sorted(set(code) | set(tests)):
        key = (number, section)
        where = ("code+test" if key in tests else "code only") if key in code else "test only"
        files = sorted(code.get(key, set()) | tests.get(key, set()))
        print(f"{where:9}  RFC {number} {'.'.join(map(str, section)):8}  {', '.join(files)}")
    both = len(set(code) & set(tests))
    print(f"{len(code)} sections cited in code, {len(tests)} in tests, {both} in both")


main()

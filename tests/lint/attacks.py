# SPDX-License-Identifier: Apache-2.0
"""tests/attacks.md lists every row of hostile tokens, of hostile requests of HTTP/2, and of hostile peers, once, and each test that it names exists."""

import re

import tree

LIST = "tests/attacks.md"
ROWS = {"A": 10, "C": 13, "H": 15, "B": 4, "S": 10, "K": 10, "E": 19, "T": 11, "I": 5, "U": 5, "R": 6, "J": 6, "X": 8, "P": 8, "L": 13, "F": 15, "W": 10, "Y": 8}
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \|$")


def test_files():
    """Test files by their name, which is theirs alone."""
    return {path.rsplit("/", 1)[-1]: path for path in tree.files(".c", ".mjs", under="tests/") if "/harness/" not in path}


def titles(source):
    """Names of the tests in a file: cmocka's functions, or first arguments of test()."""
    found = re.findall(r"^test\('((?:[^'\\]|\\.)*)'|cmocka_unit_test\w*\(\s*(\w+)", source, re.M)
    return {(title or function).replace("\\'", "'") for title, function in found}


def fault_of(named, files):
    name, _, rest = named.partition(": ")
    title, _, case = rest.partition(" > ")
    if name not in files:
        return f"no file {name}"
    source = tree.text(files[name])
    if title not in titles(source):
        return f"{name} has no test: {title}"
    if case and case not in source:
        return f"{name} has no case: {case}"
    return None


def main():
    problems, seen, files = [], [], test_files()
    for number, line in enumerate(tree.text(LIST).splitlines(), 1):
        match = ROW.match(line)
        if not match:
            continue
        seen.append(match.group(1))
        named = re.findall(r"`([^`]+)`", match.group(2).rsplit(" | ", 1)[1])
        if not named:
            problems.append(f"{LIST}:{number}: {match.group(1)} has no test")
        faults = [fault_of(one, files) for one in named]
        problems += [f"{LIST}:{number}: {fault}" for fault in faults if fault]
    wanted = [f"{letter}{i}" for letter, count in ROWS.items() for i in range(1, count + 1)]
    problems += [f"{LIST}: {row} is missing" for row in wanted if row not in seen]
    problems += [f"{LIST}: {row} stands there twice, or is none" for row in sorted(set(seen)) if seen.count(row) > 1 or row not in wanted]
    tree.report(problems, f"tests of {len(seen)} kinds of hostile tokens and requests")


main()

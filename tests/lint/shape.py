# SPDX-License-Identifier: Apache-2.0
"""Functions stay short, and public headers are documented as contracts.

Half of all functions have at most 15 lines, nine of ten at most 50; nine of ten declarations in include/ stand under a
comment.  Declarations that follow each other without a blank line share the comment above the first.
"""

import re

import tree

MEDIAN_MAX, NINE_OF_TEN_MAX, DOCUMENTED_MIN = 15, 50, 0.9

# A definition in the style of the tree: name and parameters at the start of a line, the brace alone on the next.
DEFINITION = re.compile(r"^(?!static const|typedef|#)([A-Za-z_][^;{}=]*?)\b(\w+)\s*\(([^;{}]*)\)\s*\n\{\n", re.M)
DECLARATION = re.compile(r"^(?!typedef|static|#|return|AUTO)[A-Za-z_][\w \t\*]*?\b(\w+)\s*\([^;{}]*\)[^;{}]*;", re.M)


def functions(path):
    """(lines, name) of each function; a body ends with the next brace in the first column."""
    source = tree.code(tree.text(path))
    for match in DEFINITION.finditer(source):
        end = source.find("\n}", match.end() - 1)
        yield source.count("\n", match.start(), end) + 2, match.group(2)


def is_documented(before):
    """Whether a comment ends right above, or above the block of declarations that this one stands in."""
    above = before.rstrip(" \t").split("\n")[:-1]
    while above and above[-1].strip() and not above[-1].rstrip().endswith("*/"):
        above.pop()
    return bool(above) and above[-1].rstrip().endswith("*/")


def declarations(path):
    source = tree.text(path)
    blanked = tree.code(source)
    for match in DECLARATION.finditer(blanked):
        line = source.count("\n", 0, match.start()) + 1
        yield line, match.group(1), is_documented(source[: match.start()])


def main():
    problems = []
    lengths = sorted((n, name, path) for path in tree.files(".c", under="src/") for n, name in functions(path))
    if lengths:
        median, ninth = lengths[len(lengths) // 2][0], lengths[int(len(lengths) * 0.9)][0]
        longest = ", ".join(f"{name} ({path}) {n}" for n, name, path in lengths[-5:])
        print(f"{len(lengths)} functions: median {median} lines, nine of ten within {ninth}; longest: {longest}")
        if median > MEDIAN_MAX or ninth > NINE_OF_TEN_MAX:
            problems.append(f"functions have grown: median at most {MEDIAN_MAX}, nine of ten at most {NINE_OF_TEN_MAX}")
    shown = [(path, *d) for path in tree.files(".h", under="include/") for d in declarations(path)]
    bare = [f"{path}:{line}: {name} has no contract" for path, line, name, documented in shown if not documented]
    if shown:
        share = 1 - len(bare) / len(shown)
        print(f"{len(shown)} declarations in include/: {share:.0%} documented")
        problems += bare if share < DOCUMENTED_MIN else []
    tree.report(problems, "shape")


main()

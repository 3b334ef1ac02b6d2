# SPDX-License-Identifier: Apache-2.0
"""Links between the documents lead somewhere: the file is there, and so is the heading that an anchor names."""

import os
import re

import tree

FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2[ \t]*$", re.M | re.S)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
FOREIGN = re.compile(r"^[a-z][a-z0-9+.-]*:")


def prose(path):
    """The text without code, line for line."""

    def blank(found):
        return re.sub(r"[^\n]", " ", found.group(0))

    return FENCE.sub(blank, tree.text(path))


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    found = {}
    for heading in HEADING.findall(prose(path)):
        shown = LINK.sub(lambda link: re.match(r"!?\[(.*)\]\(", link.group(0), re.S).group(1), heading)
        slug = re.sub(r"[^\w\- ]", "", shown.replace("`", "").lower()).strip().replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        if count:
            found[f"{slug}-{count}"] = 1
    return found


def main():
    pages = tree.files(".md")
    known = {page: anchors(page) for page in pages}
    problems, links = [], 0
    for page in pages:
        text = CODE.sub(lambda found: " " * len(found.group(0)), prose(page))
        for link in LINK.finditer(text):
            target, _, anchor = link.group(1).partition("#")
            if FOREIGN.match(link.group(1)):
                continue
            links += 1
            line = text.count("\n", 0, link.start()) + 1
            there = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
            if not os.path.exists(os.path.join(tree.ROOT, there)):
                problems.append(f"{page}:{line}: {link.group(1)}: there is no {there}")
            elif anchor and there in known and anchor not in known[there]:
                problems.append(f"{page}:{line}: {link.group(1)}: {there} has no such heading")
    tree.report(problems, f"{links} links of {len(pages)} pages")


main()

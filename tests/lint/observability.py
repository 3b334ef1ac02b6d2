#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dashboard, alerts and documents name metrics that there are; each alert has its tests and its section in the document."""
import json
import re
import sys
from pathlib import Path

import tree

ROOT = Path(tree.ROOT)
FOLDER = ROOT / "conf" / "observability"
OTHERS = {"jwtgate_login"}  # a cookie
SUFFIXES = ("_bucket", "_sum", "_count")


def metrics():
    """Names in the table of figures, with those of a histogram's parts."""
    text = (ROOT / "src/proxy/figures.c").read_text()
    rows = re.findall(r'\{"((?:jwtgate|process)_\w+)", (METRIC_\w+)', text)
    names = {name for name, _ in rows}
    return names | {name + suffix for name, kind in rows if kind == "METRIC_HISTOGRAM" for suffix in SUFFIXES}


def words(text):
    """What looks like a metric of ours; jwtgate_requests_* is a pattern and no name."""
    return set(re.findall(r"\b((?:jwtgate|process)_[a-z0-9_]*[a-z0-9])\b(?!\*|_\*|-)", text))


def named():
    """(where, name) of each use."""
    for path in sorted(FOLDER.iterdir()):
        for name in words(path.read_text()):
            yield path.relative_to(ROOT), name
    for path in sorted((ROOT / "docs").rglob("*.md")):
        code = re.findall(r"`[^`\n]+`|```.*?```", path.read_text(), re.S)
        for name in words("\n".join(code)):
            if name not in OTHERS:
                yield path.relative_to(ROOT), name


def alerts(name):
    return re.findall(r"^ *- (?:alert|alertname): (\w+)$", (FOLDER / name).read_text(), re.M)


def panels():
    return json.loads((FOLDER / "jwtgate-dashboard.json").read_text())["panels"]


def problems():
    known = metrics()
    for where, name in named():
        if name not in known:
            yield f"{where}: {name} is no metric of src/proxy/figures.c"
    defined, tested = alerts("jwtgate-alerts.yaml"), set(alerts("jwtgate-alerts.test.yaml"))
    sections = set(re.findall(r"^### (Jwtgate\w+)$", (ROOT / "docs/observability.md").read_text(), re.M))
    for alert in defined:
        if alert not in tested:
            yield f"{alert} has no test in jwtgate-alerts.test.yaml"
        if alert not in sections:
            yield f"{alert} has no section in docs/observability.md"
    for alert in (tested | sections) - set(defined):
        yield f"{alert} is no alert of jwtgate-alerts.yaml"
    identities = [panel["id"] for panel in panels()]
    if len(set(identities)) != len(identities):
        yield "two panels of the dashboard have one id"
    for panel in panels():
        for target in panel.get("targets", []):
            if "$job" not in target["expr"]:
                yield f'panel "{panel["title"]}" does not heed the variable job'


def main():
    found = list(problems())
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

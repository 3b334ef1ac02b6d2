# SPDX-License-Identifier: Apache-2.0
"""Bars for the CPU time of one request: a group for each scenario, a bar for each server.  Readable on light and dark pages."""
WIDTH, LABELS, BAR, GAP, GROUP_GAP, TOP = 860, 250, 14, 3, 20, 14
COLOURS = {"jwtgate": "#2f7d4f", "nginx": "#7a8ca0", "HAProxy": "#b08a4a", "Apache": "#a05f5f"}
SHOWN = ("warm", "rotation", "rs256", "es256", "bad", "none", "tls")
AXIS_MAX_US = 150  # longer bars are cut and say so
FONT = 'font-family="sans-serif" font-size="12"'


def colour(label):
    return next((value for name, value in COLOURS.items() if label.startswith(name)), "#888888")


def text(x, y, content, anchor="start", more=""):
    return f'<text x="{x}" y="{y}" {FONT} text-anchor="{anchor}" fill="#808890" {more}>{content}</text>'


def bar(y, row, scale):
    shown = min(row["cpu_us"], AXIS_MAX_US)
    cut = " ..." if shown < row["cpu_us"] else ""
    return [text(LABELS - 8, y + BAR - 3, row["label"], "end"),
            f'<rect x="{LABELS}" y="{y}" width="{shown * scale:.1f}" height="{BAR}" rx="2" fill="{colour(row["label"])}"/>',
            text(round(LABELS + shown * scale + 6, 1), y + BAR - 3, f"{row['cpu_us']:.1f}{cut}")]


def draw(scenarios):
    groups = [result for result in scenarios if result["name"] in SHOWN and "rows" in result]
    longest = max((min(row["cpu_us"], AXIS_MAX_US) for result in groups for row in result["rows"]), default=1)
    scale, y, parts = (WIDTH - LABELS - 70) / longest, TOP, []
    for result in groups:
        parts.append(text(0, y + 10, result["title"], more='font-weight="bold"'))
        y += 18
        for row in result["rows"]:
            parts += bar(y, row, scale)
            y += BAR + GAP
        y += GROUP_GAP
    parts.append(text(LABELS, y, "microseconds of CPU for one request, one worker"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 14}" viewBox="0 0 {WIDTH} {y + 14}" role="img">\n'
            "<title>CPU time of one request</title>\n" + "\n".join(parts) + "\n</svg>\n")

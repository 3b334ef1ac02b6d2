# SPDX-License-Identifier: Apache-2.0
"""Results as text, and the facts without which they mean nothing."""
import datetime, os, re, shutil, subprocess

COLUMNS = [  # key, heading, how it is written
    ("cpu_us", "CPU us/request", lambda v: f"{v:.1f}"), ("spread", "spread", lambda v: f"{v * 100:.0f} %"),
    ("rps", "requests/s", lambda v: f"{v:,.0f}"), ("p50_s", "p50 ms", lambda v: f"{v * 1000:.2f}"),
    ("p99_s", "p99 ms", lambda v: f"{v * 1000:.2f}"), ("pss_kib", "PSS MB", lambda v: f"{v * 1024 / 1e6:.1f}"),
    ("anonymous_kib", "anonymous MB", lambda v: f"{v * 1024 / 1e6:.1f}"), ("bytes", "bytes each", lambda v: f"{v:,.0f}"),
]


def first_line(*arguments):
    if not shutil.which(arguments[0]):
        return None
    done = subprocess.run(arguments, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def processor():
    with open("/proc/cpuinfo") as file:
        found = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.*)$", file.read(), re.M))
    return f"{found.get('model name', 'unknown')} (family {found.get('cpu family')}, model {found.get('model')})"


def versions():
    asked = {"nginx": ("nginx", "-v"), "haproxy": ("haproxy", "-v"), "apache": ("apache2", "-v"), "openssl": ("openssl", "version"),
             "wrk": ("wrk", "-v"), "compiler": ("cc", "--version")}
    found = {name: first_line(*arguments) for name, arguments in asked.items()}
    short = {name: re.search(r"\d+\.\d+[.\d]*", line).group(0) for name, line in found.items() if line}
    module = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libapache2-mod-auth-openidc"], capture_output=True, text=True)
    if module.returncode == 0:
        short["mod_auth_openidc"] = module.stdout.split("-")[0]
    return short


def facts(root, options):
    def git(*arguments):
        return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "include")
    return {"date": str(datetime.date.today()), "commit": git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else ""),
            "processors": os.cpu_count(), "processor": processor(), "kernel": os.uname().release, "load": round(os.getloadavg()[0], 1),
            "seconds": options.seconds, "repeats": options.repeats, "versions": versions()}


def cells(row, columns):
    return [row["label"]] + [write(row[key]) if row.get(key) is not None else "" for key, _, write in columns]


def used_columns(rows):
    return [column for column in COLUMNS if any(row.get(column[0]) is not None for row in rows)]


def target_text(target):
    unit = f" {target['unit']}" if target["unit"] else ""
    number = (lambda v: f"{v:.2f}") if 0 < target["limit"] < 30 else (lambda v: f"{v:,.0f}")
    return f"{target['text']}: {number(target['value'])}{unit}, target <= {number(target['limit'])}{unit}"


def show(result):
    print(f"\n{result['name']}: {result['title']}")
    if "skipped" in result:
        print(f"  skipped: {result['skipped']}", flush=True)
        return
    columns = used_columns(result["rows"])
    print(f"  {'':<32}" + "".join(f"{heading:>16}" for _, heading, _ in columns))
    for row in result["rows"]:
        label, *values = cells(row, columns)
        print(f"  {label:<32}" + "".join(f"{value:>16}" for value in values) + (f"  ! {row['errors']}" if row.get("errors") else ""))
    for target in result["targets"]:
        print(f"  {'met   ' if target['met'] else 'MISSED'} {target_text(target)}")
    print(end="", flush=True)

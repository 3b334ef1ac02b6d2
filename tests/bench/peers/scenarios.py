# SPDX-License-Identifier: Apache-2.0
"""What is measured, and what it may cost beside others: each target is a ratio or a figure of one run."""
import dataclasses, resource, statistics

from peers.load import CONNECTIONS, Wrk, backend_counts, hold_idle, measure, memory_kib
from peers.servers import BIG_BYTES

ROTATION = 10000
WARM_UP_S = 1
SETTLE_S = 1  # in which servers finish what clients left
MEASURES = ("cpu_us", "rps", "p50_s", "p99_s", "pss_kib", "anonymous_kib")


@dataclasses.dataclass
class Target:
    peer: str    # label of the row we are compared with
    limit: float
    measure: str = "cpu_us"


@dataclasses.dataclass
class Scenario:
    name: str
    title: str
    peers: list  # (label, server, way)
    tokens: str  # warm, rotation, RS256, ES256, bad, none
    targets: list
    is_refused: bool = False
    way: str = "plain"      # of ours
    path: str = ""          # in place of /x
    script: str = None      # of wrk
    connections: int = CONNECTIONS


NGINX, HAPROXY = ("nginx", "nginx", "plain"), ("HAProxy", "haproxy", "plain")
JWT = {alg: ("HAProxy jwt_verify", "haproxy", alg) for alg in ("RS256", "ES256")}
APACHE = ("Apache mod_auth_openidc", "apache", "RS256")
SCENARIOS = [
    Scenario("warm", "one token again and again, answers of 1 KB", [NGINX, HAPROXY, JWT["RS256"], APACHE], "warm",
             [Target("nginx", 0.90), Target("HAProxy", 1.05)]),
    Scenario("rotation", f"{ROTATION:,} tokens in turn", [NGINX, HAPROXY, JWT["RS256"]], "rotation", [Target("nginx", 0.95)]),
    Scenario("rs256", "RS256 tokens not met before", [NGINX, JWT["RS256"], APACHE], "RS256", [Target("HAProxy jwt_verify", 0.68)]),
    Scenario("es256", "ES256 tokens not met before", [NGINX, JWT["ES256"]], "ES256", [Target("HAProxy jwt_verify", 0.76)]),
    Scenario("bad", "wrong signatures", [JWT["RS256"], APACHE], "bad", [Target("HAProxy jwt_verify", 0.60)], is_refused=True),
    Scenario("none", "no token", [("nginx 401", "nginx", "refuse"), ("HAProxy deny", "haproxy", "refuse"), APACHE], "none",
             [Target("nginx 401", 1.05), Target("HAProxy deny", 1.05)], is_refused=True),
    Scenario("tls", "TLS 1.3, one token again and again", [("nginx TLS", "nginx", "tls"), ("HAProxy TLS", "haproxy", "tls")], "warm",
             [Target("nginx TLS", 0.95)], way="tls"),
    Scenario("download", "answers of 1 MB", [NGINX, HAPROXY], "warm", [Target("nginx", 1.0)], path="/big", connections=8),
    Scenario("upload", "requests of 1 MB", [NGINX, HAPROXY], "warm", [Target("nginx", 1.0)], path="/upload", script="upload", connections=8),
]


def load_of(bench, scenario, turn):
    """How wrk is called for it; tokens not met before go on where the last run of anyone ended."""
    mint = bench.mint
    how = {"connections": scenario.connections}
    if scenario.script:
        how["script"] = bench.stand.write("upload.lua", f'wrk.method = "POST"\nwrk.body = string.rep("x", {BIG_BYTES})\n')
    if scenario.tokens == "warm":
        how["fields"] = [f"Authorization: Bearer {mint.good['RS256'].first}"]
    elif scenario.tokens == "bad":
        how["tokens"] = mint.bad
    elif scenario.tokens == "rotation":
        how.update(tokens=mint.good["RS256"], count=ROTATION)
    elif scenario.tokens != "none":
        how["tokens"] = mint.good[scenario.tokens]
    return how


def contenders(bench, scenario):
    """(label, server, way) of ours and of those that are there; ours None where this build cannot do it."""
    ours = bench.servers["jwtgate"]
    if scenario.way not in ours.ports:
        return None
    there = [(label, bench.servers[name], way) for label, name, way in scenario.peers if name in bench.servers]
    return [("jwtgate", ours, scenario.way)] + there


def one_run(bench, scenario, contender, duration_s):
    label, server, way = contender
    url = server.url(way)
    if scenario.path:
        url = url[:url.rindex("/")] + scenario.path
    result = measure(bench.stand, server, url, duration_s, **load_of(bench, scenario, label))
    wanted = result["requests"] if scenario.is_refused else 0
    if result["refused"] != wanted:
        result["errors"] += f" {abs(result['refused'] - wanted)} of {result['requests']} answers of another kind"
    return result


def medians(label, runs):
    row = {"label": label, "runs": runs}
    for key in MEASURES:
        row[key] = statistics.median(run[key] for run in runs)
    cpus = [run["cpu_us"] for run in runs]
    row["spread"] = (max(cpus) - min(cpus)) / row["cpu_us"]
    row["errors"] = " ".join(run["errors"] for run in runs if run["errors"])
    return row


def judged(text, value, limit, unit=""):
    return {"text": text, "value": value, "limit": limit, "unit": unit, "met": value <= limit}


def against(rows, target):
    row = {r["label"]: r for r in rows}
    if target.peer not in row:
        return None
    return judged(f"CPU of {target.peer}, times", row["jwtgate"][target.measure] / row[target.peer][target.measure], target.limit)


def run_scenario(bench, scenario):
    """Rounds in which the order turns; the first only warms up."""
    those = contenders(bench, scenario)
    if those is None:
        return {"name": scenario.name, "title": scenario.title, "skipped": "this build has no such listener"}
    runs = {label: [] for label, _, _ in those}
    before = backend_counts(bench.backend, SETTLE_S) if scenario.name == "bad" else None
    for turn in range(bench.repeats + 1):
        at = turn % len(those)
        for contender in those[at:] + those[:at]:
            result = one_run(bench, scenario, contender, bench.seconds if turn > 0 else WARM_UP_S)
            if turn > 0:
                runs[contender[0]].append(result)
    rows = [medians(label, results) for label, results in runs.items()]
    targets = [t for t in (against(rows, target) for target in scenario.targets) if t]
    if before:
        after = backend_counts(bench.backend, SETTLE_S)
        targets.append(judged("requests that reached the backend", after[1] - before[1] - 1, 0))
        targets.append(judged("connections made to the backend", after[0] - before[0] - 1, 0))
    return {"name": scenario.name, "title": scenario.title, "rows": rows, "targets": targets}


def warm_beside(bench, server, way, is_flooded):
    """What warm clients see, alone or while as many others send wrong signatures as fast as they are refused."""
    flood = Wrk(bench.stand, server.url(way), bench.seconds + 2, tokens=bench.mint.bad, nice=5) if is_flooded else None
    result = measure(bench.stand, server, server.url(way), bench.seconds, fields=[f"Authorization: Bearer {bench.mint.good['RS256'].first}"])
    if flood:
        result["flood_rps"] = flood.result()["rps"]
    return result


def run_flood(bench):
    those = [("jwtgate", bench.servers["jwtgate"], "plain"), ("HAProxy jwt_verify", bench.servers["haproxy"], "RS256")]
    runs = {(label, flooded): [] for label, _, _ in those for flooded in (False, True)}
    for _ in range(bench.repeats):
        for label, server, way in those:
            for flooded in (False, True):
                runs[label, flooded].append(warm_beside(bench, server, way, flooded))
    rows = [medians(label + (", flooded" if flooded else ""), results) for (label, flooded), results in runs.items()]
    ratio = rows[1]["p99_s"] / rows[0]["p99_s"]
    for row in rows:  # the requests of the flood are not counted: what a warm one costs cannot be told
        row["cpu_us"] = row["spread"] = None
    return {"name": "flood", "title": f"{CONNECTIONS} warm clients while {CONNECTIONS} others send wrong signatures", "rows": rows,
            "targets": [judged("p99 without the flood, times", ratio, 3.0)]}


def run_idle(bench):
    """Anonymous memory for one idle connection."""
    rows = []
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 100  # a gateway keeps a descriptor for each request's other side
    count = min(bench.idle, most)
    token = bench.mint.good["RS256"].first
    for label, server in [("jwtgate", bench.fresh_gateway()), ("nginx", bench.servers["nginx"]), ("HAProxy", bench.servers["haproxy"])]:
        first = hold_idle(server.ports["plain"], token, 10)
        before = memory_kib(server.process.pid)["anonymous_kib"]
        held = hold_idle(server.ports["plain"], token, count)
        grown = memory_kib(server.process.pid)["anonymous_kib"] - before
        rows.append({"label": label, "bytes": grown * 1024 / count})
        for s in first + held:
            s.close()
    return {"name": "idle", "title": f"{count:,} idle keep-alive connections", "rows": rows,
            "targets": [judged("bytes for one", rows[0]["bytes"], 1300)]}


def run_memory(bench):
    server = bench.fresh_gateway()
    rows = [{"label": "jwtgate at start", **memory_kib(server.process.pid)}]
    Wrk(bench.stand, server.url("plain"), 2, fields=[f"Authorization: Bearer {bench.mint.good['RS256'].first}"]).result()
    rows.append({"label": "jwtgate, warm", **memory_kib(server.process.pid)})
    Wrk(bench.stand, server.url("plain"), max(4, bench.seconds), tokens=bench.mint.good["RS256"], count=ROTATION).result()
    rows.append({"label": f"jwtgate, {ROTATION:,} tokens remembered", **memory_kib(server.process.pid)})
    mb = [row["anonymous_kib"] * 1024 / 1e6 for row in rows]
    return {"name": "memory", "title": "anonymous memory", "rows": rows,
            "targets": [judged("at start", mb[0], 6, "MB"), judged(f"more with {ROTATION:,} tokens", mb[2] - mb[1], 24, "MB")]}


def run_workers(bench):
    """Both run on all processors, so that only the number of workers differs."""
    cpus = f"{bench.stand.gateway_cpu},{bench.stand.load_cpu}"
    those = [(f"jwtgate, {n} worker{'s' if n > 1 else ''}", bench.fresh_gateway(workers=n, cpus=cpus)) for n in (1, 2)]
    runs = {label: [] for label, _ in those}
    fields = [f"Authorization: Bearer {bench.mint.good['RS256'].first}"]
    for turn in range(bench.repeats + 1):
        for label, server in those if turn % 2 else those[::-1]:
            result = measure(bench.stand, server, server.url("plain"), bench.seconds if turn > 0 else WARM_UP_S, fields=fields)
            if turn > 0:
                runs[label].append(result)
    rows = [medians(label, results) for label, results in runs.items()]
    return {"name": "workers", "title": "two workers", "rows": rows,
            "targets": [judged("CPU of one worker, times", rows[1]["cpu_us"] / rows[0]["cpu_us"], 1.10)]}


SPECIAL = {"flood": run_flood, "workers": run_workers, "idle": run_idle, "memory": run_memory}
NAMES = [scenario.name for scenario in SCENARIOS] + list(SPECIAL)


def run(bench, name):
    if name in SPECIAL:
        return SPECIAL[name](bench)
    return run_scenario(bench, next(scenario for scenario in SCENARIOS if scenario.name == name))

# SPDX-License-Identifier: Apache-2.0
"""Load by wrk, and what it cost the server: processor time and memory of its tree of processes."""
import os, re, socket, subprocess, time

CONNECTIONS = 64
UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requests.lua")


def tree(pid):
    pids = [pid]
    for at in pids:
        for task in os.listdir(f"/proc/{at}/task"):
            with open(f"/proc/{at}/task/{task}/children") as file:
                pids += [int(child) for child in file.read().split()]
    return pids


def cpu_ns(pid):
    """Run time of all threads, in nanoseconds."""
    total = 0
    for at in tree(pid):
        for task in os.listdir(f"/proc/{at}/task"):
            with open(f"/proc/{at}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
    return total


def memory_kib(pid):
    """PSS and anonymous memory."""
    found = {"Pss": 0, "Anonymous": 0}
    for at in tree(pid):
        with open(f"/proc/{at}/smaps_rollup") as file:
            for key, value in re.findall(r"^(Pss|Anonymous):\s+(\d+) kB", file.read(), re.M):
                found[key] += int(value)
    return {"pss_kib": found["Pss"], "anonymous_kib": found["Anonymous"]}


def seconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * UNITS_S[unit]


class Wrk:
    """One run, under way."""

    def __init__(self, stand, url, duration_s, fields=(), tokens=None, first=0, count=0, script=None, connections=CONNECTIONS, nice=0):
        arguments = ["nice", "-n", str(nice), "taskset", "-c", str(stand.load_cpu), "wrk", "-t1", f"-c{connections}", f"-d{duration_s}s",
                     "--latency", "--timeout", "10s"]
        for field in fields:
            arguments += ["-H", field]
        if tokens:
            script = script or SCRIPT
        arguments += ["-s", script, url] if script else [url]
        if tokens:
            arguments += ["--", tokens.path, str(len(tokens.first)), str(count or tokens.count), str(first)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self):
        out, err = self.process.communicate()
        if self.process.returncode != 0:
            raise SystemExit(f"wrk failed: {err or out}")
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        errors = re.search(r"Socket errors: (.*)", out)
        return {"requests": int(re.search(r"(\d+) requests in", out).group(1)),
                "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
                "p50_s": seconds(re.search(r"50%\s+([\d.]+\w+)", out).group(1)),
                "p99_s": seconds(re.search(r"99%\s+([\d.]+\w+)", out).group(1)),
                "refused": int(refused.group(1)) if refused else 0, "errors": errors.group(1) if errors else ""}


def measure(stand, server, url, duration_s, **how):
    """A run, and the processor time of the server in it for one request."""
    before = cpu_ns(server.process.pid)
    result = Wrk(stand, url, duration_s, **how).result()
    used = cpu_ns(server.process.pid) - before
    result["cpu_us"] = used / 1000 / max(1, result["requests"])
    result["busy"] = used / 1e9 / duration_s
    result.update(memory_kib(server.process.pid))
    return result


def backend_counts(backend, settle_s):
    """Connections accepted and requests handled so far, this question included."""
    time.sleep(settle_s)
    with socket.create_connection(("127.0.0.1", backend.ports["plain"])) as s:
        s.sendall(b"GET /count HTTP/1.0\r\n\r\n")
        text = b""
        while piece := s.recv(4096):
            text += piece
    accepted, _, requests = re.search(rb"^\s*(\d+) (\d+) (\d+)\s*$", text, re.M).groups()
    return int(accepted), int(requests)


def hold_idle(port, token, count):
    """`count` connections of which each had one request answered."""
    request = f"GET /x HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    held = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(request)
        if not s.recv(8192).startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"port {port}: connection {len(held)} was not answered by 200")
        held.append(s)
    time.sleep(0.2)
    return held

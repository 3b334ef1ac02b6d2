# SPDX-License-Identifier: Apache-2.0
"""Ours, with a whole policy: issuer, audience, lifetime, a required claim."""
import json, subprocess

from peers.servers import Server, certificate, ports_for
from peers.tokens import AUDIENCE

CONNECTIONS_MAX = 12000


def configuration(ports, backend, keys_url, tls, workers):
    listeners = [{"bind": f"127.0.0.1:{ports['plain']}"}]
    if tls:
        listeners.append({"bind": f"127.0.0.1:{ports['tls']}", "tls": {"certificate": tls[0], "key": tls[1]}})
    policy = {"openid_config": [{"url": keys_url}], "audiences": [AUDIENCE],
              "required_claims": [{"name": "roles", "match": "any", "values": ["Orders.Read"]}]}
    return {"listeners": listeners, "admin": {"bind": f"127.0.0.1:{ports['admin']}"}, "workers": workers, "log": {"access": False, "audit": "off"},
            "limits": {"connections": CONNECTIONS_MAX}, "timeouts": {"idle": "10m"},
            "backends": {"bench": {"servers": [f"http://127.0.0.1:{backend.ports['plain']}"]}},
            "routes": [{"name": "bench", "path": "/", "backend": "bench", "validate_jwt": policy}]}


def is_valid(stand, binary, settings):
    path = stand.write("probe.yaml", json.dumps(settings))
    return subprocess.run([binary, "check", "-c", path], capture_output=True).returncode == 0


def start_gateway(stand, binary, backend, keys_url, mint, workers=1, cpus=None):
    """TLS is left out where this build has none."""
    ports = ports_for("plain", "tls", "admin")
    settings = configuration(ports, backend, keys_url, certificate(stand), workers)
    if not is_valid(stand, binary, settings):
        del ports["tls"]
        settings = configuration(ports, backend, keys_url, None, workers)
    name = f"jwtgate-{ports['plain']}"
    conf = stand.write(name + ".yaml", json.dumps(settings))
    process = stand.start(name, stand.gateway_cpu if cpus is None else cpus, [binary, "serve", "-c", conf], ports["plain"])
    server = Server("jwtgate", process, ports)
    stand.expect(server.url("plain"), mint.good["RS256"].first, 200)
    stand.expect(server.url("plain"), mint.bad.first, 401)
    stand.expect(server.url("plain"), None, 401)
    return server

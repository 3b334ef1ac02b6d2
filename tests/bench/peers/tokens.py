# SPDX-License-Identifier: Apache-2.0
"""Tokens in files, made once and kept: RS256.tokens, ES256.tokens, and bad.tokens, whose signatures are wrong."""
import base64, http.server, json, os, subprocess, threading, time

ISSUER = "https://login.example/5a1d3c0e-6f0b-4d2e-8a0b-7c1d2e3f4a5b/v2.0"
AUDIENCE = "api://d183fdbe-fc28-4ef7-9ca1-e7b4a4cd1ff8"
LIFETIME_S = 60 * 24 * 3600
BAD_COUNT = 10000
CLAIMS = {  # those of an access token of Entra ID, which has 17
    "aud": AUDIENCE, "iss": ISSUER,
    "aio": "E2ZgYDjUYLhV8sQk1u0T3m7nq9r5s2t8v4w6x1y3z0a", "appid": "3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "appidacr": "1",
    "oid": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "rh": "0.AXkATkEqf21bj06aCxwtPk9aa77zg9Eo_PdOnKHntKTNH_gAAA.",
    "roles": ["Orders.Read", "Orders.Write"], "scp": "orders.read orders.write", "sub": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    "tid": "7f2a1c4e-5b6d-4e8f-9a0b-1c2d3e4f5a6b", "ver": "2.0", "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"],
}


class Tokens:
    """A file of tokens, all of one length."""

    def __init__(self, path):
        self.path = path
        with open(path) as file:
            self.first = file.readline().rstrip("\n")
        self.count = os.path.getsize(path) // (len(self.first) + 1)


class Mint:
    def __init__(self, cache, tool, count):
        self.folder = cache
        os.makedirs(cache, exist_ok=True)
        if self.is_outdated(count):
            self.make(tool, count)
        self.good = {alg: Tokens(self.path(f"{alg}.tokens")) for alg in ("RS256", "ES256")}
        self.bad = Tokens(self.path("bad.tokens"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def is_outdated(self, count):
        try:
            with open(self.path("made.json")) as file:
                made = json.load(file)
        except FileNotFoundError:
            return True
        return made["claims"] != CLAIMS or made["count"] < count or made["exp"] < time.time() + 24 * 3600

    def make(self, tool, count):
        print(f"making {count} tokens of each kind in {self.folder}, once ...", flush=True)
        now = int(time.time())
        claims = dict(CLAIMS, iat=now, nbf=now - 60, exp=now + LIFETIME_S, uti="%010u")
        text = json.dumps(claims, separators=(",", ":"))
        makers = [subprocess.Popen([tool, self.folder, str(count), alg, text]) for alg in ("RS256", "ES256")]
        if any([maker.wait() for maker in makers]):
            raise SystemExit("no tokens could be made")
        self.make_bad()
        with open(self.path("made.json"), "w") as file:
            json.dump({"claims": CLAIMS, "count": count, "exp": claims["exp"]}, file)

    def make_bad(self):
        with open(self.path("RS256.tokens")) as good, open(self.path("bad.tokens"), "w") as bad:
            for _, token in zip(range(BAD_COUNT), good):
                bad.write(with_wrong_signature(token.strip()) + "\n")

    def key_set(self):
        return '{"keys":[' + ",".join(open(self.path(f"{alg}.jwk")).read() for alg in ("RS256", "ES256")) + "]}"


def with_wrong_signature(token):
    signed, signature = token.rsplit(".", 1)
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[10] ^= 1
    return signed + "." + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")


def publish_keys(mint):
    """A provider that only publishes: discovery document and key set.  Returns the URL of the document."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            here = f"http://127.0.0.1:{self.server.server_port}"
            body = mint.key_set() if self.path == "/keys" else json.dumps({"issuer": ISSUER, "jwks_uri": here + "/keys"})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/.well-known/openid-configuration"

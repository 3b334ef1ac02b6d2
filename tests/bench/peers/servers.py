# SPDX-License-Identifier: Apache-2.0
"""The backend, and those we are compared with: nginx, HAProxy, Apache with mod_auth_openidc.

Each is configured to do its best at the same work: one worker, no access log, connections to the backend kept.
"""
import glob, json, os, shutil, subprocess

from peers.stand import free_port
from peers.tokens import AUDIENCE, ISSUER

BODY = json.dumps({"items": ["x" * 40] * 22})[:1000]
BIG_BYTES = 1 << 20
APACHE_MODULES = "/usr/lib/apache2/modules"


class Server:
    """A process and where it listens: a port for each way of being asked."""

    def __init__(self, name, process, ports):
        self.name, self.process, self.ports = name, process, ports

    def url(self, way):
        scheme = "https" if way == "tls" else "http"
        return f"{scheme}://127.0.0.1:{self.ports[way]}/x"


def ports_for(*ways):
    return {way: free_port() for way in ways}


def certificate(stand):
    """A certificate for TLS listeners, P-256; made once."""
    pair = stand.path("tls.pem"), stand.path("tls.key")
    if not os.path.exists(pair[0]):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=bench.example", "-addext", "subjectAltName=DNS:bench.example", "-out", pair[0], "-keyout", pair[1]],
                       check=True, capture_output=True)
        stand.write("tls-both.pem", open(pair[0]).read() + open(pair[1]).read())
    return pair


def start_nginx(stand, name, port, cpu, servers):
    temp = "".join(f"{kind}_temp_path {stand.path(name + '-' + kind)};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    conf = stand.write(name + ".conf", f"""daemon off; worker_processes 1; {user} pid {stand.path(name + '.pid')};
error_log {stand.path(name + '.err')};
events {{ worker_connections 12000; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; large_client_header_buffers 4 32k; client_max_body_size 0; {temp}
{servers} }}
""")
    return stand.start(name, cpu, ["nginx", "-e", stand.path(name + ".err"), "-c", conf], port)


def start_backend(stand):
    """1 KB at any place, 1 MB at /big; takes bodies and drops them; counts at /count."""
    with open(stand.path("big"), "wb") as file:
        file.write(os.urandom(BIG_BYTES))
    ports = ports_for("plain")
    process = start_nginx(stand, "backend", ports["plain"], stand.load_cpu, f"""server {{ listen 127.0.0.1:{ports['plain']};
default_type application/json;
location / {{ return 200 '{BODY}'; }}
location = /big {{ sendfile on; alias {stand.path('big')}; }}
location = /count {{ stub_status; }} }}""")
    return Server("backend", process, ports)


def start_nginx_peer(stand, backend):
    ports = ports_for("plain", "refuse", "tls")
    chain, key = certificate(stand)
    forward = 'proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";'
    tuned = "proxy_request_buffering off; proxy_buffer_size 16k; proxy_buffers 8 32k; proxy_max_temp_file_size 0;"
    process = start_nginx(stand, "nginx", ports["plain"], stand.gateway_cpu, f"""
upstream backend {{ server 127.0.0.1:{backend.ports['plain']}; keepalive 128; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{ports['plain']}; location / {{ {forward} }} location = /big {{ {forward} {tuned} }}
location = /upload {{ {forward} {tuned} }} }}
server {{ listen 127.0.0.1:{ports['refuse']}; location / {{ if ($http_authorization = "") {{ return 401; }} {forward} }} }}
server {{ listen 127.0.0.1:{ports['tls']} ssl; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;
location / {{ {forward} }} }}""")
    return Server("nginx", process, ports)


HAPROXY_JWT = """    http-request set-var(txn.token) http_auth_bearer
    http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
    http-request deny deny_status 401 unless {{ var(txn.alg) -m str {alg} }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify(txn.alg,"{pem}") 1 }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.iss') -m str {issuer} }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.aud') -m str {audience} }}
    http-request set-var(txn.now) date
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.nbf) var(txn.token),jwt_payload_query('$.nbf','int')
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) lt 0 }}
    http-request deny deny_status 401 if {{ var(txn.now),sub(txn.nbf) lt 0 }}
"""


def haproxy_frontend(way, port, rules="", bind=""):
    return f"""frontend {way}
    bind 127.0.0.1:{port}{bind}
{rules}    default_backend out
"""


def start_haproxy(stand, backend, mint):
    ports = ports_for("plain", "refuse", "RS256", "ES256", "tls")
    certificate(stand)
    rules = {alg: HAPROXY_JWT.format(alg=alg, pem=mint.path(alg + ".pem"), issuer=ISSUER, audience=AUDIENCE) for alg in ("RS256", "ES256")}
    rules["refuse"] = "    http-request deny deny_status 401 unless { req.hdr(authorization) -m found }\n"
    binds = {"tls": f" ssl crt {stand.path('tls-both.pem')} ssl-min-ver TLSv1.3"}
    fronts = "".join(haproxy_frontend(way, ports[way], rules.get(way, ""), binds.get(way, "")) for way in ports)
    conf = stand.write("haproxy.cfg", f"""global
    nbthread 1
    maxconn 12000
    no strict-limits
    tune.bufsize 16384
defaults
    mode http
    timeout client 600s
    timeout server 60s
    timeout connect 5s
    http-reuse always
{fronts}backend out
    server one 127.0.0.1:{backend.ports['plain']} pool-max-conn 256
""")
    return Server("haproxy", stand.start("haproxy", stand.gateway_cpu, ["haproxy", "-db", "-f", conf], ports["plain"]), ports)


def has_apache():
    return shutil.which("apache2") is not None and bool(glob.glob(f"{APACHE_MODULES}/mod_auth_openidc.so"))


def start_apache(stand, backend, mint):
    """Resource server: signature, exp, iss and aud are checked."""
    ports = ports_for("RS256")
    modules = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc")
    loads = "\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in modules)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    conf = stand.write("apache.conf", f"""ServerRoot {stand.folder}
ServerName bench.example
PidFile {stand.path('apache.pid')}
DefaultRuntimeDir {stand.folder}
ErrorLog {stand.path('apache.err')}
LogLevel error
{user}
{loads}
Listen 127.0.0.1:{ports['RS256']}
StartServers 1
ServerLimit 1
ThreadsPerChild 96
MaxRequestWorkers 96
MinSpareThreads 1
MaxSpareThreads 96
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
LimitRequestFieldSize 32768
OIDCOAuthVerifyCertFiles RS256#{mint.path('RS256.pem')}
<Location />
    AuthType oauth20
    <RequireAll>
        Require claim iss:{ISSUER}
        Require claim aud:{AUDIENCE}
    </RequireAll>
    ProxyPass http://127.0.0.1:{backend.ports['plain']}/ keepalive=On
</Location>
""")
    process = stand.start("apache", stand.gateway_cpu, ["apache2", "-f", conf, "-DFOREGROUND"], ports["RS256"])
    return Server("apache", process, ports)

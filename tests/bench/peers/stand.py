# SPDX-License-Identifier: Apache-2.0
"""A folder, and servers started in it, each pinned to its processors and ended with the stand."""
import os, resource, shutil, signal, socket, subprocess, sys, tempfile, time

PATIENCE_S = 15
DESCRIPTORS = 65536


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Stand:
    def __init__(self, gateway_cpu, load_cpu):
        self.gateway_cpu, self.load_cpu = gateway_cpu, load_cpu
        self.folder = tempfile.mkdtemp(prefix="jwtgate-bench-")
        os.chmod(self.folder, 0o755)
        self.processes = []
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard) if hard >= 0 else DESCRIPTORS, hard))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def start(self, name, cpus, arguments, port):
        """The process, once it listens on the port."""
        with open(self.path(name + ".log"), "ab") as log:
            process = subprocess.Popen(["taskset", "-c", str(cpus)] + arguments, stdout=log, stderr=log)
        self.processes.append(process)
        self.wait_for(name, process, port)
        return process

    def wait_for(self, name, process, port):
        deadline = time.monotonic() + PATIENCE_S
        while not is_listening(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{name} does not listen:\n{open(self.path(name + '.log'), errors='replace').read()[-2000:]}")
            time.sleep(0.02)

    def expect(self, url, token, status):
        """Asks until that status comes: keys may be fetched yet."""
        deadline = time.monotonic() + PATIENCE_S
        fields = ["-H", f"Authorization: Bearer {token}"] if token else []
        while True:
            got = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", url] + fields, capture_output=True, text=True).stdout
            if got == str(status):
                return
            if time.monotonic() > deadline:
                sys.exit(f"{url}: {status} is expected, {got} came")
            time.sleep(0.05)

    def end(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        for process in reversed(self.processes):
            self.end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

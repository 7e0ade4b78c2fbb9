# SPDX-License-Identifier: MIT
"""What the live tests and the drills stand on: real Apaches, a halb in front of them, and waiting for events.

    with Lab() as lab:
        web = lab.web("web1")                   a real Apache on 127.0.0.1, or elsewhere
        halb = lab.proxy(CONFIG)                $HALB, or build/halb
        lab.check("answers", ask(halb.port, get("/")).startswith(b"HTTP/1.1 200"))
    sys.exit(lab.status())

Every process is started here and ended by its own pid; the folder of the lab is removed at the end (KEEP=1 leaves it).
"""
import contextlib
import csv
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HALB = os.path.abspath(os.environ.get("HALB") or next(filter(os.path.exists, [
    os.path.join(ROOT, "build/halb"), os.path.join(ROOT, "../../sbin/halb"), "/usr/sbin/halb"]), os.path.join(ROOT, "build/halb")))
DEBIAN_HAPROXY = "/usr/sbin/haproxy"
MODULES = "/usr/lib/apache2/modules"
PAGE = "<h1>%s</h1>\n<p>Hi sir, I am going to serve you today!</p>\n"


def read(path):
    """A file's text; empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def until(seconds, condition, every=0.02):
    """Waits for a condition; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def free_port(address="127.0.0.1", given=set()):
    """A port that nobody uses now and that was not given before."""
    while True:
        with socket.socket() as s:
            s.bind((address, 0))
            port = s.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def accepts(port, address="127.0.0.1"):
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), 1).close()
        return True
    return False


def get(path="/", *fields, method="GET", body=b"", close=True):
    """The bytes of a request."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: lab", *fields]
    if close:
        lines.append("Connection: close")
    if body:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(port, request=None, address="127.0.0.1", source=None, seconds=10):
    """Sends bytes, reads to the end of the stream; what came until then, empty when the connection is refused."""
    answer = b""
    with contextlib.suppress(OSError):
        with socket.create_connection((address, port), seconds, (source, 0) if source else None) as s:
            s.sendall(get() if request is None else request)
            while piece := s.recv(65536):
                answer += piece
    return answer


def status(answer):
    found = re.match(rb"HTTP/1\.\d (\d{3})", answer)
    return int(found.group(1)) if found else 0


def body(answer):
    """What follows the head, freed of its chunks."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return rest
    text = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0] or b"0", 16)
        if not length:
            break
        text, rest = text + rest[:length], rest[length + 2:]
    return text


class KeepAlive:
    """A client connection that asks again and again."""

    def __init__(self, port, address="127.0.0.1", source=None, seconds=10):
        self.socket = socket.create_connection((address, port), seconds, (source, 0) if source else None)
        self.left = b""

    def send(self, path="/", *fields):
        self.socket.sendall(get(path, *fields, close=False))

    def receive(self):
        """(head, body); raises when the connection ends before."""
        while b"\r\n\r\n" not in self.left:
            self._more()
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        length = int(found.group(1)) if found else 0
        while len(self.left) < length:
            self._more()
        body, self.left = self.left[:length], self.left[length:]
        return head, body

    def ask(self, path="/", *fields):
        self.send(path, *fields)
        return self.receive()

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        self.left += piece

    def close(self):
        self.socket.close()


def family(pid):
    """The pids of a process and all below it that live."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = read("/proc/%s/stat" % name).rpartition(")")[2].split()
        if fields and fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(name))
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in children.get(parent, [])]
    return [p for p in found if alive(p)]


def alive(pid):
    fields = read("/proc/%d/stat" % pid).rpartition(")")[2].split()
    return bool(fields) and fields[0] != "Z"


class Process:
    """A program in a process group of its own, what it says in `log`."""

    def __init__(self, lab, name, words, **options):
        self.name, self.words = name, words
        self.log = os.path.join(lab.dir, name + ".out")
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          start_new_session=True, **options)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def said(self):
        return read(self.log)

    def kill(self, number):
        """Sends a signal to the program alone."""
        if self.running():
            os.kill(self.pid, number)

    def kill_all(self, number):
        """Sends a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, seconds=10):
        """The exit status (negative: the signal), None when it still runs."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        if self.running():
            self.kill_all(signal.SIGCONT)
            self.kill(signal.SIGTERM)
            if self.wait(5) is None:
                self.kill_all(signal.SIGKILL)
                self.wait(5)
        self.kill_all(signal.SIGKILL)


class Web:
    """A real Apache, as the classic tutorial has it. Started in the foreground, so that its whole group can be killed or frozen."""

    def __init__(self, lab, name, address="127.0.0.1", port=0, prefix=()):
        self.lab, self.name, self.address = lab, name, address
        self.port = port or free_port(address)
        self.prefix = list(prefix)
        self.site = os.path.join(lab.dir, name)
        self.process = None
        os.makedirs(self.site + "/html", exist_ok=True)
        write(self.site + "/html/index.html", PAGE % name)
        text = read(os.path.join(ROOT, "lab/apache.conf"))
        user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
        for key, value in (("SITE", self.site), ("ADDRESS", address), ("PORT", str(self.port)), ("MODULES", MODULES), ("USER", user)):
            text = text.replace("@%s@" % key, value)
        self.conf = write(self.site + "/apache.conf", text)

    def file(self, name, size):
        """Adds a sparse file of so many bytes."""
        with open("%s/html/%s" % (self.site, name), "wb") as f:
            f.truncate(size)

    def start(self, wait=True):
        self.process = self.lab.process(self.name, [*self.prefix, "apache2", "-f", self.conf, "-D", "FOREGROUND"])
        if wait and not until(10, self.answers, 0.05):
            raise RuntimeError("%s does not answer:\n%s%s" % (self.name, self.process.said(), read(self.site + "/error.log")))
        return self

    def answers(self):
        if self.prefix:
            return subprocess.run([*self.prefix, "curl", "-fsm1", "-o/dev/null", "http://%s:%d/" % (self.address, self.port)],
                                  check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        return status(ask(self.port, address=self.address)) == 200

    def stop(self):
        """As `apachectl stop`."""
        subprocess.run([*self.prefix, "apache2", "-f", self.conf, "-k", "stop"], check=False, stderr=subprocess.DEVNULL)
        self.process.wait(10)
        self.process.end()

    def kill(self):
        self.process.kill_all(signal.SIGKILL)
        self.process.wait(10)
        with contextlib.suppress(OSError):
            os.unlink(self.site + "/pid")

    def freeze(self):
        self.process.kill_all(signal.SIGSTOP)

    def thaw(self):
        self.process.kill_all(signal.SIGCONT)

    def access_log(self):
        return read(self.site + "/access.log").splitlines()


class Proxy:
    """halb, or another program that takes its options. In the text of its configuration @PORT@ and @SOCKET@ are put in."""

    def __init__(self, lab, text, *options, name="halb", program=HALB, prefix=(), wait=True, env=None, port=None):
        self.lab, self.port = lab, port or free_port()
        self.socket = "%s/%s.sock" % (lab.dir, name)
        self.file = "%s/%s.cfg" % (lab.dir, name)
        self.configure(text)
        self.process = lab.process(name, [*prefix, program, *(options or ("-db",)), "-f", self.file], env=env)
        if wait and not until(10, lambda: accepts(self.port) or not self.process.running()) or not self.process.running():
            raise RuntimeError("%s did not start:\n%s" % (program, self.process.said()))

    def configure(self, text):
        write(self.file, text.replace("@PORT@", str(self.port)).replace("@SOCKET@", self.socket))

    def command(self, line):
        return runtime(self.socket, line)

    def stat(self):
        """`show stat` as {(proxy, server): {column: value}}."""
        return stat_rows(self.command("show stat"))

    def state(self, backend, server):
        return self.stat().get((backend, server), {}).get("status", "")


def runtime(path, line):
    """The answer of a runtime API to a command."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        s.sendall(line.encode() + b"\n")
        while piece := s.recv(65536):
            answer += piece
    return answer.decode(errors="replace")


def stat_rows(text):
    rows = csv.DictReader(io.StringIO(text.lstrip("# ").strip()))
    return {(row.get("pxname"), row.get("svname")): row for row in rows}


class Syslog:
    """A syslog server on a UDP port; all lines so far in `lines`."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.lines = []
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        while True:
            self.lines.append(self.socket.recv(65536).decode(errors="replace").rstrip("\n"))


class Lab:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="halb-lab.")
        os.chmod(self.dir, 0o755)
        self.processes, self.passed, self.failed = [], 0, 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            process.end()
        if os.environ.get("KEEP"):
            print("# kept: " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if isinstance(value, Exception):
            self.check("no exception", False, "".join(traceback.format_exception(kind, value, trace)))
        return isinstance(value, Exception)

    def check(self, name, good, detail=""):
        """One TAP line; the detail is shown when it failed."""
        print("%s %s" % ("ok" if good else "not ok", name), flush=True)
        self.passed += bool(good)
        self.failed += not good
        if not good and detail != "":
            print("".join("# %s\n" % line for line in str(detail).splitlines()[:60]), end="", flush=True)
        return bool(good)

    def equal(self, name, found, expected):
        return self.check(name, found == expected, "expected %r\nfound    %r" % (expected, found))

    def status(self):
        return 1 if self.failed or not self.passed else 0

    def process(self, name, words, **options):
        process = Process(self, name, words, **options)
        self.processes.append(process)
        return process

    def web(self, name, *more, **options):
        return Web(self, name, *more, **options).start()

    def proxy(self, text, *options, **more):
        return Proxy(self, text, *options, **more)

    def nginx(self, name, directives="", port=0):
        """A real nginx; its access log's lines begin with X-Forwarded-For."""
        port = port or free_port()
        site = os.path.join(self.dir, name)
        os.makedirs(site + "/html", exist_ok=True)
        write(site + "/html/index.html", PAGE % name)
        user = "user www-data;" if os.geteuid() == 0 else ""
        conf = write(site + "/nginx.conf", NGINX % {
            "site": site, "listen": "127.0.0.1:%d" % port, "user": user, "more": SHORT_OPTIONS + directives})
        self.process(name, ["nginx", "-p", site, "-e", site + "/error.log", "-c", conf])
        if not until(10, lambda: status(ask(port)) == 200):
            raise RuntimeError("nginx does not answer:\n" + read(site + "/error.log"))
        return port

    def probe(self):
        """The load probe: its path."""
        return self.program("probe")

    def origin(self):
        """The web server that knows each byte: its path."""
        return self.program("origin")

    def program(self, name):
        """One of lab/*.c. One that was built is taken as long as it is no older than its source."""
        sources = [path for path in (os.path.join(ROOT, "lab", file) for file in (name + ".c", "pattern.h")) if os.path.exists(path)]
        for folder in (os.path.dirname(os.path.abspath(__file__)), os.path.dirname(HALB)):
            program = os.path.join(folder, "halb-" + name)
            if os.access(program, os.X_OK) and all(os.path.getmtime(program) >= os.path.getmtime(source) for source in sources):
                return program
        program = os.path.join(self.dir, "halb-" + name)
        if not os.path.exists(program):
            subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-D_GNU_SOURCE", "-o", program, sources[0]], check=True)
        return program


NGINX = """daemon off; worker_processes 1; pid %(site)s/pid; %(user)s
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
    log_format from '$http_x_forwarded_for "$request" $status';
    access_log %(site)s/access.log from;
    client_body_temp_path %(site)s/body; proxy_temp_path %(site)s/proxy; fastcgi_temp_path %(site)s/fastcgi;
    uwsgi_temp_path %(site)s/uwsgi; scgi_temp_path %(site)s/scgi;
    keepalive_requests 1000000; keepalive_timeout 300s;
    server {
        listen %(listen)s;
        root %(site)s/html;
        %(more)s
    }
}
"""
SHORT_OPTIONS = "if ($request_method = OPTIONS) { return 200; }\n"


def probe_counts(text):
    """What the probe printed, as {"short": {"": 2000, "failed": 0}, ...}."""
    counts = {}
    for line in text.splitlines():
        words = line.split()
        if words and words[0] in ("short", "keepalive", "streams", "uploads", "gap_ms", "wrong_bytes", "idle_closed", "stall_ms"):
            counts[words[0]] = dict(zip([""] + words[2::2], map(int, words[1::2])))
    return counts

# SPDX-License-Identifier: MIT
"""What runs on the lab's machines: halb or the classic pair on hap1 and hap2, a web server on each of the others.

Each has start(), check(), running() -> {part: [pid, ...]}, kill(part) and logs() -> the files that hold what it said. Whoever calls switches the
machine on before and off after; what was said stays.
"""
import contextlib
import os
import re
import signal
import socket
import subprocess
import threading

from lab import HALB, NGINX, PAGE, Web, alive, family, read, until, write
from net import inside

FILES = "/run/lab"  # of hap1 and hap2, as seen there
PROXY_FILE, VRRP_FILE = FILES + "/haproxy.cfg", FILES + "/keepalived.conf"


def kill(pids):
    """All die, none with a last word or an heir."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def said(program):
    return "".join(read(path) for path in program.logs())[-3000:]


class Syslog:
    """Port 514 of a machine: each line goes to the end of a file, as the machine's syslog would write it. Net.watches ends it."""

    def __init__(self, node, path):
        self.node, self.path = node, path
        with inside(node):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 514))
        self.socket.settimeout(0.5)
        threading.Thread(target=self._receive, args=(self.socket,), daemon=True).start()

    def lost(self, node):
        if node is self.node:
            self.end()

    def end(self):
        self.socket, s = None, self.socket
        if s:
            s.close()

    def _receive(self, s):
        with open(self.path, "a", encoding="utf-8") as file:
            while self.socket is s:
                with contextlib.suppress(TimeoutError, OSError):
                    line = s.recv(65536).decode(errors="replace").rstrip("\n\0")
                    file.write(re.sub(r"^<\d+>", "", line) + "\n")
                    file.flush()


class Balancer:
    """halb on hap1 or hap2."""
    parts = ("halb", "guardian", "worker", "watcher")

    def __init__(self, node, files, folders):
        """`files`: {"proxy": text, "vrrp": text}; `folders`: must be there for the sockets that the text names."""
        self.node, self.folders, self.processes, self.syslog = node, folders, {}, None
        self.dir = os.path.join(node.lab.dir, node.name)
        os.makedirs(self.dir, exist_ok=True)
        write(self.dir + "/haproxy.cfg", files["proxy"])
        write(self.dir + "/keepalived.conf", files["vrrp"])
        self.log = write(self.dir + "/syslog", "")

    def commands(self):
        return {"halb": [HALB, "-db", "-f", PROXY_FILE, "-k", VRRP_FILE]}

    def start(self):
        """Starts what does not run."""
        self.node.run("sh", "-c", 'ln -sfn "$0" %s; [ $# -eq 0 ] || mkdir -p "$@"' % FILES, self.dir, *self.folders)
        if not self.syslog or not self.syslog.socket:
            self.syslog = Syslog(self.node, self.log)
            self.node.net.watches.append(self.syslog)
        for name, words in self.commands().items():
            if name not in self.processes or not self.processes[name].running():
                self.processes[name] = self.node.process(name, words)

    def check(self):
        """Raises when something that was started has ended."""
        ended = [name for name, process in self.processes.items() if not process.running()]
        if ended:
            raise RuntimeError("%s on %s ended:\n%s" % (" and ".join(ended), self.node.name, said(self)))

    def running(self):
        if not alive(self.processes["halb"].pid) or not self.node.pid:
            return {}
        first, *others = family(self.processes["halb"].pid)
        watchers = [pid for pid in others if read("/proc/%d/comm" % pid) == "halb-watcher\n"]
        return {"guardian": [first], "worker": [pid for pid in others if pid not in watchers], "watcher": watchers}

    def kill(self, part):
        running = self.running()
        kill(sum(running.values(), []) if part == "halb" else running.get(part, []))
        for process in self.processes.values():
            process.unstop()

    def logs(self):
        return [process.log for process in self.processes.values()] + [self.log]


class Classic(Balancer):
    """Debian's haproxy and keepalived."""
    parts = ("haproxy", "keepalived")

    def commands(self):
        return {"haproxy": ["haproxy", "-db", "-f", PROXY_FILE], "keepalived": ["keepalived", "-n", "-l", "-D", "-f", VRRP_FILE]}

    def start(self):
        self.node.sysctl("net/ipv4/ip_nonlocal_bind", 1)
        self.node.sysctl("net/ipv6/ip_nonlocal_bind", 1)
        super().start()

    def running(self):
        return {name: family(process.pid) for name, process in self.processes.items() if self.node.pid and alive(process.pid)}


class Apache(Web):
    """A web server on all addresses of its machine and the ports that the configuration names. A stand-in answers every path."""
    parts = ("web",)
    command = ("apache2", "-D", "FOREGROUND", "-f")

    def __init__(self, node, wish):
        """`wish`: {"ports": [80], "stand_in": False}"""
        self.node, self.wish = node, wish
        super().__init__(node.lab, node.name, "0.0.0.0", wish["ports"][0], node.prefix)
        self.configure()

    def configure(self):
        text = read(self.conf).replace("Listen 0.0.0.0:%d" % self.port, "\n".join("Listen %d" % port for port in self.wish["ports"]))
        text = text.replace("<VirtualHost *:%d>" % self.port, "<VirtualHost *:*>")
        if self.wish["stand_in"]:
            text = text.replace("</VirtualHost>", "    FallbackResource /index.html\n</VirtualHost>")
        write(self.conf, text)

    def start(self):
        """Starts it, if it does not run."""
        if self.running():
            return
        with contextlib.suppress(OSError):
            os.unlink(self.site + "/pid")
        self.process = self.node.process("web", [*self.command, self.conf])
        if not until(10, lambda: self.answers() or not self.process.running(), 0.03) or not self.process.running():
            raise RuntimeError("the web server on %s does not answer:\n%s" % (self.node.name, said(self)))

    def check(self):
        pass

    def answers(self):
        with contextlib.suppress(OSError), inside(self.node):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def running(self):
        return {"web": family(self.process.pid)} if self.process and self.node.pid and alive(self.process.pid) else {}

    def kill(self, _):
        kill(self.running().get("web", []))
        self.process.unstop()

    def logs(self):
        return [self.process.log] * bool(self.process) + [self.site + "/error.log", self.site + "/access.log"]


class Nginx(Apache):
    command = ("nginx", "-c")

    def configure(self):
        more = "".join("listen [::]:%d;\n" % port for port in self.wish["ports"])
        more += "".join("listen %d;\n" % port for port in self.wish["ports"][1:])
        more += "location / {\n    if ($request_method = OPTIONS) { access_log off; return 200; }\n    %s\n}\n" % (
            "error_page 404 =200 /index.html;" if self.wish["stand_in"] else "")
        user = "user www-data;" if os.geteuid() == 0 else ""
        write(self.site + "/html/index.html", PAGE % self.node.name)
        self.conf = write(self.site + "/nginx.conf", "error_log %s/error.log;\n" % self.site + NGINX % {
            "site": self.site, "listen": "0.0.0.0:%d" % self.port, "user": user, "more": more})


def curl(node, *words):
    """(status, output) of a request made on a machine."""
    done = subprocess.run([*node.prefix, "curl", "-sS", "-m2", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`halb lab`: every verb and what it does, as root and as an ordinary user, and that nothing is left of a lab however it ends.

    lab_verbs.py [PART...]      parts: see PARTS

HALB_LAB_ROUNDS: how often up and down are tried (3). Labs have folders of their own: one that a person has up is not touched.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import HALB, ROOT, Lab, family, until, write
from lab_client import NOBODY, Client, seconds
from lab_files import KEEPALIVED, PROXY, REFUSED

ROUNDS = int(os.environ.get("HALB_LAB_ROUNDS", "3"))


class Part:
    """One lab, its checks named after it."""

    def __init__(self, lab, name, as_nobody=False):
        self.lab, self.name = lab, name
        self.client = Client(lab.dir, name, as_nobody)

    def check(self, what, good, detail=""):
        with LOCK:
            return self.lab.check("%s: %s" % (self.name, what), good, detail)

    def up(self, *words):
        took, (status, said) = seconds(lambda: self.client.up(*words))
        print("# %s: up took %.1f s" % (self.name, took), flush=True)
        return self.check("up", status == 0 and "is answered: web" in said, said)

    def down(self):
        status, said = self.client.run("down")
        left = self.client.left()
        self.check("down, and nothing is left", status == 0 and not left and not os.path.exists(self.client.state), said + "\n".join(left))

    def does(self, words, holders, what):
        """A verb, and where the virtual address is then."""
        status, said = self.client.run(*words)
        good = status == 0 and self.client.held_by(*holders)
        return self.check("%s: %s" % (" ".join(words), what), good, said + self.client.said("status"))

    def refuses(self, words, pattern, code=1):
        status, said = self.client.run(*words)
        self.check("%s is refused" % " ".join(words), status == code and re.search(pattern, said), "%d %s" % (status, said))


LOCK = threading.Lock()


# ---- the verbs
def looks(part):
    client = part.client
    status = client.status()
    part.check("status: five hosts are on, hap1 has the address", status["holders"] == ["hap1"] and
               [host["state"] for host in status["hosts"].values()] == ["on"] * 5, status)
    served = client.serving()
    part.check("curl: the servers alternate", len(served) == 6 and all(a != b for a, b in zip(served, served[1:])), served)
    part.check("curl ARGS", client.said("curl", "-o", "/dev/null", "-w", "%{http_code}") == "200")
    names = [client.said("exec", name, "--", "hostname").strip() for name in status["hosts"]]
    part.check("exec: each host says its name", names == ["hap1", "hap2", "web1", "web2", "client"], names)
    part.check("exec: the hosts know each other's names", "192.168.50.21" in client.said("exec", "client", "--", "getent", "hosts", "web1"))
    part.check("exec: exit status and input", client.run("exec", "hap1", "--", "sh", "-c", "read x && exit $x", input="7\n")[0] == 7)
    part.check("exec: may change its host's network", client.run("exec", "web2", "--", "ip", "link", "add", "dummy", "type", "veth")[0] == 0)
    part.check("exec: halb ctl", "MASTER" in client.said("exec", "hap1", "--", "halb", "ctl", "show", "vrrp"))
    part.check("the browser's port: the page", "Hi sir" in client.browse(), client.browse())
    part.check("the browser's port: statistics of hap1", "Statistics of hap1" in client.browse("haproxy?stats"))
    part.check("logs web1: the client's address, no health check",
               re.search(r"(?m)^192\.168\.50\.100 .*GET / ", client.said("logs", "web1")) and "OPTIONS" not in client.said("logs", "web1"),
               client.said("logs", "web1"))


def follows(part):
    log = part.client.popen("logs", "hap1", "-f")
    try:
        marked = "/mark-%d" % os.getpid()
        part.client.run("curl", "http://192.168.50.10" + marked)
        timer = threading.Timer(10, log.kill)
        timer.start()
        found = any(marked in line and "webservers/web" in line for line in log.stdout)
        timer.cancel()
        part.check("logs hap1 -f: a request's line comes", found)
    finally:
        log.kill()
        log.wait()
        log.stdout.close()


def terminal(part):
    """ssh gives a shell on a terminal."""
    pid, fd = os.forkpty()
    if pid == 0:
        os.execve(shutil.which(part.client.words()[0]), part.client.words("ssh", "web2"), part.client.env)
    text, timer = b"", threading.Timer(20, os.kill, (pid, signal.SIGKILL))
    timer.start()
    os.write(fd, b"echo it is $(hostname) on $(tty); exit 3\n")
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        text += piece
        if not piece:
            break
    timer.cancel()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    part.check("ssh: a shell on a terminal", status == 3 and b"it is web2 on /dev/pts/" in text, text.decode(errors="replace"))


def outages(part):
    client = part.client
    part.does(("halt", "hap1"), ["hap2"], "the address is on hap2")
    part.check("halt: status says off", client.status()["hosts"]["hap1"]["state"] == "off")
    part.check("halt: the statistics are hap2's", "Statistics of hap2" in client.browse("haproxy?stats"))
    part.refuses(("exec", "hap1", "--", "true"), "hap1 is off")
    part.refuses(("halt", "hap1"), "hap1 is off")
    part.does(("start", "hap1"), ["hap1"], "the address is back")
    part.does(("unplug", "hap1"), ["hap2"], "the address is on hap2")
    part.check("unplug: status says so", client.status()["hosts"]["hap1"]["unplugged"])
    part.does(("plug", "hap1"), ["hap1"], "the address is back")
    part.does(("freeze", "hap1"), ["hap2"], "the address is on hap2")
    part.check("freeze: status says so", client.status()["hosts"]["hap1"]["state"] == "frozen")
    part.refuses(("start", "hap1"), "frozen")
    part.does(("thaw", "hap1"), ["hap1"], "the address is back")


def kills(part):
    client = part.client
    for name in ("guardian", "halb"):
        part.does(("kill", "hap1", name), ["hap2"], "the address is on hap2")
        part.check("kill %s: nothing of halb runs on" % name, until(5, lambda: not client.status()["hosts"]["hap1"]["runs"], 0.1))
        part.refuses(("kill", "hap1", name), "does not run")
        part.does(("start", "hap1"), ["hap1"], "the address is back")
    worker = client.said("exec", "hap1", "--", "sh", "-c", "pgrep -x halb || ps ax")
    status, said = client.run("kill", "hap1", "worker")
    part.check("kill worker: another one serves", status == 0 and until(5, lambda: client.status()["hosts"]["hap1"]["runs"].get("worker"), 0.1)
               and until(10, lambda: "Hi sir" in client.said("curl"), 0.1)
               and client.said("exec", "hap1", "--", "sh", "-c", "pgrep -x halb || ps ax") != worker, said)


def servers(part):
    client = part.client
    status, said = client.run("kill", "web1", "web")
    part.check("kill web1 web: web2 serves alone", status == 0 and set(client.serving(4)) == {"web2"}, said + " ".join(client.serving(4)))
    status, said = client.run("start", "web1")
    part.check("start web1: both serve", status == 0 and until(15, lambda: set(client.serving(2)) == {"web1", "web2"}, 0.1), said)
    status, said = client.run("halt", "web2")
    part.check("halt web2: web1 serves alone", status == 0 and until(15, lambda: set(client.serving(4)) == {"web1"}, 0.1), said)
    status, said = client.run("start", "web2")
    part.check("start web2: both serve", status == 0 and until(15, lambda: set(client.serving(2)) == {"web1", "web2"}, 0.1), said)


def errors(part):
    part.refuses(("halt", "hap9"), "there is no host hap9")
    part.refuses(("kill", "web1", "halb"), "there is no halb to kill; there is: web")
    part.refuses(("kill", "hap1"), "usage")
    part.refuses(("halt",), "usage")
    part.refuses(("up", "--port=0"), "is up already")
    part.refuses(("nonsense",), "usage: halb lab", 2)
    part.check("help", "usage: halb lab" in part.client.said("help") and part.client.run("help")[0] == 0)


def verbs(part):
    if part.up():
        looks(part)
        follows(part)
        terminal(part)
        errors(part)
        outages(part)
        kills(part)
        servers(part)
    part.down()
    part.refuses(("status",), "the lab is not up")
    part.check("down again is no error", part.client.run("down") == (0, "the lab was not up\n"))


# ---- other programs and files
def classic(part):
    if not shutil.which("keepalived", path="/usr/sbin:" + os.environ["PATH"]):
        print("ok classic # SKIP no keepalived")
        return
    if part.up("--lb=classic", "--web=nginx"):
        client = part.client
        part.check("status: what runs", set(client.status()["hosts"]["hap1"]["runs"]) == {"haproxy", "keepalived"}, client.said("status"))
        part.check("nginx serves", "nginx" in client.said("curl", "-i"), client.said("curl", "-i"))
        part.refuses(("kill", "hap1", "halb"), "there is: haproxy keepalived")
        part.does(("kill", "hap1", "haproxy"), ["hap2"], "the address is on hap2")
        part.check("statistics of hap2", "hap2" in client.browse("haproxy?stats"))
        part.does(("start", "hap1"), ["hap1"], "the address is back")
    part.down()


def own_files(part):
    client = part.client
    for text, pattern in REFUSED:
        write(client.home + "/bad.cfg", text)
        part.refuses(("up", "--port=0", "-f", client.home + "/bad.cfg"), pattern)
    files = ["-f", write(client.home + "/my.cfg", PROXY), "-k", write(client.home + "/my.conf", KEEPALIVED)]
    status, said = client.up(*files)
    part.check("up", status == 0 and "is answered: web" in said, said)
    for line in ("virtual address 10.1.2.100: 192.168.50.10", "interface ens192: eth1", "10.1.2.11: hap1, 192.168.50.11",
                 r"server 10.1.2.21 \(app1 app3\): a stand-in, web1, 192.168.50.21, ports 8080 8081 9090", "left out: notify_master"):
        part.check("said: " + line, re.search(line, said), said)
    if status == 0:
        part.check("two stand-ins answer", set(client.serving(4)) == {"web1", "web2"}, client.serving(4))
        text = client.said("exec", "hap2", "--", "cat", "/run/lab/keepalived.conf")
        part.check("hap2: BACKUP, lower priority, the peers swapped", re.search(r"state BACKUP(?s:.*)priority 149(?s:.*)unicast_src_ip "
                   r"192\.168\.50\.12\s+unicast_peer \{\s+192\.168\.50\.11\s", text), text)
        text = client.said("exec", "hap2", "--", "cat", "/run/lab/haproxy.cfg")
        part.check("each hap binds its own address", "bind 192.168.50.12:7000" in text, text)
        addresses = client.said("exec", "hap1", "--", "ip", "-br", "addr")
        part.check("both virtual addresses are on hap1", "192.168.50.10/24" in addresses and "192.168.50.13/32" in addresses, addresses)
        part.does(("halt", "hap1"), ["hap2"], "the addresses are on hap2")
    part.down()


# ---- how a lab ends
def rounds(part):
    for number in range(ROUNDS):
        status, said = part.client.up()
        served = part.client.said("curl")
        part.client.run("down")
        left = part.client.left()
        part.check("up and down, round %d: nothing is left" % (number + 1), status == 0 and "Hi sir" in served and not left
                   and not os.path.exists(part.client.state), said + served + "\n".join(left))


def killed(part):
    """SIGKILL to each of the processes that hold the lab, and to `up` on its way."""
    client = part.client
    for at, name in enumerate(("unshare", "its first process", "the holder")):
        client.up()
        with open(client.state + "/lock", encoding="ascii") as lock:
            os.kill(family(int(lock.read()))[at], signal.SIGKILL)
        left = client.left()
        part.check("SIGKILL to %s: nothing is left" % name, not left and client.run("status")[0] == 1 and not os.path.exists(client.state),
                   "\n".join(left))
    client.up()
    os.kill(client.processes()[-1], signal.SIGKILL)
    part.check("... and one that comes up where another was killed", client.left() or True and client.up()[0] == 0)
    part.down()
    for number, pause in ((signal.SIGKILL, 0.1), (signal.SIGKILL, 0.4), (signal.SIGKILL, 1.2), (signal.SIGINT, 0.2), (signal.SIGTERM, 1.2)):
        up = client.popen("up", "--port=0")
        until(10, lambda: len(client.processes()) > 1, 0.005)
        time.sleep(pause)  # somewhere in the middle
        client.note_namespaces()
        os.kill(up.pid, number)
        status = up.wait(20)
        up.stdout.close()
        left = client.left()
        code = {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
        part.check("%s to up after %.1f s: nothing is left" % (number.name, pause), not left and status == code
                   and (number == signal.SIGKILL or not os.path.exists(client.state)), "%d\n%s" % (status, "\n".join(left)))
    part.check("... and it comes up again", client.up()[0] == 0)
    part.down()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(1)
        part.refuses(("up", "--port=%d" % busy.getsockname()[1]), "for the browser: Address already in use; choose another with --port=N")
    part.check("the busy port: nothing was made", not client.left() and not os.path.exists(client.state), "\n".join(client.left()))


def forbidden(part):
    """An ordinary user where user namespaces are switched off (for a namespace of ours alone) is told what to do."""
    script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'
    done = subprocess.run(["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "unshare", "--user",
                           "--map-current-user", "--keep-caps", "sh", "-c", script, "sh", HALB, "lab", "up", "--port=0"],
                          env=part.client.env, capture_output=True, text=True, check=False, timeout=30)
    part.check("no user namespaces: told what to do", done.returncode == 1 and "sudo sysctl user.max_user_namespaces=" in done.stderr,
               done.stdout + done.stderr)


# The name, whether it is for root alone, whether it runs as an ordinary user, what it does. Those of a column run one after the other.
PARTS = {
    "verbs": (False, False, verbs), "ordinary": (True, True, verbs), "killed": (False, False, killed), "rounds": (False, False, rounds),
    "classic": (True, False, classic), "own": (False, False, own_files), "own-ordinary": (True, True, own_files),
    "forbidden": (True, True, forbidden),
}
COLUMNS = (("verbs",), ("ordinary", "forbidden"), ("killed", "rounds", "classic", "own", "own-ordinary"))


def readable():
    """A tree below /root is nobody's."""
    return subprocess.run(["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "test", "-r", ROOT + "/lab/holder.py",
                           "-a", "-x", HALB], check=False).returncode == 0


def column(lab, names):
    for name in names:
        root_alone, as_nobody, action = PARTS[name]
        if root_alone and os.geteuid() != 0 or as_nobody and not readable():
            print("ok %s # SKIP not as this user, or not in this folder" % name, flush=True)
            continue
        part = Part(lab, name, as_nobody)
        try:
            action(part)
        except Exception as e:
            part.check("no exception", False, repr(e) + part.client.said("status"))
        part.client.end()


def main():
    wanted = sys.argv[1:] or list(PARTS)
    tried = subprocess.run(["unshare", *(["--user"] if os.geteuid() else []), "--net", "--pid", "--fork", "--mount", "true"],
                           capture_output=True, text=True, check=False)
    if tried.returncode:
        print("ok lab_verbs # SKIP no namespaces here: %s" % tried.stderr.strip())
        sys.exit(77)
    with Lab() as lab:
        threads = [threading.Thread(target=column, args=(lab, [name for name in names if name in wanted])) for names in COLUMNS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

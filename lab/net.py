# SPDX-License-Identifier: MIT
"""Networks for the drills: switches, and machines with processes, interfaces and folders of their own.

    enter("pair")                               this program again, where it may make networks; 77 (skipped) where it may not
    with Lab() as lab, Net(lab) as net:
        hap1 = net.node("hap1", {"eth1": "192.168.50.11/24"})
        hap1.process("haproxy", ["haproxy", "-db", "-f", FILE])         a Process whose pid is the program's
        hap1.cable("down"), hap1.silent(True), hap1.off(), hap1.on()

A node has network, process, mount and name namespaces: /run and /tmp are its own, a program there sees only its node's processes, and
killing the node's first process is switching the machine off. Interfaces keep their MAC address when the machine comes back.
"""
import contextlib
import ctypes
import os
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from lab import HALB, ROOT, Process, Web, family, read, until, write

ENTERED = "HALB_LAB_ENTERED"
NODE_SECONDS = 4000  # nodes end by themselves, should nobody end them
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(name):
    """Runs this program again in namespaces that it may do anything in; exits with 77 where that is forbidden."""
    if os.environ.get(ENTERED):
        return
    unshare = ["unshare", "--net", "--mount"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-current-user", "--keep-caps"]
    tried = subprocess.run([*unshare, "unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "ip", "link", "set", "lo", "up"],
                           capture_output=True, text=True, check=False)
    if tried.returncode:
        print("ok %s # SKIP no namespaces here: %s" % (name, tried.stderr.strip()))
        sys.exit(77)
    os.environ[ENTERED] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def ip(*words, prefix=()):
    done = subprocess.run([*prefix, "ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError("ip %s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


@contextlib.contextmanager
def inside(node):
    """The calling thread in the node's network: sockets that it makes meanwhile belong there."""
    with open("/proc/thread-self/ns/net", encoding="ascii") as own, open("/proc/%d/ns/net" % node.pid, encoding="ascii") as there:
        for number in (there.fileno(), own.fileno()):
            if LIBC.setns(number, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            if number == there.fileno():
                try:
                    yield
                except BaseException:
                    LIBC.setns(own.fileno(), CLONE_NEWNET)
                    raise


class NodeProcess(Process):
    """A program on a node; `pid` is its own, as seen from here."""

    def __init__(self, lab, node, name, words, **options):
        super().__init__(lab, "%s.%s" % (node.label, name), [*node.prefix, *words], **options)
        nsenter = self.pid
        found = until(5, lambda: family(nsenter)[1:] or not self.running(), 0.005)
        self.pid = found[0] if isinstance(found, list) else nsenter

    def kill_family(self):
        """The program and all below it die, none with a last word or an heir."""
        processes = family(self.pid)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.unstop()

    def unstop(self):
        if self.running():
            os.kill(self.popen.pid, signal.SIGCONT)


class Node:
    """A machine. `interfaces`: {name: addresses "192.168.50.11/24 fe80::11/64"}, all on the net's first switch unless
    `switches` = {name: switch} says otherwise."""

    def __init__(self, net, name, interfaces, switches=None):
        self.net, self.lab, self.name, self.interfaces = net, net.lab, name, interfaces
        self.switches = switches or {}
        self.label = net.label + name
        self.dir = os.path.join(self.lab.dir, "node-" + self.label)
        self.pid, self.processes = 0, []
        self.on()

    # ---- the machine
    def _script(self):
        """What the node's first process does: folders of its own, but those of the drill are seen, and then it sleeps."""
        script = "mount --make-rprivate / 2>/dev/null; hostname \"$1\" || exit 1\nmount -t tmpfs run {0}/run || exit 1\n"
        for place in sorted({self.lab.dir, ROOT, os.path.dirname(HALB), *self.net.places}):
            if place.startswith(("/tmp/", "/run/")) and not self.lab.dir.startswith(place + "/"):
                script += "mkdir -p {0}%s && mount --rbind %s {0}%s || exit 1\n" % ((shlex.quote(place),) * 3)
        if self.net.hosts:
            script += "[ ! -e /etc/hosts ] || mount --bind %s /etc/hosts || exit 1\n" % shlex.quote(self.net.hosts)
        for top in sorted(("/run", "/tmp"), key=lambda top: self.lab.dir.startswith(top + "/")):  # where {0} itself lies comes last
            script += "mount --rbind {0}%s %s || exit 1\n" % (top, top)
        script += "while :; do sleep {1}; break; done"
        return script.replace("{0}", shlex.quote(self.dir)).replace("{1}", str(self.net.node_seconds))

    def on(self):
        for place, mode in (("/tmp", 0o1777), ("/run", 0o755)):
            os.makedirs(self.dir + place, exist_ok=True)
            os.chmod(self.dir + place, mode)
        unshare = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--uts"]
        holder = Process(self.lab, "node-" + self.label, [*unshare, "sh", write(self.dir + "/machine", self._script()), self.name])
        found = until(10, lambda: not holder.running() or self._first_process(holder), 0.005)
        if not isinstance(found, list):
            raise RuntimeError("node %s: %s" % (self.label, holder.said()))
        self.holder, self.pid, self.sleeper = holder, *found
        self.prefix = ["nsenter", "-t", str(self.pid), "--net", "--pid", "--mount", "--uts", "--"]
        self.sysctl("net/ipv6/conf/all/accept_dad", 0)
        self.sysctl("net/ipv6/conf/default/accept_dad", 0)
        for buffers in ("tcp_rmem", "tcp_wmem"):  # small ones, so that a broken download shows soon; where that is forbidden, later
            self.sysctl("net/ipv4/" + buffers, "4096 65536 262144")
        ip("link", "set", "lo", "up", prefix=self.prefix)
        for number, name in enumerate(self.interfaces):
            self._plug(number, name)

    @staticmethod
    def _first_process(holder):
        """The shell that buries what the node's programs leave; when it has come to its sleep, the folders are there."""
        processes = family(holder.pid)
        return len(processes) > 2 and read("/proc/%d/comm" % processes[2]) == "sleep\n" and processes[1:3]

    def _plug(self, number, name):
        port, switch = self.port(name), self.switches.get(name, self.net.switches[0])
        ip("link", "add", port, "type", "veth", "peer", "name", name, "address", self.mac(name), "netns", str(self.pid))
        ip("link", "set", port, "master", switch, "up")
        for address in self.interfaces[name].split():
            ip("addr", "add", address, "dev", name, prefix=self.prefix)
        ip("link", "set", name, "up", prefix=self.prefix)

    def off(self):
        """No power: the cables are silent before the programs die."""
        for name in self.interfaces:
            ip("link", "set", self.port(name), "down")
        self.net.lost(self)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.holder.wait(10)
        for process in self.processes:
            process.unstop()
        self.pid, self.processes = 0, []
        for name in self.interfaces:
            with contextlib.suppress(RuntimeError):  # gone with the node's end of it
                ip("link", "del", self.port(name))

    def port(self, name=None):
        """The switch's end of a cable."""
        names = list(self.interfaces)
        return "%s%s-%s" % (self.net.label, self.name, names.index(name or names[0]))

    def mac(self, name=None):
        names = list(self.interfaces)
        number = 16 * self.net.nodes_made.setdefault(self.name, len(self.net.nodes_made) + 1) + names.index(name or names[0])
        return "02:00:00:%02x:%02x:%02x" % (self.net.number, number >> 8, number & 255)

    def cable(self, state, name=None):
        """"down": pulled, and both ends know."""
        ip("link", "set", self.port(name), state)

    def silent(self, silent, name=None):
        """The switch drops what comes and goes at this port; nobody loses the carrier."""
        port = self.port(name)
        until(2, lambda: "LOWER_UP" in ip("link", "show", port))  # a port that was just plugged in takes no state yet
        self._bridge(name, "state", "0" if silent else "3")

    def isolated(self, isolated, name=None):
        """Isolated ports do not hear each other, but all others."""
        self._bridge(name, "isolated", "on" if isolated else "off")

    def _bridge(self, name, *words):
        subprocess.run(["bridge", "link", "set", "dev", self.port(name), *words], check=True)

    # ---- what runs there
    def sysctl(self, name, value):
        """Where that is forbidden, nothing."""
        subprocess.run([*self.prefix, "sh", "-c", 'echo "$1" >"/proc/sys/$0"', name, str(value)], check=False, stderr=subprocess.DEVNULL)

    def run(self, *words):
        return subprocess.run([*self.prefix, *words], capture_output=True, text=True, check=False).stdout

    def process(self, name, words, **options):
        process = NodeProcess(self.lab, self, name, words, **options)
        self.lab.processes.append(process)
        self.processes.append(process)
        return process

    def signal_all(self, number):
        """A signal to whatever runs on the node, one by one; not to its first process and the sleep of that."""
        own = os.readlink("/proc/%d/ns/pid" % self.pid)
        for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
            with contextlib.suppress(OSError):
                if pid not in (self.pid, self.sleeper) and os.readlink("/proc/%d/ns/pid" % pid) == own:
                    os.kill(pid, number)

    def kill_all(self):
        """Whatever runs on the node dies; its first process stays. Its /run is empty then."""
        self.signal_all(signal.SIGKILL)
        for process in self.processes:  # nsenter stops with its program, and would leave it unburied
            process.unstop()
        until(5, lambda: not any(process.running() for process in self.processes), 0.01)
        self.processes = []
        self.run("sh", "-c", "rm -rf --one-file-system /run/*")

    def curl(self, *words):
        return self.run("curl", "-sm2", *words)

    def web(self, name, address):
        """An Apache on this node, with a long file to download."""
        web = Web(self.lab, name, address, 80, self.prefix)
        web.file("big", 64000000)
        return web.start()

    def addresses(self):
        """All addresses without their prefixes."""
        return {words[3].split("/")[0] for words in map(str.split, self.run("ip", "-o", "addr").splitlines()) if len(words) > 3}


class Net:
    """Switches (bridges) in our own namespace, and the nodes on them. The label keeps the nets of one program apart. What may be set
    before nodes are made: `hosts`, the file that they see as /etc/hosts, `places`, folders below /tmp or /run that they see too, and
    `node_seconds`."""
    hosts, places, node_seconds = None, (), NODE_SECONDS
    made = 0
    lock = threading.Lock()

    def __init__(self, lab, label="", switches=("switch",)):
        with Net.lock:
            Net.made += 1
            self.number = Net.made
        self.lab, self.label = lab, label
        self.switches = [label + name for name in switches]
        self.nodes, self.nodes_made, self.watches = {}, {}, []
        for name in self.switches:
            ip("link", "add", name, "type", "bridge", "mcast_snooping", "0")
            ip("link", "set", name, "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for watch in self.watches:
            watch.end()
        for node in self.nodes.values():
            if node.pid:
                node.off()
        for name in self.switches:
            with contextlib.suppress(RuntimeError):
                ip("link", "del", name)

    def node(self, name, interfaces, switches=None):
        self.nodes[name] = Node(self, name, interfaces, switches)
        return self.nodes[name]

    def lost(self, node):
        for watch in self.watches:
            watch.lost(node)

    def watch(self, address):
        watch = AddressWatch(address)
        self.watches.append(watch)
        return watch


class AddressWatch:
    """Which nodes hold an address, and since when: the kernel's own messages, each with the time at which it came (monotonic seconds).
    Nodes that come back must be added again."""
    GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
    NEW, GONE = 20, 21

    def __init__(self, address):
        self.address = address
        self.bytes = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        self.sockets, self.events, self.held = {}, [], {}  # held: {name: bool}
        self.lock, self.running = threading.Lock(), True
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def add(self, node):
        with inside(node):
            s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.bind((0, self.GROUPS))
        with self.lock:
            self.sockets[s] = node.name
        self._note(node.name, self.address in node.addresses())

    def lost(self, node):
        """The machine is off."""
        with self.lock:
            for s in [s for s, name in self.sockets.items() if name == node.name]:
                del self.sockets[s]
                s.close()
        self._note(node.name, False)

    def holders(self):
        return sorted(name for name, held in self.held.items() if held)

    def spans(self, begin, end):
        """Seconds that the address was on two nodes or more, and on none, between two times."""
        with self.lock:
            events = list(self.events)
        held, last, both, none = {}, begin, 0.0, 0.0
        for when, name, state in [*events, (end, None, None)]:
            when = min(when, end)
            if when > last:
                many = sum(held.values())
                both += (when - last) * (many > 1)
                none += (when - last) * (many < 1)
                last = when
            if name:
                held[name] = state
        return both, none

    def changes(self, begin=0.0):
        """[(time, node, has it)] since a time."""
        with self.lock:
            return [event for event in self.events if event[0] >= begin]

    def end(self):
        self.running = False
        self.thread.join(2)
        for s in self.sockets:
            s.close()
        self.sockets = {}

    def _note(self, name, state):
        with self.lock:
            if self.held.get(name, False) != state:
                self.held[name] = state
                self.events.append((time.monotonic(), name, state))

    def _receive(self):
        while self.running:
            with self.lock:
                sockets = dict(self.sockets)
            try:
                ready = select.select(list(sockets), [], [], 0.05)[0]
                for s in ready:
                    for kind in self._messages(s.recv(65536)):
                        self._note(sockets[s], kind == self.NEW)
            except (OSError, ValueError):  # lost meanwhile
                continue

    def _messages(self, data):
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            if kind in (self.NEW, self.GONE) and self.bytes in self._addresses(data[24:length]):
                yield kind
            data = data[(length + 3) & ~3:]

    @staticmethod
    def _addresses(attributes):
        while len(attributes) >= 4:
            length, kind = struct.unpack_from("=HH", attributes)
            if kind in (1, 2):  # IFA_ADDRESS, IFA_LOCAL
                yield attributes[4:length]
            attributes = attributes[max(4, (length + 3) & ~3):]


class Pair:
    """The tutorial's machines on one switch: hap1, hap2, web1, web2, client, and the virtual address between the first two."""
    VIP = "192.168.50.10"
    ADDRESSES = {"hap1": "192.168.50.11", "hap2": "192.168.50.12", "web1": "192.168.50.21", "web2": "192.168.50.22",
                 "client": "192.168.50.100"}

    def __init__(self, lab, net):
        self.lab, self.net = lab, net
        for name, address in self.ADDRESSES.items():
            setattr(self, name, net.node(name, {"eth1": address + "/24"}))
        self.webs = {name: net.nodes[name].web(name, self.ADDRESSES[name]) for name in ("web1", "web2")}
        self.watch = net.watch(self.VIP)
        for node in (self.hap1, self.hap2):
            self.watch.add(node)

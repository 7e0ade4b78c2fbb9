# SPDX-License-Identifier: MIT
"""The background process of `halb-lab up`: it owns the machines and all that runs on them, and answers the other verbs.

    unshare ... sh -c '"$@"; exit $?' sh python3 holder.py STATE_FOLDER LIFE_FD LISTENER_FD

It lives in network, mount and process namespaces of its own (and in a user namespace, where it is not root): when it dies, all of it dies.
LIFE_FD leads to the `up` that started it: the plan comes from there (a line of JSON), progress goes there; when it closes before the lab
stands, the lab ends. Files are on a tmpfs that nobody else sees. STATE_FOLDER/socket takes a line of JSON {"verb": ..., ...} for each
connection and answers with one, {"error": text} or what the verb says, and with descriptors where there are any.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import drilling
from door import Door
from hosts import Apache, Balancer, Classic, Nginx, curl
from lab import Lab, until, write
from net import Net

ANSWER_S = 15  # for the first good answer through the virtual address
NAMESPACES = ("user", "mnt", "uts", "net", "pid")


class Refused(Exception):
    """What a person is told."""


class Holder:
    def __init__(self, lab, net, plan, listener):
        self.lab, self.net, self.plan = lab, net, plan
        self.started, self.lock, self.frozen, self.unplugged, self.programs = time.monotonic(), threading.Lock(), set(), set(), {}
        net.node_seconds, net.places = "infinity", plan["places"]
        net.hosts = write(os.path.join(lab.dir, "hosts"), plan["hosts"])
        self._machines()
        self.watch = net.watch(plan["vip"])
        for name in plan["balancers"]:
            self.watch.add(net.nodes[name])
        self.door = Door(listener, net.nodes["client"], (plan["vip"], plan["vip_port"]))

    def _machines(self):
        """All at once, each in a thread."""
        errors, threads = [], []

        def one(name, addresses):
            try:
                self.net.node(name, {"eth1": addresses})
            except (RuntimeError, OSError) as e:
                errors.append(str(e))
        for number, (name, addresses) in enumerate(self.plan["machines"].items()):
            self.net.nodes_made[name] = number + 1
            threads.append(threading.Thread(target=one, args=(name, addresses)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if errors:
            raise Refused("\n".join(errors))
        self.net.nodes = {name: self.net.nodes[name] for name in self.plan["machines"]}

    def start_programs(self):
        balancer, web = {"halb": Balancer, "classic": Classic}[self.plan["lb"]], {"apache": Apache, "nginx": Nginx}[self.plan["web"]]
        for name, wish in self.plan["webs"].items():
            self.programs[name] = web(self.net.nodes[name], wish)
        for name, files in self.plan["balancers"].items():
            self.programs[name] = balancer(self.net.nodes[name], files, self.plan["folders"])
        errors, threads = [], []

        def one(program):
            try:
                program.start()
            except RuntimeError as e:
                errors.append(str(e))
        for program in self.programs.values():
            threads.append(threading.Thread(target=one, args=(program,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if errors:
            raise Refused("\n".join(errors))

    def first_answer(self):
        """The first words of the first good answer through the virtual address; None when there is none for long."""
        client, url = self.net.nodes["client"], self.plan["url"]

        def answered():
            for program in self.programs.values():
                program.check()
            done, text = curl(client, *([] if self.plan["own"] else ["-f"]), url)
            return done == 0 and "503 Service" not in text and [text]
        found = until(ANSWER_S, answered, 0.05)
        return found and re.sub(r"<[^>]*>", "", found[0]).strip().split("\n")[0][:60]

    def second_ready(self):
        """hap2 too can serve, should somebody switch hap1 off now."""
        client = self.net.nodes["client"]
        until(5, lambda: all(curl(client, "-f", "http://%s/" % self.plan["addresses"][name])[0] == 0 for name in self.plan["balancers"]), 0.05)

    # ---- verbs
    def answer(self, request):
        """(what is said, descriptors)"""
        verb = request.pop("verb")
        with self.lock:
            return getattr(self, "verb_" + verb)(**request)

    def node(self, host, on=True):
        if host not in self.net.nodes:
            raise Refused("there is no host %s; there are: %s" % (host, " ".join(self.net.nodes)))
        if on and not self.net.nodes[host].pid:
            raise Refused("%s is off (halb-lab start %s)" % (host, host))
        return self.net.nodes[host]

    def verb_status(self):
        holders = self.watch.holders()
        hosts = {}
        for name, node in self.net.nodes.items():
            state = "off" if not node.pid else "frozen" if name in self.frozen else "on"
            runs = self.programs[name].running() if name in self.programs and node.pid else {}
            hosts[name] = {"address": self.plan["addresses"][name], "state": state, "unplugged": name in self.unplugged,
                           "runs": {part: len(pids) for part, pids in runs.items()}, "vip": name in holders}
        known = {key: self.plan[key] for key in ("vip", "vip_port", "lb", "web", "url", "host_url", "stats")}
        return {**known, "hosts": hosts, "holders": holders, "seconds": round(time.monotonic() - self.started)}, []

    def verb_enter(self, host):
        """Descriptors of the machine's namespaces."""
        node = self.node(host)
        files = [os.open("/proc/%d/ns/%s" % (node.pid, kind), os.O_RDONLY) for kind in NAMESPACES]
        return {"namespaces": NAMESPACES, "url": self.plan["url"]}, files

    def verb_halt(self, host):
        node = self.node(host)
        node.off()
        self.frozen.discard(host)
        self.unplugged.discard(host)
        return {"said": "%s is off" % host}, []

    def verb_start(self, host):
        """Power, or what does not run of its programs."""
        node = self.node(host, on=False)
        if host in self.frozen:
            raise Refused("%s is frozen (halb-lab thaw %s)" % (host, host))
        before = node.pid
        if not before:
            node.on()
            if host in self.plan["balancers"]:
                self.watch.add(node)
        if host in self.programs:
            try:
                self.programs[host].start()
                until(0.5, self.programs[host].check, 0.05)
            except RuntimeError as e:
                raise Refused(str(e)) from e
        return {"said": "%s is on" % host if not before else "%s was on; its programs run" % host}, []

    def verb_freeze(self, host):
        self.node(host).signal_all(signal.SIGSTOP)
        self.frozen.add(host)
        return {"said": "all programs on %s stand still" % host}, []

    def verb_thaw(self, host):
        node = self.node(host)
        node.signal_all(signal.SIGCONT)
        for process in node.processes:
            process.unstop()
        self.frozen.discard(host)
        return {"said": "%s goes on" % host}, []

    def verb_unplug(self, host):
        self.node(host).cable("down")
        self.unplugged.add(host)
        return {"said": "the cable of %s is out" % host}, []

    def verb_plug(self, host):
        self.node(host).cable("up")
        self.unplugged.discard(host)
        return {"said": "the cable of %s is in" % host}, []

    def verb_kill(self, host, part):
        self.node(host)
        program = self.programs.get(host)
        if not program or part not in program.parts:
            raise Refused("%s: there is no %s to kill; there is: %s" % (host, part, " ".join(program.parts) if program else "nothing"))
        if part not in program.running() and part != "halb" or not program.running():
            raise Refused("%s does not run on %s (halb-lab start %s)" % (part, host, host))
        program.kill(part)
        return {"said": "%s on %s is killed" % (part, host)}, []

    def verb_logs(self, host):
        self.node(host, on=False)
        if host not in self.programs:
            raise Refused("%s has no logs" % host)
        paths = [path for path in self.programs[host].logs() if os.path.exists(path)]
        return {"logs": [os.path.basename(path) for path in paths]}, [os.open(path, os.O_RDONLY) for path in paths]


def serve(holder, listener):
    """One thread for each connection; "down" ends the process, and with it all others here."""
    def one(connection):
        with connection, contextlib.suppress(OSError, ValueError):
            with connection.makefile("r", encoding="utf-8") as lines:
                request = json.loads(lines.readline())
            if request.get("verb") == "down":
                os._exit(0)
            if request.get("verb") == "drill":
                drilling.serve(holder, connection, request)
                return
            files = []
            try:
                said, files = holder.answer(request)
            except (Refused, RuntimeError, OSError, subprocess.SubprocessError) as e:
                said = {"error": str(e)}
            text = json.dumps(said).encode() + b"\n"
            sent = socket.send_fds(connection, [text], files) if files else 0
            connection.sendall(text[sent:])
            for file in files:
                os.close(file)
    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


class Life:
    """The line to the `up` outside. Once it is cut and the lab does not stand yet, all ends."""

    def __init__(self, number):
        self.socket, self.stands, self.lines = socket.socket(fileno=number), False, None
        self.file = self.socket.makefile("r", encoding="utf-8")

    def plan(self):
        plan = json.loads(self.file.readline())
        threading.Thread(target=self._listen, daemon=True).start()
        return plan

    def _listen(self):
        self.file.readline()  # "stay", or the end
        if not self.stands:
            os._exit(1)

    def say(self, **what):
        self.stands = self.stands or "ready" in what
        self.socket.sendall(json.dumps(what).encode() + b"\n")


def private_folder(state):
    """The lab's files: gone with the process."""
    folder = os.path.join(state, "files")
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "lab", folder], check=True)
    tempfile.tempdir = folder
    log = os.open(folder + "/holder.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(log, number)


def main():
    state, life, outside = sys.argv[1], Life(int(sys.argv[2])), socket.socket(fileno=int(sys.argv[3]))
    plan = life.plan()
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        private_folder(state)
        lab = Lab()
        with Net(lab) as net:
            holder = Holder(lab, net, plan, outside)
            life.say(progress="machines", seconds=time.monotonic() - holder.started)
            holder.start_programs()
            life.say(progress="programs", seconds=time.monotonic() - holder.started)
            first = holder.first_answer()
            verbs = socket.socket(socket.AF_UNIX)
            folder = os.open(state, os.O_PATH)
            verbs.bind("/proc/self/fd/%d/socket" % folder)
            verbs.listen(16)
            life.say(answered=first)
            if first and not plan["own"]:
                holder.second_ready()
            life.say(ready=True)
            life.socket.shutdown(socket.SHUT_WR)
            serve(holder, verbs)
    except BrokenPipeError:
        pass
    except (Refused, RuntimeError, OSError, subprocess.SubprocessError) as e:
        with contextlib.suppress(OSError):
            life.say(error=str(e))
    os._exit(1)


if __name__ == "__main__":
    main()

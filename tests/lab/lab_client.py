# SPDX-License-Identifier: MIT
"""`halb lab` as a person has it, for tests: each Client is a lab in a folder of its own, which nobody else's lab knows."""
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request

from lab import HALB, ROOT, read, until

NOBODY = 65534
KINDS = ("net", "mnt", "pid", "uts", "user")


class Client:
    """`as_nobody`: as an ordinary user."""

    def __init__(self, folder, name, as_nobody=False):
        self.home = os.path.join(folder, name)
        os.mkdir(self.home)
        self.state = os.path.join(self.home, "lab")
        self.env = {**os.environ, "HALB": HALB, "HALB_LAB_DIR": self.state, "HOME": self.home, "HALB_LAB": ROOT + "/lab/halb-lab"}
        self.prefix = []
        if as_nobody:
            os.chown(self.home, NOBODY, NOBODY)
            self.prefix = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
        self.seen, self.there = set(), []

    def words(self, *words):
        return [*self.prefix, HALB, "lab", *words]

    def run(self, *words, seconds=60, **options):
        """(exit status, all that was said)"""
        done = subprocess.run(self.words(*words), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=seconds, **{"stdin": subprocess.DEVNULL, **({} if "input" not in options else {"stdin": None}), **options})
        return done.returncode, done.stdout

    def said(self, *words):
        return self.run(*words)[1]

    def popen(self, *words):
        return subprocess.Popen(self.words(*words), env=self.env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def up(self, *words):
        status, said = self.run("up", "--port=0", *words)
        self.note_namespaces()
        return status, said

    def status(self):
        status, said = self.run("status", "--json")
        return json.loads(said) if status == 0 else {}

    def held_by(self, *names):
        """The address has come to these, and requests to it are answered."""
        return until(15, lambda: self.status()["holders"] == list(names) and "Hi sir" in self.said("curl"), 0.1)

    def serving(self, count=6):
        """Who answered so many requests through the virtual address."""
        return [name for _ in range(count) for name in re.findall(r"<h1>(.*)</h1>", self.said("curl"))]

    def browse(self, path="", auth="Basic YWRtaW46YWRtaW4="):
        """A page, by way of the host's 127.0.0.1."""
        request = urllib.request.Request(self.status()["host_url"] + path, headers={"Authorization": auth})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError) as e:
            return str(e)

    # ---- what a lab leaves
    def processes(self):
        """Whatever runs with this lab's folder in its environment."""
        mark = ("HALB_LAB_DIR=" + self.state).encode()
        found = []
        for pid in pids():
            try:
                with open("/proc/%d/environ" % pid, "rb") as file:
                    if mark in file.read().split(b"\0"):
                        found.append(pid)
            except OSError:
                continue
        return found

    def note_namespaces(self):
        """Those that the lab's processes have now, and we have not; and who is there now: their numbers are given to others later."""
        own = {os.readlink("/proc/self/ns/" + kind) for kind in KINDS}
        self.seen, self.there = set(namespaces(self.processes())) - own, pids()

    def left(self):
        """What is still there of it, in words; waits a little for what ends by itself."""
        def rest():
            lines = ["process %d: %s" % (pid, read("/proc/%d/cmdline" % pid).replace("\0", " ")) for pid in self.processes()]
            lines += sorted(self.seen & set(namespaces(self.there)))
            lines += [line for line in read("/proc/self/mountinfo").splitlines() if self.state in line]
            links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=False).stdout
            lines += re.findall(r"(?m)^(?:switch|hap\d|web\d|client)\S*", links)
            return lines
        until(5, lambda: not rest(), 0.05)
        return rest()

    def end(self):
        self.run("down")
        for pid in self.processes():
            os.kill(pid, 9)


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def namespaces(processes):
    for pid in processes:
        for kind in KINDS:
            try:
                yield os.readlink("/proc/%d/ns/%s" % (pid, kind))
            except OSError:
                continue


def seconds(action):
    begin = time.monotonic()
    value = action()
    return time.monotonic() - begin, value

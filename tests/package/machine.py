# SPDX-License-Identifier: MIT
"""Debian 12 machines with a systemd of their own, for the tests of the packages: systemd-nspawn in a network of the test's.

    enter()                                     this program again, where it may make machines; 77 (skipped) where it may not
    with Machines(base()) as machines:
        hap1 = machines.boot("hap1", "192.168.50.11/24")
        hap1.run("systemctl", "is-active", "halb")      (exit status, what it said)

Machines share one debootstrapped tree, read-only, each with a layer of its own above it; it is kept in build/debian. All that is
made lives in the mount and network namespaces of the test and ends with it, but for a control group, which is removed at the end.
"""
import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import ROOT, family, read, until

ENTERED = "HALB_PACKAGE_ENTERED"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
BUILD = os.path.realpath(os.path.join(ROOT, os.environ.get("HALB_BUILD", "build")))
# What a Debian machine has, what halb depends on, and what it replaces.
BASE = """systemd systemd-sysv iproute2 curl rsyslog logrotate adduser procps kmod bash-completion psmisc
    libmnl0 libnftables1 libpcre2-8-0 libseccomp2 libxxhash0 libssl3 haproxy keepalived nftables""".split()
PR_SET_PDEATHSIG = 1
DEBOOTSTRAP_S = int(os.environ.get("DEBOOTSTRAP_S", "200"))
BRIDGE = "machines"


def skip(why):
    print("ok package # SKIP " + why)
    sys.exit(77)


def enter():
    if os.environ.get(ENTERED):
        return
    if os.geteuid() != 0:
        skip("only root makes machines")
    missing = [name for name in ("debootstrap", "systemd-nspawn", "dpkg-buildpackage", "dh", "lintian") if not shutil.which(name)]
    if missing:
        skip("no " + ", ".join(missing))
    unshare = ["unshare", "--net", "--mount", "--propagation", "private"]
    status, said = sh(*unshare, "true", check=False)
    if status:
        skip("no namespaces here: " + said.strip())
    os.environ[ENTERED] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def sh(*words, seconds=120, check=True):
    """(exit status, what it said). At the end of its time it dies, and what it has started with it."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0] + "\nnot done after %d s" % seconds
    if check and process.returncode:
        raise RuntimeError("%s: %d: %s" % (" ".join(words), process.returncode, said[-2000:]))
    return process.returncode, said


def base():
    """The tree that machines begin with; made once for a list of packages. To be called before enter()."""
    packages = sorted(BASE)
    path = os.path.join(BUILD, "debian", hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12])
    if os.path.exists(path + "/halb-test-complete"):
        return path
    os.makedirs(path + ".cache", exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    status, said = sh("unshare", "--mount", "--propagation", "private", "debootstrap", "--variant=minbase", "--cache-dir=" + path + ".cache",
                      "--include=" + ",".join(packages), "bookworm", path, MIRROR, seconds=DEBOOTSTRAP_S, check=False)
    if status:
        skip("no Debian from %s: %s" % (MIRROR, (said.strip().splitlines() or ["?"])[-1]))
    shutil.rmtree(path + ".cache", ignore_errors=True)
    open(path + "/halb-test-complete", "w", encoding="ascii").close()
    return path


class Machine:
    def __init__(self, machines, name, address):
        self.name, self.dir, self.machines = name, os.path.join(machines.dir, name), machines
        self.root = self.dir + "/root"
        for part in ("upper", "work", "root"):
            os.makedirs(os.path.join(self.dir, part))
        sh("mount", "-t", "overlay", "overlay", "-o", "lowerdir=%s,upperdir=%s/upper,workdir=%s/work" % (machines.base, self.dir, self.dir),
           self.root)
        with open(self.root + "/etc/hostname", "w", encoding="ascii") as f:
            f.write(name + "\n")
        words = ["systemd-nspawn", "-q", "-D", self.root, "-M", "%s-%d" % (name, os.getpid()), "--boot", "--register=no", "--keep-unit",
                 "--private-network", "--capability=all", "--system-call-filter=bpf perf_event_open", "--resolv-conf=off",
                 "--link-journal=no", "--bind-ro=" + machines.dir + "/share:/mnt", "systemd.log_target=journal"]
        self.log = open(self.dir + "/console", "wb")
        self.nspawn = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                       env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"}, preexec_fn=machines.join_group)
        self.pid = until(60, self._init)
        if not self.pid and not machines.all:
            skip("systemd-nspawn boots no machine here: " + read(self.dir + "/console")[-300:].strip().replace("\n", " "))
        if not self.pid:
            raise RuntimeError("%s does not boot: %s" % (name, read(self.dir + "/console")[-2000:]))
        self.prefix = ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--"]
        sh("ip", "link", "add", name, "type", "veth", "peer", "name", "eth1", "netns", str(self.pid))
        sh("ip", "link", "set", name, "master", BRIDGE, "up")
        until(60, lambda: self.run("systemctl", "is-system-running")[1].strip() in ("running", "degraded"), 0.1)
        self.run("ip", "link", "set", "eth1", "up")
        self.run("ip", "addr", "add", address, "dev", "eth1")

    def _init(self):
        """The pid of the machine's first process."""
        for pid in family(self.nspawn.pid)[1:]:
            if re.search(r"NSpid:.*\t1\n", read("/proc/%d/status" % pid)) and "systemd" in read("/proc/%d/comm" % pid):
                return pid
        return 0

    def run(self, *words, seconds=60):
        done = subprocess.run([*self.prefix, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, check=False)
        return done.returncode, done.stdout

    def says(self, *words):
        return self.run(*words)[1].strip()

    def path(self, path):
        return "/proc/%d/root%s" % (self.pid, path)

    def write(self, path, text):
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)

    def off(self):
        """No power."""
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
        try:
            self.nspawn.wait(20)
        except subprocess.TimeoutExpired:
            self.nspawn.kill()
            self.nspawn.wait()
        self.log.close()


class Machines:
    def __init__(self, tree):
        self.base, self.all = tree, []
        self.group = "halb-package-%d" % os.getpid()
        self.dir = os.path.join(BUILD, "debian", "run-%d" % os.getpid())

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        os.makedirs(self.dir + "/share")
        sh("mount", "-t", "tmpfs", "machines", self.dir)
        os.makedirs(self.dir + "/share")
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", BRIDGE, "type", "bridge")
        sh("ip", "addr", "add", "192.168.50.100/24", "dev", BRIDGE)
        sh("ip", "link", "set", BRIDGE, "up")
        for folder in self._groups():
            os.makedirs(folder, exist_ok=True)
        return self

    def _groups(self):
        """The group's folder in the hierarchies that systemd uses: one, or two with version 1."""
        top = "/sys/fs/cgroup"
        tops = [top] if os.path.exists(top + "/cgroup.controllers") else [top + "/systemd", top + "/unified"]
        return [os.path.join(folder, self.group) for folder in tops if os.path.isdir(folder)]

    def join_group(self):
        """In systemd-nspawn, which shall not outlive us, nor its machine it."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for folder in self._groups():
            with open(folder + "/cgroup.procs", "w", encoding="ascii") as f:
                f.write("0")

    def boot(self, name, address):
        # systemd-nspawn makes the groups "payload" and "supervisor" below the one it is in: one group for each machine
        before, self.group = self.group, self.group + "/" + name
        try:
            for folder in self._groups():
                os.makedirs(folder, exist_ok=True)
            self.all.append(Machine(self, name, address))
        finally:
            self.group = before
        return self.all[-1]

    def __exit__(self, *_):
        for machine in self.all:
            machine.off()
            sh("umount", "-l", machine.root, check=False)
        sh("umount", "-l", self.dir, check=False)
        for folder in self._groups():
            until(5, lambda folder=folder: self._remove_group(folder), 0.1)
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def _remove_group(folder):
        for top, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(top)
        return not os.path.exists(folder)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reloads under load, with a master and without; lost workers; the pid file, sd_notify, the daemon, soft stop and exit codes."""
import os
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, KeepAlive, accepts, alive, ask, family, probe_counts, read, status, until, write
from live_lab import Lab, free_port

RELOADS, WITHIN = 100, 60
BIG = 60000000
CONFIG = """
global
    stats socket @SOCKET@ level admin expose-fd listeners
defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
frontend http-in
    bind 127.0.0.1:@PORT@
    default_backend webservers
backend webservers
    balance roundrobin
    option redispatch
    option httpchk
    server web1 127.0.0.1:%(web1)d check
    server web2 127.0.0.1:%(web2)d check
"""


def read_big(s):
    """Reads the big file to its end: how many bytes that was, with the head."""
    got = 0
    while got < BIG and (piece := s.recv(1 << 20)):
        got += len(piece)
    return got


def load(lab, halb, seconds):
    """The probe: 200 new connections a second and 10 kept alive."""
    return lab.process("load", [lab.probe(), "127.0.0.1", str(halb.port), str(seconds), "200", "10"])


def judge(lab, name, process, expected_seconds):
    process.wait(expected_seconds + 10)
    said = process.said()
    counts = probe_counts(said)
    lab.check(name, counts.get("short", {}).get("failed") == 0 and counts.get("keepalive", {}).get("failed") == 0 and
              counts["short"][""] > 150 * (expected_seconds - 3), said[-800:])
    os.unlink(process.log)
    print("# " + " ".join(" ".join(said.splitlines()[-4:]).split()), flush=True)


def workers(halb):
    return [pid for pid in family(halb.process.pid) if pid != halb.process.pid]


def served(halb):
    return status(ask(halb.port)) == 200


def settled(halb, seconds=25):
    """One master, one worker: the worker's pid, 0 when it does not come to that."""
    until(seconds, lambda: len(workers(halb)) == 1 and served(halb), 0.1)
    return workers(halb)[0] if len(workers(halb)) == 1 else 0


def show_master(lab, config):
    pid_file = lab.dir + "/pid"
    halb = lab.proxy(config, "-W", "-p", pid_file, name="master")
    lab.equal("-W: the pid file holds the master's pid", read(pid_file).split(), [str(halb.process.pid)])
    lab.check("-W: one master, one worker", settled(halb), family(halb.process.pid))
    show_reloads(lab, halb)
    show_broken_file(lab, halb, config)
    show_idle_client(lab, halb)
    show_lost_worker(lab, halb)
    halb.process.kill(signal.SIGTERM)
    lab.check("-W: SIGTERM ends it", halb.process.wait(10) is not None)
    lab.equal("-W: exit status after SIGTERM", halb.process.wait(1), 143)


def show_reloads(lab, halb):
    first = workers(halb)
    process = load(lab, halb, WITHIN + 4)
    begin = time.monotonic()
    for i in range(RELOADS):
        time.sleep(max(0.0, begin + i * WITHIN / RELOADS - time.monotonic()))
        halb.process.kill(signal.SIGUSR2)
    judge(lab, "%d x kill -USR2 within a minute: 0 failed" % RELOADS, process, WITHIN + 4)
    last = settled(halb)
    lab.check("... then one master and one worker, none of the old ones", last and last not in first, family(halb.process.pid))


def show_broken_file(lab, halb, config):
    before = settled(halb)
    halb.configure(config + "    no-such-word\n")
    seen = len(halb.process.said())
    process = load(lab, halb, 4)
    halb.process.kill(signal.SIGUSR2)
    lab.check("a broken file at reload is complained about", until(5, lambda: "no-such-word" in halb.process.said()[seen:]),
              halb.process.said()[seen:])
    judge(lab, "... and nobody notices: 0 failed", process, 4)
    lab.check("... the worker stays and serves", alive(before) and settled(halb) == before, (before, family(halb.process.pid)))
    halb.configure(config)
    halb.process.kill(signal.SIGUSR2)
    lab.check("the mended file is loaded", until(10, lambda: before not in workers(halb)) and settled(halb), family(halb.process.pid))


def show_idle_client(lab, halb):
    """The old worker stays for a download that is under way, no longer."""
    old = settled(halb)
    with socket.create_connection(("127.0.0.1", halb.port), 20) as s:
        s.sendall(b"GET /big HTTP/1.1\r\nHost: lab\r\n\r\n")
        s.recv(1, socket.MSG_PEEK)
        halb.process.kill(signal.SIGHUP)
        lab.check("SIGHUP: a new worker, while the old one finishes a download",
                  until(10, lambda: len(workers(halb)) == 2) and old in workers(halb), family(halb.process.pid))
        got = read_big(s)
        lab.check("... which comes to its end", got >= BIG, got)
    lab.check("... and then the old one goes", until(10, lambda: old not in workers(halb)), family(halb.process.pid))


def show_lost_worker(lab, halb):
    """haproxy's master gives up when a worker is killed; halb's replaces it."""
    old = settled(halb)
    os.kill(old, signal.SIGKILL)
    new = until(10, lambda: halb.process.running() and [pid for pid in workers(halb) if pid != old] and served(halb))
    lab.check("SIGKILL of the worker: replaced, and served again", new and settled(halb) not in (0, old), halb.process.said()[-1500:])


def old_and_new(lab, config, name, *options):
    """Two processes without a master: the second takes over from the first, which has a long download to finish."""
    port = free_port()
    old = lab.proxy(config, "-db", name=name + "-old", port=port)
    download = socket.create_connection(("127.0.0.1", port), 20)
    download.sendall(b"GET /big HTTP/1.1\r\nHost: lab\r\n\r\n")
    process = load(lab, old, 5)
    time.sleep(1)
    new = lab.proxy(config.replace("@SOCKET@", old.socket), "-db", *[o.replace("@OLD@", old.socket) for o in options], "-sf", str(old.process.pid),
                    name=name, port=port)
    judge(lab, "%s: 0 failed" % name, process, 5)
    lab.check("%s: the old process is there for its download" % name, old.process.running(), old.process.said())
    got = read_big(download)
    lab.check("%s: ... which comes to its end" % name, got >= BIG, got)
    download.close()
    lab.equal("%s: the old process ends with 0" % name, old.process.wait(10), 0)
    lab.check("%s: the new one serves" % name, served(new), new.process.said())
    new.process.kill(signal.SIGTERM)
    return new.process.wait(10)


def show_takeover(lab, config):
    old_and_new(lab, config, "-sf")
    old_and_new(lab, config, "-x", "-x", "@OLD@")
    port = free_port()
    old = lab.proxy(config, "-db", name="st-old", port=port)
    new = lab.proxy(config, "-db", "-st", str(old.process.pid), name="st", port=port)
    lab.check("-st: the old process ends at once", old.process.wait(5) is not None)
    lab.check("-st: the new one serves", served(new))
    new.process.end()


def show_notify(lab, config):
    path = lab.dir + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10)
        halb = lab.proxy(config.replace("global\n", "global\n    daemon\n", 1), "-Ws", name="notify", wait=False,
                         env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
        first = s.recv(4096).decode()
        lab.check("-Ws: the first datagram has READY=1", "READY=1" in first.split(), first)
        lab.check("-Ws: it serves by then", served(halb))
        halb.process.kill(signal.SIGUSR2)
        words = []
        until(5, lambda: words.extend(s.recv(4096).decode().split()) or "READY=1" in words)
        lab.check("-Ws: a reload says RELOADING=1, then READY=1", "RELOADING=1" in words and "READY=1" in words, words)
        lab.check("-Ws: ... and when it began", any(word.startswith("MONOTONIC_USEC=") for word in words), words)
        lab.check("-Ws: it says that it lives", until(5, lambda: words.extend(s.recv(4096).decode().split()) or "WATCHDOG=1" in words), words)
        lab.check("-Ws: and what it does", until(5, lambda: words.extend(s.recv(4096).decode().split()) or "STATUS=the" in words), words)
        settled(halb)
        lab.check("-Ws: 'daemon' in global does not send it into the background", halb.process.running(), halb.process.said())
        halb.process.kill(signal.SIGUSR1)
        lab.check("-Ws: it says that it stops", until(5, lambda: words.extend(s.recv(4096).decode().split()) or "STOPPING=1" in words), words)
        lab.check("-Ws: USR1 ends it when all is done", halb.process.wait(10) is not None, family(halb.process.pid))


def show_daemon(lab, config):
    pid_file, port = lab.dir + "/daemon.pid", free_port()
    path = write(lab.dir + "/daemon.cfg", config.replace("@PORT@", str(port)).replace("@SOCKET@", lab.dir + "/daemon.sock"))
    process = lab.process("daemon", [HALB, "-D", "-f", path, "-p", pid_file])
    lab.equal("-D returns 0", process.wait(10), 0)
    pid = int(read(pid_file).split()[0]) if read(pid_file).split() else 0
    lab.check("-D: the pid file holds a living process", pid and alive(pid), read(pid_file))
    if not pid:
        return
    try:
        outputs = [os.path.realpath("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
        lab.check("-D: it lets go of the caller's output", process.log not in outputs, outputs)
        lab.check("-D: it serves", until(5, lambda: status(ask(port)) == 200))
        lab.equal("-D: without a terminal, a session of its own", os.getsid(pid), pid)
        # one client under way: a soft stop waits for it, and takes no new ones
        with socket.create_connection(("127.0.0.1", port), 20) as s:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: lab\r\n\r\n")
            s.recv(1, socket.MSG_PEEK)
            os.kill(pid, signal.SIGUSR1)
            lab.check("USR1: no new connections", until(5, lambda: not accepts(port)))
            lab.check("USR1: the one under way goes on", alive(pid))
            got = read_big(s)
            lab.check("USR1: ... to its end", got >= BIG, got)
        lab.check("USR1: then it ends", until(10, lambda: not alive(pid)))
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def show_exit_codes(lab, config):
    for name, number in (("TERM", signal.SIGTERM), ("INT", signal.SIGINT), ("USR1", signal.SIGUSR1)):
        halb = lab.proxy(config, "-db", name="exit-" + name)
        idle = KeepAlive(halb.port)
        idle.ask()
        idle.close()
        halb.process.kill(number)
        code = halb.process.wait(10)
        lab.check("SIG%s: exit status 0 or the signal" % name, code == 0 or name != "USR1" and code in (-number, 128 + number), code)
    code = subprocess.run([HALB, "-f", lab.dir + "/no-such-file"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).returncode
    lab.equal("no such file: exit status 1", code, 1)
    taken = lab.proxy(config, "-db", name="taken")
    with socket.create_server(("127.0.0.1", 0)) as s:
        path = write(lab.dir + "/twice.cfg", config.replace("@PORT@", str(s.getsockname()[1])).replace("@SOCKET@", lab.dir + "/twice.sock"))
        done = subprocess.run([HALB, "-db", "-f", path], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True, check=False)
    lab.check("the port is taken: exit status 1, and it says so", done.returncode == 1 and str(s.fileno()) and "http-in" in done.stderr, done)
    lab.check("... and others go on", served(taken))
    taken.process.end()


def main():
    only = sys.argv[1:]
    with Lab() as lab:
        webs = {name: lab.web(name) for name in ("web1", "web2")}
        for web in webs.values():
            web.file("big", BIG)
        config = CONFIG % {name: web.port for name, web in webs.items()}
        for part in (show_exit_codes, show_notify, show_daemon, show_takeover, show_master):
            if not only or part.__name__[5:] in only:
                lab.attempt(part, config)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

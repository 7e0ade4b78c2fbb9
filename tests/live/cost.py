#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a connection and a request cost: user memory of idle keep-alive connections, user instructions of keep-alive requests.

Both are counted, not timed: private memory from /proc, instructions by callgrind as the difference of two runs, so that the start
cancels out. One thread, no logs, nginx behind.
"""
import os
import re
import resource
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, KeepAlive, read, until
from live_lab import Lab

CONNECTIONS = 20000
BYTES_EACH = 1024
REQUESTS = 3000
INSTRUCTIONS_EACH = 12000
CLIENTS = 16
CONFIG = """
global
    nbthread 1
    stats socket @SOCKET@ level admin
    maxconn %(maxconn)d
defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    option http-keep-alive
    option forwardfor
frontend http-in
    bind 127.0.0.1:@PORT@ backlog 4096
    maxconn %(maxconn)d
    default_backend webservers
backend webservers
    server web1 127.0.0.1:%(web)d
"""


def private_bytes(pid):
    text = read("/proc/%d/smaps_rollup" % pid)
    return 1024 * sum(map(int, re.findall(r"(?m)^Private_\w+: +(\d+) kB", text)))


def allow_descriptors(wanted):
    """As many open files as are wanted or allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
            return limit
        except (ValueError, OSError):
            continue
    return soft


def show_memory(lab, web, program=HALB):
    count = min(CONNECTIONS, allow_descriptors(CONNECTIONS + 2000) - 1000)
    halb = lab.proxy(CONFIG % {"web": web, "maxconn": count + 200}, program=program)
    # a first round warms the pools of what is used once
    for client in [KeepAlive(halb.port) for _ in range(20)]:
        client.ask()
        client.close()
    time.sleep(0.3)
    before = private_bytes(halb.process.pid)
    clients = []
    for i in range(count):
        client = KeepAlive(halb.port, source="127.0.0.%d" % (2 + i % 20))
        head, _ = client.ask()
        if b" 200 " not in head:
            break
        clients.append(client)
    lab.equal("%d connections are kept alive" % count, len(clients), count)
    grown = private_bytes(halb.process.pid) - before
    each = grown / max(len(clients), 1)
    lab.check("an idle keep-alive connection costs at most %d bytes of user memory" % BYTES_EACH, 0 < each <= BYTES_EACH,
              "%d bytes each, %d in all" % (each, grown))
    print("# %d bytes for each of %d idle connections" % (each, len(clients)), flush=True)
    clients[0].send()
    lab.check("the first of them is still served", b" 200 " in clients[0].receive()[0])
    for client in clients:
        client.close()
    halb.process.end()


def instructions(lab, web, requests, program=HALB):
    """Those of a whole run with so many requests."""
    out = "%s/callgrind.%d" % (lab.dir, requests)
    halb = lab.proxy(CONFIG % {"web": web, "maxconn": 1000}, "-db", name="callgrind-%d" % requests, program=program,
                     prefix=["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out])
    clients = [KeepAlive(halb.port, seconds=60) for _ in range(CLIENTS)]
    for _ in range(requests // CLIENTS):
        for client in clients:
            client.send("/", "User-Agent: lab/1.0", "Accept: */*")
        for client in clients:
            client.receive()
    for client in clients:
        client.close()
    halb.process.kill(signal.SIGUSR1)
    halb.process.wait(60)
    totals = until(5, lambda: re.search(r"(?m)^(?:summary|totals): (\d+)", read(out)))
    return int(totals.group(1)) if totals else 0


def show_instructions(lab, web, program=HALB):
    short, long = (instructions(lab, web, n, program) for n in (REQUESTS, 2 * REQUESTS))
    each = (long - short) / REQUESTS
    lab.check("a keep-alive request costs at most %d user instructions" % INSTRUCTIONS_EACH, 0 < each <= INSTRUCTIONS_EACH,
              "%d (%d for %d requests, %d for %d)" % (each, short, REQUESTS, long, 2 * REQUESTS))
    print("# %d user instructions a request" % each, flush=True)


def main():
    with Lab() as lab:
        web = lab.nginx("web1", "access_log off;")
        show_memory(lab, web)
        show_instructions(lab, web)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

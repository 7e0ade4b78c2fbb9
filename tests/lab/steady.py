#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that is too busy is no reason for a failover: every CPU is loaded twice over beside a pair at default timers.

    steady.py [--lb halb|classic]               HALB_STEADY_SECONDS=3600 for the hour; 60 otherwise

After the election the VIP must stay where it is, and neither program may say that it changed its state. Skipped where real-time
priority is not permitted: without it nobody can promise that.
"""
import argparse
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from balancer import KINDS
from lab import Lab, until
from net import Net, Pair, enter

SECONDS = int(os.environ.get("HALB_STEADY_SECONDS") or 60)
LOOPS_EACH = 2  # busy loops on each CPU
BUSY = "import time\nend = time.monotonic() + %d\nwhile time.monotonic() < end:\n    sum(range(10000))\n"


def entered(balancer):
    """How often it has said so far that it changed its state."""
    return sum(len(re.findall(r"Entering \w+ STATE", process.said())) for process in balancer.processes())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lb", default="halb", choices=KINDS)
    asked = parser.parse_args()
    enter("steady")
    if subprocess.run(["chrt", "-r", "1", "true"], check=False, capture_output=True).returncode:
        print("ok steady # SKIP no real-time priority (SCHED_RR) here")
        sys.exit(77)
    with Lab() as lab, Net(lab) as net:
        pair = Pair(lab, net)
        balancers = [KINDS[asked.lb](pair, name) for name in ("hap1", "hap2")]
        for balancer in balancers:
            balancer.start_again()
        lab.check("hap1 is master", until(20, lambda: pair.watch.holders() == ["hap1"]), balancers[0].said())
        lab.check("all servers are UP", until(20, lambda: all(b.servers() == ["UP", "UP"] for b in balancers), 0.2))
        time.sleep(6)  # the second round of announcements
        begin, before = time.monotonic(), [entered(b) for b in balancers]
        loops = [lab.process("busy", [sys.executable, "-c", BUSY % SECONDS]) for _ in range(LOOPS_EACH * os.cpu_count())]
        for loop in loops:
            loop.wait(SECONDS + 30)
        time.sleep(1)
        changes = pair.watch.changes(begin)
        said = "".join(b.said() for b in balancers)
        lab.check("%d s of full load on %d CPUs: the VIP stays" % (SECONDS, os.cpu_count()),
                  not changes and pair.watch.holders() == ["hap1"], "%s\n%s" % (changes, said))
        lab.equal("... and no state changes", [entered(b) for b in balancers], before)
        lab.check("... and nobody has died", all(p.running() for b in balancers for p in b.processes()), said)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

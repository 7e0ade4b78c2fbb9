#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`./dev demo` without its building: plain lines to the end, and the live screen on a terminal; afterwards nothing is left behind."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
import namespaces
from lab import HALB, ROOT, Lab, until

DEMO = os.path.join(ROOT, "lab/demo")
SCREEN_S, END_S = 60, 30
ROWS, COLUMNS = 24, 80


def left(state):
    """What there is of a lab whose folder was this one."""
    found = [state] if os.path.exists(state) else []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as environ:
                if ("HALB_LAB_DIR=" + state).encode() in environ.read():
                    found.append(pid)
        except OSError:
            continue
    return found


class Terminal:
    """A program on a terminal."""

    def __init__(self, words, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(words[0], words, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.data = ""

    def hears(self, seconds, condition):
        """Reads until the condition holds for all that was read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not condition(self.data):
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.data += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # it has ended
                    return condition(self.data)
        return condition(self.data)

    def type(self, text):
        os.write(self.fd, text.encode())

    def status(self):
        self.hears(END_S, lambda _: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def frame(data):
    """The lines of the last whole screen."""
    frames = data.split("\x1b[H")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frames[-2] if len(frames) > 2 else "").split("\r\n")


def plain(lab, env, state):
    done = subprocess.run([DEMO, "--no-input", "--port=0", "--drills=a1,g"], env=env, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    said = done.stdout
    lab.check("--no-input: exit status 0", done.returncode == 0, said + done.stderr)
    first = re.search(r"\d s  the first request to http://192\.168\.50\.10/ is answered: web", said)
    lab.check("... says when the first request was answered", first, said)
    lab.check("... tells of each drill", re.search(r"^a1  .*as it must be$", said, re.M) and re.search(r"^g   .*as it must be$", said, re.M), said)
    row = r"^%-4s.*\| +\d+ +\d+ +\d+ +\d+ \| +[\d-]+ +[\d-]+ +[\d-]+ +[\d-]+$"
    lab.check("... has a table, with the classic pair beside", re.search(row % "a1", said, re.M) and re.search(row % "g", said, re.M), said)
    lab.check("... and counts what met its aim", "\n2 of 2 drills met their aim\n" in said, said)
    lab.check("... nothing is left", until(5, lambda: not left(state), 0.1), left(state))


def on_terminal(lab, env, state):
    terminal = Terminal([DEMO, "--port=0", "--drills=d2"], {**env, "TERM": "xterm"})
    drawn = terminal.hears(SCREEN_S, lambda data: "● hap1" in data and re.search(r"[1-9]\d* requests/s", data) and "1 of 1" in data)
    shown = "\n".join(frame(terminal.data))
    lab.check("a terminal: the screen shows who has the address, the rate and the drill", drawn, terminal.data[-3000:])
    lab.check("... is drawn in place, within %d x %d" % (COLUMNS, ROWS), "\x1b[?1049h" in terminal.data and
              len(frame(terminal.data)) <= ROWS and max(map(len, frame(terminal.data))) <= COLUMNS, shown)
    terminal.type("\x03")
    status = terminal.status()
    lab.equal("... Ctrl-C ends it", status, 130)
    lab.check("... and gives the terminal back", "\x1b[?1049l" in terminal.data and "Traceback" not in terminal.data, terminal.data[-3000:])
    lab.check("... nothing is left", until(5, lambda: not left(state), 0.1), left(state))


def main():
    try:
        namespaces.check()
    except namespaces.Forbidden as e:
        print("ok demo # SKIP %s" % e)
        sys.exit(77)
    with Lab() as lab:
        state = lab.dir + "/state"
        env = {**os.environ, "HALB": HALB, "HALB_LAB_DIR": state}
        plain(lab, env, state)
        on_terminal(lab, env, state)
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

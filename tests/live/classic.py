#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The classic haproxy.cfg, its addresses mapped to loopback, in front of two real Apaches; nginx behind and ab in front as well."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab"))
from lab import HALB, ROOT, Syslog, ask, body, get, read, stat_rows, status, until, write
from live_lab import Lab

EXAMPLE = ROOT + "/examples/haproxy.cfg"
CLIENT = "127.0.0.5"
BASIC = "Authorization: Basic "
ADMIN, WRONG = BASIC + "YWRtaW46YWRtaW4=", BASIC + "YWRtaW46d3Jvbmc="
INTER_RISE = 2 * 2  # seconds: haproxy's defaults, which the file leaves alone
CLASSIC_503 = b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"


def classic(web1, web2, log_port, text=None):
    """The file with loopback addresses."""
    text = text or read(EXAMPLE)
    for old, new in (("*:80", "127.0.0.1:@PORT@"), ("192.168.50.21:80", web1), ("192.168.50.22:80", web2),
                     ("log 127.0.0.1 ", "log 127.0.0.1:%d " % log_port)):
        text = text.replace(old, new)
    return text


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def show_check(lab):
    code, said = run(HALB, "-c", "-V", "-f", EXAMPLE)
    lab.check("the unmodified file is valid", code == 0 and "Configuration file is valid" in said, said)
    lines = read(EXAMPLE).splitlines()
    mistakes = (("balance roundrobin", "balanse roundrobin", "balance"), ("192.168.50.21:80", "192.168.50.921:80", "192.168.50.921"),
                ("default_backend webservers", "default_backend webserver", "webservers"))
    places = []
    for old, new, cure in mistakes:
        number = next(i for i, line in enumerate(lines) if old in line)
        lines[number] = lines[number].replace(old, new)
        places.append((number + 1, cure))
    path = write(lab.dir + "/mistakes.cfg", "\n".join(lines) + "\n")
    code, said = run(HALB, "-c", "-f", path)
    lab.equal("three mistakes: exit status 1", code, 1)
    for number, cure in places:
        place = "[%s:%d]" % (path, number)
        reports = [line for line in said.splitlines() if place in line]
        lab.check("the mistake in line %d is reported with its place" % number, any("[ALERT]" in line for line in reports), said)
        lab.check("... and with its cure (%s)" % cure, any(cure in line for line in reports) or
                  any(cure in line for line in said.partition(place)[2].splitlines()[1:2]), said)


def who(port):
    answer = ask(port, source=CLIENT)
    found = re.search(rb"<h1>(\w+)</h1>", answer)
    return found.group(1).decode() if found and status(answer) == 200 else "%d" % status(answer)


def states(port):
    rows = stat_rows(body(ask(port, get("/haproxy?stats;csv", ADMIN))).decode(errors="replace"))
    return {name: row["status"].split()[0] for (proxy, name), row in rows.items() if proxy == "webservers" and name.startswith("web")}


def both(port, state):
    return states(port) == {"web1": state, "web2": state}


def show_traffic(lab, halb, webs):
    served = [who(halb.port) for _ in range(100)]
    lab.check("100 requests alternate strictly", all(a != b for a, b in zip(served, served[1:])) and set(served) == {"web1", "web2"},
              " ".join(served))
    for web in webs:
        def requests(web=web):
            return [line for line in web.access_log() if not line.startswith("- ")]  # "-": our own question whether it is there
        until(10, lambda: len(requests()) >= 50)
        log = requests()
        lab.equal("%s's log holds the client's address" % web.name, {line.split()[0] for line in log}, {CLIENT})
        lab.equal("%s's log holds its half" % web.name, len(log), 50)
        lab.check("%s's log holds no OPTIONS" % web.name, not any("OPTIONS" in line for line in web.access_log()))


def show_stats(lab, halb):
    for path in ("/haproxy?stats;csv", "/haproxy?stats"):
        lab.equal("%s without a password: 401" % path, status(ask(halb.port, get(path))), 401)
        answer = ask(halb.port, get(path, WRONG))
        lab.check("%s with a wrong password: 401 and a question" % path, status(answer) == 401 and
                  re.search(rb"(?i)www-authenticate: basic realm=", answer), answer)
        lab.equal("%s with the right one: 200" % path, status(ask(halb.port, get(path, ADMIN))), 200)


def show_outage(lab, halb, webs):
    webs[0].stop()
    lab.equal("web1 stopped: web2 serves, nobody notices", [who(halb.port) for _ in range(20)], ["web2"] * 20)
    lab.check("web1 is DOWN", until(20, lambda: states(halb.port) == {"web1": "DOWN", "web2": "UP"}), states(halb.port))
    webs[1].stop()
    lab.check("both are DOWN", until(20, lambda: both(halb.port, "DOWN")), states(halb.port))
    answer = ask(halb.port)
    lab.check("both down: 503 with the classic body", status(answer) == 503 and answer.endswith(b"\r\n\r\n" + CLASSIC_503), answer)
    for web in webs:
        web.start()
    lab.check("back within inter x rise (and two seconds for a busy machine)",
              until(INTER_RISE + 2, lambda: both(halb.port, "UP")), states(halb.port))
    served = [who(halb.port) for _ in range(10)]
    lab.check("... and they alternate again", all(a != b for a, b in zip(served, served[1:])) and set(served) == {"web1", "web2"}, served)


def show_log(lab, syslog, halb):
    until(5, lambda: any("Server webservers/web2 is UP" in line for line in syslog.lines))
    lines = "\n".join(syslog.lines)
    request = re.compile(r'<134>.* (haproxy|halb)\[\d+\]: 127\.0\.0\.5:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] http-in webservers/web1 '
                         r'\d+/\d+/\d+/\d+/\d+ 200 \d+ - - ---- \d+/\d+/\d+/\d+/0 0/0 "GET / HTTP/1\.1"')
    lab.check("httplog lines come to the syslog server", request.search(lines), "\n".join(syslog.lines[:5]))
    for text in ("Server webservers/web1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\"",
                 "backend webservers has no server available!", "Server webservers/web2 is UP, reason: Layer7 check passed, code: 200, check duration: "):
        lab.check("the log says: " + text.partition(",")[0], text in lines, "\n".join(x for x in syslog.lines if "erver" in x and "GET" not in x))
    lab.check("state changes go to local1 as well", re.search(r"<137>.*Server webservers/web1 is DOWN", lines))
    lab.check("halb still runs", halb.process.running(), halb.process.said())


def show_ab(lab, port, name):
    for option in ([], ["-k"]):
        code, said = run("ab", "-q", "-n", "2000", "-c", "20", *option, "http://127.0.0.1:%d/" % port)
        lab.check("ab %s, %s: 0 failed" % (name, "keep-alive" if option else "a connection each"),
                  code == 0 and re.search(r"(?m)^Complete requests: +2000$", said) and re.search(r"(?m)^Failed requests: +0$", said) and
                  "Non-2xx" not in said, said)


def main():
    with Lab() as lab:
        show_check(lab)
        webs = [lab.web("web1", "127.0.0.21"), lab.web("web2", "127.0.0.22")]
        addresses = ["%s:%d" % (web.address, web.port) for web in webs]
        syslog = Syslog()
        halb = lab.proxy(classic(*addresses, syslog.port))
        show_traffic(lab, halb, webs)
        show_stats(lab, halb)
        show_outage(lab, halb, webs)
        show_log(lab, syslog, halb)
        show_ab(lab, halb.port, "before two Apaches")
        nginx = lab.nginx("web2n")
        mixed = lab.proxy(classic(addresses[0], "127.0.0.1:%d" % nginx, syslog.port), name="mixed")
        lab.check("nginx behind is UP", until(10, lambda: both(mixed.port, "UP")), states(mixed.port))
        served = {who(mixed.port) for _ in range(4)}
        lab.equal("Apache and nginx serve", served, {"web1", "web2n"})
        lab.check("nginx's log holds the client's address", until(10, lambda: CLIENT + ' "GET' in read(lab.dir + "/web2n/access.log")),
                  read(lab.dir + "/web2n/access.log"))
        # the two pages differ by a letter, which ab would count as a failure
        write(lab.dir + "/web2n/html/index.html", read(lab.dir + "/web1/html/index.html"))
        show_ab(lab, mixed.port, "before Apache and nginx")
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

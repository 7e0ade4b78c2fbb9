# SPDX-License-Identifier: MIT
"""What `halb-lab up` makes: which machines, with which addresses, files and web servers. A dictionary that goes to holder.py as JSON."""
import os
import re

from fit import NODES, Bad, Fit, lab_address
from fit_proxy import FitProxy
from lab import ROOT, read

EXAMPLES = [os.path.join(ROOT, "examples"), os.path.join(ROOT, "../../share/doc/halb/examples")]
BALANCERS = {name: lab_address(11 + number) for number, name in enumerate(NODES)}
CLIENT = 100


def example(name):
    """The text of one of the tutorial's files."""
    for folder in EXAMPLES:
        text = read(os.path.join(folder, name))
        if text:
            return text
    raise Bad("%s is missing: looked for it in %s" % (name, " and ".join(map(os.path.normpath, EXAMPLES))))


def shows(text, node):
    """The statistics page is to say whose it is: `stats show-node NODE` after the first other word about the page of each section."""
    lines, done = [], False
    for line in text.splitlines(True):
        words = line.split()
        if re.match(r"(global|defaults|frontend|backend|listen)\b", line):
            done = False
        if words[:2] == ["stats", "show-node"]:
            done, line = True, re.match(r"\s*", line)[0] + "stats show-node %s\n" % node
        lines.append(line)
        if not done and words[:1] == ["stats"] and words[1:2] and words[1] in ("enable", "uri", "auth", "realm", "refresh"):
            lines.append(re.match(r"\s*", line)[0] + "stats show-node %s\n" % node)
            done = True
    return "".join(lines)


def stats_page(text):
    """(path, user:password, port) of the statistics page; each None where the file has none. The port is that of a section of its own."""
    section = next((part for part in re.split(r"(?m)^(?=(?:defaults|frontend|backend|listen)\b)", text)
                    if re.search(r"(?m)^\s*stats\s+(enable|auth|uri)\b", part)), None)
    if section is None:
        return None, None, None
    uri, auth = (re.search(r"(?m)^\s*stats\s+%s\s+(\S+)" % word, section) for word in ("uri", "auth"))
    port = re.search(r"(?m)^\s*(?:bind|listen\s+\S+)\s+\S*:(\d+)", section)
    return uri[1] if uri else "/haproxy?stats", auth and auth[1], port and int(port[1])


def asks(text):
    """An ordinary user's halb has no socket for `halb ctl` by itself."""
    return text if os.geteuid() == 0 else text + "\nglobal\n    stats socket /run/halb.sock mode 600 level admin\n"


def hosts_file(addresses):
    return "127.0.0.1 localhost\n::1 localhost\n" + "".join("%s %s\n" % (address, name) for name, address in addresses.items())


def plan(fit, files, webs, vip, port, places):
    """`files`: {node: (haproxy.cfg, keepalived.conf)}; `webs`: {name: {"address", "ports", "stand_in"}}."""
    addresses = {**BALANCERS, **{name: web["address"] for name, web in webs.items()}, "client": lab_address(CLIENT)}
    machines = {name: lab_address(last_number(address)) + "/24" for name, address in addresses.items()}
    if fit.ipv6:
        machines = {name: "%s %s/64" % (address, lab_address(last_number(address[:-3]), "::")) for name, address in machines.items()}
    front = "[%s]" % vip if ":" in vip else vip
    return {
        "machines": machines, "addresses": addresses, "hosts": hosts_file(addresses), "places": places,
        "balancers": {name: {"proxy": asks(shows(proxy, name)), "vrrp": vrrp} for name, (proxy, vrrp) in files.items()},
        "webs": webs, "vip": vip, "vip_port": port, "url": "http://%s%s/" % (front, "" if port == 80 else ":%d" % port),
        "stats": stats_page(files["hap1"][0]), "mapped": fit.notes,
    }


def last_number(address):
    return int(re.split(r"[.:]", address)[-1])


def classic():
    """The tutorial's five machines, with the tutorial's files."""
    proxy = example("haproxy.cfg")
    files = {name: (proxy, example("keepalived.%s.conf" % name)) for name in NODES}
    webs = {"web%d" % number: {"address": lab_address(20 + number), "ports": [80], "stand_in": False} for number in (1, 2)}
    return {**plan(Fit(), files, webs, lab_address(10), 80, []), "folders": [], "own": False}


def given(path):
    """(name, text) of a file of the person's."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return path, file.read()
    except OSError as e:
        raise Bad("%s: %s" % (path, e.strerror)) from e


def own(proxy_path, vrrp_paths):
    """The person's files, one of the two or both, with stand-ins for the servers."""
    if len(vrrp_paths) > 2:
        raise Bad("-k: one file, or hap1's and hap2's")
    fit = Fit()
    if vrrp_paths:
        vrrp = fit.vrrp([given(path) for path in vrrp_paths])
    else:
        vrrp = {name: example("keepalived.%s.conf" % name) for name in NODES}
    name, text = given(proxy_path) if proxy_path else ("examples/haproxy.cfg", example("haproxy.cfg"))
    proxy = FitProxy(fit, name, text, invented_vip=not vrrp_paths)
    if not vrrp_paths and len(fit.vips) > 1:  # the tutorial's keepalived.conf with more addresses
        lines = "".join("        %s\n" % address for address in list(fit.vips.values())[1:])
        vrrp = {node: one.replace("        192.168.50.10\n", "        192.168.50.10\n" + lines) for node, one in vrrp.items()}
    webs = {web: {"address": fit.web_address(host), "ports": proxy.ports[web], "stand_in": True} for host, web in fit.webs.items()}
    vip = next(iter(fit.vips.values()), lab_address(10))
    places = sorted({os.path.dirname(os.path.abspath(path)) for path in [proxy_path, *vrrp_paths] if path})
    files = {node: (proxy.texts[node], vrrp[node]) for node in NODES}
    return {**plan(fit, files, webs, vip, proxy.front_port, places), "folders": proxy.folders, "own": True}

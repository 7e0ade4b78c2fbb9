#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The host's own browser looks into the lab: headless Chromium at 127.0.0.1 sees the statistics of the machine that has the virtual IP,
hap1 first, then hap2. Pictures for people's eyes go where tests/live/browser.py puts them."""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
for folder in ("../../lab", "../live", "."):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), folder))
from browser import dump, picture
from lab_client import Client
from live_lab import Lab


def look(lab, client, name):
    """The page says whose it is and shows both servers."""
    url = re.sub("//", "//admin:admin@", client.status()["host_url"]) + "haproxy?stats"
    dom = dump(lab, url)
    text = re.sub(r"(?s)<style.*?</style>|<[^>]*>", " ", dom)
    lab.check("the browser sees the statistics of %s" % name, "<title>Statistics of %s" % name in dom, text[:1500])
    lab.check("... and both servers, UP", all(re.search(r"\b%s\b.{0,80}\bUP\b" % web, re.sub(r"\s+", " ", text)) for web in ("web1", "web2")),
              text[:1500])
    picture(lab, url, "lab-" + name, "--window-size=1280,900")
    return text


def main():
    if not shutil.which("chromium"):
        print("ok lab_browser # SKIP no chromium")
        sys.exit(77)
    with Lab() as lab:
        client = Client(lab.dir, "lab")
        try:
            status, said = client.up()
            if "no namespaces" in said:
                print("ok lab_browser # SKIP %s" % said.strip())
                sys.exit(77)
            lab.check("up", status == 0, said)
            look(lab, client, "hap1")
            page = re.sub(r"<[^>]*>", " ", dump(lab, client.status()["host_url"]))
            lab.check("the browser sees a server's page", "Hi sir, I am going to serve you today!" in page, page)
            client.run("halt", "hap1")
            lab.check("hap1 is halted, hap2 has the address", client.held_by("hap2"), client.said("status"))
            look(lab, client, "hap2")
            lab.check("down, and nothing is left", client.run("down")[0] == 0 and not client.left(), "\n".join(client.left()))
        finally:
            client.end()
    sys.exit(lab.status())


if __name__ == "__main__":
    main()

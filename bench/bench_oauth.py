#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The authorization server beside oidc-provider (npm, in-memory adapter), in turn, on the same cores.

    bench/bench_oauth.py [--rounds 3] [--seconds 5] [--connections 128]

Tokens issued a second (client_credentials: ours are on disk before they are answered, the peer's are in memory), and tokens
introspected a second. Node runs on one core; the last column is per second of processor time, which is fair to both.
"""
import argparse
import base64
import json
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from common import CLIENT_CORES, ROOT, SERVER_CORES, cpu_seconds, free_port, guildhall, machine, need, pinned, process, table, wait_for

LUA = """
wrk.method = "POST"
wrk.body = "%s"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Authorization"] = "Basic %s"
"""


def post(url, body, headers):
    request = urllib.request.Request(url, data=body.encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Contender:
    def __init__(self, name, base, token_path, introspect_path, client, secret, pid):
        self.name, self.base, self.pid = name, base, pid
        self.paths = {"tokens issued": token_path, "introspections": introspect_path}
        self.basic = base64.b64encode(f"{client}:{secret}".encode()).decode()

    def bodies(self):
        form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {self.basic}"}
        issue = "grant_type=client_credentials&scope=profile"
        token = post(self.base + self.paths["tokens issued"], issue, form)["access_token"]
        introspect = "token=" + urllib.parse.quote(token)
        assert post(self.base + self.paths["introspections"], introspect, form)["active"] is True
        return {"tokens issued": issue, "introspections": introspect}

    def load(self, what, body, seconds, connections, folder):
        script = Path(folder) / f"{self.name}.lua"
        script.write_text(LUA % (body, self.basic))
        before = cpu_seconds(self.pid)
        out = subprocess.run(pinned(CLIENT_CORES, ["wrk", "-t", len(CLIENT_CORES), "-c", connections, "-d", f"{seconds}s", "-s", script,
                                                  self.base + self.paths[what]]), capture_output=True, text=True, check=True).stdout
        if re.search(r"Non-2xx|Socket errors", out):
            raise SystemExit(f"{self.name}, {what}: {out}")
        count = int(re.search(r"(\d+) requests in", out)[1])
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), count / max(cpu_seconds(self.pid) - before, 0.01)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--connections", type=int, default=128)
    o = options.parse_args()
    need("wrk", "node", "npm")
    folder = ROOT / "bench" / "oauth"
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    print(machine())
    with tempfile.TemporaryDirectory() as tmp, guildhall(Path(tmp) / "data", demo=False, wait="/.well-known/openid-configuration") as (base, server):
        port = free_port()
        made = post(f"{base}/oauth/register", json.dumps({"client_name": "bench", "grant_types": ["client_credentials"], "scope": "profile"}),
                    {"Content-Type": "application/json"})
        with process(pinned(SERVER_CORES, ["node", folder / "peer.mjs", port])) as peer:
            wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
            both = [Contender("guildhall", base, "/oauth/token", "/oauth/introspect", made["client_id"], made["client_secret"], server.pid),
                    Contender("oidc-provider", f"http://127.0.0.1:{port}", "/token", "/token/introspection", "bench", "bench-secret-bench-secret-bench-1",
                              peer.pid)]
            bodies = {c.name: c.bodies() for c in both}
            rows = []
            for what in ("tokens issued", "introspections"):
                seen = {c.name: [] for c in both}
                for _ in range(o.rounds):
                    for c in both:
                        seen[c.name].append(c.load(what, bodies[c.name][what], o.seconds, o.connections, tmp))
                        time.sleep(0.2)
                ours, theirs = (tuple(statistics.median(col) for col in zip(*seen[c.name])) for c in both)
                rows.append([what, f"{ours[0]:.0f}/s", f"{theirs[0]:.0f}/s", f"{ours[0] / theirs[0]:.1f} ×", f"{ours[1]:.0f}", f"{theirs[1]:.0f}",
                             f"{ours[1] / theirs[1]:.1f} ×"])
            table(["", "guildhall", "oidc-provider", "ratio", "ours per cpu s", "theirs", "ratio"], rows)


if __name__ == "__main__":
    main()

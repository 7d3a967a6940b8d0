#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bundle web/src/*.mjs and *.css with esbuild: one file each, for pages that name it (docs/howto/module.md).

    gen_modules.py --dir web --out FOLDER --stamp FILE --depfile FILE

What npm packages they use is installed into web/node_modules from the lock file when it is missing or another one.
"""
import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import time

from gen_output import write_if_changed


INSTALL_LIMIT_S = 1200


def wait_for_npm():
    """./run installs npm meanwhile, and says where it will write down how that went."""
    coming = os.environ.get("MODULES_INSTALL")
    end = time.monotonic() + INSTALL_LIMIT_S
    while coming and not os.path.exists(os.path.join(coming, "code")) and os.path.isdir(coming) and time.monotonic() < end:
        time.sleep(0.1)
    try:
        with open(os.path.join(coming or "", "code"), encoding="utf-8") as file:
            failed = file.read().strip() != "0"
        if failed:
            with open(os.path.join(coming, "log"), encoding="utf-8", errors="replace") as file:
                print(file.read()[-4000:], file=sys.stderr)
    except OSError:
        pass  # npm itself says that it is missing


def install(folder):
    """node_modules as package-lock.json says; several builds at once wait for each other."""
    with open(os.path.join(folder, "package-lock.json"), "rb") as file:
        wanted = hashlib.sha256(file.read()).hexdigest()
    stamp = os.path.join(folder, "node_modules", ".guildhall")
    with open(os.path.join(folder, "package.json"), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                if file.read() == wanted:
                    return
        wait_for_npm()
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=600)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--dir", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--stamp", required=True)
    p.add_argument("--depfile", required=True)
    a = p.parse_args()
    source = os.path.join(a.dir, "src")
    names = sorted(os.listdir(source))
    try:
        install(a.dir)
    except (OSError, subprocess.SubprocessError) as why:
        print(f"error: the front end's npm packages are not to be had: {why}", file=sys.stderr)
        return 1
    entries = [os.path.join(source, name) for name in names if name.endswith((".mjs", ".css")) and not name.startswith("_")]
    done = subprocess.run([os.path.join(a.dir, "node_modules", ".bin", "esbuild"), *entries, "--bundle", "--minify", "--format=esm", "--target=es2020",
                           "--legal-comments=none", "--log-level=warning", f"--outdir={a.out}"], check=False)
    if done.returncode:
        return done.returncode
    digest = hashlib.sha256()
    for name in sorted(os.listdir(a.out)):
        with open(os.path.join(a.out, name), "rb") as file:
            digest.update(name.encode() + file.read())
    write_if_changed(a.stamp, digest.hexdigest() + "\n")
    inputs = [source, *(os.path.join(source, name) for name in names), os.path.join(a.dir, "package-lock.json")]
    with open(a.depfile, "w", encoding="utf-8") as file:
        file.write(f"{a.stamp}: " + " ".join(path.replace(" ", "\\ ") for path in inputs) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages of tools/packages.txt that are missing: tools/install.sh build|modules|test
# Does nothing, and needs no network, when all are there. A package whose third column names a command is not needed
# when that command exists already (a Node.js from elsewhere, say).
set -eu
want=${1:?usage: tools/install.sh build|modules|test}
here=$(dirname "$0")
missing=
while read -r stage package command; do
	case $want/$stage in test/build | test/modules | test/test | modules/build | modules/modules | build/build) ;; *) continue ;; esac
	if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then continue; fi
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
done <"$here/packages.txt"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null 2>&1; then sudo=sudo; else
	echo "These packages are missing, and installing them needs root:$missing" >&2
	echo "As root: apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Somebody else may be installing just now: apt waits for its turn, and says so itself from its second minute on.
wait_for_turn="-o DPkg::Lock::Timeout=600"
if command -v fuser >/dev/null 2>&1 && $sudo fuser /var/lib/dpkg/lock-frontend >/dev/null 2>&1; then
	echo "Another program is installing packages: waiting for it (ten minutes at most)" >&2
fi
# The lists' lock knows no time-out of its own.
tries=0
until $sudo apt-get $wait_for_turn update -q >&2; do
	tries=$((tries + 1))
	[ $tries -lt 30 ] || { echo "apt-get update failed thirty times" >&2; exit 1; }
	echo "apt-get update did not succeed (is another one running, or the network away?): trying again in 5 s" >&2
	sleep 5
done
# The servers among them are for tests that start their own, private ones: keep Debian from starting its own.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy && made=1
fi
status=0
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get $wait_for_turn install -q -y --no-install-recommends $missing >&2 || status=$?
[ -z "$made" ] || $sudo rm -f $policy
exit $status

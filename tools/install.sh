#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages of tools/packages.txt that are missing: tools/install.sh build|test
# Does nothing, and needs no network, when all are there. A package whose third column names a command is not needed
# when that command exists already (a Node.js from elsewhere, say).
set -eu
want=${1:?usage: tools/install.sh build|test}
here=$(dirname "$0")
missing=
while read -r stage package command; do
	case $stage in '' | '#'*) continue ;; esac
	[ "$stage" = build ] || [ "$want" = test ] || continue
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
$sudo apt-get update -q >&2
# The servers among them are for tests that start their own, private ones: keep Debian from starting its own.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod +x $policy && made=1
fi
status=0
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2 || status=$?
[ -z "$made" ] || $sudo rm -f $policy
exit $status

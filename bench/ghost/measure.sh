#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Measures an already running Ghost that holds the demo: measure.sh URL PID CONTENT_KEY [SECONDS] [CONNECTIONS]
# Prints one line a page: requests/s, median and 99th percentile latency, and the process's resident memory after it.
set -eu
url=${1%/} pid=$2 key=$3 seconds=${4:-10} connections=${5:-8}
rss() { awk '/VmRSS/ {printf "%.0f", $2 / 1024}' "/proc/$pid/status"; }
measure() {
  local out
  curl -sf -o /dev/null "$url$2" || { echo "$1: no answer from $2" >&2; exit 1; }
  timeout $((seconds + 30)) wrk -t1 -c"$connections" -d"${seconds}s" --latency "$url$2" >/tmp/wrk.$$
  out=$(awk '/Requests\/sec/ {r = $2} /50%/ {m = $2} /99%/ {p = $2} /Non-2xx/ {e = $NF} END {printf "%10s /s   p50 %9s   p99 %9s   errors %s", r, m, p, e + 0}' /tmp/wrk.$$)
  rm -f /tmp/wrk.$$
  printf '%-22s %s   RSS %s MB\n' "$1" "$out" "$(rss)"
}
printf '%-22s RSS %s MB\n' 'before' "$(rss)"
measure 'home' /
measure 'post' /the-first-year-of-the-screw/
measure 'tag' /tag/bakery/
measure 'feed' /rss/
measure 'content API, 15 posts' "/ghost/api/content/posts/?key=$key&limit=15&include=tags,authors"
measure 'content API, 1 post' "/ghost/api/content/posts/slug/the-first-year-of-the-screw/?key=$key"

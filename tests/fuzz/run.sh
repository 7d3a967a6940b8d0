#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzz every parser of hostile input: tests/fuzz/run.sh [seconds each (60)] [target …]
# New inputs go to build-fuzz/corpus/<target>; a crash leaves build-fuzz/crash-<target>-…: put it, cut small, into
# tests/fuzz/corpus/<target>/ with the fix. Merge what widens coverage: build-fuzz/tests/fuzz/fuzz_X -merge=1 tests/fuzz/corpus/X build-fuzz/corpus/X
set -eu
cd "$(dirname "$0")/../.."
seconds=60
case ${1:-} in
-h | --help) sed -n '3,5s/^# //p' "$0"; exit 0 ;;
[0-9]*) seconds=$1; shift ;;
esac
build=build-fuzz
[ -d $build/meson-info ] || CC=clang meson setup $build -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false \
	-Dc_args=-fsanitize=fuzzer-no-link -Dbuildtype=debugoptimized >/dev/null
ninja -C $build $(cd tests/fuzz && for f in fuzz_*.c; do echo "tests/fuzz/${f%.c}"; done) >$build/build.log 2>&1 || {
	tail -n 40 $build/build.log >&2
	exit 1
}
[ $# -gt 0 ] || set -- $(cd tests/fuzz && for f in fuzz_*.c; do t=${f%.c}; echo "${t#fuzz_}"; done)
status=0
for target; do
	mkdir -p "$build/corpus/$target"
	dict=tests/fuzz/$target.dict
	if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$build/crash-$target-" $([ -f "$dict" ] && echo "-dict=$dict") -print_final_stats=1 \
		"$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/$target.log" 2>&1; then
		echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") runs, no finding"
	else
		echo "$target: FOUND something, see $build/$target.log"
		status=1
	fi
done
exit $status

# SPDX-License-Identifier: Apache-2.0
# stress.sh: four CPUs at once at fork, pipes, futexes, files, memory, the clock
# and events (stress.c says how).  STRESS: how much of it; default 1.
. tests/lib.sh
r=$T/b/rootfs
make_root "$r"
# Where there is no compiler (the lab), the machine outside has made it.
if command -v gcc >/dev/null; then
	mkdir -p build/abi
	gcc -O2 -g -static -D_GNU_SOURCE -pthread -o build/abi/stress tests/workloads/stress.c || fail 'stress.c does not compile'
fi
cp build/abi/stress "$r/bin/stress"
make_counted "$T/b" sh -c "cd /tmp && stress ${STRESS:-1}"
timeout "${TIMEOUT:-300}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --cpus 4 run "$T/b" </dev/null >"$T/out" 2>"$T/err"
same 'stress over 4 CPUs' $'0/fork ok\nslices ok\npipes ok\nfutex ok\nfiles ok\nmemory ok\nclock ok\nevents ok' "$?/$(<"$T/out")"
[ ! -s "$T/err" ] || { echo 'stderr:'; head -n 40 "$T/err"; } >&2
finish

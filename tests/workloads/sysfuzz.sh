# SPDX-License-Identifier: Apache-2.0
# sysfuzz.sh: random system calls of many processes and threads (sysfuzz/) on a
# debug build of the guest kernel: no panic, no hang,
# and what the kernel holds is after each round what it was after the first (counts.c).  ROUNDS of MS milliseconds
# each, 18 of 2000 unless told (ten minutes: ROUNDS=280); SEED is the first one's,
# and each says its own, so that SEED=N ROUNDS=1 repeats one.  FUZZ_ARGS: -o NAME
# takes calls with NAME alone, -t shows each.  SHOW=1 prints what the rounds did.
# BUILD_ONLY: for the lab, where there is no compiler.
. tests/lib.sh
r=$T/b/rootfs
make_root "$r"
use_debug_kernel
if command -v gcc >/dev/null; then
	mkdir -p build/workloads
	awk -v what=syscall_fuzz -f guest/kernel/syscall/gen.awk guest/kernel/syscall/syscalls.tbl >build/workloads/sysfuzz_calls.c
	gcc -O2 -g -static -D_GNU_SOURCE -pthread -Wall -Wextra -Werror -Itests/workloads/sysfuzz -o build/workloads/sysfuzz \
		tests/workloads/sysfuzz/*.c build/workloads/sysfuzz_calls.c || fail 'sysfuzz does not compile'
fi
make_counts
[ -z "${BUILD_ONLY:-}" ] || exit $((failures > 0))
cp build/workloads/sysfuzz build/abi/counts "$r/bin/"
rounds=${ROUNDS:-18} ms=${MS:-2000}
LINUX=',"sysctl":{"net.ipv4.ping_group_range":"0 2147483647"}' CAPS=$(all_caps) make_bundle "$T/b" sysfuzz ${FUZZ_ARGS:-} "${SEED:-1}" "$rounds" "$ms"
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} --cpus "${CPUS:-2}" run "$T/b" </dev/null >"$T/out" 2>"$T/err" &
pid=$!
# What stands still says where (its log has it) before it is ended.
seen='' still=0
while kill -0 "$pid" 2>/dev/null; do
	sleep 1
	now=$(wc -l <"$T/out")
	still=$((now == ${seen:-0} ? still + 1 : 0)) seen=$now
	if ((still == ms / 1000 + 30)) || { ((still == 2)) && grep -aqE "HANG|LEAK" "$T/out"; }; then
		kill -RTMAX "$pid"
		sleep 5
		s=/run/kuni/gdb-b-$pid.sock # with KUNI_OPTS=--debug
		[ ! -S "$s" ] || timeout 30 gdb -batch -ex 'set pagination off' -ex "target remote $s" -ex 'thread apply all bt 16' build/debug/kuni-guest.elf.debug >"$T/gdb" 2>&1
		kill -KILL "$pid"
	fi
done
wait "$pid"
same 'status of the guest' 0 $?
same 'the last line' 'done' "$(tail -n 1 "$T/out" | tr -d '\0')"
((failures == 0)) || { grep -av ': [0-9]* calls' "$T/out" | tail -n 20; grep -av 'cpu . task' "$T/err" | head -n 150; cat "$T/gdb" 2>/dev/null; } >&2
awk '/ calls, / { n += $3 } END { print n + 0 " calls" }' "$T/out"
[ -z "${SHOW:-}" ] || cat "$T/out"
finish

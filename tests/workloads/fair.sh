# SPDX-License-Identifier: Apache-2.0
# fair.sh: how the scheduler shares CPUs among threads that compute, with one
# that sleeps between them (fair.c), on 1 to 16 CPUs.  Bounds are wide: the
# CPUs are threads of a host that has other things to do.
. tests/lib.sh
mkdir -p build/abi
[ build/abi/fair -nt tests/workloads/fair.c ] ||
	musl-gcc -O1 -static -D_GNU_SOURCE -o build/abi/fair tests/workloads/fair.c || fail 'fair.c does not compile'
make_root "$T/b/rootfs"
cp build/abi/fair "$T/b/rootfs/bin/"
run() { # CPUS BUSY LEAST-SHARE
	local line
	make_bundle "$T/b" fair 2 "$2"
	timeout -k 2 100 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run --memory 128M --cpus "$1" "$T/b" "x$1" >"$T/out" 2>&1 ||
		fail "$1 CPUs: status $?: $(cat "$T/out")"
	tr '\n' ' ' <"$T/out"; echo
	while read -r line; do
		# shellcheck disable=SC2086
		set -- $line "$@"
		case $1 in
		share) check "$line: a thread has less than $6 % of its share" test "$2" -ge "$6"; shift ;;
		used) check "$line: CPUs were idle" test "$2" -ge 50 ;;
		sleeper) check "$line: it hardly ever woke" test "$2" -ge 10; shift ;;
		nice) check "$line: nice 5 is a third" test "$2" -ge 200 -a "$2" -le 450 ;;
		cpus) shift 2 ;;
		esac
		shift 2
	done <"$T/out"
}
run 1 4 80
run 2 5 60
run 4 8 50
run 16 20 25

# CPUs that start while others compute, on a host that is busy as well
make_bundle "$T/b" fair 1 8
for i in 1 2; do timeout 200 bash -c 'while :; do :; done' & spin[i]=$!; done
for i in 1 2 3; do
	timeout -k 2 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run --memory 128M --cpus 4 "$T/b" "s$i" >"$T/out" 2>&1 ||
		fail "start $i: status $?: $(cat "$T/out")"
	read -r _ least most < <(grep share "$T/out")
	check "start $i: share $least $most" test "${least:-0}" -ge 25
done
kill "${spin[@]}"
finish

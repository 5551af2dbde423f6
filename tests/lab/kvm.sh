# SPDX-License-Identifier: Apache-2.0
# kvm.sh: boots the lab and runs, on its KVM, the suites that run on QEMU here
# too.  LAB_TESTS chooses others; LAB_LIMIT is for all, LIMIT for each, in
# seconds; LAB_MEM is the memory of the lab, in MiB.
. tests/lib.sh
. tests/lab/boot.bash
# there is no compiler inside
mkdir -p build/guests build/abi
for c in tests/guests/*.c tests/guests/kernel/die.c; do
	musl-gcc -O1 -static -o "build/guests/$(basename "$c" .c)" "$c" || fail "$c does not compile"
done
tools/setup nolibc || fail 'tools/setup nolibc'
gcc -O2 -g -static -D_GNU_SOURCE -pthread -o build/abi/stress tests/workloads/stress.c || fail 'stress.c does not compile'
BUILD_ONLY=1 bash tests/workloads/programs.sh || fail 'tests/workloads/c does not compile'
make_counts
[[ ${LAB_TESTS:-} != *sysfuzz* ]] || BUILD_ONLY=1 bash tests/workloads/sysfuzz.sh || fail 'sysfuzz is not built'
make -s bare build/kuni-guest-lethal.elf || fail 'the guests that do wrong are not built'
musl-gcc -O1 -static -D_GNU_SOURCE -o build/abi/fair tests/workloads/fair.c || fail 'fair.c does not compile'
musl-gcc -O2 -static -o build/lab-window tests/lab/window.c || fail 'window.c does not compile'
# shellcheck disable=SC2086
check 'the suites inside the lab' lab_boot "${LAB_LIMIT:-1200}" bash tests/lab/inside ${LAB_TESTS:-oci/run.sh oci/timeline.sh oci/dump.sh oci/gdb.sh \
	guests/run.sh guests/kernel.sh guests/protocol.sh workloads/busybox.sh workloads/programs.sh workloads/nolibc.sh \
	workloads/stress.sh workloads/oom.sh workloads/idle.sh workloads/giveback.sh workloads/fair.sh lab/dax}
finish

# SPDX-License-Identifier: Apache-2.0
# kvm.sh: boots the lab once and runs inside on its KVM.
. tests/lib.sh
[ -e build/lab/root.erofs ] || tests/lab/lab setup || fail 'lab setup'
mkdir -p build/abi # there is no compiler inside
gcc -O2 -g -static -D_GNU_SOURCE -pthread -o build/abi/stress tests/workloads/stress.c || fail 'stress.c does not compile'
musl-gcc -O2 -static -o build/lab-window tests/lab/window.c || fail 'window.c does not compile'
check 'the suite inside the lab' tests/lab/lab run --smp 2 --mem 3072 --timeout 1500 --share "$PWD" -- bash tests/lab/inside
finish

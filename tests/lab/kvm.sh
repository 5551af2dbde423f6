# SPDX-License-Identifier: Apache-2.0
# kvm.sh: boots the lab and runs inside on its KVM.
. tests/lib.sh
. tests/lab/boot.bash
mkdir -p build/abi # there is no compiler inside
gcc -O2 -g -static -D_GNU_SOURCE -pthread -o build/abi/stress tests/workloads/stress.c || fail 'stress.c does not compile'
musl-gcc -O2 -static -o build/lab-window tests/lab/window.c || fail 'window.c does not compile'
check 'commands and guests' lab_boot 420 bash tests/lab/inside oci/run.sh oci/timeline.sh oci/dump.sh guests/run.sh guests/kernel.sh
finish

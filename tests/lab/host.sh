# SPDX-License-Identifier: Apache-2.0
# host.sh: boots the lab once and runs host_inside on its KVM.
. tests/lib.sh
[ -e build/lab/root.erofs ] || tests/lab/lab setup || fail 'lab setup'
check 'the suite inside the lab' tests/lab/lab run --smp 2 --mem 3072 --timeout 840 --share "$PWD" -- bash tests/lab/host_inside
finish

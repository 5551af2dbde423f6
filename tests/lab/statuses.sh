# SPDX-License-Identifier: Apache-2.0
# statuses.sh: boots the lab once and compares exit statuses with runc's in it.
. tests/lib.sh
[ -e build/lab/root.erofs ] || tests/lab/lab setup || fail 'lab setup'
check 'statuses inside the lab' tests/lab/lab run --smp 2 --mem 3072 --timeout 840 --share "$PWD" -- bash tests/lab/statuses
finish

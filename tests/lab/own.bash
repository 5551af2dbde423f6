# SPDX-License-Identifier: Apache-2.0
# own.bash: for what runs in the lab, from the root of the repo.  QEMU does not
# see what virtiofsd stores in the lab's memory, and may run there what it
# translated before (README): what runs of build/ is copied by the lab's CPUs.
# Not all of it: virtiofsd keeps each file open that was looked at.
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
mkdir /run/own
for f in build/{kuni,kuni-guest*,guests,abi,workloads,nolibc,lab-window}; do
	[ ! -e "$f" ] || { cp -a "$f" /run/own/ && mount --bind "/run/own/${f##*/}" "$f"; } || exit 1
done

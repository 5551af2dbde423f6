# SPDX-License-Identifier: Apache-2.0
# layers.sh: who may include whom (STYLE: layers).
. tests/lib.sh
none() { # WHAT PATTERN PATHS...
	local what=$1 pattern=$2 hits
	shift 2
	checks=$((checks + 1))
	hits=$(git grep -nE "$pattern" -- "$@")
	[ -z "$hits" ] || fail "$what"$'\n'"$hits"
}
inc='^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]'
hits=$(git grep -hE "$inc" -- 'boot/abi/*.h' | grep -vE '<std(int|def)\.h>|"(layout|bootinfo|launch|control|virtio|fuse)\.h"')
same 'boot/abi includes only stdint.h, stddef.h and itself' '' "$hits"
none 'guest/ includes the host side' "${inc}(host|oci)/" guest boot
none 'the host side includes guest/' "${inc}(kuni|guest)/" host oci
none 'oci/ knows KVM or virtio' "${inc}(linux/kvm|virtio)|KVM_|virtio_" 'oci/*.[ch]'
none 'host/ knows JSON' "${inc}jansson" 'host/*.[ch]' 'host/virtio/*.[ch]' 'host/fuse/*.[ch]'
none 'the kernel names a virtio device' 'virtio_(mmio|net|blk|rng|console)_|VIRTIO_ID_' 'guest/kernel/*.c'
none 'drivers know processes' "${inc}kuni/task\\.h" 'guest/drivers/*'
none 'drivers know system calls' "${inc}kuni/syscall\\.h" 'guest/drivers/*'
none 'assembly outside arch/, boot/, libc-shim/' '^.*(__)?asm(__)?[[:space:]]+(volatile|__volatile__)' \
	'guest/kernel/mm/*' 'guest/kernel/task/*' 'guest/kernel/fs/*' 'guest/kernel/net/*' 'guest/kernel/syscall/*' 'guest/kernel/lib/*'
none 'only fs and arch and mm below syscall: sys_ functions elsewhere' '^long sys_' 'guest/kernel/mm/*' 'guest/kernel/task/*' 'guest/kernel/fs/*' 'guest/kernel/net/*' 'guest/kernel/arch/*'
none 'net includes what is not contract' "${inc}(guest/kernel/|\\.\\./|syscall_proto)" 'guest/kernel/net/*'
none 'lwIP is net/inet alone' "${inc}lwip/" guest ':!guest/kernel/net/inet/*'
none 'unfinished marks' '\b(TODO|FIXME|XXX|HACK)\b' '*.c' '*.h' '*.S' Makefile
finish

# SPDX-License-Identifier: Apache-2.0
# mounts.sh: mounts and paths of config.json as the container sees them.
. tests/lib.sh
make_root "$T/b/rootfs"
mount_json() { # DEST TYPE SOURCE OPTION...: one more entry of mounts
	local dest=$1 type=$2 source=$3 sep='' opts=''
	shift 3
	for o; do opts+=$sep\"$o\"; sep=,; done
	MOUNTS+=",{\"destination\":\"$dest\",\"type\":\"$type\",\"source\":\"$source\",\"options\":[$opts]}"
}
sees() { # WHAT EXPECTED SCRIPT: what the script prints in the container
	make_bundle "$T/b" sh -c "exec 2>&1; $3"
	timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err"
	same "$1: status" 0 $?
	same "$1" "$2" "$(<"$T/out")"
	same "$1: nothing on stderr" '' "$(<"$T/err")"
}
options() { # DEST: the options of the mount as the container sees them
	echo "while read -r s d t o r; do [ \$d != $1 ] || echo \$t \$o; done </proc/mounts"
}

# places that are not there: made, below a read-only root too
echo data >"$T/file"
MOUNTS=
mount_json /new/tmp tmpfs t
mount_json /new/file bind "$T/file" bind
sees 'places in a writable root' $'x\ndata' 'echo x >/new/tmp/x; cat /new/tmp/x /new/file'
check 'they stay, as with runc' test -d "$T/b/rootfs/new/tmp" -a -f "$T/b/rootfs/new/file"
rm -r "$T/b/rootfs/new"
READONLY=true sees 'places in a read-only root' $'x\ndata\nsh: can\'t create /new/y: Read-only file system' \
	'echo x >/new/tmp/x; cat /new/tmp/x /new/file; (echo y >/new/y); true'
MOUNTS=
mount_json /out/here tmpfs t
ln -s ../../../../../../../../../../tmp "$T/b/rootfs/out"
rm -rf /tmp/here
READONLY=true sees 'a link out of the root stays inside' 'ok' 'test -d /tmp/here && echo ok'
check 'nothing was made outside' test ! -e /tmp/here
rm "$T/b/rootfs/out"

# binds below mounts of the guest, in order
mkdir -p "$T/dir/sub"
echo deep >"$T/dir/sub/f"
MOUNTS=
mount_json /dev/shm/host bind "$T/dir" rbind
mount_json /dev/log/one bind "$T/file" bind
mount_json /run tmpfs r ro
mount_json /run/a/b bind "$T/file" bind ro
sees 'binds below mounts of the guest' $'deep\ndata\ndata\nsh: can\'t create /run/a/b: Read-only file system\nsh: can\'t create /run/c: Read-only file system' \
	'cat /dev/shm/host/sub/f /dev/log/one /run/a/b; (echo x >/run/a/b); (echo x >/run/c); echo new >/dev/shm/host/sub/g'
same 'and writes arrive' new "$(<"$T/dir/sub/g")"
same 'nothing is left below /dev' '' "$(ls -A "$T/b/rootfs/dev")"
MOUNTS=
mount_json /mnt bind "$T/dir" bind
mount_json /mnt tmpfs t
sees 'a later mount hides a bind' '' 'ls /mnt'

# options of binds
cp "$(command -v busybox)" "$T/dir/true"
MOUNTS=
mount_json /mnt bind "$T/dir" rbind noexec nosuid nodev ro
sees 'noexec, nosuid, nodev, ro' $'sh: /mnt/true: Permission denied\nsh: can\'t create /mnt/x: Read-only file system\nvirtiofs ro,nosuid,nodev,noexec' \
	"/mnt/true; (echo x >/mnt/x); $(options /mnt)"
MOUNTS=
mount_json /mnt bind "$T/dir" rbind exec
sees 'exec' '' '/mnt/true'
if mount -t tmpfs below "$T/dir/sub" 2>/dev/null; then
	echo below >"$T/dir/sub/f"
	MOUNTS=
	mount_json /mnt bind "$T/dir" bind
	mount_json /rmnt bind "$T/dir" rbind
	sees 'bind and rbind' $'deep\nbelow' 'cat /mnt/sub/f /rmnt/sub/f'
	umount "$T/dir/sub"
fi

# options of a tmpfs
MOUNTS=
mount_json /mnt tmpfs t mode=1750 uid=7 gid=8 size=1M nr_inodes=10 noatime
sees 'size, mode, uid, gid' '1750 7 8
1024
full' "stat -c '%a %u %g' /mnt; df -k /mnt | awk 'NR == 2 { print \$2 }'; dd if=/dev/zero of=/mnt/f bs=64k count=17 2>/dev/null || echo full"
sees 'nr_inodes' full 'for i in 1 2 3 4 5 6 7 8 9 10; do touch /mnt/$i 2>/dev/null || { echo full; break; }; done'
sees 'noatime' 'tmpfs rw,noatime' "$(options /mnt) | cut -d, -f1,2"

# default devices where the bundle has no /dev
rm -rf "$T/b/rootfs/dev"
cat >"$T/b/config.json" <<'JSON'
{ "ociVersion": "1.0.2", "root": { "path": "rootfs" },
  "process": { "cwd": "/", "env": [ "PATH=/bin" ], "args": [ "sh", "-c",
    "echo x >/dev/null; head -c 3 /dev/zero | wc -c; cat /etc/passwd; ls -A /root; echo y >/root/y || echo ro" ] },
  "linux": { "maskedPaths": [ "/etc/passwd", "/root", "/none" ] } }
JSON
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err"
same 'default devices and masked paths' $'3\nro' "$(<"$T/out")"
mkdir -p "$T/b/rootfs/dev"

# the root is a link
mv "$T/b/rootfs" "$T/b/real"
ln -s real "$T/b/rootfs"
MOUNTS=
sees 'the root is a link' ok 'echo ok'
finish

# SPDX-License-Identifier: Apache-2.0
# stressng.bash: the `os` stressors of Debian's stress-ng, a second each, in one
# guest of two CPUs with a debug kernel: none crashes or hangs the kernel.  What
# ends otherwise than natively is told, one line each.  By hand, some 10 minutes;
# STRESSORS: which, by name, instead of all; GUEST_ONLY: not natively; WELL: each must
# end with 0.  stressng.sh runs some in make test.
. tests/workloads/roots.bash
. tests/lib.sh
debian_root stress stress-ng || fail 'no root'
use_root stress "$T/b/rootfs"
r=$T/b/rootfs
use_debug_kernel
cp "$(command -v busybox)" "$r/bin/"
# Not these: they stop the machine they run on, or its clock, or need an hour.
never=' reboot clock watchdog cpu-online memhotplug klog '
all=${STRESSORS:-$(chroot "$r" stress-ng --class 'os?' 2>&1 | sed -n 's/.*stressors: //p')}
list=
for s in $all; do [[ $never == *" $s "* ]] || list+=" $s"; done
# name, status: 0 well, 1 found fault, 2 failed to run, 3 no resources, 4 not here,
# skip: it said that it did nothing
cat >"$r/all" <<S
mkdir -p /tmp/s && cd /tmp/s
for s in $list; do
	echo "begin \$s"
	timeout -k 2 ${LIMIT:-20} stress-ng --\$s 1 -t 1 --temp-path /tmp/s --oomable >/tmp/log 2>&1 </dev/null
	st=\$?; ! grep -q 'skipping stressor' /tmp/log || st=skip
	echo "end \$s \$st"; [ -z "${SHOW:-}" ] || tail -n 8 /tmp/log
done
echo done
S
if [ -z "${GUEST_ONLY:-}" ]; then
	CAPS=$(all_caps) in_root "$r" sh /all >"$T/native" 2>"$T/native.err"
	same 'natively' 'done' "$(tail -n 1 "$T/native")"
fi
MOUNTS=',{ "destination": "/tmp", "type": "tmpfs", "source": "tmp", "options": ["mode=1777"] }' \
	LINUX=',"sysctl":{"net.ipv4.ping_group_range":"0 2147483647"}' CAPS=$(all_caps) make_bundle "$T/b" sh /all
timeout -k 2 "${TIMEOUT:-1800}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --memory 1G --cpus 2 run "$T/b" </dev/null >"$T/guest" 2>"$T/err"
same 'status of the guest' 0 $?
same 'the last line' 'done' "$(tail -n 1 "$T/guest")"
((failures == 0)) || { tail -n 3 "$T/guest"; grep -v 'cpu . task' "$T/err" | head -n 60; } >&2
mkdir -p build/workloads
cp "$T/guest" build/workloads/stressng.guest
while read -r _ s st; do
	n=$(sed -n "s/^end $s //p" "$T/native" 2>/dev/null)
	[ "${n:-0}" = "$st" ] || echo "$s: natively ${n:-?}, in the guest $st"
	[ -z "${WELL:-}" ] || same "status of $s" 0 "$st"
done < <(grep ^end "$T/guest")
well() { grep -c '^end .* 0$' "$T/$1"; }
echo "$(well guest) of $(grep -c ^begin "$T/guest") end well in the guest$([ -n "${GUEST_ONLY:-}" ] || echo ", $(well native) natively")"
finish

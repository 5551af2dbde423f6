# SPDX-License-Identifier: Apache-2.0
# run.sh: every program of tests/abi natively, then all in one boot of the
# guest; output and status must be the same.  KUNI_OPTS chooses the back end,
# ABI the programs (a pattern).  For the lab, where there is no compiler and an
# older Linux: NATIVE_TO=DIR runs them natively alone and leaves the output in
# DIR, NATIVE=DIR takes it from there.
. tests/lib.sh
mkdir -p "$T/b"
make_root "$T/b/rootfs"
cp -a "$T/b/rootfs" "$T/native"
mkdir -p "$T"/{b/rootfs,native}/{abi,out}
for c in tests/abi/${ABI:-*}.c; do
	n=$(basename "$c" .c)
	for cc in musl-gcc gcc; do
		b=build/abi/$n.$cc
		mkdir -p build/abi
		checks=$((checks + 1))
		# musl has no headers of the kernel's
		kernel='-idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu'
		[ $cc = musl-gcc ] || kernel=
		[ "$b" -nt "$c" ] || $cc $kernel -O2 -g -static -D_GNU_SOURCE -pthread -w -o "$b" "$c" ||
			{ fail "$c does not compile with $cc"; continue; }
		cp "$b" "$T/b/rootfs/abi/$n.$cc"
		cp "$b" "$T/native/abi/$n.$cc"
	done
done
make_counts
cp build/abi/counts "$T/b/rootfs/bin/" # in the guest alone
cat >"$T/all" <<'S'
# once before, so that all is there: CPUs, and the device that free memory is reported to
for i in 1 2 3 4 5 6 7 8; do
	(while [ $i -lt 9000 ]; do i=$((i + 1)); done) &
done
wait
dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null
sleep 1
[ ! -x /bin/counts ] || counts save /counts
for t in /abi/*; do
	n=${t##*/}
	mkdir -p /tmp/w/$n && cd /tmp/w/$n
	timeout 60 $t >/out/$n 2>&1 </dev/null
	echo "status $?" >>/out/$n
done
cd /
rm -rf /tmp/w
[ ! -x /bin/counts ] || counts check /counts 8
S
cp "$T/all" "$T/b/rootfs/all"
cp "$T/all" "$T/native/all"
mkdir -p "$T/native/dev/pts" "$T/native/dev/shm"
# natively: the same root, in a mount, pid, network and UTS namespace of its own
[ -z "${NATIVE:-}" ] || cp "$NATIVE"/* "$T/native/out/"
[ -n "${NATIVE:-}" ] || unshare -mpufn --propagation private bash -c "
	mount -t proc proc '$T/native/proc' && mount -t sysfs sysfs '$T/native/sys' &&
	mount -t tmpfs -o mode=755 tmpfs '$T/native/dev' && mkdir '$T/native/dev/shm' '$T/native/dev/pts' &&
	mount -t tmpfs -o mode=1777 tmpfs '$T/native/dev/shm' &&
	mount -t devpts -o newinstance,ptmxmode=666 devpts '$T/native/dev/pts' && ln -s pts/ptmx '$T/native/dev/ptmx' &&
	for d in null zero full random urandom tty; do cp -a /dev/\$d '$T/native/dev/'; done &&
	hostname kuni && chroot '$T/native' busybox ifconfig lo up && exec chroot '$T/native' /bin/sh /all" >"$T/native.log" 2>&1 || fail "native run: $(cat "$T/native.log")"
if [ -n "${NATIVE_TO:-}" ]; then
	rm -rf "$NATIVE_TO" && mv "$T/native/out" "$NATIVE_TO"
	finish
fi
CAPS=$(all_caps) make_bundle "$T/b" sh /all
timeout -s RTMAX -k 20 ${GUEST_LIMIT:-300} "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" >"$T/guest.log" 2>&1
same 'status of the guest run' 0 "$?"
[ ! -s "$T/guest.log" ] || tail -n 20 "$T/guest.log" >&2
for o in "$T"/native/out/*; do
	n=${o##*/}
	checks=$((checks + 1))
	grep -qx 'status 0' "$o" || fail "$n fails natively: $(tail -n 3 "$o")"
	d=$(diff "$o" "$T/b/rootfs/out/$n" 2>&1) || fail "$n differs (native <, guest >):"$'\n'"$(echo "$d" | head -n 20)"
done
finish

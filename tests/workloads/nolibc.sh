# SPDX-License-Identifier: Apache-2.0
# nolibc.sh: nolibc-test of Debian's linux-source-6.1: each case that passes
# on the kernel of this machine must pass in the guest.  Not as pid 1, where it
# would prepare a system of its own, and with a pipe as its standard input.
. tests/lib.sh
tools/setup nolibc || fail 'tools/setup nolibc'
make_root "$T/b/rootfs"
cp build/nolibc/nolibc-test "$T/b/rootfs/bin/" || fail 'no nolibc-test'
cp -a "$T/b/rootfs" "$T/native"
cmd='sleep 0 | /bin/nolibc-test | cat'

# "test/case status", one a line
cases() { awk '/^Running test/ { t = $3; gsub("\047", "", t) } $NF ~ /^(\[(OK|FAIL|SKIPPED)\]|\[OK|\[FAIL)/ { print t "/" $1 "-" $2, $NF }'; }
unshare -mpf --propagation private bash -c "mount -t proc proc '$T/native/proc' && mount --rbind /dev '$T/native/dev' &&
	exec chroot '$T/native' /bin/env -i PATH=/bin TERM=dumb HOME=/root /bin/sh -c '$cmd; true'" </dev/null >"$T/native.out" 2>&1
make_bundle "$T/b" sh -c "$cmd; true"
timeout 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/guest.out" 2>"$T/guest.err"
same 'status of the guest run' 0 $?
cases <"$T/native.out" >"$T/native.cases"
cases <"$T/guest.out" >"$T/guest.cases"
n=$(wc -l <"$T/native.cases")
check "$n cases natively, at least 70 expected" [ "$n" -ge 70 ]
same 'cases natively and in the guest' "$(cut -d' ' -f1 "$T/native.cases")" "$(cut -d' ' -f1 "$T/guest.cases")"
while read -r name st; do
	[ "$st" = '[OK]' ] || continue
	same "$name" "$name [OK]" "$(grep -F "$name " "$T/guest.cases")"
done <"$T/native.cases"
echo "nolibc-test: $(grep -c OK "$T/native.cases") of $n pass natively, $(grep -c OK "$T/guest.cases") in the guest"
((failures == 0)) || { cat "$T/guest.err" "$T/guest.out" | head -n 120; } >&2
finish

# SPDX-License-Identifier: Apache-2.0
# run.sh: programs that must die, each by the signal that Linux gives them, and
# the kernel must live on: the shell reports each.
. tests/lib.sh
make_root "$T/b/rootfs"
mkdir -p build/guests
for c in tests/guests/*.c; do
	n=$(basename "$c" .c)
	[ "build/guests/$n" -nt "$c" ] || musl-gcc -O1 -static -Wall -o "build/guests/$n" "$c" || fail "$c does not compile"
	cp "build/guests/$n" "$T/b/rootfs/bin/g_$n"
done
make_bundle "$T/b" sh -c 'for g in /bin/g_*; do $g >/dev/null 2>&1; echo "${g#/bin/g_} $?"; done; echo alive'
timeout 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err"
same 'the kernel lives on' 0 $?
want=$(for c in tests/guests/*.c; do sed -n "s,^ \* status: ,$(basename "$c" .c) ,p" "$c"; done; echo alive)
same 'each dies as it must' "$want" "$(<"$T/out")"
finish

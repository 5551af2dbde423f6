# SPDX-License-Identifier: Apache-2.0
# selftests.bash: the kernel's own selftests, of Debian's linux-source-6.1,
# built static by tools/setup selftests: each case that passes on the kernel of
# this machine must pass in the guest.  A case is a line "ok" or "not ok" of a
# program, or "[OK]" or "[FAIL]", by its place among these, or the program's
# status.  By hand, some 24 minutes; PROGRAMS: which, one a line with its
# arguments, instead of all; CPUS: of the guest (2).
#
# Run without CAP_SYS_TIME, CAP_SYS_BOOT and with /proc/sys and /sys read-only on
# both sides: nothing of the machine changes.
. tests/lib.sh

# What is never run: sets or shifts the clock, suspends (the Makefile of timers
# calls them destructive); changes huge pages or read-ahead of the machine or
# takes all of its memory; a helper of a script
never=' timers-adjtick timers-alarmtimer-suspend timers-change_skew timers-clocksource-switch timers-freq-step
 timers-leap-a-day timers-leapcrash timers-set-2038 timers-set-tai timers-set-tz timers-skew_consistency
 vm-compaction_test vm-khugepaged vm-transhuge-stress vm-write_to_hugetlbfs '
# Programs (or cases of them) that pass natively and miss cases in the guest, why
# is said in docs/conformance.md
misses=' clone3-clone3 clone3-clone3_set_tid futex-futex_wait futex-futex_waitv pidfd-pidfd_setns_test
 timers-inconsistency-check/9 timers-inconsistency-check/10 timers-nanosleep/9 timers-nanosleep/10
 vm-madv_populate vm-memfd_secret vm-soft-dirty vm-userfaultfd_anon_20_16 vm-userfaultfd_shmem_20_16
 x86-fsgsbase x86-fsgsbase_restore x86-ioperm x86-iopl x86-ldt_gdt x86-ptrace_syscall x86-sigaltstack x86-sigreturn
 x86-sysret_ss_attrs x86-test_mremap_vdso x86-test_vsyscall '

# One space before and behind each name, whatever the lines: a name that is not
# found here is run.
never=" ${never//[[:space:]]/ } " misses=" ${misses//[[:space:]]/ } "

tools/setup selftests || fail 'tools/setup selftests'
all() {
	local f
	for f in build/selftests/*-*; do
		f=${f##*/}
		case $f in left-out) ;;
		vm-userfaultfd) printf '%s\n' "$f anon 20 16" "$f shmem 20 16" ;;
		vm-hugepage-mremap | vm-hugetlb-madvise) echo "$f /tmp/huge" ;;
		*) [[ $never == *" $f "* ]] || echo "$f" ;;
		esac
	done
}
programs=${PROGRAMS:-$(all)}
while read -r p _; do
	[[ $never != *" $p "* ]] || { fail "$p is never run: see the list"; exit 1; }
done <<<"$programs"
make_root "$T/b/rootfs"
mkdir "$T/b/rootfs/t"
while read -r p _; do ln -f build/selftests/"$p" "$T/b/rootfs/t/" 2>/dev/null || cp build/selftests/"$p" "$T/b/rootfs/t/" || fail "no $p"; done <<<"$programs"
{
	echo 'cd /tmp'
	while read -r p; do
		printf '%s\n' "echo 'begin $p'" "KSFT_TAP_LEVEL=1 timeout -k 2 -s KILL ${LIMIT:-150} /t/$p </dev/null 2>&1" "s=\$?; echo; echo \"end \$s \$(cut -d' ' -f1 /proc/uptime)\""
	done <<<"$programs"
} >"$T/b/rootfs/all"
cp -a "$T/b/rootfs" "$T/native"
caps=$(all_caps | sed 's/,"CAP_SYS_\(TIME\|BOOT\)"//g')

# "program/case status", one a line
cases() {
	awk '
	/^begin / { p = substr($0, 7); gsub(" ", "_", p); n = 0; next }
	/^end [0-9]+ / { print p "/status", $2 == 0 ? "ok" : $2 == 4 ? "skip" : "not-ok-" $2; next }
	/^(# )*(not )?ok [0-9]+/ { print p "/" ++n, / # (SKIP|XFAIL)/ ? "skip" : /not ok/ ? "not-ok" : "ok"; next }
	/^\[(OK|FAIL|SKIP)\]/ { print p "/" ++n, /^.OK/ ? "ok" : /^.SKIP/ ? "skip" : "not-ok" }'
}
unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private bash -c '
	cd "$0" && mount -t proc proc proc && mount -o bind,ro proc/sys proc/sys && mount --rbind /dev dev && mount -t sysfs -o ro sysfs sys &&
	ip link set lo up
	caps=$(grep -o "CAP_[A-Z_]*" <<<"$1" | sort -u | sed "s/^CAP_/+/" | tr "A-Z\n" "a-z,")
	exec setpriv --inh-caps=-all --bounding-set="-all,${caps%,}" chroot . /bin/env -i PATH=/bin TERM=dumb HOME=/root /bin/sh /all' \
	"$T/native" "$caps" </dev/null >"$T/native.out" 2>&1
cp "$T/native.out" build/selftests/native.out
CAPS=$caps READONLY_PATHS='"/proc/sys"' \
	MOUNTS=',{ "destination": "/tmp", "type": "tmpfs", "source": "tmp", "options": ["mode=1777"] }' make_bundle "$T/b" sh /all
timeout -k 2 "${TIMEOUT:-2400}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --memory 6G --cpus "${CPUS:-2}" run "$T/b" </dev/null >"$T/guest.out" 2>"$T/guest.err"
rc=$?
same 'status of the guest' 0 $rc
((rc == 0)) || { tail -n 3 "$T/guest.out"; grep -v 'call \|cpu . task' "$T/guest.err" | tail -n 40; } >&2
mkdir -p build/workloads
cp "$T/native.out" build/workloads/selftests.native
cp "$T/guest.out" build/workloads/selftests.guest
cp "$T/guest.err" build/workloads/selftests.err
cases <"$T/native.out" | LC_ALL=C sort >"$T/native.cases"
cases <"$T/guest.out" | LC_ALL=C sort >"$T/guest.cases"
# name, natively, in the guest ("-": not there)
LC_ALL=C join -a1 -e - -o 0,1.2,2.2 "$T/native.cases" "$T/guest.cases" >"$T/both"
while read -r name n g; do
	[ "$n" = ok ] && [ "$g" != ok ] || continue
	echo "$name: natively $n, in the guest $g"
	[[ $misses == *" ${name%%/*} "* || $misses == *" $name "* ]] || fail "$name"
done <"$T/both"
awk '{ split($1, a, "-"); f = a[1]; n[f]++; ok[f] += $2 == "ok"; both[f] += $2 == "ok" && $3 == "ok" }
	END { for (f in n) printf "%s: %d cases, %d pass natively, %d of these in the guest\n", f, n[f], ok[f], both[f] }' "$T/both" | sort
finish

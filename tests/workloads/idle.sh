# SPDX-License-Identifier: Apache-2.0
# idle.sh: a container that sleeps costs the host nothing: how often a thread
# of its monitor (or QEMU) was woken in ten seconds.
. tests/lib.sh
make_root "$T/b/rootfs"
cat >"$T/b/rootfs/idle" <<'S'
sleep 1000 & # the file is mapped, a pipe is read, a child is waited for
mkfifo /tmp/f /tmp/g
# a connection with nothing on its way
nc -l -p 5000 <>/tmp/g &
until grep -q ':1388 .* 0A' /proc/net/tcp6; do sleep 0.1; done
nc 127.0.0.1 5000 <>/tmp/g &
until grep -q ':1388 .* 01' /proc/net/tcp6; do sleep 0.1; done
echo asleep
read -r line </tmp/f
S
make_bundle "$T/b" sh /idle
kuni --cpus 4 run "$T/b" idle >"$T/out" 2>&1 &
pid=$!
for ((i = 0; i < 600; i++)); do grep -q asleep "$T/out" && break; sleep 0.1; done
grep -q asleep "$T/out" || fail "it never sleeps: $(cat "$T/out")"
sleep 3
switches() { # "thread name switches" of each, sorted
	local p t
	for p in $(ours); do
		for t in "${p%/environ}"/task/*; do
			echo "${t##*/} $(cat "$t/comm") $(awk '/ctxt_switches/ { n += $2 } END { print n }' "$t/status")"
		done
	done | sort
}
switches >"$T/before"
sleep 10
switches >"$T/after"
join -j 1 "$T/before" "$T/after" | awk '$5 > $3 { print "  " $2, $5 - $3; n += $5 - $3 } END { print n + 0, "wake-ups in 10 s" }' | tee "$T/count"
n=$(tail -n 1 "$T/count")
n=${n%% *}
check 'there are threads' test "$(wc -l <"$T/after")" -ge 2
# QEMU itself wakes once a second or so
if [[ ${KUNI_OPTS:-} = *kvm* ]]; then most=5; else most=40; fi
check "at most $most wake-ups, $n seen" test "$n" -le $most
kill -9 $pid
wait $pid 2>/dev/null
finish

# SPDX-License-Identifier: Apache-2.0
# giveback.sh: memory that the container freed is the host's again: unmapped
# memory, a file of a tmpfs that was removed, memory of a process that ended.
. tests/lib.sh
make_root "$T/b/rootfs"
mkdir -p "$T/b/rootfs/t"
cat >"$T/b/rootfs/use" <<'S'
mount -t tmpfs -o size=400m none /t
exec 3<&0
step() { echo "$1"; read -r line <&3; }
step start
dd if=/dev/zero of=/t/file bs=1M count=150 2>/dev/null
step file
rm /t/file
step removed
dd if=/dev/zero bs=150M count=1 2>/dev/null | { step held >&2; cat >/dev/null; } # a buffer, of a process that ends
step ended
S
CAPS=$(all_caps) make_bundle "$T/b" sh /use
mkfifo "$T/go"
kuni --memory 512M run "$T/b" x <"$T/go" >"$T/out" 2>&1 &
pid=$!
exec 9>"$T/go"
await() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(tail -n 1 "$T/out")" = "$1" ] && return
		sleep 0.1
	done
	fail "it never says $1: $(cat "$T/out")"
}
mib() { # of the monitor and QEMU; a child of the monitor has the same memory
	local p n=0 monitor=''
	for p in $(ours); do
		if [ "$(cat "${p%environ}comm")" = kuni ]; then
			[ -z "$monitor" ] || continue
			monitor=$p
		fi
		n=$((n + $(awk '/^Pss:/ { print $2 }' "${p%/environ}/smaps_rollup")))
	done
	echo $((n / 1024))
}
settle() { # LIMIT: MiB that it comes down to
	local i
	for ((i = 0; i < 100; i++)); do
		[ "$(mib)" -le "$1" ] && break
		sleep 0.1
	done
	mib
}
await start
base=$(mib)
echo >&9
await file
high=$(mib)
echo >&9
await removed
low=$(settle $((base + 20)))
echo >&9
await held
for ((i = 0; i < 100; i++)); do # dd fills its buffer, then waits for its reader
	held=$(mib)
	((held < base + 140)) || break
	sleep 0.1
done
echo >&9
await ended
end=$(settle $((base + 20)))
echo >&9
wait $pid
same 'its status' 0 $?
same 'nothing else is said' 5 "$(wc -l <"$T/out")"
echo "MiB: $base at the start, $high with a file of 150, $low after it was removed, $held with a process of 150, $end after it"
check 'the file takes memory' test "$high" -ge $((base + 140))
check 'a removed file gives it back' test "$low" -le $((base + 20))
check 'the process takes memory' test "$held" -ge $((base + 140))
check 'so does the end of a process' test "$end" -le $((base + 20))
finish

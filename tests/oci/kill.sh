# SPDX-License-Identifier: Apache-2.0
# kill.sh: SIGKILL of the monitor at any moment leaves no process, mount, socket
# or temporary file; only the state that the man page names, which the next run
# with that ID takes over.
. tests/lib.sh
mkdir "$T/tmp" "$T/run"
export TMPDIR=$T/tmp
make_root "$T/b/rootfs"
MOUNTS=",{\"destination\":\"/dev/shm/x\",\"type\":\"bind\",\"source\":\"$T/run\",\"options\":[\"bind\"]}" \
	make_bundle "$T/b" sh -c 'while :; do (echo x >/tmp/f; cat /tmp/f); done'
mounts=$(sort /proc/self/mountinfo)
runs=${RUNS:-30} id=kill.${T##*.}
for ((i = 0; i < runs; i++)); do
	extra=
	((i % 3)) || extra=--debug
	"$KUNI" $extra --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "$id" </dev/null >/dev/null 2>"$T/err" &
	pid=$!
	sleep "0.$(printf %03d $((RANDOM % (i < runs / 2 ? 150 : 1000))))"
	kill -KILL $pid 2>/dev/null || fail "run $i ended by itself: $(<"$T/err")"
	wait $pid 2>/dev/null
	for ((k = 0; k < 100; k++)); do
		left=$(ours)
		[ -n "$left" ] || break
		sleep 0.05
	done
	same "run $i: no process is left" '' "$left"
done
same 'no mount is left' "$mounts" "$(sort /proc/self/mountinfo)"
same 'no socket is left' '' "$(ls -A /run/kuni 2>/dev/null | grep "gdb-$id")"
same 'no temporary file is left' '' "$(ls -A "$T/tmp")"
same 'the state is' "$id" "$(ls -A "$T/state")"
same 'it has' state.json "$(ls -A "$T/state/$id")"
make_bundle "$T/b" true
"$KUNI" --debug --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "$id" </dev/null 2>/dev/null
same 'the ID can be used again' 0 $?
same 'and nothing is left' '' "$(ls -A "$T/state")"
finish

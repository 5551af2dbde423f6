# SPDX-License-Identifier: Apache-2.0
# run.sh: `kuni run` as a user sees it: statuses, stdio byte for byte, signals,
# what is left behind.
. tests/lib.sh
make_root "$T/b/rootfs"
run() { # ARG...: in a fresh bundle, with a limit
	make_bundle "$T/b" "$@"
	timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b"
}
for n in 0 1 7 127 255; do
	run sh -c "exit $n" </dev/null
	same "exit $n" "$n" $?
done
run sh -c 'kill -9 $$' </dev/null 2>"$T/err"
same 'init ignores its own SIGKILL, as on Linux' 0 $?
run sh -c 'sh -c "kill -9 \$\$"; echo $?' </dev/null >"$T/out"
same 'a child that was killed' 137 "$(<"$T/out")"
run echo 'hello, world' </dev/null >"$T/out" 2>"$T/err"
same 'stdout' 'hello, world' "$(<"$T/out")"
same 'nothing on stderr' '' "$(<"$T/err")"
run sh -c 'echo one; echo two >&2; echo three' </dev/null >"$T/out" 2>"$T/err"
same 'stdout and stderr apart' $'one\nthree/two' "$(<"$T/out")/$(<"$T/err")"
run sh -c 'echo a >/dev/stdout; echo c >>/proc/self/fd/2; cat /dev/stdin' <<<d >"$T/out" 2>"$T/err"
same 'standard streams by their names' $'a\nd/c' "$(<"$T/out")/$(<"$T/err")"
head -c 5000000 /dev/urandom >"$T/in"
run cat <"$T/in" >"$T/out"
check 'five megabytes through cat from a file' cmp "$T/in" "$T/out"
head -c 3000000 "$T/in" | run cat | cat >"$T/out"
check 'three megabytes through pipes' cmp <(head -c 3000000 "$T/in") "$T/out"
run sh -c 'yes | head -c 2000000' </dev/null | head -c 10 >"$T/out"
same 'our reader goes away early' $'y\ny\ny\ny\ny' "$(<"$T/out")"
run sh -c 'read a; echo "got $a"' < <(echo line; sleep 30) >"$T/out"
same 'init exits while our writer is there' 'got line' "$(<"$T/out")"
run sh -c 'cat; echo end' <&- >"$T/out" 2>/dev/null
same 'stdin closed' end "$(<"$T/out")"
make_bundle "$T/b" sh -c 'trap "echo term; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err" &
pid=$!
for i in $(seq 300); do grep -q ready "$T/out" && break; sleep 0.1; done
kill -TERM $pid
wait $pid
same 'SIGTERM reaches the container' 3/$'ready\nterm' "$?/$(<"$T/out")"
make_bundle "$T/b" sleep 100
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" killed </dev/null >"$T/out" 2>"$T/err" &
pid=$!
sleep 3
kill -KILL $pid
wait $pid 2>/dev/null
for i in $(seq 50); do [ -z "$(ours)" ] && break; sleep 0.1; done
same 'no process is left after SIGKILL of the monitor' '' "$(ours)"
make_bundle "$T/b" true
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" killed </dev/null
same 'its id can be used again' 0 $?
run /bin/nothing </dev/null 2>"$T/err"
same 'a program that is not there' 127 $?
same 'one line about it' 1 "$(wc -l <"$T/err")"
chmod 644 "$T/b/rootfs/etc/passwd"
run /etc/passwd </dev/null 2>"$T/err"
same 'a program that is not executable' 126 $?
printf '#!/bin/sh\necho script $0 $1\n' >"$T/b/rootfs/bin/script"
chmod 755 "$T/b/rootfs/bin/script"
run script x </dev/null >"$T/out"
same 'a script' 'script /bin/script x' "$(<"$T/out")"
READONLY=true run sh -c 'echo x >/y; echo $?' </dev/null >"$T/out" 2>/dev/null
same 'a read-only root' 1 "$(<"$T/out")"
echo data >"$T/file"
mkdir -p "$T/dir/sub" "$T/b/rootfs/mnt"
echo deep >"$T/dir/sub/f"
MOUNTS=",{\"destination\":\"/mnt\",\"type\":\"bind\",\"source\":\"$T/dir\",\"options\":[\"rbind\",\"ro\"]},
	{\"destination\":\"/etc/one\",\"type\":\"bind\",\"source\":\"$T/file\",\"options\":[\"bind\",\"rw\"]}" \
	run sh -c 'cat /mnt/sub/f /etc/one; echo x >/mnt/new || echo ro; echo new >/etc/one' </dev/null >"$T/out" 2>/dev/null
same 'bind mounts' $'deep\ndata\nro/new' "$(<"$T/out")/$(<"$T/file")"
run sh -c 'hostname; id -u; pwd; echo $HOME; umask' </dev/null >"$T/out"
same 'hostname, user, cwd, environment, umask' $'kuni\n0\n/\n/root\n0022' "$(<"$T/out")"
run true </dev/null
same 'nothing is left in the state directory' '' "$(ls -A "$T/state" 2>/dev/null)"
finish

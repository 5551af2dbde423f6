# SPDX-License-Identifier: Apache-2.0
# dump.sh: SIGRTMAX to the monitor: what the VM is doing goes into the log, and
# the container goes on as if nothing were.
. tests/lib.sh
make_root "$T/b/rootfs"
make_bundle "$T/b" sh -c 'echo up; read line; echo "got $line"; exit 7'
mkfifo "$T/in"
"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" <"$T/in" >"$T/out" 2>"$T/err" &
pid=$!
exec 3>"$T/in"
for i in {1..600}; do [ -s "$T/out" ] && break; sleep 0.1; done
for try in 1 2 3 4 5; do # until the shell has come from its echo to its read
	kill -RTMAX "$pid"
	for i in {1..300}; do (($(grep -c 'last system calls' "$T/err") >= try)) && break; sleep 0.1; done
	grep -q 'task 1 (sh) of 1: sleeps' "$T/err" && break
done
for want in 'control: stream=1' 'stdio: stdin' 'cpu 0:' 'task 1 (sh) of 1: sleeps' 'sched_sleep+' 'stream 1: 0 bytes wait'; do
	check "the log says '$want'" grep -qF "$want" "$T/err"
done
case ${KUNI_OPTS:-} in *kvm*)
	check "the log has CPU 0's place" grep -q 'cpu 0 #0 0x' "$T/err"
	check "the log has the queues" grep -q 'queue: device=console queue=1' "$T/err" ;;
esac
echo more >&3
exec 3>&-
wait "$pid"
same 'the container goes on' $'7/up\ngot more' "$?/$(<"$T/out")"
finish

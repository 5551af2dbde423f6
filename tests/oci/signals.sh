# SPDX-License-Identifier: Apache-2.0
# signals.sh: signals to kuni, job control, and what the jail leaves of kuni.
. tests/lib.sh
make_root "$T/b/rootfs"
start() { # ARG...: kuni in the background, $pid, until it says ready
	make_bundle "$T/b" "$@"
	rm -f "$T/out" # the one before was ready too
	"$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" 2>"$T/err" &
	pid=$!
	for ((k = 0; k < 600; k++)); do grep -qs ready "$T/out" && return; sleep 0.05; done
	fail "not ready: $(<"$T/err")"
}
end() { # STATUS
	wait $pid
	same "$1" "$2" $?
}
start sh -c 'echo ready; sleep 2; exit 4'
kill -TERM $pid
kill -HUP $pid
end 'init without a handler ignores them, as process 1 does' 4
for s in INT QUIT USR1 USR2 ALRM HUP CONT; do
	start sh -c "trap 'exit 9' $s; echo ready; while :; do sleep 0.1; done"
	kill -$s $pid
	end "SIG$s arrives" 9
done
start sh -c 'echo ready; while :; do :; done'
kill -KILL $pid
end 'SIGKILL of kuni' 137

# Ctrl-Z: nothing of it runs on, and it goes on where it was
ticks() { cat /proc/$pid/task/*/stat $(for c in $(cat /proc/$pid/task/*/children); do echo /proc/$c/task/*/stat; done) 2>/dev/null | awk '{ n += $14 + $15 } END { print n }'; }
start sh -c 'trap "exit 3" USR1; echo ready; while :; do :; done'
kill -TSTP $pid
for ((k = 0; k < 100; k++)); do grep -q '^State:.T' /proc/$pid/status && break; sleep 0.05; done
same 'SIGTSTP stops it' T "$(sed -n 's/^State:.\(.\).*/\1/p' /proc/$pid/status)"
sleep 0.3
before=$(ticks)
sleep 1
same 'and the machine' "$before" "$(ticks)"
kill -CONT $pid
kill -USR1 $pid
end 'SIGCONT: it goes on' 3

# A job in the background of a terminal that somebody types at is not stopped.
make_bundle "$T/b" sh -c 'echo ready; sleep 2; read a; echo "got $a"'
python3 - "$KUNI" "$T" >"$T/pty" <<'PY'
import os, pty, signal, sys, time
kuni, t = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        out = os.open(t + '/out', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1); os.dup2(out, 2)
        os.execv(kuni, [kuni, '--root', t + '/state'] + os.environ.get('KUNI_OPTS', '').split() + ['run', t + '/b'])
    for i in range(400):
        if b'ready' in open(t + '/out', 'rb').read(): break
        time.sleep(0.05)
    time.sleep(1)
    state = open('/proc/%d/stat' % job).read().rsplit(')', 1)[1].split()[0]
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, job)
    os.kill(job, signal.SIGCONT)
    os.waitpid(job, 0)
    open(t + '/state.txt', 'w').write(state)
    os._exit(0)
time.sleep(0.3)
os.write(fd, b'typed\n')
os.waitpid(pid, 0)
PY
check 'a job in the background is not stopped by input' grep -q '[SR]' "$T/state.txt"
same 'and reads it in the foreground' $'ready\ngot typed' "$(<"$T/out")"

# the jail, of every thread and helper that runs while the guest does
start sh -c 'echo ready; while :; do sleep 0.1; done'
echo marker >"$T/marker"
for task in /proc/$pid/task/*; do
	same "seccomp of $(<"$task/comm")" 2 "$(sed -n 's/^Seccomp:.//p' "$task/status")"
	same "no new privileges of $(<"$task/comm")" 1 "$(sed -n 's/^NoNewPrivs:.//p' "$task/status")"
	# chown, dac_override, fowner, fsetid, setgid, setuid, setfcap
	same "capabilities of $(<"$task/comm")" 00000000800000db "$(sed -n 's/^CapEff:.//p' "$task/status")"
done
for child in $(cat /proc/$pid/task/*/children); do
	same "seccomp of $(cat /proc/$child/comm)" 2 "$(sed -n 's/^Seccomp:.//p' /proc/$child/status)"
done
up=../../../../../../../../../../../..
for fd in /proc/$pid/fd/*; do
	[ -d "$fd/" ] || continue
	check "the folder $(readlink "$fd") leads nowhere else" test ! -e "$fd/$up$T/marker"
	check "the folder $(readlink "$fd") leads not to /proc" test ! -e "$fd/$up/sys/kernel/core_pattern" -a ! -e "$fd/$up/sysrq-trigger"
done
kill -KILL $pid
wait $pid 2>/dev/null
finish

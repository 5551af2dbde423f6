# SPDX-License-Identifier: Apache-2.0
# stdio.sh: standard streams in the hard cases: closed, slow, shared, large,
# O_NONBLOCK; stops, signals.
. tests/lib.sh
make_root "$T/b/rootfs"
run() { # ARG...: in a fresh bundle
	make_bundle "$T/b" "$@"
	timeout 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b"
}
# closed descriptors
run sh -c 'cat; echo "in $?"' <&- >"$T/out" 2>"$T/err"
same 'no stdin' 'in 0' "$(<"$T/out")"
run sh -c 'echo hello; echo "st $?" >&2' </dev/null >&- 2>"$T/err"
same 'no stdout: status' 0 $?
same 'no stdout: /dev/null, as with runc' 'st 0' "$(<"$T/err")"
run sh -c 'echo err >&2; echo out' </dev/null >"$T/out" 2>&-
same 'no stderr' '0 out' "$? $(<"$T/out")"
run sh -c 'exit 5' <&- >&- 2>&-
same 'none at all' 5 $?
# stdin that nobody reads
(head -c 300000 /dev/zero; echo written >"$T/w") | run true >"$T/out"
same 'stdin never read' 0 $?
run true < <(sleep 60) >"$T/out"
same 'stdin open, never written' 0 $?
run sh -c 'wc -c' <"$KUNI" >"$T/out"
same 'stdin is a file' "$(stat -c %s "$KUNI")" "$(<"$T/out")"
# a reader that goes: SIGPIPE as on Linux
run sh -c 'trap "" PIPE; while echo x; do :; done 2>/tmp/e; cat /tmp/e >&2; exit 9' </dev/null 2>"$T/err" | head -n 1 >"$T/out"
same 'EPIPE: status' 9 "${PIPESTATUS[0]}"
check 'EPIPE' grep -q 'Broken pipe' "$T/err"
run sh -c 'sh -c "while echo x; do :; done"; echo $? >&2' </dev/null 2>"$T/err" | head -n 1 >"$T/out"
same 'SIGPIPE kills a child' 141 "$(tail -n 1 "$T/err")"
# order on one pipe
run sh -c 'for i in 1 2 3 4 5 6 7 8; do echo out $i; echo err $i >&2; done' </dev/null 2>&1 | cat >"$T/out"
same 'stdout and stderr on one pipe: all of it' "$(for i in 1 2 3 4 5 6 7 8; do echo err $i; echo out $i; done | sort)" "$(sort "$T/out")"
same 'stdout and stderr on one pipe: in order' "$(for i in 1 2 3 4 5 6 7 8; do echo out $i; echo err $i; done)" "$(<"$T/out")"
# kuni stands still while the guest writes small pieces: nothing is lost on the way
make_bundle "$T/b" sh -c 'i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i + 1)); done'
: >"$T/out"
timeout 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null >"$T/out" &
while [ ! -s "$T/out" ] && kill -0 $! 2>/dev/null; do sleep 0.05; done
monitor=$(pgrep -P $! || echo $!)
kill -STOP "$monitor"
sleep 2
kill -CONT "$monitor"
wait $!
same 'after a stop: status' 0 $?
check 'after a stop: all of it' cmp <(seq 0 19999) "$T/out"
# O_NONBLOCK descriptors of the caller stay so, and lose nothing
make_bundle "$T/b" cat
python3 - "$KUNI" "$T" <<'PY'
import fcntl, os, subprocess, sys, threading, time
kuni, t = sys.argv[1:]
def flags(fd): return fcntl.fcntl(fd, fcntl.F_GETFL)
ri, wi = os.pipe(); ro, wo = os.pipe()
for fd in (ri, wo): fcntl.fcntl(fd, fcntl.F_SETFL, flags(fd) | os.O_NONBLOCK)
before = flags(ri), flags(wo)
data = os.urandom(1 << 20)
p = subprocess.Popen([kuni, '--root', t + '/state'] + os.environ.get('KUNI_OPTS', '').split() + ['run', t + '/b'], stdin=ri, stdout=wo)
def feed():
    v = memoryview(data)
    while v: v = v[os.write(wi, v[:65536]):]
    os.close(wi)
threading.Thread(target=feed).start()
os.close(ri)
got = b''
after = flags(wo)
os.close(wo)
while True:
    b = os.read(ro, 3000)
    if not b: break
    got += b
    if len(got) < 60000: time.sleep(0.01)
open(t + '/nb', 'w').write('%s %s %d' % (got == data, after == before[1], p.wait()))
PY
same 'O_NONBLOCK pipes, a slow reader' 'True True 0' "$(<"$T/nb")"
# large, both ways; MB: less in the lab, whose VMs are lost by the time they run
head -c "${MB:-100}000000" /dev/urandom | tee >(md5sum >"$T/sum.in") | run cat | md5sum >"$T/sum.out"
same "${MB:-100} MB through" "$(<"$T/sum.in")" "$(<"$T/sum.out")"
# the container is gone, the reader is slow
run sh -c 'head -c 200000 /dev/zero; exit 6' </dev/null | (sleep 2; wc -c) >"$T/out"
same 'a slow reader gets all of it' "6 200000" "${PIPESTATUS[0]} $(<"$T/out")"
finish

# SPDX-License-Identifier: Apache-2.0
# busybox.sh: static busybox at work: what a shell user does on the first day.
. tests/lib.sh
r=$T/b/rootfs
make_root "$r"
opts=
run() { make_counted "$T/b" sh -c "$1"; timeout "${2:-120}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} $opts run "$T/b" </dev/null >"$T/out" 2>"$T/err"; rc=$?; }
is() { # WHAT EXPECTED
	same "$1" "0/$2" "$rc/$(<"$T/out")"
	[ ! -s "$T/err" ] || { echo "$1: stderr:"; head -n 20 "$T/err"; } >&2
}
run 'ls -lR / >/tmp/l 2>/dev/null; [ $(wc -l </tmp/l) -gt 300 ] && echo many'
is 'ls -lR /' many
run 'find / -xdev | wc -l'
is 'find / -xdev' "$(find "$r" | wc -l)"
run 'cat /proc/cpuinfo >/tmp/c; [ $(grep -c ^processor /tmp/c) = $(nproc) ] && grep -q "^model name" /tmp/c && echo named'
is 'cat /proc/cpuinfo' named
run 'ps -o comm | grep -cx ps; ps -o pid | awk "NR == 2 { print \$1 }"'
is 'ps' $'1\n1'
head -c 67108864 /dev/urandom >"$r/big"
run 'md5sum </big' 300
is 'md5sum of 64 MiB' "$(md5sum <"$r/big")"
run 'dd if=/dev/zero of=/tmp/z bs=64k count=64 2>/dev/null && md5sum </tmp/z'
is 'dd' "$(head -c 4194304 /dev/zero | md5sum)"
opts='--cpus 1 --memory 64M'
run 'md5sum </big' 300
is 'md5sum of 64 MiB in a guest of 64 MiB' "$(md5sum <"$r/big")"
opts=
rm "$r/big"
printf '#!/bin/sh\nf() { echo "$# $1"; }\nfor a in "$@"; do f $a; done\ncase $1 in a*) exit 7 ;; esac\n' >"$r/script"
chmod 755 "$r/script"
run '/script "a b" c; echo "status $?"; sh /script x; echo "status $?"'
is 'a script' $'2 a\n1 c\nstatus 7\n1 x\nstatus 0'
for n in 0 7 137; do
	run "exit $n"
	same "exit $n" "$n/" "$rc/$(<"$T/out")"
done
run 'sleep 100 & kill -9 $!; wait $!'
same 'the status of a job that was killed' 137/ "$rc/$(<"$T/out")"
run 'seq 1 10000 | sed s/1/x/ | grep x | sort -r | tail -n 1'
is 'a pipeline of five' "$(seq 1 10000 | sed s/1/x/ | grep x | LC_ALL=C sort -r | tail -n 1)"
run 'for i in 1 2 3 4 5; do (sleep 0.$i; echo $i) & done; wait; echo done' ; sort -o "$T/out" "$T/out"
is 'background jobs and wait' $'1\n2\n3\n4\n5\ndone'
run 'trap "echo bye" EXIT; trap "echo usr1" USR1; kill -USR1 $$; sleep 0.1; echo here'
is 'traps' $'usr1\nhere\nbye'
mkdir "$r/tree"
for d in $(seq 50); do mkdir "$r/tree/$d"; for f in $(seq 100); do echo "$d $f" >"$r/tree/$d/$f"; done; done
run 'mkdir /copy && cd /tree && tar c . | tar x -C /copy && find /copy -type f | wc -l' 300
is 'tar c | tar x of 5,000 files' 5000
check 'the copy is the same' diff -r "$r/tree" "$r/copy"
rm -rf "$r/tree" "$r/copy"
run 'i=0; while [ $i -lt 200 ]; do (exit 0) & i=$((i + 1)); done; wait; echo $i'
is 'fork of 200 children' 200
run 'dd if=/dev/zero of=/sparse bs=1 count=1 seek=1073741823 2>/dev/null; stat -c %s /sparse; rm /sparse'
is 'a sparse file of 1 GiB' 1073741824
run 'cat /proc/self/status | grep ^Name; ls /proc/self/fd | wc -l; cat /proc/mounts | grep -c " / "'
same 'procfs' $'Name:\tcat' "$(head -n 1 "$T/out")"
for o in '--cpus 1 --memory 64M' '--cpus 8 --memory 4G'; do
	opts=$o
	run 'for i in 1 2 3 4 5 6 7 8; do head -c 300000 /dev/zero | md5sum & done | sort -u | wc -l; nproc; awk "/MemTotal/ { print (\$2 > 3900000) }" /proc/meminfo; seq 1000 | wc -l'
	case $o in *64M) is "$o" $'1\n1\n0\n1000' ;; *) is "$o" $'1\n8\n1\n1000' ;; esac
done
opts=
make_bundle "$T/b" true
bad=0
for i in $(seq "${STARTS:-50}"); do timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "s$i" </dev/null || bad=$((bad + 1)); done
same 'starts in a row' 0 "$bad"
for i in 1 2 3 4 5 6 7 8; do timeout 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "p$i" </dev/null || touch "$T/bad$i" & done
wait
same 'eight at once' '' "$(ls "$T" | grep bad)"
same 'nothing is left' '' "$(ls -A "$T/state")$(pgrep -f "$T/state" || :)$(grep -F "$T" /proc/mounts)"
finish

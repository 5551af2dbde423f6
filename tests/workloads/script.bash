#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# script.bash: an item of debian.sh: what bash scripts are made of.
set -u
shopt -s extglob nullglob globstar lastpipe
declare -a queue=(one two "three four")
declare -A age=([ann]=30 [bob]=25)
declare -i sum=0
declare -r pi=3
say() { printf '%s: %s\n' "${FUNCNAME[1]:-main}" "$*"; }

# functions, recursion, locals, name references
fib() { local n=$1; ((n < 2)) && { echo "$n"; return; }; echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); }
push() { local -n list=$1; shift; list+=("$@"); }
push queue five
say "${#queue[@]} ${queue[*]}" "${queue[@]: -2:1}" "${!age[@]}" $((age[ann] + age[bob]))
say "fib $(fib 10)"
for i in "${!queue[@]}"; do sum+=i; done
say "sum $sum, pi $pi"
(pi=4) 2>&1 | sed 's/^.*pi/pi/'

# strings
path=/usr/local/lib/libfoo.so.1.2
say "${path##*/} ${path%%.*} ${path/local/share} ${path^^} ${#path} ${path:5:5} ${path//[aeiou]/_}"
[[ $path =~ lib([a-z]+)\.so\.([0-9.]+)$ ]] && say "${BASH_REMATCH[@]:1}"
case $path in *.so.+([0-9.])) say library ;; *) say other ;; esac
printf -v padded '%-8s|%+d|%x' abc 42 255
say "$padded" "$(printf '%q' "it's \$5")"

# here-documents and here-strings
cat <<-END
	expanded $((6 * 7)) ${queue[0]}
END
cat <<'END'
kept $((6 * 7)) `date`
END
read -r first rest <<<"alpha beta gamma"
say "$first/$rest"
mapfile -t lines < <(printf 'l%s\n' {1..5})
say "${lines[@]}" "${#lines[@]}"

# process substitution, pipes, their statuses
diff <(seq 1 5) <(seq 2 6)
say "diff $?"
tee >(wc -l >count) >(tr a-z A-Z >upper) < <(printf 'x\ny\n') >/dev/null
for ((i = 0; i < 100; i++)); do [ -s count ] && [ "$(wc -l <upper)" = 2 ] && break; sleep 0.1; done
say "$(<count)" "$(<upper)"
false | true | (exit 3)
say "${PIPESTATUS[*]}"
set -o pipefail
false | true || say 'pipefail'
set +o pipefail
echo piped | read -r last
say "$last"

# a co-process that adds
coproc ADD { while read -r a b; do echo $((a + b)); done; }
pid=$ADD_PID
for n in 1 2 3; do echo "$n $((n * n))" >&"${ADD[1]}"; read -r r <&"${ADD[0]}"; say "coproc $r"; done
exec {ADD[1]}>&-
wait "$pid"
say "coproc ended $?"

# traps, signals, jobs
trap 'say got USR1' USR1
kill -USR1 $$
(trap 'echo "subshell ends"' EXIT; exit 5)
say "status $?"
sleep 60 & victim=$!
kill -TERM $victim
wait $victim
say "waited $?"
for i in 3 1 2; do (sleep 0.$i; exit $i) & pids[i]=$!; done
for i in 1 2 3; do wait "${pids[i]}"; say "job $i: $?"; done
(sleep 0.1; exit 9) & wait -n
say "wait -n $?"
handler() { say "line of an error"; }
trap handler ERR
false
trap - ERR
(set -e; false; echo never) || say 'set -e'
trap 'kill 0' TERM
timeout 1 bash -c 'trap "echo term; exit 7" TERM; while :; do sleep 0.05; done' 2>&-
say "timeout $?"

# files and descriptors
exec 5<>file
echo 'written through 5' >&5
exec 5>&-
say "$(<file)" "$(cat <&- 2>&1 | sed 's/.*: //')"
set -o noclobber
(echo again >file) 2>&1 | sed 's/^.*: file/file/'
set +o noclobber
mkdir -p g/a/b g/c; touch g/a/1.txt g/a/b/2.txt g/c/3.log
say g/**/*.txt g/!(a) none*
{ echo out; echo err >&2; } 2>&1 >/dev/null | sed 's/^/2>/'
time_format() { TIMEFORMAT='%0lR'; time sleep 0.01; }
time_format 2>&1 | sed 's/[0-9]/N/g'
select x in yes no; do say "chose $x"; break; done <<<1 2>/dev/null
getopts_test() { local OPTIND o; while getopts 'ab:' o; do say "$o ${OPTARG:-}"; done; shift $((OPTIND - 1)); say "$*"; }
getopts_test -a -b value rest
ulimit -n 100; say "$(ulimit -n)"
umask 027; touch masked; say "$(stat -c %a masked)"
exec 3>&1; { say three >&3; } >/dev/null; exec 3>&-
say "${BASH_VERSINFO[0]} ${SHLVL:+nested} $EUID ${#LINENO}" "$(type -t say)" "$(compgen -b | wc -l)"
trap 'echo "the script ends $?"' EXIT
exit 6

# SPDX-License-Identifier: Apache-2.0
# plan_test.sh: config.json as docker, podman, ctr and CRI write it; the plan
# and the log that comes of each, word by word.
#
# fixtures/NAME.json is the input, fixtures/NAME.expected what is printed: first
# the log, then the plan.  After a change that is meant:
#   UPDATE=1 bash tests/oci/plan_test.sh
. tests/lib.sh
here=tests/oci/fixtures

plan() { # NAME ARG...: log and plan of a fixture, its path replaced
	local b=$T/$1 rc
	mkdir -p "$b"
	cp "$here/$1.json" "$b/config.json"
	shift
	"$KUNI" plan "$@" "$b" 2>"$T/log" >"$T/plan"
	rc=$?
	cat "$T/log" "$T/plan" | sed "s,$T,/bundles,g"
	return $rc
}

for f in "$here"/*.json; do
	name=$(basename "$f" .json)
	args=(--cpus 2)
	# what the file says about CPUs is to be seen, not this machine
	grep -q '"quota"' "$f" && args=()
	plan "$name" ${args[@]+"${args[@]}"} >"$T/got"
	same "$name: status" 0 $?
	[ -z "${UPDATE:-}" ] || cp "$T/got" "$here/$name.expected"
	check "$name: the plan" diff -u "$here/$name.expected" "$T/got"
	plan "$name" ${args[@]+"${args[@]}"} >"$T/again"
	check "$name: the same again" cmp "$T/got" "$T/again"
	check "$name: the plan is JSON" python3 -m json.tool "$T/plan" /dev/null
	plan "$name" --strict >"$T/strict"
	same "$name: --strict refuses" 1 $?
	same "$name: --strict prints no plan" '' "$(<"$T/plan")"
	check "$name: --strict says why" grep -q '^kuni: error: .*/config.json: --strict: not honoured: ' "$T/strict"
done

# options before and after the command go into the plan
out=$("$KUNI" --memory 1G plan "$T/ctr" --cpus=3 --hypervisor qemu --strace 2>/dev/null | grep -E '"(memory|cpus|hypervisor|strace)"' | tr -d ' \n')
same 'options' '"hypervisor":"qemu","memory":1073741824,"cpus":3,"strace":true,' "$out"
same 'the ID' '"id": "x.1",' "$("$KUNI" plan "$T/ctr" x.1 2>/dev/null | sed -n 's/^  \("id".*\)/\1/p')"
same 'the ID with --bundle' '"id": "x.1",' "$("$KUNI" plan --bundle "$T/ctr" x.1 2>/dev/null | sed -n 's/^  \("id".*\)/\1/p')"

for c in check features --version --help; do
	"$KUNI" $c >/dev/full 2>"$T/err"
	same "$c to a full disk" '1 kuni: error: standard output: No space left on device' "$? $(<"$T/err")"
	"$KUNI" $c >&- 2>"$T/err"
	same "$c to nowhere" '1 kuni: error: standard output: Bad file descriptor' "$? $(<"$T/err")"
done
# what `kuni spec` writes is honoured in full, and is not written twice
mkdir "$T/new"
check 'spec' "$KUNI" spec --bundle "$T/new"
check 'spec is accepted by --strict' "$KUNI" plan --strict "$T/new" >/dev/null
before=$(cksum <"$T/new/config.json")
"$KUNI" spec --bundle "$T/new" 2>"$T/err"
same 'spec does not overwrite' 1 $?
same 'spec says so' "kuni: error: $T/new/config.json: File exists" "$(<"$T/err")"
same 'the file is as it was' "$before" "$(cksum <"$T/new/config.json")"

check 'features is JSON' python3 -m json.tool <("$KUNI" features) /dev/null
check 'syscalls lists read' grep -Eq '^0 +read ' <("$KUNI" syscalls)
check 'version' grep -q '^kuni version [0-9]' <("$KUNI" --version)
for c in run check plan spec features syscalls; do
	check "help of $c" grep -q "^Usage: kuni $c" <("$KUNI" "$c" --help)
	check "$c is in the help" grep -q "^  $c " <("$KUNI" --help)
done
finish

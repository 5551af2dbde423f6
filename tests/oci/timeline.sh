# SPDX-License-Identifier: Apache-2.0
# timeline.sh: --timeline shows every phase, host and guest, in order.
. tests/lib.sh
make_root "$T/b/rootfs"
make_bundle "$T/b" /bin/true
kuni --timeline=json run "$T/b" 2>"$T/json"
same 'exit status' 0 $?
kvm=$([[ ${KUNI_OPTS:-} == *kvm* ]] && echo True || echo False)
python3 - "$T/json" "$kvm" <<'PY'
import ast, sys  # the lab has no json; there are only strings and numbers in it
t = ast.literal_eval(open(sys.argv[1]).read())
names = [s['phase'] for s in t['timeline']]
want = ['process started', 'bundle read', 'back end created', 'mounts made',
        'privileges dropped', 'jail closed', 'guest: cpu and clock', 'guest: memory',
        'guest: devices bound', 'guest: root mounted', 'guest: mounts made',
        'guest: program loaded', 'guest: first user instruction',
        'guest: program ended', 'guest: files written back', 'guest: end',
        'vm ended', 'cpus stopped', 'output delivered', 'state removed']
found = [n for n in names if n in want]
at = [s['at_us'] for s in t['timeline']]
assert found == want, found
assert at == sorted(at) and at[0] > 0, at
assert all(abs(a - b - s['took_us']) < 0.2 for a, b, s in zip(at, [0] + at, t['timeline']))
if sys.argv[2] == 'True':
    assert t['exits']['exits'] > 10 and t['exits']['pf_taken'] > 10, t['exits']
PY
same 'phases' 0 $?
kuni --timeline run "$T/b" 2>"$T/table"
check 'a table' grep -q ' guest: first user instruction$' "$T/table"
kuni run "$T/b" 2>"$T/none"
same 'nothing when not asked for' '' "$(grep guest: "$T/none")"
finish

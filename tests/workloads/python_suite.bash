# SPDX-License-Identifier: Apache-2.0
# python_suite.bash [MODULE...]: CPython 3.11's own tests, of Debian's
# libpython3.11-testsuite, natively and in a guest on the same root; says per
# module how many test methods ended how, and each one that ended otherwise.
# Run by hand (half an hour and more); docs/conformance.md has the results.
#   LOGS=DIR     what the tests said, DIR/MODULE.{native,guest}.{log,xml}
#   LIMIT=S      a module's seconds in the guest (1800)
. tests/workloads/roots.bash
. tests/lib.sh
modules=(os posix subprocess signal threading mmap select tempfile shutil pty fcntl time pathlib io file)
(($# == 0)) || modules=("${@#test_}")
logs=${LOGS:-build/workloads/python}
mkdir -p "$logs"
debian_root debian "${DEBIAN[@]}" || exit
use_root debian "$T/native"
use_root debian "$T/b/rootfs"
for r in "$T/native" "$T/b/rootfs"; do # as engines have it
	printf "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n" >"$r/etc/hosts"
done
cat >"$T/compare.py" <<'PY'
# compare.py NATIVE.xml GUEST.xml: counts of both, and the methods that differ
import sys, collections
import xml.etree.ElementTree as tree
def read(name):
    found = {}
    try:
        cases = list(tree.parse(name).iter("testcase"))
    except (OSError, tree.ParseError):
        return found
    for c in cases:
        kinds = {k.tag for k in c}
        how = "error" if "error" in kinds else "failure" if "failure" in kinds else "skipped" if "skipped" in kinds else "ok"
        found.setdefault(c.get("name"), how)
        if how in ("error", "failure"):
            found[c.get("name")] = how
    return found
a, b = read(sys.argv[1]), read(sys.argv[2])
def counts(r):
    c = collections.Counter(r.values())
    return "%d ok, %d skipped, %d failed" % (c["ok"], c["skipped"], c["failure"] + c["error"]) if r else "nothing"
print("native: %s; guest: %s" % (counts(a), counts(b)))
for name in sorted(a.keys() | b.keys()):
    if a.get(name) != b.get(name):
        print("  %s: native %s, guest %s" % (name, a.get(name), b.get(name)))
PY
for m in "${modules[@]}"; do
	run=(sh -c "cd /tmp && exec python3 -m test -v --timeout ${LIMIT:-1800} --junit-xml /root/$m.xml test_$m")
	rm -f "$logs/$m".*
	in_root "$T/native" "${run[@]}" </dev/null >"$logs/$m.native.log" 2>&1
	cp "$T/native/root/$m.xml" "$logs/$m.native.xml" || fail "test_$m ended badly natively"
	make_bundle "$T/b" "${run[@]}"
	start=$SECONDS
	timeout -k 5 "${LIMIT:-1800}" "$KUNI" --root "$T/state" ${KUNI_OPTS:-} --memory 2G --cpus 2 run "$T/b" </dev/null >"$logs/$m.guest.log" 2>&1
	rc=$?
	cp "$T/b/rootfs/root/$m.xml" "$logs/$m.guest.xml" 2>/dev/null || fail "test_$m gave no results in the guest: status $rc, $logs/$m.guest.log"
	# by the root's Python: a machine's own may have no XML
	cp "$T/compare.py" "$logs/$m.native.xml" "$logs/$m.guest.xml" "$T/native/tmp/"
	said=$(cd "$T/native/tmp" && chroot .. /usr/bin/python3 /tmp/compare.py "/tmp/$m.native.xml" "/tmp/$m.guest.xml")
	echo "test_$m ($((SECONDS - start)) s) $said"
	checks=$((checks + 1))
	[ "$(wc -l <<<"$said")" = 1 ] || fail "test_$m differs"
done
finish

# SPDX-License-Identifier: Apache-2.0
# check.sh: `kuni check` knows which QEMU runs code that is half written.
. tests/lib.sh
mkdir "$T/bin"
kvm=$("$KUNI" check | grep -c '^kvm: yes:')
for v in '7.2.19 (Debian 1:7.2+dfsg)' 8.0.50 8.1.0 10.0.2 'of no number'; do
	printf '#!/bin/sh\necho "QEMU emulator version %s"\n' "$v" >"$T/bin/qemu-system-x86_64"
	chmod 755 "$T/bin/qemu-system-x86_64"
	PATH=$T/bin:$PATH "$KUNI" check >"$T/out"
	check "QEMU $v is found" grep -qF "qemu: yes: $T/bin/qemu-system-x86_64" "$T/out"
	want=0
	case $kvm$v in 07* | 08.0*) want=1 ;; esac
	same "hints under QEMU $v" $want "$(grep -c "^hint: without KVM, QEMU ${v%%.*}\.[0-9]* may" "$T/out")"
done
printf '#!/bin/sh\nexit 1\n' >"$T/bin/qemu-system-x86_64"
PATH=$T/bin:$PATH "$KUNI" check >"$T/out"
same 'hints under one that fails' 0 "$(grep -c '^hint: without KVM' "$T/out")"
if ((kvm == 0)); then
	PATH=$T/none "$KUNI" check >"$T/out" 2>"$T/err"
	same 'its status where nothing works' 1 $?
	check 'and it says so' grep -q '^kuni: error: no hypervisor works on this host' "$T/err"
fi
finish

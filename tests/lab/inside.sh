# SPDX-License-Identifier: Apache-2.0
# inside.sh: the kvm back end on a real KVM; runs as root inside the lab, from
# the root of the repo, whose build/ the machine outside made.
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
export KUNI_OPTS='--hypervisor kvm'
rc=0
for t in tests/oci/run.sh tests/workloads/busybox.sh tests/guests/run.sh tests/abi/run.sh; do
	start=$SECONDS
	if bash "$t"; then echo "ok   $t ($((SECONDS - start)) s)"; else echo "FAIL $t ($((SECONDS - start)) s)"; rc=1; fi
done
exit $rc

# SPDX-License-Identifier: Apache-2.0
# host.sh: what a user and the host see of the kvm back end: boots the lab and
# runs mounts, SIGKILL, stdio and kuni check on its KVM.
. tests/lib.sh
. tests/lab/boot.bash
check 'the suite inside the lab' lab_boot 900 env RUNS=10 MB=20 bash tests/lab/inside oci/mounts.sh oci/kill.sh oci/stdio.sh lab/hint
finish

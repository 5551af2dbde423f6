# SPDX-License-Identifier: Apache-2.0
# host.sh: boots the lab once and runs host_inside on its KVM.
. tests/lib.sh
. tests/lab/boot.bash
check 'the suite inside the lab' lab_boot 600 bash tests/lab/host_inside
finish

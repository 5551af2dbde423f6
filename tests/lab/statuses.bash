# SPDX-License-Identifier: Apache-2.0
# statuses.bash: boots the lab once and compares exit statuses with runc's in it.
. tests/lib.sh
. tests/lab/boot.bash
check 'statuses inside the lab' lab_boot 600 bash tests/lab/statuses
finish

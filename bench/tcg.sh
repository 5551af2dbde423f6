# SPDX-License-Identifier: Apache-2.0
# tcg.sh, on this machine: what does `kuni run` cost where there is no KVM?
#
# Beside QEMU's own start and end with a kernel that ends at its third
# instruction, and a Linux guest; in turns, so that a load on the machine falls
# on all.  Medians of wall and CPU time; CPU is the steadier one.
. ./lib.sh
export CPU=max
turn() { timed 'start under TCG' "$@"; }
linux_cmd tcg 512
LINUX=("${CMD[@]}")
EMPTY=(qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none
	-M microvm,acpi=off,ioapic2=off,pit=off,pic=off,rtc=off,isa-serial=off,auto-kernel-cmdline=off
	-accel tcg -cpu max -m 512 -kernel empty.elf)
for turn in 1 2; do
	turn "QEMU, empty kernel #$turn" "$RUNS" 20 "${EMPTY[@]}"
	turn "kuni (qemu, tcg) #$turn" "$RUNS" 20 "$PWD/kuni" --hypervisor qemu --memory 512M --cpus 1 run true
done
turn 'Linux guest (QEMU microvm, tcg)' "$LINUX_RUNS" 20 "${LINUX[@]}"

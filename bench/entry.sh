# SPDX-License-Identifier: Apache-2.0
# entry.sh, in the lab: guest instructions and VM exits from the first entry to
# the first user instruction, by RAM and CPUs.
#
# A tick of the lab's TSC is one instruction.  KVM's trace points stamp each
# entry and exit of the guest; between them lie the guest's instructions and
# those of KVM between its trace point and the switch.  The latter are taken as
# the shortest such time in the trace (an entry that faults at once).  Counted
# up to the first exit out of user mode, which is a little later than its first
# instruction.  All exits of the run, by kind, are KVM's own statistics
# (KVM_GET_STATS_FD), as --timeline shows them.
. ./lib.sh
t=/sys/kernel/tracing
[ -e $t/trace ] || mount -t tracefs tracefs $t
echo x86-tsc >$t/trace_clock
for memory in 64M 4G; do
	for cpus in 1 8; do
		kuni=("$PWD/kuni" --hypervisor kvm --memory $memory --cpus $cpus)
		"${kuni[@]}" --timeline=json run true 2>stats
		echo >$t/trace
		echo 1 >$t/events/kvm/kvm_entry/enable
		echo 1 >$t/events/kvm/kvm_exit/enable
		"${kuni[@]}" run true
		echo 0 >$t/events/kvm/enable
		n=$(awk '{ for (i = 2; i <= NF && $i !~ /^kvm_(entry|exit):$/; i++); if (i > NF) next
				at = $(i - 1); sub(":", "", at); rip = ""
				for (k = i; k < NF; k++) if ($k == "rip") rip = $(k + 1) }
			$i == "kvm_entry:" { entry = at; in_guest = 1; next }
			in_guest { d = at - entry; in_guest = 0
				if (length(rip) < 18) { user = 1; exit }
				n++; sum += d; if (!floor || d < floor) floor = d; sum1 = sum + d }
			END { if (!user) exit 1
				printf "\"guest_instructions\": %d, \"exits\": %d, \"floor\": %d", sum + d - (n + 1) * floor, n, floor }' $t/trace)
		result 'first user instruction' "kuni (kvm) $memory, $cpus vCPU" \
			"$n, \"exits_of_the_run\": $(grep -o '"exits":{.*}' stats | sed 's/"exits"://; s/}}$/}/')"
	done
done

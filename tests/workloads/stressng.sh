# SPDX-License-Identifier: Apache-2.0
# stressng.sh: some fifty stressors of stress-ng, a few of each kind, a second
# each: all run and end well, none crashes or hangs the debug kernel.
export GUEST_ONLY=1 WELL=1 TIMEOUT=300 STRESSORS='
	brk bigheap mmap mmapfork mremap madvise mprotect fault clone fork exec vfork pthread zombie
	futex sem mutex switch yield affinity schedpolicy nanosleep timer timerfd itimer
	kill sigq sigfd sigsegv sigsuspend pipe pipeherd sockpair splice epoll eventfd poll
	dentry rename link open fallocate lockf inotify procfs getdent unshare prctl mq
	sock sockabuse sockmany sockfd udp udp-flood rawsock rawudp icmp-flood ping-sock netdev'
exec bash tests/workloads/stressng.bash
